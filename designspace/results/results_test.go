package results

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/memsim/memsim/designspace"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/sim/sweep"
	"pgregory.net/rapid"
)

func space(t *testing.T, points int) sweep.Space {
	t.Helper()
	axis, err := sweep.ParseAxis("n", fmt.Sprintf("1:%d", points))
	if err != nil {
		t.Fatal(err)
	}
	s, err := sweep.NewSpace([]sweep.Axis{axis})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func about(points, shards int) Description {
	return Description{Memsim: "1", Points: points, Shards: shards, Spec: []designspace.Setting{{Name: "axis n", Value: "many"}, {Name: "seed", Value: "1"}}}
}

func start(t *testing.T, path string, d Description, mode Mode) *Folder {
	t.Helper()
	f, err := Start(path, d, mode, Beside)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// work evaluates the points that are missing of a shard, at most so many.
func work(t *testing.T, f *Folder, s sweep.Space, shard, most int) {
	t.Helper()
	done, err := f.Done()
	if err != nil {
		t.Fatal(err)
	}
	w, err := f.Writer(max(0, shard))
	if err != nil {
		t.Fatal(err)
	}
	for p := range done.Missing(shard, f.About().Shards) {
		if most--; most < 0 {
			break
		}
		row := sweep.Row{Index: p, Point: s.Point(p), Result: sim.Result{LatencyMS: 1 / float64(p+3)}}
		if p%5 == 4 {
			row = sweep.Row{Index: p, Point: s.Point(p), Invalid: fault.Userf("no \"%d\"", p)}
		}
		if err := w.Append(&row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func check(t *testing.T, f *Folder, s sweep.Space) {
	t.Helper()
	next := 0
	for r, err := range f.Rows(s) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Index != next {
			t.Fatalf("row %d came as number %d", r.Index, next)
		}
		if r.Index%5 == 4 {
			if r.Invalid == nil || r.Invalid.Error() != fmt.Sprintf("no \"%d\"", r.Index) {
				t.Errorf("row %d is %+v", r.Index, r)
			}
		} else if r.Result.LatencyMS != 1/float64(r.Index+3) || r.Point.Values[0] != fmt.Sprint(r.Index+1) {
			t.Errorf("row %d is %+v", r.Index, r)
		}
		next++
	}
	if next != s.Size() {
		t.Errorf("%d rows of %d", next, s.Size())
	}
}

// However the work is cut into shards and interrupted, the rows are the same.
func TestRowsAreThoseOfThePointsWhoeverWroteThem(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		points := rapid.IntRange(1, 60).Draw(rt, "points")
		shards := rapid.IntRange(1, 7).Draw(rt, "shards")
		s := space(t, points)
		path := filepath.Join(t.TempDir(), rapid.StringMatching(`[a-z]{12}`).Draw(rt, "folder"))
		f := start(t, path, about(points, shards), New)
		for range rapid.IntRange(0, 6).Draw(rt, "workers") {
			work(t, f, s, rapid.IntRange(0, shards-1).Draw(rt, "shard"), rapid.IntRange(0, 20).Draw(rt, "rows"))
		}
		for shard := range shards {
			work(t, f, s, shard, points)
			if rapid.Bool().Draw(rt, "seal") {
				if err := f.Seal(shard); err != nil {
					rt.Fatal(err)
				}
			}
		}
		check(t, f, s)
		if err := f.Remove(); err != nil {
			rt.Fatal(err)
		}
		if _, err := os.Stat(path); err == nil {
			rt.Error("the folder is still there")
		}
	})
}

func TestShardsCoverAllPointsEvenly(t *testing.T) {
	for _, shards := range []int{1, 2, 4, 7, 16} {
		count := make([]int, shards)
		for p := range 1000 {
			count[Shard(p, shards)]++
		}
		if slices.Max(count)-slices.Min(count) > 2 {
			t.Errorf("%d shards have %v points", shards, count)
		}
	}
	seen := map[int]bool{}
	for p := 0; p < 16; p += 4 { // one value of a last axis of four
		seen[Shard(p, 4)] = true
	}
	if len(seen) != 4 {
		t.Errorf("a value of an axis falls into the shards %v only", seen)
	}
}

func TestATornLineIsDroppedAndADamagedFileIsNot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	s := space(t, 10)
	f := start(t, path, about(10, 1), New)
	work(t, f, s, 0, 4)
	files, err := f.files()
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(files[0], data[:len(data)-5], 0o644); err != nil {
		t.Fatal(err)
	}
	f = start(t, path, about(10, 1), Resume)
	if done, err := f.Done(); err != nil || done.Count() != 3 || done.Has(3) {
		t.Errorf("%d rows are whole (%v)", done.Count(), err)
	}
	work(t, f, s, 0, 10)
	check(t, f, s)
	if err := os.WriteFile(files[0], append([]byte("{}\n"), data...), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Done(); err == nil || !strings.Contains(err.Error(), "is damaged behind point -1; remove the file") {
		t.Errorf("a damaged file is %v", err)
	}
}

func TestRowsOfAnotherSweepAreRefusedAndNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	f := start(t, path, about(10, 2), New)
	work(t, f, space(t, 10), 0, 2)
	if _, err := Start(path, about(10, 2), New, Beside); !fault.IsUser(err) || !strings.Contains(err.Error(), "--resume") {
		t.Errorf("a second sweep: %v", err)
	}
	for _, change := range []func(*Description) string{
		func(d *Description) string { d.Memsim = "2"; return `memsim was "1" and is "2"` },
		func(d *Description) string { d.Spec[1].Value = "7"; return `seed was "1" and is "7"` },
		func(d *Description) string { d.Spec = d.Spec[:1]; return `seed was "1" and is ""` },
		func(d *Description) string {
			d.Spec = append(d.Spec, designspace.Setting{Name: "where", Value: "x"})
			return `where was "" and is "x"`
		},
		func(d *Description) string { slices.Reverse(d.Spec); return "another order" },
		func(d *Description) string { d.Shards = 5; return "into 2 shards, not 5" },
	} {
		d := about(10, 2)
		want := change(&d)
		if _, err := Start(path, d, Resume, Beside); !fault.IsUser(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if err := os.Remove(filepath.Join(path, descriptionFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(path, about(10, 2), Resume, Beside); !fault.IsUser(err) || !strings.Contains(err.Error(), "rows of an unknown sweep") {
		t.Errorf("rows without a description: %v", err)
	}
	other := about(10, 1)
	other.Spec[1].Value = "7"
	done := filepath.Join(t.TempDir(), "out")
	f = start(t, done, about(10, 1), New)
	if err := os.WriteFile(filepath.Join(done, "sweep.csv"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := f.Remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(done, other, Resume, Beside); !fault.IsUser(err) || !strings.Contains(err.Error(), `of which no rows are left: seed was "1" and is "7"`) {
		t.Errorf("going on with another sweep that is finished: %v", err)
	}
	start(t, done, about(10, 4), Resume) // rows are not divided any more
	if again, err := Open(done); err != nil || again.About().Shards != 4 {
		t.Errorf("%v (%v), want a sweep of 4 shards", again, err)
	}
	if err := f.Remove(); err != nil {
		t.Fatal(err)
	}
	start(t, done, other, Join)
	path = filepath.Join(t.TempDir(), "out")
	work(t, start(t, path, about(10, 2), New), space(t, 10), 0, 2)
	one := start(t, path, about(10, 1), Resume)
	if one.About().Shards != 2 {
		t.Error("one worker that goes on with all shards forgets how many there are")
	}
}

func TestStatusCountsByShard(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	f := start(t, path, about(10, 3), New)
	work(t, f, space(t, 10), 1, 2)
	opened, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	list, err := opened.Status()
	if err != nil || len(list) != 3 || list[1].Done != 2 || list[0].Done != 0 || list[0].Points+list[1].Points+list[2].Points != 10 {
		t.Errorf("%+v (%v)", list, err)
	}
	if _, err := Open(t.TempDir()); !fault.IsUser(err) {
		t.Errorf("an empty folder opens: %v", err)
	}
}

func TestRowsInAnyOrderAreReadInThatOfTheirPoints(t *testing.T) {
	s := space(t, 6)
	f := start(t, filepath.Join(t.TempDir(), "out"), about(6, 1), New)
	w, err := f.Writer(0)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []int{3, 5, 0, 4, 1, 2} {
		row := sweep.Row{Index: p, Point: s.Point(p), Result: sim.Result{LatencyMS: 1 / float64(p+3)}}
		if p == 4 {
			row = sweep.Row{Index: p, Point: s.Point(p), Invalid: fault.Userf("no \"4\"")}
		}
		if err := w.Append(&row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	check(t, f, s)
}

// A full disk ends a sweep with an error, and the rows before it stay.
func TestAFullDiskLosesTheRowUnderWayOnly(t *testing.T) {
	s := space(t, 10)
	f := start(t, filepath.Join(t.TempDir(), "out"), about(10, 1), New)
	work(t, f, s, 0, 4)
	w, err := f.Writer(0)
	if err != nil {
		t.Fatal(err)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("needs /dev/full, which Linux has")
	}
	w.file.Close()
	w.file = full
	if err := w.Append(&sweep.Row{Index: 4, Point: s.Point(4)}); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v", err)
	}
	full.Close()
	if done, err := f.Done(); err != nil || done.Count() != 4 {
		t.Errorf("%d rows are kept (%v)", done.Count(), err)
	}
	work(t, f, s, 0, 10)
	check(t, f, s)
}

// A sweep that ends before its first row leaves the one that was finished in its
// folder as it was.
func TestAnAbandonedSweepLeavesTheOneBefore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	first := start(t, path, about(10, 1), New)
	if err := os.WriteFile(filepath.Join(path, "sweep.csv"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := first.Remove(); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join(path, descriptionFile))
	if err != nil {
		t.Fatal(err)
	}
	other := about(10, 1)
	other.Spec[1].Value = "7"
	if err := start(t, path, other, New).Abandon(); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(path, descriptionFile)); err != nil || string(got) != string(want) {
		t.Errorf("described as %s (%v)", got, err)
	}
	if _, err := os.Stat(filepath.Join(path, "rows")); !os.IsNotExist(err) {
		t.Errorf("rows are left: %v", err)
	}
	alone := filepath.Join(t.TempDir(), "alone")
	if err := start(t, alone, other, New).Abandon(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(alone); !os.IsNotExist(err) {
		t.Errorf("a folder of its own is left: %v", err)
	}
}

// Who does a whole sweep is alone; workers at its shards are not. Whoever is killed
// leaves nothing that keeps others out.
func TestAFolderIsHeldUntilItIsClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sweep")
	start := func(company Company) (*Folder, error) { return Start(path, about(10, 2), Resume, company) }
	alone, err := start(Alone)
	if err != nil {
		t.Fatal(err)
	}
	if alone.held == nil {
		t.Log("there are no locks of folders here")
		return
	}
	for _, company := range []Company{Alone, Beside} {
		if _, err := start(company); !fault.IsUser(err) || !strings.Contains(err.Error(), "is at a sweep in "+path) {
			t.Errorf("a second process, company %d: %v", company, err)
		}
	}
	alone.Close()
	first, err := start(Beside)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	second, err := start(Beside)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if _, err := start(Alone); !fault.IsUser(err) {
		t.Errorf("alone beside workers: %v", err)
	}
}
