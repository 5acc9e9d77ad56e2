//go:build !race

package dram

const raceDetector = false
