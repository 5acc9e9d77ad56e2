//go:build race

package fast

// raceDetector says that tests run some ten times slower.
const raceDetector = true
