package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/memsim/memsim/designspace"
	"github.com/memsim/memsim/designspace/results"
	"github.com/memsim/memsim/internal/fault"
)

// sweepSpec is the spec as it was used, in the folder of a sweep in shards.
const sweepSpec = "sweep.yaml"

// parseShard reads "I/N". I counts from 0 or from 1, as one likes: N/N is 0/N, so
// that either way all parts are done. Without I it is the number of the task in a
// Slurm array. Without a shard, all points are to be done: shard is -1 of 1.
func parseShard(text string, getenv func(string) string) (shard, shards int, err error) {
	if text == "" {
		return -1, 1, nil
	}
	own, all, ok := strings.Cut(text, "/")
	if own == "" && ok {
		if own = getenv("SLURM_ARRAY_TASK_ID"); own == "" {
			return 0, 0, fault.Userf("--shard %s takes the part from SLURM_ARRAY_TASK_ID, which is not set; write I/%s", text, all)
		}
	}
	shard, err = strconv.Atoi(own)
	if err == nil {
		shards, err = strconv.Atoi(all)
	}
	if !ok || err != nil || shards < 1 || shards > 99_999 || shard < 0 || shard > shards {
		return 0, 0, fault.Userf("--shard %s is not one of N parts; write I/N with I from 0 to N-1, or from 1 to N", text)
	}
	return shard % shards, shards, nil
}

// shardReply is what a worker prints.
type shardReply struct {
	Memsim string `json:"memsim"`
	Out    string `json:"out"`
	results.ShardStatus
	Shards int `json:"shards"`
}

// finishShard closes a shard whose points all have rows. The spec is left beside
// them, so that whoever merges needs no other.
func (e *exploration) finishShard(folder *results.Folder, shard int) error {
	if err := folder.Seal(shard); err != nil {
		return err
	}
	if err := e.spec.WriteFile(e.at(sweepSpec)); err != nil {
		return err
	}
	status, err := folder.Status()
	if err != nil {
		return err
	}
	reply := shardReply{version, e.out, status[shard], len(status)}
	g := grid{columns: columns("shard>", "of>", "points>", "done>", "out")}
	g.add(fmt.Sprint(shard), fmt.Sprint(reply.Shards), fmt.Sprint(reply.Points), fmt.Sprint(reply.Done), e.out)
	return e.app.print(reply, g)
}

// statusReply is what sweep status prints.
type statusReply struct {
	Memsim  string                `json:"memsim"`
	Points  int                   `json:"points"`
	Done    int                   `json:"done"`
	Shards  []results.ShardStatus `json:"shards"`
	Missing []int                 `json:"missing"` // shards that are not whole
}

func statusOf(folder *results.Folder) (statusReply, error) {
	shards, err := folder.Status()
	reply := statusReply{Memsim: version, Points: folder.About().Points, Shards: shards, Missing: []int{}}
	for _, s := range shards {
		reply.Done += s.Done
		if s.Done < s.Points {
			reply.Missing = append(reply.Missing, s.Shard)
		}
	}
	return reply, err
}

func (a *app) sweepStatusCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "status [FOLDER]",
		Short:   "Show how far the parts of a sweep are",
		Example: `  memsim sweep status memsim-sweep`,
		Args:    oneFolder,

		ValidArgsFunction: folders,
		RunE: func(_ *cobra.Command, args []string) error {
			folder, err := results.Open(folderOf(args))
			if err != nil {
				return err
			}
			reply, err := statusOf(folder)
			if err != nil {
				return err
			}
			g := grid{columns: columns("shard>", "points>", "done>", "state")}
			for _, s := range reply.Shards {
				g.add(fmt.Sprint(s.Shard), fmt.Sprint(s.Points), fmt.Sprint(s.Done), stateOf(s))
			}
			g.foot = []string{fmt.Sprintf("%d of %d points are done", reply.Done, reply.Points)}
			return a.print(reply, g)
		},
	}
}

func stateOf(s results.ShardStatus) string {
	switch s.Done {
	case s.Points:
		return "done"
	case 0:
		return "missing"
	}
	return fmt.Sprintf("%d missing", s.Points-s.Done)
}

func (a *app) sweepMergeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "merge [FOLDER]",
		Short: "Join the parts of a sweep",
		Long: `Join the rows of all parts into sweep.csv, sweep.parquet and sweep.html, which are
then the same as if one machine had done the sweep. Parts that are not whole are
named.`,
		Example: `  memsim sweep merge memsim-sweep`,
		Args:    oneFolder,

		ValidArgsFunction: folders,
		RunE: func(cmd *cobra.Command, args []string) error {
			path := folderOf(args)
			opened, err := results.Open(path)
			if err != nil {
				return err
			}
			status, err := statusOf(opened)
			if err != nil {
				return err
			}
			if len(status.Missing) > 0 {
				return fmt.Errorf("%d of %d points are missing, of the shards %s: run those again with --shard I/%d --resume, or --slurm --resume",
					status.Points-status.Done, status.Points, numbers(status.Missing), len(status.Shards))
			}
			var spec designspace.Spec
			if _, err := designspace.LoadSpec(filepath.Join(path, sweepSpec), &spec); err != nil {
				return err
			}
			e, err := a.explore(cmd.Context(), spec, path)
			if err != nil {
				return err
			}
			folder, err := results.Start(path, e.about, results.Join, results.Beside)
			if err != nil {
				return err
			}
			defer folder.Close()
			return e.finish(cmd.Context(), folder)
		},
	}
}

func numbers(list []int) string {
	words := make([]string, len(list))
	for i, n := range list {
		words[i] = strconv.Itoa(n)
	}
	return strings.Join(words, ", ")
}

func oneFolder(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return fault.Userf("%s takes one folder, but got %s", cmd.CommandPath(), list(args))
	}
	return nil
}

func folderOf(args []string) string {
	if len(args) == 0 {
		return defaultSweepOut
	}
	return args[0]
}
