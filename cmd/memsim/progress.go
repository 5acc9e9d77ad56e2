package main

import (
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress tells a person at a terminal how far a command is. In a pipe and
// under --quiet it is silent. A nil progress is silent too.
type progress struct {
	bar *progressbar.ProgressBar
}

// newProgress starts a bar of steps.
func (a *app) newProgress(steps int) *progress {
	if !a.ErrIsTerminal || a.common.quiet {
		return nil
	}
	return &progress{progressbar.NewOptions(steps,
		progressbar.OptionSetWriter(a.Err),
		progressbar.OptionSetWidth(24),
		progressbar.OptionShowElapsedTimeOnFinish(),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetPredictTime(false),
	)}
}

// step completes one step and says what comes next.
func (p *progress) step(doing string) {
	if p != nil {
		p.bar.Describe(doing)
		p.bar.Add(1)
	}
}

// begin says what is being done.
func (p *progress) begin(doing string) {
	if p != nil {
		p.bar.Describe(doing)
	}
}

// done takes the bar off the screen.
func (p *progress) done() {
	if p != nil {
		p.bar.Clear()
	}
}

// newSweepProgress starts a bar of many equal steps, with their rate and the
// time that is left.
func (a *app) newSweepProgress(steps int) *progress {
	if !a.ErrIsTerminal || a.common.quiet {
		return nil
	}
	return &progress{progressbar.NewOptions(steps,
		progressbar.OptionSetWriter(a.Err),
		progressbar.OptionSetWidth(24),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionSetItsString("points"),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionShowElapsedTimeOnFinish(),
		progressbar.OptionClearOnFinish(),
	)}
}
