package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// cluster is Slurm on this machine alone: munged, slurmctld and slurmd in a
// folder, for one test.
type cluster struct {
	*testing.T
	dir string
	env []string
}

// startCluster starts the daemons and waits for an idle node. Without the
// programs it skips the test.
func startCluster(t *testing.T) *cluster {
	t.Helper()
	for _, program := range []string{"munged", "slurmctld", "slurmd", "sbatch"} {
		if !onPath(program) {
			t.Skipf("needs %s (Debian package slurm-wlm)", program)
		}
	}
	dir, err := os.MkdirTemp("", "slurm") // short: it holds a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	c := &cluster{T: t, dir: dir, env: []string{"SLURM_CONF=" + filepath.Join(dir, "slurm.conf"), "PATH=" + os.Getenv("PATH") + ":/usr/sbin"}}
	c.configure()
	c.daemon("munged", "--foreground", "--force", "--key-file="+c.file("key"), "--socket="+c.file("socket"),
		"--pid-file="+c.file("munged.pid"), "--log-file="+c.file("munged.log"), "--seed-file="+c.file("seed"), "--num-threads=2")
	c.wait("munged", func() bool { _, err := os.Stat(c.file("socket")); return err == nil })
	c.daemon("slurmctld", "-D")
	c.daemon("slurmd", "-D")
	c.wait("an idle node", func() bool {
		out, err := c.command("sinfo", "-h", "-o", "%t").Output()
		return err == nil && strings.TrimSpace(string(out)) == "idle"
	})
	return c
}

func onPath(program string) bool {
	if _, err := exec.LookPath(program); err == nil {
		return true
	}
	_, err := os.Stat("/usr/sbin/" + program) // not on the path of every user
	return err == nil
}

func (c *cluster) file(name string) string { return filepath.Join(c.dir, name) }

func (c *cluster) configure() {
	c.Helper()
	host, err := os.Hostname()
	me, err2 := user.Current()
	if err != nil || err2 != nil {
		c.Fatal(err, err2)
	}
	host, _, _ = strings.Cut(host, ".")
	key := make([]byte, 1024)
	rand.Read(key)
	write := func(name string, data []byte) {
		if err := os.WriteFile(c.file(name), data, 0o600); err != nil {
			c.Fatal(err)
		}
	}
	write("key", key)
	for _, name := range []string{"state", "spool"} {
		if err := os.Mkdir(c.file(name), 0o755); err != nil {
			c.Fatal(err)
		}
	}
	write("slurm.conf", fmt.Appendf(nil, `ClusterName=memsim
SlurmctldHost=%[1]s(127.0.0.1)
SlurmctldPort=%[3]d
SlurmdPort=%[4]d
SlurmUser=%[2]s
SlurmdUser=%[2]s
AuthType=auth/munge
AuthInfo=socket=%[5]s/socket
CredType=cred/munge
StateSaveLocation=%[5]s/state
SlurmdSpoolDir=%[5]s/spool
SlurmctldPidFile=%[5]s/slurmctld.pid
SlurmdPidFile=%[5]s/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=1
NodeName=%[1]s NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:4
`, host, me.Username, freePort(c.T), freePort(c.T), c.dir))
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (c *cluster) command(name string, args ...string) *exec.Cmd {
	path := name
	if _, err := exec.LookPath(name); err != nil {
		path = "/usr/sbin/" + name
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), c.env...)
	return cmd
}

// daemon starts a program that runs until the test ends.
func (c *cluster) daemon(name string, args ...string) {
	c.Helper()
	cmd := c.command(name, args...)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		c.Fatal(err)
	}
	c.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
		if c.Failed() {
			c.Logf("%s: %s", name, log.String())
		}
	})
}

// wait waits for as long as the test run may last but for a margin, in which the
// daemons end and say what they have seen.
func (c *cluster) wait(what string, done func() bool) {
	c.Helper()
	c.Logf("waiting for %s", what)
	for !done() {
		if deadline, bounded := c.Deadline(); bounded && time.Until(deadline) < time.Minute {
			c.Fatalf("%s: waited in vain until the deadline of the tests", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// run runs the program with the cluster in its environment.
func (c *cluster) run(program string, args ...string) (string, error) {
	cmd := c.command(program, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%w: %s", err, stderr.String())
	}
	return stdout.String(), nil
}

// submitted runs a sweep that submits itself.
func (c *cluster) submitted(program string, args ...string) submitReply {
	c.Helper()
	out, err := c.run(program, args...)
	if err != nil {
		c.Fatal(err)
	}
	var reply submitReply
	if err := json.Unmarshal([]byte(out), &reply); err != nil {
		c.Fatal(err)
	}
	return reply
}

func (c *cluster) waitForJob(job string) {
	c.Helper()
	c.wait("end of job "+job, func() bool {
		out, err := c.command("squeue", "-h", "-j", job, "-t", "PENDING,RUNNING,COMPLETING").Output()
		return err == nil && strings.TrimSpace(string(out)) == ""
	})
}

// A sweep runs as a job array of Slurm. One worker is killed midway, and what is
// missing is submitted again; then the files are those of one machine.
func TestASweepRunsUnderSlurm(t *testing.T) {
	memsimPath := program(t)
	c := startCluster(t)
	inFolder(t)
	smallShape(t)
	sweepArgs := append(slices.Clone(smallSweep), "--dim", "64", "--layers", "1:8")
	rowBytes := sweepOfOneMachine(t, memsimPath, sweepArgs, "one")
	want := sweepFiles(t, "one")

	slurm := append(sweepArgs, "--format", "json", "--out", "many", "--slurm", "--chunk", "6", "--cpus", "1", "--sbatch=--comment=test")
	t.Setenv(killedTask, "1")
	t.Setenv(killedAtBytes, fmt.Sprint(rowBytes*3/2))
	first := c.submitted(memsimPath, slurm...)
	if first.Shards != 4 || !slices.Equal(first.Tasks, []int{0, 1, 2, 3}) {
		t.Fatalf("%+v", first)
	}
	c.waitForJob(first.Job)
	t.Setenv(killedTask, "none")

	out, err := c.run(memsimPath, "sweep", "status", "many", "--format", "json")
	if err != nil {
		t.Fatal(err)
	}
	var status statusReply
	if err := json.Unmarshal([]byte(out), &status); err != nil {
		t.Fatal(err)
	}
	logs, _ := filepath.Glob("many/logs/*")
	if !slices.Equal(status.Missing, []int{1}) || status.Shards[1].Done == 0 || len(logs) != 4 {
		t.Fatalf("after the kill: %+v, logs %v", status, logs)
	}
	if _, err := c.run(memsimPath, "sweep", "merge", "many"); err == nil || !strings.Contains(err.Error(), "of the shards 1:") {
		t.Errorf("merging what is not whole: %v", err)
	}
	again := c.submitted(memsimPath, append(slurm, "--resume")...)
	if !slices.Equal(again.Tasks, []int{1}) {
		t.Errorf("submitted again: %+v", again)
	}
	c.waitForJob(again.Job)
	if _, err := c.run(memsimPath, "sweep", "merge", "many"); err != nil {
		t.Fatal(err)
	}
	wantSameFiles(t, "many", want)
}
