package designspace

import (
	"os"
	"strings"
	"testing"

	"github.com/memsim/memsim/sim/sweep"
)

// The file that the README shows is a sweep of valid questions.
func TestTheSpecOfTheREADMEIsOne(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```yaml\n")
	example, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("the README shows no file")
	}
	s, said, err := specAt(t, example)
	if err != nil {
		t.Fatal(err)
	}
	if len(said) < 18 {
		t.Errorf("the README leaves out fields; it says %v", said)
	}
	if _, err := sweep.ParseCondition(s.Where, s.Axes); err != nil {
		t.Error(err)
	}
	if _, err := sweep.ParseGoals(s.Pareto, s.Axes); err != nil {
		t.Error(err)
	}
	for _, a := range append(ModelAxes, MachineAxes...) {
		if !strings.Contains(string(text), "`"+a+"`") {
			t.Errorf("axis %s is not described", a)
		}
	}
	x := explorer(t, "pixel8pro")
	x.Params, x.Solve = 125e6, "dim"
	x.Machines = NewMachines(s.Hardware)
	if err := x.Validate(s.Axes); err != nil {
		t.Error(err)
	}
}
