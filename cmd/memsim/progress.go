package main

import (
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress tells a person at a terminal how far a command is, by a bar. Under -v
// it is lines that say what is being done, also in a pipe. In a pipe without -v,
// and under --quiet, it is silent, as is a nil progress. It may be told by several
// goroutines at once.
type progress struct {
	bar   *progressbar.ProgressBar // nil: lines
	say   func(format string, args ...any)
	mu    sync.Mutex
	doing string // what the last line said
}

// newProgress starts a bar of steps.
func (a *app) newProgress(steps int) *progress {
	return a.startProgress(steps, progressbar.OptionSetPredictTime(false))
}

// newSweepProgress starts a bar of many equal steps, with their rate and the
// time that is left.
func (a *app) newSweepProgress(steps int) *progress {
	return a.startProgress(steps,
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionSetItsString("points"),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(100*time.Millisecond),
	)
}

func (a *app) startProgress(steps int, options ...progressbar.Option) *progress {
	if a.common.verbose {
		return &progress{say: a.detail}
	}
	if !a.ErrIsTerminal || a.common.quiet {
		return nil
	}
	return &progress{bar: progressbar.NewOptions(steps, append(options,
		progressbar.OptionSetWriter(a.Err),
		progressbar.OptionSetWidth(24),
		progressbar.OptionShowElapsedTimeOnFinish(),
		progressbar.OptionClearOnFinish(),
	)...)}
}

// step completes one step and says what comes next.
func (p *progress) step(doing string) {
	p.begin(doing)
	if p != nil && p.bar != nil {
		p.bar.Add(1)
	}
}

// begin says what is being done.
func (p *progress) begin(doing string) {
	switch {
	case p == nil:
	case p.bar != nil:
		p.bar.Describe(doing)
	default:
		p.line(doing)
	}
}

// line says what is being done, unless that was said last.
func (p *progress) line(doing string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.doing != doing {
		p.doing = doing
		p.say("%s", doing)
	}
}

// done takes the bar off the screen.
func (p *progress) done() {
	if p != nil && p.bar != nil {
		p.bar.Clear()
	}
}
