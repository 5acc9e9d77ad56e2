package page_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/memsim/memsim/profiles/internal/page"
)

var hashes = regexp.MustCompile(`sha256-[A-Za-z0-9+/=]+`)

// scripts returns what stands in the script elements of a page.
func scripts(page string) []string {
	var all []string
	for {
		_, rest, ok := strings.Cut(page, "<script>")
		if !ok {
			return all
		}
		script, rest, _ := strings.Cut(rest, "</script>")
		all, page = append(all, script), rest
	}
}

// A browser runs a script only if its bytes, as they stand in the file, have a
// hash that the policy names.
func TestPolicyNamesTheScriptsThatAreThereAndNoOthers(t *testing.T) {
	var b bytes.Buffer
	layout := page.NewLayout(`<p>{{.}}</p>`, `"use strict"; memsim.data < 1 && "</p>";`)
	if err := layout.Write(&b, page.Page{Content: "<b>", Data: "</script>"}); err != nil {
		t.Fatal(err)
	}
	policy, _, _ := strings.Cut(b.String(), `<meta name="viewport"`)
	allowed := map[string]bool{}
	for _, h := range hashes.FindAllString(html.UnescapeString(policy), -1) {
		allowed[h] = true
	}
	found := scripts(b.String())
	if len(found) != 3 || len(allowed) != 3 {
		t.Errorf("%d scripts, %d hashes, want 3 of each", len(found), len(allowed))
	}
	for _, s := range found {
		sum := sha256.Sum256([]byte(s))
		if h := "sha256-" + base64.StdEncoding.EncodeToString(sum[:]); !allowed[h] {
			t.Errorf("the policy does not allow %.60q", s)
		}
	}
	if strings.Contains(b.String(), "<p><b></p>") {
		t.Error("content is not escaped")
	}
}

func TestOptionsDependOnTheDataAlone(t *testing.T) {
	draw := func() string {
		option, err := page.StackedBars([]string{"a", "b</script>"}, []page.Series{
			{Name: "s", Color: page.ColorDRAM, Values: []float64{1, 2}},
			{Name: "t", Color: page.ColorSRAM, Values: []float64{3, 0}}}, "ms", true)
		if err != nil {
			t.Fatal(err)
		}
		return string(option)
	}
	if a, b := draw(), draw(); a != b {
		t.Errorf("two charts of the same data differ:\n%s\n%s", a, b)
	}
	if strings.Contains(draw(), "</script>") {
		t.Error("a name ends the element that holds the options")
	}
}
