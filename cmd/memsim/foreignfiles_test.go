package main

import (
	"os"
	"strings"
	"testing"

	"github.com/memsim/memsim/internal/filelock"
)

// A file that is not of the kind is named, and nothing of what it holds is repeated:
// it may be a secret.
func TestNothingOfAForeignFileIsRepeated(t *testing.T) {
	inFolder(t)
	smallShape(t)
	for name, text := range map[string]string{
		"users":    "root:hunter2:0:0:root:/root:/bin/bash\n",
		"env":      "API_KEY=hunter2\n",
		"keys.yml": "user: x\npassword: hunter2\n",
		"keys":     "-----BEGIN KEY-----\nhunter2\n",
		"words":    "hunter2, hunter2\nhunter2, hunter2\n",
		"list":     `["hunter2", {"hunter2": 1}]`,
	} {
		file := "./" + writeText(t, name, text)
		for _, command := range []string{
			"--config FILE version",
			"--device FILE --shape-only",
			"--device pixel8pro --set dram.part=FILE --shape-only",
			"--device pixel8pro --model FILE --shape-only",
			"--device pixel8pro --model olmoe --routes FILE",
			"devices check FILE",
			"inspect FILE",
			"probe dram --part lpddr5-6400 --trace FILE",
			"probe flash --part FILE",
			"sweep FILE --device pixel8pro",
			"validate --data FILE",
			"calibrate --device pixel8pro --data FILE -o out.yaml",
		} {
			r := memsim(t, strings.Fields(strings.ReplaceAll(command, "FILE", file))...)
			if r.code != exitMistake || !strings.Contains(r.err, name) || strings.Contains(r.err+r.out, "hunter2") {
				t.Errorf("memsim %s: exit code %d: %s%s", strings.ReplaceAll(command, "FILE", file), r.code, r.out, r.err)
			}
		}
	}
	if _, err := os.Stat("out.yaml"); err == nil {
		t.Error("calibrate left out.yaml")
	}
}

// Whole sweeps into one folder go one after another: the second says who is at it.
func TestASecondSweepIntoAFolderIsRefused(t *testing.T) {
	inFolder(t)
	smallShape(t)
	e := append([]string{}, smallSweep...)
	mustMemsim(t, append(e, "--shard", "0/2")...)
	first, err := os.Open(defaultSweepOut)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if err := filelock.Exclusive(first); err != nil {
		t.Logf("there are no locks of folders here: %v", err)
		return
	}
	for _, args := range [][]string{{"--resume"}, {}, {"--shard", "1/2"}} {
		if r := memsim(t, append(e, args...)...); r.code != exitMistake || !strings.Contains(r.err, "is at a sweep in "+defaultSweepOut) {
			t.Errorf("%v: exit code %d: %s", args, r.code, r.err)
		}
	}
	first.Close()
	mustMemsim(t, append(e, "--resume")...)
}
