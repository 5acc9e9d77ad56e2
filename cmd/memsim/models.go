package main

import (
	"slices"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/weights"
)

// modelRow describes a model's shape, in lists and alone.
type modelRow struct {
	Model          string `json:"model"`
	Architecture   string `json:"architecture"`
	Quant          string `json:"quant,omitempty"`
	Sharing        string `json:"sharing"`
	Params         int64  `json:"params"`
	StoredParams   int64  `json:"stored_params"`
	LayersExecuted int    `json:"layers_executed"`
	LayersStored   int    `json:"layers_stored"`
	Dim            int    `json:"dim"`
	FFN            int    `json:"ffn"`
	Heads          int    `json:"heads"`
	KVHeads        int    `json:"kv_heads"`
	HeadDim        int    `json:"head_dim"`
	Vocab          int    `json:"vocab"`
	TiedEmbedding  bool   `json:"tied_embedding"`
	Context        int    `json:"context,omitempty"`
	ModelBytes     int64  `json:"model_bytes,omitempty"`
	Synthetic      bool   `json:"synthetic"`
	Runs           bool   `json:"runs"` // the engine has this architecture
	Source         string `json:"source,omitempty"`
}

func describe(name string, s model.Shape) modelRow {
	s = s.Resolved()
	return modelRow{
		Model: name, Architecture: s.Architecture, Sharing: string(s.Sharing),
		Params: s.Params(), StoredParams: s.StoredParams(), LayersExecuted: s.Executed(), LayersStored: s.Layers,
		Dim: s.Dim, FFN: s.FFN, Heads: s.Heads, KVHeads: s.KVHeads, HeadDim: s.HeadDim, Vocab: s.Vocab,
		TiedEmbedding: s.Tied, Context: s.Context, Runs: s.Executable(), Source: s.Source,
	}
}

func (a *app) modelsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "models",
		Short: "List model presets, show a model, write a synthetic one",
		Args:  noArguments,
		RunE:  func(*cobra.Command, []string) error { return a.listModels() },
	}
	list := &cobra.Command{
		Use:   "list",
		Short: "List the model presets",
		Args:  noArguments,
		RunE:  func(*cobra.Command, []string) error { return a.listModels() },
	}
	cmd.AddCommand(list, a.modelsShowCommand(), a.modelsMakeCommand())
	return cmd
}

func (a *app) listModels() error {
	var rows []modelRow
	g := grid{columns: columns("model", "params>", "layers>", "dim>", "ffn>", "heads>", "kv>", "vocab>", "sharing", "runs")}
	for _, name := range model.Presets() {
		s, err := model.Preset(name)
		if err != nil {
			return err
		}
		r := describe(name, s)
		r.Synthetic = true
		rows = append(rows, r)
		g.add(r.Model, millions(r.StoredParams), layersText(r), strconv.Itoa(r.Dim), strconv.Itoa(r.FFN), strconv.Itoa(r.Heads),
			strconv.Itoa(r.KVHeads), strconv.Itoa(r.Vocab), r.Sharing, yesNo(r.Runs, "yes", "shape only"))
	}
	g.foot = []string{"Presets have the published shape and synthetic weights: seeded noise. Layers are executed/stored where they differ."}
	return a.print(rows, g)
}

func millions(n int64) string { return fixed(float64(n)/1e6, 1) + "M" }

func layersText(r modelRow) string {
	if r.LayersExecuted == r.LayersStored {
		return strconv.Itoa(r.LayersStored)
	}
	return strconv.Itoa(r.LayersExecuted) + "/" + strconv.Itoa(r.LayersStored)
}

func (a *app) modelsShowCommand() *cobra.Command {
	var shape shapeFlags
	cmd := &cobra.Command{
		Use:   "show MODEL",
		Short: "Show the shape and the tensors of a model",
		Args:  oneArgument("a model: a preset, a .gguf file, a Hugging Face folder or a shape file"),
		RunE: func(_ *cobra.Command, args []string) error {
			o := shape.options(a)
			o.ShapeOnly = true
			src, err := weights.Open(args[0], o)
			if err != nil {
				return err
			}
			defer src.Close()
			return a.showModel(src)
		},
		ValidArgsFunction: completeModels,
	}
	shape.add(cmd)
	return cmd
}

// tensorRow describes a tensor.
type tensorRow struct {
	Tensor string `json:"tensor"`
	Type   string `json:"type"`
	Rows   int    `json:"rows"`
	Cols   int    `json:"cols"`
	Offset uint64 `json:"offset"`
	Bytes  int64  `json:"bytes"`
}

