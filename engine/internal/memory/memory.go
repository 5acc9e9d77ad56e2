// Package memory asks the system for what Go has no word for: how much memory is
// free, before more is taken than there is, and pages of 2 MiB.
//
// # Caveats
//
// Only Linux answers. What is free is the whole machine's: a limit of a
// container below that is not seen.
package memory
