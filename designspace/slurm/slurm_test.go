package slurm

import (
	"context"
	"strings"
	"testing"

	"github.com/memsim/memsim/internal/fault"
)

func TestAScriptHoldsTheArrayAndTheUsersLines(t *testing.T) {
	j := Job{Name: "sweep", Folder: "/my work", Logs: "/out/logs", Tasks: []int{0, 1, 2, 5, 7, 8}, Options: []string{"--partition=big", "-A me"},
		Command: []string{"/bin/memsim", "sweep", "it's.yaml", "--shard", "/9"}}
	got, err := j.Script()
	if err != nil {
		t.Fatal(err)
	}
	want := `#!/bin/sh
#SBATCH --job-name=sweep
#SBATCH --array=0-2,5,7-8
#SBATCH --chdir="/my work"
#SBATCH --output=/out/logs/%a.log
#SBATCH --open-mode=append
#SBATCH --partition=big
#SBATCH -A me
exec /bin/memsim sweep 'it'\''s.yaml' --shard /9
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, option := range []string{"--a\nrm -rf x", "account=me", ""} {
		j.Options = []string{option}
		if _, err := j.Script(); !fault.IsUser(err) {
			t.Errorf("%q passes: %v", option, err)
		}
	}
}

func TestWithoutSbatchTheErrorSaysWhatToDo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := Submit(context.Background(), "x"); !fault.IsUser(err) || !strings.Contains(err.Error(), "--dry-run") {
		t.Errorf("got %v", err)
	}
}
