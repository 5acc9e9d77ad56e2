package hostbench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/fidelity/topology"
	"github.com/memsim/memsim/internal/fault"
)

// phone is a machine of two fast and four little cores, one of them offline.
func phone() topology.Machine {
	m := topology.Machine{Model: `A "phone"`, SoC: "SoC: 1", MemBytes: 6 << 30}
	for id := range 6 {
		c := topology.Core{ID: id, Online: id != 3, Part: "0x41:0xd55", Hz: 1_800_000_000, Capacity: 300}
		if id >= 4 {
			c.Part, c.Hz, c.Capacity = "0x41:0xd41", 2_800_000_000, 1024
		}
		m.Cores = append(m.Cores, c)
	}
	return m
}

func names(sets []Set) string {
	var out []string
	for _, s := range sets {
		out = append(out, s.Name+":"+CoreList(s.Cores))
	}
	return strings.Join(out, " ")
}

func TestEachKindOfCoresIsMeasuredAloneAndWithTheOthers(t *testing.T) {
	for _, c := range []struct {
		usable []int
		want   string
	}{
		{nil, "big:4 big:4-5 little:0 little:0-2 all:0-2,4-5"},
		{[]int{0, 1, 4}, "big:4 little:0 little:0-1 all:0-1,4"}, // a phone keeps apps in the background off some cores
	} {
		if got := names(Sets(phone(), c.usable)); got != c.want {
			t.Errorf("usable %v: %s, want %s", c.usable, got, c.want)
		}
	}
	if got := names(Sets(topology.Read(fstest.MapFS{}, 4), nil)); got != ":0 :0-3" {
		t.Errorf("a machine of one kind: %s", got)
	}
}

func TestCoresThatAreNotThereCannotBeChosen(t *testing.T) {
	for text, want := range map[string]string{"3": "not online", "9": "not online", "x": "0-3,7", "5": "lets this process run on cores 0-4"} {
		if _, err := Chosen(text, phone(), []int{0, 1, 2, 3, 4}); !fault.IsUser(err) || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if s, err := Chosen("0-1,4", phone(), nil); err != nil || s.Name != "cores0-1_4" || len(s.Cores) != 3 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestAPhonesProfileIsADevice(t *testing.T) {
	fast, all := sample(2), sample(5)
	fast.Cores, all.Cores, all.Pinned = "big", "all", []int{0, 1, 2, 4, 5}
	m := phone()
	s := Survey{Machine: m, Clusters: m.Clusters(), Rates: []Rates{fast, all}, Storage: []StorageRead{{Block: 4096, Depth: 1, MBps: 30}}}
	text, err := s.profile("my-phone")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "my-phone.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := devices.Load(path, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if d.Name != "my-phone" || d.SoC != "SoC: 1" || d.DefaultRuntime != "memsim-big-2t" || d.DRAM.Capacity.Text != "6 GiB" {
		t.Errorf("%+v", d)
	}
	if r, err := d.Runtime("memsim-all-5t", "cpu"); err != nil || !strings.Contains(r.Title, "5 threads on cores 0-2,4-5") {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestStorageIsReadAndNothingStays(t *testing.T) {
	folder := t.TempDir()
	reads, err := measureStorage(context.Background(), folder, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	if len(reads) != len(storageLoads) {
		t.Errorf("%+v", reads)
	}
	for _, r := range reads {
		if r.MBps <= 0 {
			t.Errorf("%s: %g MB/s", r.Load(), r.MBps)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := measureStorage(ctx, folder, func(string) {}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if left, _ := os.ReadDir(folder); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

func TestASurveyThatIsInterruptedEndsWithThat(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	o := SurveyOptions{Step: func(doing string) {
		if strings.HasPrefix(doing, "cores") {
			cancel()
		}
	}, Note: func(string, ...any) {}}
	if _, err := MeasureHost(ctx, o); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
