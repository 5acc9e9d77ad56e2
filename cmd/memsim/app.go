package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/memsim/memsim/engine/kernels"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/spelling"
)

// version is the program's version: in traces, in JSON results, in "memsim version".
const version = "0.1.0"

// generator is how files that memsim writes name their writer.
const generator = "memsim " + version

// The exit codes.
const (
	exitDone        = 0
	exitFailure     = 1
	exitMistake     = 2
	exitInterrupted = 130
)

// interrupted is what a command that was interrupted says.
const interrupted = "memsim: interrupted; no file is left half-written"

// Streams are where a command reads and writes.
type Streams struct {
	In            io.Reader
	Out           io.Writer // results
	Err           io.Writer // all else
	ErrIsTerminal bool      // a progress bar may be drawn on Err
}

// app is one run of the program.
type app struct {
	Streams
	terminal io.Writer // what is under Out, which may be one
	env      map[string]string
	common   common
	root     *cobra.Command
}

// common are the flags of every command.
type common struct {
	format  string
	config  string
	seed    uint64
	threads int
	quiet   bool
	verbose bool
}

// Main runs memsim with the arguments after the program's name and an
// environment of KEY=value lines, and returns its exit code. Cancelling ctx
// interrupts it; what it was writing is removed.
func Main(ctx context.Context, args []string, s Streams, environ []string) int {
	a := &app{Streams: s, env: map[string]string{}}
	for _, line := range environ {
		key, value, _ := strings.Cut(line, "=")
		a.env[key] = value
	}
	out := &noting{Writer: s.Out}
	a.terminal = s.Out
	a.Out = out
	a.root = a.rootCommand()
	a.root.SetArgs(args)
	a.root.SetIn(s.In)
	a.root.SetOut(out)
	a.root.SetErr(s.Err)
	refuseOtherShells(a.root) // its commands keep the streams that they are made with
	err := a.root.ExecuteContext(ctx)
	if err == nil && out.failed != nil {
		err = fmt.Errorf("cannot write results: %w", out.failed)
	}
	return a.report(ctx, err)
}

// report prints err as one message and returns the exit code that it means.
func (a *app) report(ctx context.Context, err error) int {
	switch {
	case err == nil:
		return exitDone
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(a.Err, interrupted)
		return exitInterrupted
	case fault.IsUser(err):
		fmt.Fprintf(a.Err, "memsim: %s\n", err)
		return exitMistake
	}
	if place, reason, full := diskFull(err); full {
		fmt.Fprintf(a.Err, "memsim: cannot write to %s: %s; make room or name another place with --out; what was there before is as it was\n", place, reason)
		return exitFailure
	}
	fmt.Fprintf(a.Err, "memsim: %s\n", err)
	return exitFailure
}

func (a *app) getenv(key string) string { return a.env[key] }

// note prints a line for the person at the terminal, unless --quiet.
func (a *app) note(format string, args ...any) {
	if !a.common.quiet {
		fmt.Fprintf(a.Err, format+"\n", args...)
	}
}

// detail prints a line under -v.
func (a *app) detail(format string, args ...any) {
	if a.common.verbose {
		a.note(format, args...)
	}
}

// formats are the output formats.
var formats = []string{"table", "md", "json", "csv"}

// addCommon defines the flags of every command on root.
func (a *app) addCommon(root *cobra.Command) {
	f := root.PersistentFlags()
	f.Var(&choice{&a.common.format, formats}, "format", "output `format`: table, md, json or csv")
	f.StringVar(&a.common.config, "config", "", "settings `file` (YAML); without it memsim.yaml in the working folder, if there is one")
	f.Uint64Var(&a.common.seed, "seed", 1, "seed of synthetic weights, prompts and sampling")
	f.IntVar(&a.common.threads, "threads", 0, "worker threads of the engine (0: one per core)")
	f.BoolVar(&a.common.quiet, "quiet", false, "print results and errors only")
	f.BoolVarP(&a.common.verbose, "verbose", "v", false, "say what is being done")
	complete(root, "config", files("yaml", "yml"))
	completeWith(root, "format", formats...)
}

// format returns the output format; a command that was not told otherwise
// prints a table.
func (a *app) format() string {
	if a.common.format == "" {
		return "table"
	}
	return a.common.format
}

// maxThreads is more than any machine has use for.
const maxThreads = 1024

// checkCommon refuses values of the common flags that make no sense.
func (a *app) checkCommon() error {
	if a.common.threads < 0 || a.common.threads > maxThreads {
		return fault.Userf("--threads %d: give a number from 1 to %d, or 0 for one per core", a.common.threads, maxThreads)
	}
	return fault.User(kernels.CheckEnvironment())
}

// flagError rewords what pflag says of a flag, and names the nearest one.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return fault.User(plainValueError(err))
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	name := unknown.GetSpecifiedName()
	hint := fmt.Sprintf("see %s --help", cmd.CommandPath())
	if near := spelling.Nearest(name, names, 1); len(name) > 1 && len(near) > 0 {
		hint = fmt.Sprintf("did you mean --%s? %s", near[0], hint)
	}
	return fault.Userf("%s; %s", err, hint)
}

// plainValueError rewords what pflag says of a number that is none.
func plainValueError(err error) error {
	var number *strconv.NumError
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &number) || !errors.As(err, &invalid) {
		return err
	}
	f := invalid.GetFlag()
	return fmt.Errorf("--%s: %q %s", f.Name, invalid.GetValue(), plainFlagError(f, err))
}

// noArguments refuses arguments of a command that takes none, and names the
// commands that were perhaps meant.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	if len(names) == 0 {
		return fault.Userf("%s takes no argument, but got %q; see %s --help", cmd.CommandPath(), args[0], cmd.CommandPath())
	}
	hint := ""
	if near := spelling.Nearest(args[0], names, 2); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "? "
	}
	return fault.Userf("unknown command %q for %s; %ssee %s --help", args[0], cmd.CommandPath(), hint, cmd.CommandPath())
}

// oneArgument wants exactly one argument, described by what.
func oneArgument(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return fault.Userf("%s wants %s, but got %d arguments: %s", cmd.CommandPath(), what, len(args), cmd.UseLine())
		}
		return nil
	}
}

// printAll writes what write produces to stdout at once, so that a failure
// leaves no half of it.
func (a *app) printAll(write func(io.Writer) error) error {
	var buffer bytes.Buffer
	if err := write(&buffer); err != nil {
		return err
	}
	if _, err := a.Out.Write(buffer.Bytes()); err != nil {
		return fmt.Errorf("cannot write results: %w", err)
	}
	return nil
}
