package explorer

import (
	"errors"
	"flag"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/pprof/driver"
	"github.com/google/pprof/profile"

	"github.com/memsim/memsim/profiles"
)

// flamePages are the pages of pprof's UI that are served: those that show the
// profile. Source and disassembly read other files, and saving a view writes
// one.
var flamePages = []string{"/", "/flamegraph", "/top", "/graph", "/peek", "/download"}

// flame is pprof's UI of a profile: the handlers of its pages, by path.
type flame map[string]http.Handler

// serveFlame answers for a page of pprof's UI of one setting.
func (x *Explorer) serveFlame(w http.ResponseWriter, r *http.Request) {
	page := "/" + r.PathValue("page")
	if !slices.Contains(flamePages, page) {
		http.Error(w, "This page of pprof is not served here; download the profile and use go tool pprof.", http.StatusNotFound)
		return
	}
	f, err := x.flame(r)
	if err != nil {
		x.failText(w, r, err)
		return
	}
	w.Header().Set("Content-Security-Policy", pprofPolicy)
	f[page].ServeHTTP(w, r)
}

// flame is the UI of the setting that a path names. The last few are kept: a UI
// has many pages.
func (x *Explorer) flame(r *http.Request) (flame, error) {
	state, err := parseState(r.PathValue("setting"))
	if err != nil {
		return nil, err
	}
	query := state.A.withDefaults(x.catalog).Query()
	if f, ok := x.flames.find(query); ok {
		return f, nil
	}
	prof, err := x.profile(r.Context(), []Setting{state.A})
	if err != nil {
		return nil, err
	}
	f, err := pprofUI(prof, x.complain)
	if err != nil {
		return nil, err
	}
	x.flames.keep(query, f)
	return f, nil
}

func (x *Explorer) complain(text string) {
	if x.config.Log != nil {
		x.config.Log.Print("pprof: " + profiles.Clean(text))
	}
}

// pprofLock is held while pprof's driver starts: its flags are global.
var pprofLock sync.Mutex

// pprofUI returns pprof's web UI of a profile in memory. Complain gets what
// pprof would print.
func pprofUI(p *profile.Profile, complain func(string)) (flame, error) {
	pprofLock.Lock()
	defer pprofLock.Unlock()
	var handlers flame
	err := driver.PProf(&driver.Options{
		Flagset: newPProfFlags(), Fetch: inMemory{p}, Sym: symbolized{}, Obj: noBinaries{}, UI: quietUI{complain},
		HTTPServer: func(args *driver.HTTPServerArgs) error {
			handlers = args.Handlers
			return nil
		},
	})
	if err == nil && handlers == nil {
		err = errors.New("pprof did not offer its web UI")
	}
	return handlers, err
}

// inMemory hands pprof a profile. Without a source it keeps no copy of it in a
// file.
type inMemory struct{ profile *profile.Profile }

func (m inMemory) Fetch(string, time.Duration, time.Duration) (*profile.Profile, string, error) {
	return m.profile, "", nil
}

// symbolized leaves the names of frames as they are.
type symbolized struct{}

func (symbolized) Symbolize(string, driver.MappingSources, *profile.Profile) error { return nil }

// noBinaries has no object files.
type noBinaries struct{}

var errNoBinaries = errors.New("a simulated profile has no binaries")

func (noBinaries) Open(string, uint64, uint64, uint64, string) (driver.ObjFile, error) {
	return nil, errNoBinaries
}

func (noBinaries) Disasm(string, uint64, uint64, bool) ([]driver.Inst, error) {
	return nil, errNoBinaries
}

// quietUI has nobody to talk to.
type quietUI struct{ complain func(string) }

func (quietUI) ReadLine(string) (string, error)     { return "", errors.New("there is no terminal") }
func (quietUI) Print(...any)                        {}
func (quietUI) IsTerminal() bool                    { return false }
func (quietUI) WantBrowser() bool                   { return false }
func (quietUI) SetAutoComplete(func(string) string) {}
func (u quietUI) PrintErr(args ...any)              { u.complain(strings.TrimSpace(fmt.Sprint(args...))) }

// pprofFlags is the command line of a pprof that only serves.
type pprofFlags struct {
	*flag.FlagSet
}

func newPProfFlags() *pprofFlags {
	return &pprofFlags{FlagSet: flag.NewFlagSet("pprof", flag.ContinueOnError)}
}

func (f *pprofFlags) StringList(string, string, string) *[]*string { return new([]*string) }
func (f *pprofFlags) ExtraUsage() string                           { return "" }
func (f *pprofFlags) AddExtraUsage(string)                         {}

// Parse gives the address that pprof wants to hear before it hands over its
// pages, and a name for the profile.
func (f *pprofFlags) Parse(func()) []string {
	if err := f.FlagSet.Parse([]string{"-http=localhost:0", "-no_browser", "memsim"}); err != nil {
		return nil
	}
	return f.Args()
}
