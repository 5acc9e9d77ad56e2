// Package slurm writes the batch script of a sweep as a job array and submits
// it with sbatch.
//
//	Job ──Script──▶ sweep.sbatch ──Submit──▶ job array, a worker for each shard
//
// A worker learns its shard from SLURM_ARRAY_TASK_ID, so one script serves all
// of them; a second submission names the shards that are missing and no others.
//
// # Caveats
//
// Only the command sbatch is used, so that whatever a cluster demands can be said
// in further #SBATCH lines. Job states are not followed: what is done is seen in
// the rows that arrive.
package slurm

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"

	"github.com/memsim/memsim/internal/fault"
)

// Job is a job array.
type Job struct {
	Name    string
	Folder  string   // in which the workers start
	Logs    string   // folder of the workers' output
	Tasks   []int    // of the array, rising
	Options []string // lines behind #SBATCH, the user's last, so that they win
	Command []string // what each task runs
}

// Script returns the batch script of the job. An option of more than one line is
// a user's mistake.
func (j Job) Script() (string, error) {
	options := append([]string{
		"--job-name=" + j.Name,
		"--array=" + ranges(j.Tasks),
		"--chdir=" + quoted(j.Folder),
		"--output=" + quoted(j.Logs+"/%a.log"),
		"--open-mode=append",
	}, j.Options...)
	var b strings.Builder
	b.WriteString("#!/bin/sh\n")
	for _, o := range options {
		if strings.ContainsAny(o, "\r\n") || !strings.HasPrefix(o, "-") {
			return "", fault.Userf("%q is not an option of sbatch; write one such as --account=NAME", o)
		}
		b.WriteString("#SBATCH " + o + "\n")
	}
	words := make([]string, len(j.Command))
	for i, w := range j.Command {
		words[i] = shellWord(w)
	}
	b.WriteString("exec " + strings.Join(words, " ") + "\n")
	return b.String(), nil
}

// ranges writes numbers as Slurm's arrays do: "0-3,7".
func ranges(tasks []int) string {
	var parts []string
	for i := 0; i < len(tasks); {
		end := i
		for end+1 < len(tasks) && tasks[end+1] == tasks[end]+1 {
			end++
		}
		part := strconv.Itoa(tasks[i])
		if end > i {
			part += "-" + strconv.Itoa(tasks[end])
		}
		parts = append(parts, part)
		i = end + 1
	}
	return strings.Join(parts, ",")
}

// quoted keeps a path with spaces together on an #SBATCH line.
func quoted(path string) string {
	if strings.ContainsAny(path, " \t") {
		return `"` + path + `"`
	}
	return path
}

// shellWord quotes a word for sh where it needs that.
func shellWord(w string) string {
	safe := strings.IndexFunc(w, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_./=:,+", r))
	}) < 0
	if safe && w != "" {
		return w
	}
	return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
}

// Submit hands the script at path to sbatch and returns the number of the job.
func Submit(ctx context.Context, path string) (job string, err error) {
	out, err := exec.CommandContext(ctx, "sbatch", "--parsable", path).Output()
	var refused *exec.ExitError
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "", fault.Userf("sbatch is not on the PATH: submit from a machine of the cluster, or print the script with --dry-run")
	case errors.As(err, &refused):
		return "", fmt.Errorf("sbatch refused %s: %s", path, strings.TrimSpace(string(refused.Stderr)))
	case err != nil:
		return "", fmt.Errorf("sbatch %s: %w", path, err)
	}
	job, _, _ = strings.Cut(strings.TrimSpace(string(out)), ";") // the cluster's name may follow
	return job, nil
}