func (a *app) showModel(src weights.Source) error {
	r := describe(src.Name(), src.Shape())
	r.Quant, r.Synthetic, r.ModelBytes = src.Quant(), src.Synthetic(), src.Size()
	reply := struct {
		modelRow
		Tensors []tensorRow `json:"tensors"`
	}{modelRow: r}
	tensors := grid{columns: columns("tensor", "type", "rows>", "cols>", "offset>", "bytes>")}
	for _, t := range src.Tensors() {
		row := tensorRow{t.Name, string(t.Type), t.Rows, t.Cols, t.Offset, t.Bytes()}
		reply.Tensors = append(reply.Tensors, row)
		tensors.add(row.Tensor, row.Type, strconv.Itoa(row.Rows), strconv.Itoa(row.Cols), strconv.FormatUint(row.Offset, 10), count(row.Bytes))
	}
	if a.format() == "csv" { // one table to a file
		return a.print(reply, tensors)
	}
	facts := grid{title: r.Model, columns: columns("", "value>")}
	for _, f := range [][2]string{
		{"architecture", r.Architecture},
		{"weights", r.Quant + yesNo(r.Synthetic, ", synthetic (seeded noise)", "")},
		{"size", humanize.IBytes(uint64(r.ModelBytes))},
		{"parameters", millions(r.StoredParams) + yesNo(r.Params != r.StoredParams, ", "+millions(r.Params)+" as executed", "")},
		{"layers", layersText(r) + yesNo(r.LayersExecuted != r.LayersStored, " executed/stored, sharing "+r.Sharing, "")},
		{"width", strconv.Itoa(r.Dim)},
		{"feed-forward width", strconv.Itoa(r.FFN)},
		{"heads / KV heads", strconv.Itoa(r.Heads) + " / " + strconv.Itoa(r.KVHeads) + " of " + strconv.Itoa(r.HeadDim)},
		{"vocabulary", strconv.Itoa(r.Vocab) + yesNo(r.TiedEmbedding, ", output tied to the embedding", ", separate output")},
		{"context", strconv.Itoa(r.Context)},
		{"source", r.Source},
	} {
		facts.add(f[0], f[1])
	}
	facts.columns[1].number = false
	return a.print(reply, facts, tensors)
}

func (a *app) modelsMakeCommand() *cobra.Command {
	var shape shapeFlags
	var out string
	cmd := &cobra.Command{
		Use:   "make MODEL -o FILE.gguf|FOLDER",
		Short: "Write a model: a GGUF file, or a Hugging Face folder with safetensors",
		Long: "Write a model: a GGUF file if the name ends in .gguf, else a Hugging Face folder with safetensors.\n" +
			"A preset or a shape file gives synthetic weights: the shape is exact, the values are seeded noise.\n" +
			"A folder holds floats: quantized weights, and synthetic ones, become f16 there unless --quant says otherwise.",
		Args: oneArgument("a model: a preset or a shape file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.makeModel(args[0], out, shape.options(a))
		},
		ValidArgsFunction: completeModels,
	}
	shape.add(cmd)
	cmd.Flags().StringVarP(&out, "out", "o", "", "`file` or folder to write")
	completeWithFiles(cmd, "out")
	return cmd
}

func (a *app) makeModel(ref, out string, o weights.Options) (err error) {
	if err := outputFile(out); err != nil && (out == "" || strings.HasSuffix(out, ".gguf")) {
		return err
	}
	if !strings.HasSuffix(out, ".gguf") && o.Quant == "" {
		if o.Quant, err = floatsOf(ref, o); err != nil {
			return err
		}
	}
	src, err := weights.Open(ref, o)
	if err != nil {
		return err
	}
	defer closeInto(&err, src)
	if strings.HasSuffix(out, ".gguf") {
		err = weights.WriteGGUF(out, src)
	} else {
		err = a.makeFolder(out, src)
	}
	if err != nil {
		return err
	}
	a.note("wrote %s (%s, %s)", out, src.Name(), src.Quant())
	return nil
}

// floatsOf returns the format in which a model's weights can stand in a folder,
// which holds no quantized ones: "" for their own.
func floatsOf(ref string, o weights.Options) (quant string, err error) {
	o.ShapeOnly = true
	src, err := weights.Open(ref, o)
	if err != nil {
		return "", err
	}
	defer closeInto(&err, src)
	if slices.Contains([]string{"f32", "f16", "bf16"}, src.Quant()) {
		return "", nil
	}
	return "f16", nil
}

func (a *app) makeFolder(out string, src weights.Source) error {
	folder, err := newOutputFolder(out)
	if err != nil {
		return err
	}
	defer folder.Discard()
	if err := weights.WriteSafetensors(folder.staging.Path, src); err != nil {
		return err
	}
	return folder.Commit()
}
