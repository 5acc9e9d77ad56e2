package hostbench

import (
	"os"
	"runtime"
	"strconv"
	"strings"
)

// loadFile is where Linux says how many tasks want to run.
const loadFile = "/proc/loadavg"

// Busy returns how many tasks wanted each core over the last minute, and whether
// that is so many that measurements will scatter. On a system that does not say
// it is 0.
func Busy() (perCore float64, busy bool) {
	text, _ := os.ReadFile(loadFile) // which is not there on other systems
	return busyBy(string(text), runtime.NumCPU())
}

func busyBy(loads string, cores int) (perCore float64, busy bool) {
	first, _, _ := strings.Cut(loads, " ")
	load, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return 0, false
	}
	perCore = load / float64(cores)
	return perCore, perCore > 0.5
}
