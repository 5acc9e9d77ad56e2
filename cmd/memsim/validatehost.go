package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/memsim/memsim/fidelity/hostbench"
	"github.com/memsim/memsim/fidelity/validation"
	"github.com/memsim/memsim/profiles/validations"
)

// hostDevice is the device that is measured and not described.
const hostDevice = "host"

// hostProfile is the profile of this machine in a validation's output folder.
const hostProfile = "host.yaml"

// hostReply is what "validate --device host" prints.
type hostReply struct {
	validationReply
	OrderedPairs int `json:"ordered_pairs"` // of shapes whose order is predicted
	Pairs        int `json:"pairs"`         // of shapes that differ measurably
}

// validateHost measures this machine, predicts models from that, or from the profile
// that memsim host wrote of it, and runs them.
func (a *app) validateHost(ctx context.Context, v *validating) error {
	folder, err := v.folder()
	if err != nil {
		return err
	}
	if folder != nil {
		defer folder.Discard()
	}
	if perCore, busy := hostbench.Busy(); busy {
		a.note("this machine is busy: %.1f tasks wanted each core over the last minute, and what is measured will scatter", perCore)
	}
	o := hostbench.Options{Teams: hostbench.Teams(a.hostThreads()...), Rounds: v.rounds, Tokens: 12, Prompt: 8, Seed: a.common.seed}
	if v.device != hostDevice {
		if o.Against = v.device; a.common.threads == 0 {
			if o.Teams, err = hostbench.TeamsOf(v.device); err != nil {
				return err
			}
		}
	}
	bar := a.newProgress(o.Rounds * len(o.Teams) * (1 + len(hostbench.AllShapes())*len(hostbench.Formats)))
	defer bar.done()
	o.Step = bar.step
	l, err := hostbench.Run(ctx, o)
	if err != nil {
		return err
	}
	bar.done()
	reply := hostReply{validationReply{version, validation.Summarize(l.Outcomes)}, l.Ordered, l.Pairs}
	if folder != nil {
		if err := folder.Write(hostProfile, func(w *os.File) error { _, err := w.Write(l.Profile); return err }); err != nil {
			return err
		}
		if err := writeValidation(folder, reply.validationReply); err != nil {
			return err
		}
	}
	g := validationGrid(reply.Report)
	g.foot = append(validations.Summary(reply.Report), fmt.Sprintf("The order of shapes is right in %d of %d pairs that differ.", l.Ordered, l.Pairs))
	if err := a.print(reply, g); err != nil {
		return err
	}
	if folder != nil {
		a.note("wrote this machine's profile to %s, and a chart beside it", filepath.Join(v.out, hostProfile))
	}
	return nil
}

// hostThreads are the numbers of threads that are measured: one and two, or what
// --threads says.
func (a *app) hostThreads() []int {
	switch {
	case a.common.threads > 0:
		return []int{a.common.threads}
	case runtime.GOMAXPROCS(0) > 1:
		return []int{1, 2}
	}
	return []int{1}
}
