// Command memsim answers what a token of a language model costs on a phone: it
// runs the model with a real engine, writes down every byte that moves, and
// replays that on a simulated device.
//
//	memsim --device pixel8pro
//
// The mental model: each command is a function of streams, arguments and an
// environment (Main), made of parts that have no knowledge of flags. A command
// has a file of its own; what several share is here by concept: settings (flag
// over MEMSIM_* variable over file), output formats, staged files.
//
//	weights ─▶ engine ─▶ traces ─▶ sim ─▶ profiles
//	   run, bench, trace │ inspect, export │ replay, main job, sweep
//
// # Caveats
//
// Results go to stdout and nothing else does. Exit codes are 0 (done), 1
// (failure), 2 (the user's mistake) and 130 (interrupted).
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/memsim/memsim/internal/temporary"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	terminal := isatty.IsTerminal(os.Stderr.Fd()) || isatty.IsCygwinTerminal(os.Stderr.Fd())
	done := make(chan int, 1)
	go func() {
		done <- Main(ctx, os.Args[1:], Streams{In: os.Stdin, Out: stdout(), Err: os.Stderr, ErrIsTerminal: terminal}, os.Environ())
	}()
	os.Exit(codeOf(ctx, done))
}

// patience is how long a command that is interrupted may take to end by itself.
const patience = 700 * time.Millisecond

// codeOf waits for the exit code of a command. One that does not end when it is
// interrupted, whatever loop it is in, is given up, and what it was writing taken
// away.
func codeOf(ctx context.Context, done <-chan int) int {
	select {
	case code := <-done:
		return code
	case <-ctx.Done():
	}
	select {
	case code := <-done:
		return code
	case <-time.After(patience):
	}
	temporary.RemoveAll()
	fmt.Fprintln(os.Stderr, interrupted)
	return exitInterrupted
}
