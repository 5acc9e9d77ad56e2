package main

import (
	"os"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"
)

func TestVersion(t *testing.T) {
	inFolder(t)
	if r := decode[versionReply](t, mustMemsim(t, "version", "--format", "json")); r.Memsim != version || r.Go == "" || r.Platform == "" {
		t.Errorf("version says %+v", r)
	}
	if r := mustMemsim(t, "--version"); !strings.HasPrefix(r.out, "memsim "+version) || strings.Count(r.out, "\n") != 1 {
		t.Errorf("--version says %q", r.out)
	}
}

func TestTheVersionNamesTheSource(t *testing.T) {
	vcs := []debug.BuildSetting{
		{Key: "vcs.revision", Value: "0123456789abcdef0123456789abcdef01234567"},
		{Key: "vcs.time", Value: "2026-11-25T01:30:01Z"}, {Key: "vcs.modified", Value: "false"},
	}
	changed := append(vcs[:2:2], debug.BuildSetting{Key: "vcs.modified", Value: "true"})
	for _, c := range []struct {
		name string
		info debug.BuildInfo
		want string
	}{
		{"built from a commit", debug.BuildInfo{Settings: vcs, Main: debug.Module{Version: "v0.1.1-0.20261125013001-0123456789ab"}}, "revision 0123456789ab of 2026-11-25"},
		{"built from a changed tree", debug.BuildInfo{Settings: changed}, "revision 0123456789ab of 2026-11-25, modified"},
		{"installed as a module", debug.BuildInfo{Main: debug.Module{Version: "v0.1.0"}}, "module v0.1.0"},
		{"go run", debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}, ""},
	} {
		if got := buildOf(&c.info, true).String(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestTheChangelogBeginsWithTheVersion(t *testing.T) {
	text, err := os.ReadFile("../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	newest := regexp.MustCompile(`(?m)^## \[(\d.*)\] - (.*)$`).FindSubmatch(text)
	if newest == nil || string(newest[1]) != version || string(newest[2]) != released.Format("2006-01-02") {
		t.Errorf("its newest version is %q, the program's %s of %s", newest, version, released.Format("2006-01-02"))
	}
}
