package hostbench

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/memsim/memsim/fidelity/topology"
	"github.com/memsim/memsim/internal/fault"
)

func writeProfile(t *testing.T, rates ...Rates) string {
	t.Helper()
	text, err := hostOf(topology.Read(fstest.MapFS{}, 2)).profile(rates)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "my.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAProfileSaysWhichThreadsItWasMeasuredWith(t *testing.T) {
	one, two := sample(1), sample(2)
	one.Cores, one.Pinned = "big", []int{0}
	path := writeProfile(t, one, two)
	if !Wrote(path) || Wrote("pixel8pro") || Wrote("missing.yaml") {
		t.Error("profiles are mistaken for others")
	}
	teams, err := TeamsOf(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(teams) != 2 || teams[0].Runtime != "memsim-big-1t" || teams[0].Threads != 1 || len(teams[0].Cores) != 1 || teams[1].Runtime != "memsim-2t" || teams[1].Cores != nil {
		t.Errorf("%+v", teams)
	}
}

func TestAProfileOfAnotherMachineIsRefused(t *testing.T) {
	r := sample(1)
	r.Cores, r.Pinned = "big", []int{3999}
	if _, err := TeamsOf(writeProfile(t, r)); !fault.IsUser(err) || !strings.Contains(err.Error(), "another machine") || !strings.Contains(err.Error(), "3999") {
		t.Error(err)
	}
}
