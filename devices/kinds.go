package devices

import (
	"slices"
	"strings"

	"github.com/memsim/memsim/internal/fault"
)

// Profile is what any file of this package says: the kind of thing that it is, and
// its numbers.
type Profile struct {
	Kind    string // as messages say it: "device", "SoC", "runtime", ...
	Name    string
	Title   string
	Numbers []NumberRow
}

// kinds are the kinds of files, in the order in which names are looked up. A field
// tells a file of a kind from those of the ones before it.
var kinds = []struct {
	library library
	field   string
	load    func(nameOrPath string) (*Profile, error)
}{
	{phones, "dram", loadPhoneProfile},
	{socs, "clusters", loadSoCProfile},
	{runtimes, "arithmetic", loadRuntimeProfile},
	{cores, "pipes", loadCoreProfile},
	{dramParts, "standard", loadDRAMProfile},
	{flashParts, "interface", loadFlashProfile},
}

// LoadProfile reads a file of any kind: a shipped one by its name (with its folder
// before it, as in socs/rk3588, where two kinds share a name), or a user's own by
// its path. What it is, its fields tell; one that tells nothing is read as a
// device. Its errors are as those of Load.
func LoadProfile(nameOrPath string) (*Profile, error) {
	if folder, name, ok := strings.Cut(nameOrPath, "/"); ok {
		for _, k := range kinds {
			if (folder == k.library.folder || "parts/"+folder == k.library.folder) && slices.Contains(k.library.names(), name) {
				return k.load(name)
			}
		}
	}
	var known []string
	for _, k := range kinds {
		if slices.Contains(k.library.names(), nameOrPath) {
			return k.load(nameOrPath)
		}
		known = append(known, k.library.names()...)
	}
	if name, ok := runtimeAliases()[nameOrPath]; ok {
		return loadRuntimeProfile(name)
	}
	if !looksLikePath(nameOrPath) {
		return nil, fault.Userf("%q is no device, SoC, runtime, type of core or part; %s (or give the path of a .yaml file)", nameOrPath, suggest(nameOrPath, known))
	}
	file, content, err := phones.read(nameOrPath, "")
	if err != nil {
		return nil, err
	}
	if d := parseDocument(file, content); d.root != nil {
		for _, k := range kinds {
			if d.child(d.root, k.field) != nil {
				return k.load(nameOrPath)
			}
		}
	}
	return loadPhoneProfile(nameOrPath)
}

func loadPhoneProfile(ref string) (*Profile, error) {
	d, err := Load(ref, nil)
	if err != nil {
		return nil, err
	}
	return &Profile{"device", d.Name, d.Title, d.Numbers()}, nil
}

func loadSoCProfile(ref string) (*Profile, error) {
	s, err := LoadSoC(ref)
	if err != nil {
		return nil, err
	}
	return &Profile{"SoC", s.Name, s.Title, s.Numbers()}, nil
}

func loadRuntimeProfile(ref string) (*Profile, error) {
	r, references, err := LoadRuntime(ref)
	if err != nil {
		return nil, err
	}
	numbers := slices.DeleteFunc(r.Numbers(references), func(n NumberRow) bool { return n.Path == "dispatch" && n.Kind == "" })
	return &Profile{"runtime", r.Name, r.Title, numbers}, nil
}

func loadCoreProfile(ref string) (*Profile, error) {
	c, err := LoadCore(ref)
	if err != nil {
		return nil, err
	}
	return &Profile{"type of core", c.Name, c.Title, c.Numbers()}, nil
}

func loadDRAMProfile(ref string) (*Profile, error) {
	p, err := LoadDRAMPart(ref)
	if err != nil {
		return nil, err
	}
	return &Profile{"DRAM part", p.Name, p.Standard, p.Numbers()}, nil
}

func loadFlashProfile(ref string) (*Profile, error) {
	p, err := LoadFlashPart(ref)
	if err != nil {
		return nil, err
	}
	return &Profile{"flash part", p.Name, p.Interface, p.Numbers()}, nil
}
