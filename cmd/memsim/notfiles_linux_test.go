package main

import (
	"strings"
	"syscall"
	"testing"
)

// A pipe that nobody writes to, a device without end and a folder are no input,
// whatever wants one: the mistake is named, nothing waits and nothing fills the
// memory.
func TestFilesThatAreNoFiles(t *testing.T) {
	inFolder(t)
	if err := syscall.Mkfifo("pipe.yaml", 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkdir("folder.yaml", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"./pipe.yaml", "/dev/zero", "./folder.yaml"} {
		for _, command := range []string{
			"--config FILE version",
			"--device FILE --shape-only",
			"--device pixel8pro --set dram.part=FILE --shape-only",
			"--device pixel8pro --model FILE --shape-only",
			"devices check FILE",
			"inspect FILE",
			"replay FILE --device pixel8pro",
			"export FILE --to csv -o -",
			"import FILE --from csv -o t.parquet",
			"import FILE --from llama-eval-callback --model FILE -o t.parquet",
			"probe dram --part lpddr5-6400 --trace FILE",
			"probe dram --part FILE --trace trace.txt",
			"probe flash --part FILE",
			"probe sram FILE",
			"sweep FILE --device pixel8pro",
			"validate --data FILE",
			"calibrate --device pixel8pro --data FILE -o out.yaml",
		} {
			args := strings.Fields(strings.ReplaceAll(command, "FILE", file))
			r := memsim(t, args...)
			if r.code != exitMistake || !strings.Contains(r.err, file) || !strings.Contains(r.err, "file") || r.out != "" {
				t.Errorf("memsim %s: exit code %d: %s", strings.Join(args, " "), r.code, r.err)
			}
		}
	}
}
