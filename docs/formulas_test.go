package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// names are the declarations of a package or a file: functions as "New", methods
// as "Memory.Move", types, variables and constants as "Rule".
type names map[string]bool

// namesOf reads the declarations of the package in a folder, tests included.
func namesOf(t *testing.T, folder string) names {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", folder, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no package in %s: %v", folder, err)
	}
	all := names{}
	for _, file := range files {
		all.addFile(t, file)
	}
	return all
}

func (n names) addFile(t *testing.T, file string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, decl := range parsed.Decls {
		n.add(decl)
	}
}

func (n names) add(decl ast.Decl) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		name := d.Name.Name
		if d.Recv != nil {
			name = receiver(d.Recv.List[0].Type) + "." + name
		}
		n[name] = true
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				n[s.Name.Name] = true
			case *ast.ValueSpec:
				for _, name := range s.Names {
					n[name.Name] = true
				}
			}
		}
	}
}

// receiver is the name of a receiver's type, without pointer and parameters.
func receiver(e ast.Expr) string {
	switch x := e.(type) {
	case *ast.StarExpr:
		return receiver(x.X)
	case *ast.IndexExpr:
		return receiver(x.X)
	case *ast.Ident:
		return x.Name
	}
	return ""
}

// quoted matches package.Name, with the package as a path below the module.
var quoted = regexp.MustCompile("`((?:[a-z0-9]+/)*[a-z0-9]+)\\.([A-Za-z0-9.]+)`")

// formula is a row of the page.
type formula struct {
	line       int
	text       string
	code, test [][]string // matches of quoted
	source     string
}

func formulas(t *testing.T) []formula {
	t.Helper()
	var rows []formula
	for i, line := range strings.Split(readPage(t, "formulas.md"), "\n") {
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "| formula") || strings.HasPrefix(line, "| ---") {
			continue
		}
		cells := strings.Split(line, " | ")
		if len(cells) != 4 {
			t.Errorf("line %d has %d cells, not 4", i+1, len(cells))
			continue
		}
		rows = append(rows, formula{i + 1, strings.TrimPrefix(cells[0], "| "), qualified(t, i+1, cells[1]), qualified(t, i+1, cells[3]), cells[2]})
	}
	return rows
}

// qualified returns the matches of quoted in a cell, which holds nothing else in
// backquotes.
func qualified(t *testing.T, line int, cell string) [][]string {
	t.Helper()
	for _, text := range inline.FindAllString(cell, -1) {
		if quoted.FindString(text) != text {
			t.Errorf("line %d: %s is not a name with its package", line, text)
		}
	}
	return quoted.FindAllStringSubmatch(cell, -1)
}

func TestEveryFormulaHasItsCodeItsSourceAndItsTest(t *testing.T) {
	packages := map[string]names{}
	declared := func(match []string) bool {
		if packages[match[1]] == nil {
			packages[match[1]] = namesOf(t, match[1])
		}
		return packages[match[1]][match[2]]
	}
	for _, f := range formulas(t) {
		if len(f.code) == 0 || len(f.test) == 0 || strings.TrimSpace(f.source) == "" {
			t.Errorf("line %d: %q lacks its code, its source or its test", f.line, f.text)
		}
		for _, match := range append(f.code, f.test...) {
			if !declared(match) {
				t.Errorf("line %d: there is no %s.%s", f.line, match[1], match[2])
			}
		}
		for _, match := range f.test {
			if !strings.HasPrefix(match[2], "Test") {
				t.Errorf("line %d: %s is no test", f.line, match[2])
			}
		}
	}
}

// located matches a name and the file that a text says it is in.
var located = regexp.MustCompile("`(\\w+)`\\s+in\\s+\\[[^]]+\\]\\(([^)]+\\.go)\\)")

func TestNamesAreInTheFilesThatTextsSay(t *testing.T) {
	found := 0
	for _, page := range pages {
		for _, match := range located.FindAllStringSubmatch(readPage(t, page), -1) {
			declared := names{}
			declared.addFile(t, filepath.Join(filepath.Dir(page), match[2]))
			ok := false
			for name := range declared {
				ok = ok || name == match[1] || strings.HasSuffix(name, "."+match[1])
			}
			if !ok {
				t.Errorf("%s: there is no %s in %s", page, match[1], match[2])
			}
			found++
		}
	}
	if found == 0 {
		t.Error("no page says where a name is: is it written otherwise now?")
	}
}

// Every kernel that the engine asks for, and every part of the simulator, has
// its formula on the page.
func TestNoPartIsWithoutAFormula(t *testing.T) {
	page := readPage(t, "formulas.md")
	parsed, err := parser.ParseFile(token.NewFileSet(), "../engine/arithmetic.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		kernels, ok := n.(*ast.InterfaceType)
		if !ok {
			return true
		}
		for _, method := range kernels.Methods.List {
			if name := "engine/kernels.Compute." + method.Names[0].Name; !strings.Contains(page, "`"+name+"`") {
				t.Errorf("%s has no formula", name)
			}
		}
		return false
	})
	entries, err := fs.ReadDir(os.DirFS(".."), "sim")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() && e.Name() != "testdata" && !strings.Contains(page, "`sim/"+e.Name()+".") {
			t.Errorf("sim/%s has no formula", e.Name())
		}
	}
}
