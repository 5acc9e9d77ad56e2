package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// versionReply is what "memsim version" prints.
type versionReply struct {
	Memsim   string `json:"memsim"`
	Revision string `json:"revision,omitempty"` // of the source, where it is known
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the program's version and platform",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			r := versionReply{Memsim: version, Revision: revision(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
			g := grid{columns: columns("memsim", "revision", "go", "platform")}
			g.add(r.Memsim, r.Revision, r.Go, r.Platform)
			return a.print(r, g)
		},
	}
}

func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}
