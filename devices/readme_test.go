package devices

import (
	"os"
	"path"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func readme(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// The README names each field of the schema, each unit, and each operator.
func TestREADMEIsComplete(t *testing.T) {
	text := readme(t)
	for _, typ := range []reflect.Type{reflect.TypeFor[Device](), reflect.TypeFor[DRAMPart](), reflect.TypeFor[FlashPart]()} {
		for _, p := range fieldPatterns(typ, "") {
			if !strings.Contains(text, "`"+p+"`") {
				t.Errorf("%s: field %s is not in README.md", typ.Name(), p)
			}
		}
	}
	for _, d := range dimensions {
		for _, s := range d.symbols {
			if !strings.Contains(text, "`"+s.name+"`") {
				t.Errorf("unit %s is not in README.md", s.name)
			}
		}
	}
	for _, name := range operators {
		if !strings.Contains(text, "`"+name+"`") {
			t.Errorf("operator %s is not in README.md", name)
		}
	}
}

func fieldPatterns(t reflect.Type, prefix string) []string {
	var out []string
	for _, f := range fields(t) {
		p := join(prefix, f.key)
		switch {
		case f.key == "references":
			out = append(out, p)
		case f.typ.Kind() == reflect.Slice && f.typ.Elem().Kind() == reflect.Struct && isQuantity(f.typ.Elem()):
			out = append(out, p+".*")
		case f.typ.Kind() == reflect.Slice && f.typ.Elem().Kind() == reflect.Struct:
			out = append(out, fieldPatterns(f.typ.Elem(), p+".*")...)
		case f.typ.Kind() == reflect.Struct && !isQuantity(f.typ):
			out = append(out, fieldPatterns(f.typ, p)...)
		default:
			out = append(out, p)
		}
	}
	return out
}

// The README's way to add a phone works as it stands.
func TestREADMEAddsAPhone(t *testing.T) {
	_, diff, ok := strings.Cut(readme(t), "```diff\n")
	if !ok {
		t.Fatal("no diff in README.md")
	}
	diff, _, _ = strings.Cut(diff, "```")
	content, err := shipped.ReadFile(path.Join(phones.folder, "iphone13.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	lines := strings.Split(strings.TrimSpace(diff), "\n")
	for i := 0; i < len(lines); i++ {
		if lines[i][0] == '+' { // at the end
			text += lines[i][1:] + "\n"
			continue
		}
		old, changed := lines[i][1:]+"\n", lines[i+1][1:]+"\n"
		if lines[i][0] != '-' || lines[i+1][0] != '+' || strings.Count(text, old) != 1 {
			t.Fatalf("the diff does not apply at %q", lines[i])
		}
		text = strings.Replace(text, old, changed, 1)
		i++
	}
	file := filepath.Join(t.TempDir(), "iphone13pro.yaml")
	write(t, file, []byte(text))
	d, err := Load(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d.Title != "Apple iPhone 13 Pro" || d.DRAM.Capacity.String() != "6 GiB" {
		t.Errorf("got %s with %s", d.Title, d.DRAM.Capacity)
	}
}
