package main

import (
	"context"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/memsim/memsim/internal/atomicfile"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/traces/export"
)

// exporting is the export command.
type exporting struct {
	to, out, phase string
	token          int32
	burst          int64
}

func (a *app) exportCommand() *cobra.Command {
	var x exporting
	cmd := &cobra.Command{
		Use:   "export TRACE --to FORMAT -o FILE",
		Short: "Write a trace for Ramulator 2, DRAMsim3, a trace viewer or a spreadsheet",
		Long: `Write a trace in the format of another program: ramulator2 (its LoadStoreTrace),
dramsim3, chrome (host times, for ui.perfetto.dev) or csv. DRAM formats have a
line for each burst that a kernel touches, a few million for a decode step;
--token takes one.`,
		Example: `  memsim export t.parquet --to ramulator2 --token 20 -o reads.txt
  memsim probe dram --part lpddr5-6400 --trace reads.txt`,
		Args: oneArgument("a trace file"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.export(cmd.Context(), &x, args[0]) },

		ValidArgsFunction: oneFile("parquet"),
	}
	f := cmd.Flags()
	addChoice(cmd, &x.to, "to", "", "`format`: ramulator2, dramsim3, chrome or csv", export.Formats()...)
	f.StringVarP(&x.out, "out", "o", "", "`file` to write (- is stdout)")
	addChoice(cmd, &x.phase, "phase", "", "write this `phase` alone: load, prefill or decode (default: all but load)", phases...)
	f.Int32Var(&x.token, "token", export.AllTokens, "write the token at this `position` alone (-1: all)")
	f.Int64Var(&x.burst, "burst", 32, "`bytes` of a DRAM request")
	completeWithFiles(cmd, "out")
	return cmd
}

func (a *app) export(ctx context.Context, x *exporting, path string) error {
	if x.to == "" {
		return fault.Userf("name the format with --to: %s", list(export.Formats()))
	}
	if x.out != "-" {
		if err := outputFile(x.out); err != nil {
			return err
		}
	}
	f, err := traces.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	write := func(w io.Writer) error {
		return export.Write(ctx, w, f, x.to, export.Options{Phase: traces.Phase(x.phase), Token: x.token, Burst: x.burst})
	}
	if x.out == "-" {
		return write(a.Out)
	}
	if err := atomicfile.Write(x.out, write); err != nil {
		return err
	}
	info, err := os.Stat(x.out)
	if err != nil {
		return err
	}
	a.note("wrote %s (%d bytes)", x.out, info.Size())
	return nil
}
