package main

import (
	"bufio"
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/inputfile"
	"github.com/memsim/memsim/study"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/traces/graphs"
)

// importing is the import command.
type importing struct {
	from, model, out string
}

// The forms that import reads.
const (
	fromLlama = "llama-eval-callback"
	fromTable = "csv"
)

func (a *app) importCommand() *cobra.Command {
	var x importing
	cmd := &cobra.Command{
		Use:   "import FILE --from FORM --model MODEL.gguf -o FILE.parquet",
		Short: "Make a trace of what another engine says of itself",
		Long: `Make a trace of what another engine says of itself, which inspect, replay and
export take as one of memsim's own:

llama-eval-callback  what that program of llama.cpp prints: every operator that it
                     launches. Types, sizes and offsets of the weights come from
                     the head of the GGUF file that it ran, of any architecture.
csv                  a profiler's table with the columns operator, shape, type and
                     time; the times become host_ns. With --model, a column
                     tensor names the weights.`,
		Example: `  llama-eval-callback -m my.gguf -p "Once upon a time" -n 1 > my.log 2>&1
  memsim import my.log --from llama-eval-callback --model my.gguf -o my.parquet
  memsim replay my.parquet --device pixel8pro`,
		Args: oneArgument("the file to import"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.importTrace(cmd.Context(), &x, args[0]) },

		ValidArgsFunction: oneFile("log", "txt", "csv"),
	}
	f := cmd.Flags()
	addChoice(cmd, &x.from, "from", "", "`form`: llama-eval-callback or csv", fromLlama, fromTable)
	f.StringVarP(&x.model, "model", "m", "", "GGUF `file` of the model that ran")
	completeWithFiles(cmd, "model")
	f.StringVarP(&x.out, "out", "o", "", "`file` to write")
	completeWithFiles(cmd, "out")
	return cmd
}

func (x *importing) check() error {
	switch {
	case x.from == "":
		return fault.Userf("say what the file is with --from: %s or %s", fromLlama, fromTable)
	case x.from == fromLlama && x.model == "":
		return fault.Userf("name the GGUF file that llama.cpp ran with --model: types, sizes and offsets of the weights are in it")
	}
	if err := outputFile(x.out); err != nil {
		return err
	}
	if info, err := os.Stat(x.out); err == nil && !info.Mode().IsRegular() {
		return fault.Userf("cannot write a trace to %s: it is no regular file, and a trace is read again", x.out)
	}
	return nil
}

func (a *app) importTrace(ctx context.Context, x *importing, path string) error {
	if err := x.check(); err != nil {
		return err
	}
	m := &graphs.Model{Name: path}
	if x.model != "" {
		var err error
		if m, err = study.ImportedModel(ctx, x.model); err != nil {
			return err
		}
	}
	g, err := x.read(path, m)
	if err != nil {
		return err
	}
	w, err := traces.Create(x.out, traces.Header{})
	if err != nil {
		return err
	}
	defer w.Abort()
	h, notes, err := graphs.Write(ctx, g, m, w, graphs.Options{Generator: generator, Seed: a.common.seed})
	if err != nil {
		return err
	}
	w.SetHeader(h)
	if err := w.Close(); err != nil {
		return err
	}
	if notes.DrawnExperts {
		a.note("which experts the router chose is not in %s: drawn at random from seed %d, all as likely", path, a.common.seed)
	}
	if notes.DrawnTokens {
		a.note("token ids are not in %s: the rows of the embedding are drawn at random from seed %d", path, a.common.seed)
	}
	return a.summarize(x.out)
}

func (x *importing) read(path string, m *graphs.Model) (*graphs.Graph, error) {
	f, err := inputfile.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Userf("%s: no such file", path)
	}
	if err != nil {
		return nil, fault.User(err)
	}
	defer f.Close()
	if x.from == fromTable {
		return graphs.ReadTable(path, bufio.NewReader(f), m)
	}
	return graphs.ReadLog(path, bufio.NewReader(f))
}
