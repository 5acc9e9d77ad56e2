package explorer

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the assets
	"encoding/hex"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/html"
)

var (
	//go:embed assets/explorer.html
	pageMarkup string
	//go:embed assets/explorer.js
	pageScript string
	//go:embed assets/explorer.css
	pageStyle string
)

// control is a control of the page: a field of a setting.
type control struct {
	Key   string
	Label string
	Kind  string // "select", "number" or "lines"
	Hint  string
	Most  int    // of a number
	Step  string // of a number
}

// group is a heading and the controls under it.
type group struct {
	Title    string
	Controls []control
}

// groups are all controls of a setting, in their order.
var groups = []group{
	{"Phone", []control{
		{Key: "device", Label: "Device", Kind: "select"},
		{Key: "unit", Label: "Unit", Kind: "select"},
		{Key: "runtime", Label: "Runtime", Kind: "select"},
		{Key: "sram_mib", Label: "SRAM, MiB", Kind: "number", Most: maxSRAMMiB, Step: "any", Hint: "Capacity of the outermost on-chip memory of the unit"},
		{Key: "energy", Label: "Energy model", Kind: "select"},
	}},
	{"Model", []control{
		{Key: "model", Label: "Model", Kind: "select"},
		{Key: "quant", Label: "Quantization", Kind: "select"},
		{Key: "sharing", Label: "Layer sharing", Kind: "select"},
		{Key: "repeat", Label: "Times each block runs", Kind: "number", Most: maxLayers},
		{Key: "layers", Label: "Layers", Kind: "number", Most: maxLayers},
		{Key: "dim", Label: "Width", Kind: "number", Most: maxDim},
		{Key: "ffn", Label: "FFN width", Kind: "number", Most: maxFFN},
		{Key: "heads", Label: "Heads", Kind: "number", Most: maxHeads},
		{Key: "kv_heads", Label: "KV heads", Kind: "number", Most: maxHeads},
		{Key: "vocab", Label: "Vocabulary", Kind: "number", Most: maxVocab},
	}},
	{"Run", []control{
		{Key: "prompt_tokens", Label: "Prompt length (tokens)", Kind: "number", Most: maxPrompt, Hint: "Length of the prompt, which is what attention looks back at"},
		{Key: "tokens", Label: "Tokens to decode", Kind: "number", Most: maxTokens},
		{Key: setKey, Label: "Other fields of the device", Kind: "lines", Hint: "A path=value on each line, as memsim devices show prints the paths"},
	}},
}

// figure is a row of the table of figures.
type figure struct {
	Key      string  `json:"key"`
	Label    string  `json:"label"`
	Unit     string  `json:"unit"`
	Group    string  `json:"group"`
	Scale    float64 `json:"scale"`
	Relative bool    `json:"relative"`
	Part     bool    `json:"part"`
	Optional bool    `json:"optional"`
}

func figures() []figure {
	var list []figure
	for _, f := range profiles.Figures {
		scale := f.Scale
		if scale == 0 {
			scale = 1
		}
		list = append(list, figure{f.Key, f.Label, f.Unit, string(f.Group), scale, f.Relative, f.Part, f.Optional})
	}
	return list
}

// pages are the page and what it links, by path. Their texts are fixed when the
// server starts.
func (x *Explorer) pages() (map[string]http.Handler, error) {
	markup, err := template.New("explorer").Parse(pageMarkup)
	if err != nil {
		return nil, err
	}
	type data struct {
		Catalog  *catalog       `json:"catalog"`
		Figures  []figure       `json:"figures"`
		Defaults map[string]int `json:"defaults"`
	}
	// json.Marshal escapes angle brackets, so that no name can end the element.
	embedded, err := json.Marshal(struct {
		Charts []html.Chart `json:"charts"`
		Data   data         `json:"data"`
	}{[]html.Chart{}, data{x.catalog, figures(), map[string]int{"prompt_tokens": defaultPrompt, "tokens": defaultTokens}}})
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	err = markup.Execute(&page, map[string]any{"Version": x.config.Version, "Groups": groups, "Sides": []string{"a", "b"}, "Data": template.JS(embedded)})
	if err != nil {
		return nil, err
	}
	files := map[string]http.Handler{"/{$}": static("page.html", page.String())}
	for name, text := range html.Assets() {
		files["/assets/"+name] = static(name, text)
	}
	files["/assets/explorer.js"] = static("explorer.js", pageScript)
	files["/assets/explorer.css"] = static("explorer.css", pageStyle)
	return files, nil
}

// static serves a text that never changes; a browser that has it is told so.
func static(name, text string) http.Handler {
	sum := sha256.Sum256([]byte(text))
	tag := `"` + hex.EncodeToString(sum[:12]) + `"`
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", tag)
		http.ServeContent(w, r, name, time.Time{}, strings.NewReader(text))
	})
}
