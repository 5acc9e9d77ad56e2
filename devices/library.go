package devices

import (
	"embed"
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/inputfile"
)

//go:embed phones/*.yaml socs/*.yaml cores/*.yaml runtimes/*.yaml
//go:embed parts/dram/*.yaml parts/flash/*.yaml energy/*.yaml
var shipped embed.FS

// shippedPrefix is what messages put before the name of a shipped file.
const shippedPrefix = "devices/"

// A library is one kind of profile that is shipped.
type library struct {
	folder string   // in shipped
	noun   string   // as messages say it
	also   []string // names that callers know beside the files
}

var (
	phones     = library{folder: "phones", noun: "device"}
	socs       = library{folder: "socs", noun: "SoC"}
	cores      = library{folder: "cores", noun: "type of core"}
	runtimes   = library{folder: "runtimes", noun: "runtime"}
	dramParts  = library{folder: "parts/dram", noun: "DRAM part"}
	flashParts = library{folder: "parts/flash", noun: "flash part"}
)

// Names returns the names of the shipped devices, sorted.
func Names() []string { return slices.Clone(phones.names()) }

// DRAMParts returns the names of the shipped DRAM parts, sorted.
func DRAMParts() []string { return slices.Clone(dramParts.names()) }

// FlashParts returns the names of the shipped flash parts, sorted.
func FlashParts() []string { return slices.Clone(flashParts.names()) }

// names lists what the library ships, sorted. The list is shared: callers leave it
// as it is.
func (l library) names() []string { return shippedNames()[l.folder] }

// shippedNames are the names of shipped files by their folder.
var shippedNames = sync.OnceValue(func() map[string][]string {
	out := map[string][]string{}
	for _, l := range []library{phones, socs, cores, runtimes, dramParts, flashParts, assumptions} {
		entries, err := fs.ReadDir(shipped, l.folder)
		if err != nil {
			continue // the folder is embedded: it is there
		}
		for _, e := range entries {
			out[l.folder] = append(out[l.folder], strings.TrimSuffix(e.Name(), ".yaml"))
		}
		slices.Sort(out[l.folder])
	}
	return out
})

// RuntimeName is the name of a shipped runtime by any of its names; another one is
// itself.
func RuntimeName(name string) string {
	if own, ok := runtimeAliases()[name]; ok {
		return own
	}
	return name
}

// runtimeAliases maps the other names of shipped runtimes to their own.
var runtimeAliases = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	for _, name := range Runtimes() {
		content, err := shipped.ReadFile(path.Join(runtimes.folder, name+".yaml"))
		var r struct{ Aliases []string }
		if err != nil || yaml.Unmarshal(content, &r) != nil {
			continue // which a test of the shipped files reports
		}
		for _, alias := range r.Aliases {
			out[alias] = name
		}
	}
	return out
})

// maxFileBytes is far above any profile; what is larger is some other file.
const maxFileBytes = 1 << 20

// read returns the content of a shipped profile, or of a file if ref looks like
// a path; a relative path starts at folder, if there is one.
func (l library) read(ref, folder string) (file string, content []byte, err error) {
	if slices.Contains(l.names(), ref) {
		file = path.Join(l.folder, ref+".yaml")
		content, err = shipped.ReadFile(file)
		return shippedPrefix + file, content, err
	}
	if !looksLikePath(ref) {
		return "", nil, fault.Userf("%s %q is not known; %s (or give the path of a .yaml file)", l.noun, ref, suggest(ref, slices.Concat(l.also, l.names())))
	}
	file = ref
	if !filepath.IsAbs(ref) && folder != "" {
		file = filepath.Join(folder, ref)
	}
	content, err = inputfile.Read(file, maxFileBytes)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil, fault.Userf("%s %s: no such file; give the path of a YAML profile, or one of %s", l.noun, file, strings.Join(l.names(), ", "))
	case err != nil:
		return "", nil, fault.Userf("%s %s cannot be read: %w", l.noun, file, err)
	}
	return file, content, nil
}

// parsed holds the documents of shipped files, which never change: each is parsed
// once and copied for each use.
var parsed sync.Map // *document by file

// open reads the document that ref names, as read does.
func (l library) open(ref, folder string) (*document, error) {
	name := path.Join(l.folder, ref+".yaml")
	if d, ok := parsed.Load(name); ok && !looksLikePath(ref) {
		return d.(*document).copied(), nil
	}
	file, content, err := l.read(ref, folder)
	if err != nil {
		return nil, err
	}
	d := parseDocument(file, content)
	if len(d.problems) > 0 {
		return d, nil
	}
	if !looksLikePath(ref) { // so it is shipped
		parsed.Store(name, d)
	}
	return d.copied(), nil
}

func looksLikePath(ref string) bool {
	return strings.ContainsAny(ref, `/\`) || strings.HasSuffix(ref, ".yaml") || strings.HasSuffix(ref, ".yml")
}
