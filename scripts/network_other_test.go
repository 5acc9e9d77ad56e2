//go:build !linux

package scripts

import "os/exec"

// withoutNetwork leaves the program its network: taking it away is particular to
// Linux.
func withoutNetwork(*exec.Cmd) {}
