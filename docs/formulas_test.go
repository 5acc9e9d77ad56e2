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

// names are the declarations of a package: functions as "New", methods as
// "Memory.Move", types and variables as "Rule".
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
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			all.add(decl)
		}
	}
	return all
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
			if s, ok := spec.(*ast.TypeSpec); ok {
				n[s.Name.Name] = true
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
		cells := strings.Split(line, " | ")
		if len(cells) != 4 || strings.HasPrefix(line, "| formula") || strings.HasPrefix(line, "| ---") {
			continue
		}
		rows = append(rows, formula{i + 1, strings.TrimPrefix(cells[0], "| "),
			quoted.FindAllStringSubmatch(cells[1], -1), quoted.FindAllStringSubmatch(cells[3], -1), cells[2]})
	}
	return rows
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
