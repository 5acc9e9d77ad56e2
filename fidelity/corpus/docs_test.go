package corpus

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of rows into docs/measurements.md")

const begin, end = "<!-- corpus: begin -->\n", "<!-- corpus: end -->\n"

func TestThePageSaysHowManyRowsThereAre(t *testing.T) {
	const page = "../../docs/measurements.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no place for the table", page)
	}
	want := before + begin + "\n" + table(shipped(t)) + "\n" + end + after
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(text) != want {
		t.Errorf("%s does not say what there is: go test ./fidelity/corpus -update", page)
	}
}

// table is a row for each source and a column for each kind of exclusion that
// there is.
func table(rows []Row) string {
	kinds := slices.DeleteFunc(slices.Clone(Kinds), func(kind string) bool {
		return !slices.ContainsFunc(rows, func(r Row) bool { return ByReason(r) == kind })
	})
	var b strings.Builder
	fmt.Fprintf(&b, "| source | rows | held | %s |\n| --- | ---: | ---: |%s\n", strings.Join(kinds, " | "), strings.Repeat(" ---: |", len(kinds)))
	for _, source := range append(Count(rows, ByFamily), Tally{}) {
		mine := slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return source.Value != "" && ByFamily(r) != source.Value })
		name := source.Value
		if name == "" {
			name = "all"
		}
		held := 0
		by := map[string]int{}
		for _, r := range mine {
			by[ByReason(r)]++
			if r.Exclude == nil {
				held++
			}
		}
		fmt.Fprintf(&b, "| %s | %d | %d |", name, len(mine), held)
		for _, kind := range kinds {
			if by[kind] == 0 {
				b.WriteString(" |")
			} else {
				fmt.Fprintf(&b, " %d |", by[kind])
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}
