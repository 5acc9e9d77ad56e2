package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/pflag"

	"github.com/memsim/memsim/designspace"
	"github.com/memsim/memsim/designspace/results"
	"github.com/memsim/memsim/designspace/slurm"
	"github.com/memsim/memsim/internal/atomicfile"
	"github.com/memsim/memsim/internal/fault"
)

// The files of a sweep that runs under Slurm.
const (
	sweepBatch = "sweep.sbatch"
	sweepLogs  = "logs"
)

// defaultChunk is how many points a task does.
const defaultChunk = 250

// submitting is what the command line says of Slurm.
type submitting struct {
	slurm  bool
	dryRun bool
}

func (s *submitting) addFlags(f *pflag.FlagSet, spec *designspace.Slurm) {
	f.BoolVar(&s.slurm, "slurm", false, "submit the sweep as a job array; with --resume, only the parts that are missing")
	f.BoolVar(&s.dryRun, "dry-run", false, "with --slurm: print the script and submit nothing")
	f.IntVar(&spec.Chunk, "chunk", 0, "with --slurm: `points` of a task, about ("+strconv.Itoa(defaultChunk)+" if not given)")
	f.StringVar(&spec.Partition, "partition", "", "with --slurm: `partition` to run in")
	f.StringVar(&spec.Time, "time", "", "with --slurm: `limit` of a task, such as 1:00:00")
	f.StringVar(&spec.Memory, "memory", "", "with --slurm: `memory` of a task, such as 2G")
	f.IntVar(&spec.CPUs, "cpus", 0, "with --slurm: `cores` of a task (2 if not given)")
	f.StringArrayVar(&spec.Options, "sbatch", nil, "with --slurm: a further `option` of sbatch, such as --account=NAME (repeatable)")
}

// submitReply is what a submission prints.
type submitReply struct {
	Memsim string `json:"memsim"`
	Job    string `json:"job"`
	Script string `json:"script"`
	Points int    `json:"points"`
	Tasks  []int  `json:"tasks"`
	Shards int    `json:"shards"`
}

// submit writes the sweep into its folder as a job array and hands that to
// Slurm.
func (e *exploration) submit(ctx context.Context, s *sweeping) error {
	if s.shard != "" {
		return fault.Userf("--slurm submits all parts, and --shard does one; drop one of them")
	}
	chunk := e.spec.Slurm.Chunk
	if chunk < 1 {
		chunk = defaultChunk
	}
	e.about.Shards = (e.space.Size() + chunk - 1) / chunk
	tasks := make([]int, e.about.Shards)
	for i := range tasks {
		tasks[i] = i
	}
	if s.submit.dryRun {
		script, err := e.script(tasks)
		if err != nil {
			return err
		}
		return e.app.printAll(func(w io.Writer) error {
			_, err := io.WriteString(w, script)
			return err
		})
	}
	folder, err := results.Start(e.out, e.about, s.mode(-1), results.Beside)
	if err != nil {
		return err
	}
	defer folder.Close()
	status, err := statusOf(folder)
	if err != nil {
		return err
	}
	if len(status.Missing) == 0 {
		return fault.Userf("no part of the sweep is missing; memsim sweep merge %s joins them", e.out)
	}
	job, err := e.hand(ctx, status.Missing)
	if err != nil {
		if folder.Fresh() {
			folder.Abandon()
		}
		return err
	}
	reply := submitReply{version, job, e.at(sweepBatch), e.space.Size(), status.Missing, e.about.Shards}
	g := grid{columns: columns("job", "tasks>", "points>", "script")}
	g.add(job, fmt.Sprint(len(reply.Tasks)), fmt.Sprint(reply.Points-status.Done), reply.Script)
	g.foot = []string{fmt.Sprintf("memsim sweep status %s shows how far it is, memsim sweep merge %s joins the parts", e.out, e.out)}
	return e.app.print(reply, g)
}

// hand writes the files of the job and submits it.
func (e *exploration) hand(ctx context.Context, tasks []int) (job string, err error) {
	script, err := e.script(tasks)
	if err != nil {
		return "", err
	}
	if err := e.spec.WriteFile(e.at(sweepSpec)); err != nil {
		return "", err
	}
	if err := os.MkdirAll(e.at(sweepLogs), 0o777); err != nil {
		return "", err
	}
	err = atomicfile.Write(e.at(sweepBatch), func(w io.Writer) error {
		_, err := io.WriteString(w, script)
		return err
	})
	if err != nil {
		return "", err
	}
	return slurm.Submit(ctx, e.at(sweepBatch))
}

// script returns the batch script of the tasks.
func (e *exploration) script(tasks []int) (string, error) {
	program, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("cannot find the path of this program: %w", err)
	}
	here, err := os.Getwd()
	if err != nil {
		return "", err
	}
	out, err := filepath.Abs(e.out)
	if err != nil {
		return "", err
	}
	s := e.spec.Slurm
	cpus := s.CPUs
	if cpus < 1 {
		cpus = 2
	}
	options := []string{"--cpus-per-task=" + strconv.Itoa(cpus)}
	for _, o := range [][2]string{{"--partition=", s.Partition}, {"--time=", s.Time}, {"--mem=", s.Memory}} {
		if o[1] != "" {
			options = append(options, o[0]+o[1])
		}
	}
	return slurm.Job{
		Name: "memsim-sweep", Folder: here, Logs: filepath.Join(out, sweepLogs), Tasks: tasks,
		Options: append(options, s.Options...),
		Command: []string{program, "sweep", filepath.Join(out, sweepSpec), "--out", out,
			"--shard", fmt.Sprintf("/%d", e.about.Shards), "--threads", strconv.Itoa(cpus)},
	}.Script()
}
