//go:build race

package main

// raceDetector makes tests that would take minutes under it do less.
const raceDetector = true
