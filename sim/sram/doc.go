// Package sram simulates the on-chip memories between a compute unit and DRAM:
// set-associative caches in several levels, and scratchpads.
package sram
