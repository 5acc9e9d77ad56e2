package memory

import (
	"bufio"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// UseHugePages asks for pages of 2 MiB instead of 4 KiB: the kernel hands out
// memory a few times faster, and reading it misses the TLB less. Where the
// kernel has none to give, nothing changes.
func UseHugePages(memory []byte) { _ = unix.Madvise(memory, unix.MADV_HUGEPAGE) }

// Free returns the bytes that a program can take before the kernel starts to
// kill, as /proc/meminfo estimates them; ok is false if it does not say.
func Free() (bytes int64, ok bool) {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0, false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var kilobytes int64
		if n, _ := fmt.Sscanf(lines.Text(), "MemAvailable: %d kB", &kilobytes); n == 1 {
			return kilobytes << 10, true
		}
	}
	return 0, false
}
