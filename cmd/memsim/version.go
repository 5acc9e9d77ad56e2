package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// build says of what source the program was made, as far as it knows.
type build struct {
	Module   string `json:"module,omitempty"`   // version of the module, if it was installed as one
	Revision string `json:"revision,omitempty"` // commit of the source
	Time     string `json:"time,omitempty"`     // of that commit
	Modified bool   `json:"modified,omitempty"` // the source was not that of the commit
}

// versionReply is what "memsim version" prints.
type versionReply struct {
	Memsim string `json:"memsim"`
	build
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the program's version and platform",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			r := versionReply{Memsim: version, build: buildOf(debug.ReadBuildInfo()), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
			g := grid{columns: columns("memsim", "source", "go", "platform")}
			g.add(r.Memsim, r.build.String(), r.Go, r.Platform)
			return a.print(r, g)
		},
	}
}

// versionLine is what --version prints behind the program's name.
func versionLine() string {
	if source := buildOf(debug.ReadBuildInfo()).String(); source != "" {
		return fmt.Sprintf("%s (%s)", version, source)
	}
	return version
}

func buildOf(info *debug.BuildInfo, ok bool) build {
	var b build
	if !ok {
		return b
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	if b.Revision == "" && info.Main.Version != "(devel)" {
		b.Module = info.Main.Version
	}
	return b
}

// String says it in a line: "revision 0123456789ab of 2026-11-25, modified".
func (b build) String() string {
	switch {
	case b.Module != "":
		return "module " + b.Module
	case b.Revision == "":
		return ""
	}
	day, _, _ := strings.Cut(b.Time, "T")
	text := fmt.Sprintf("revision %.12s of %s", b.Revision, day)
	if b.Modified {
		text += ", modified"
	}
	return text
}
