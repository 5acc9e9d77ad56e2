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
	"os"
	"os/signal"
	"syscall"

	"github.com/mattn/go-isatty"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	terminal := isatty.IsTerminal(os.Stderr.Fd()) || isatty.IsCygwinTerminal(os.Stderr.Fd())
	code := Main(ctx, os.Args[1:], Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, ErrIsTerminal: terminal}, os.Environ())
	os.Exit(code)
}
