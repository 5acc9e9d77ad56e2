//go:build race

package dram

// raceDetector says that tests run some ten times slower.
const raceDetector = true
