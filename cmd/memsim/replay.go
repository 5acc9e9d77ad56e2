package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/traces"
)

// replaying is the replay command.
type replaying struct {
	deviceFlags
	timeline bool
	out      string
}

func (a *app) replayCommand() *cobra.Command {
	var r replaying
	cmd := &cobra.Command{
		Use:   "replay TRACE... --device DEVICE",
		Short: "Simulate captured traces on a device",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fault.Userf("%s wants one trace file or more: give at least one, %s", cmd.CommandPath(), cmd.UseLine())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.replay(cmd.Context(), &r, args) },

		ValidArgsFunction: files("parquet"),
	}
	r.deviceFlags.add(cmd, "")
	r.addSamples(cmd)
	cmd.Flags().StringVarP(&r.out, "out", "o", "", "`folder` for the report and the profile (default: none are written)")
	completeWithFolder(cmd, "out")
	cmd.Flags().BoolVar(&r.timeline, "timeline", false, "with --out, also write a timeline for ui.perfetto.dev")
	return cmd
}

func (a *app) replay(ctx context.Context, r *replaying, paths []string) error {
	if r.timeline && r.out == "" {
		return fault.Userf("--timeline needs --out: name the folder that the timeline is written to")
	}
	c, err := a.newReplays(&r.deviceFlags)
	if err != nil {
		return err
	}
	defer c.close()
	c.timeline = r.timeline
	if r.out != "" {
		if c.folder, err = newOutputFolder(r.out); err != nil {
			return err
		}
		defer c.folder.Discard()
	}
	for _, path := range paths {
		f, err := traces.Open(path)
		if err != nil {
			return err
		}
		if err := c.add(path, f); err != nil {
			return err
		}
	}
	if err := c.replayAll(ctx, func() {}); err != nil {
		return err
	}
	return c.finish(ctx, struct {
		Traces []string `json:"traces"`
		Set    []string `json:"set"`
	}{paths, r.Sets})
}
