package devices

import (
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Load reads a device and the parts that it names: a shipped one by its name,
// or a user's own by the path of its YAML file (whose parts may be paths too,
// relative to that file). Each of sets is a "path=value" that replaces one
// field, such as "dram.channels=2" or "units.gpu.bandwidth=60%".
//
// The error names every fault of the files and of the sets, one a line, and is
// a user's mistake (fault.IsUser) unless reading failed.
func Load(nameOrPath string, sets []string) (*Device, error) {
	return fittedPhones.load(nameOrPath, len(sets) == 0, func() (*Device, error) {
		d, err := LoadPrior(nameOrPath, sets)
		if err != nil {
			return nil, err
		}
		return d, d.calibrate()
	})
}

// LoadPrior is Load without what the shipped fit says: the profile's own numbers.
func LoadPrior(nameOrPath string, sets []string) (*Device, error) {
	return priorPhones.load(nameOrPath, len(sets) == 0, func() (*Device, error) {
		doc, err := phones.open(nameOrPath, "")
		if err != nil {
			return nil, err
		}
		return buildDevice(doc, sets)
	})
}

// LoadDRAMPart reads a shipped DRAM part by name, or one by the path of its
// YAML file. Its errors are as those of Load.
func LoadDRAMPart(nameOrPath string) (*DRAMPart, error) {
	return loadPart(nameOrPath, dramForm)
}

// LoadFlashPart reads a shipped flash part by name, or one by the path of its
// YAML file. Its errors are as those of Load.
func LoadFlashPart(nameOrPath string) (*FlashPart, error) {
	return loadPart(nameOrPath, flashForm)
}

// A form is all that tells one kind of profile from another when it is read.
type form[T any] struct {
	library    library
	shelf      *shelf[T] // what is shipped, once it was read
	bounds     map[string]bound
	choices    map[string][]string
	references func(*T) []Reference
	check      func(*document, *T) // what contradicts itself

	schemas []int           // versions that are read; none: 1
	lenient map[string]bool // patterns of fields that this kind of file may leave out
	compose func(*document) // joins what other files say
	derive  func(*document) // fills in what follows from the rest
}

var (
	deviceForm = form[Device]{
		library: phones, bounds: deviceBounds, choices: deviceChoices,
		references: func(d *Device) []Reference { return d.References },
		schemas:    []int{1, SchemaVersion}, compose: (*document).compose,
	}
	socForm = form[SoC]{
		shelf:   &shelf[SoC]{},
		library: socs, bounds: socBounds, choices: socChoices,
		references: func(s *SoC) []Reference { return s.References }, check: checkSoC,
		schemas: []int{SchemaVersion}, compose: (*document).composeSoC,
		derive: func(d *document) { d.derive(nil) },
	}
	coreForm = form[Core]{
		shelf:   &shelf[Core]{},
		library: cores, bounds: clusterBounds, choices: coreChoices,
		references: func(c *Core) []Reference { return c.References },
		schemas:    []int{SchemaVersion},
	}
	runtimeForm = form[runtimeFile]{
		shelf:   &shelf[runtimeFile]{},
		library: runtimes, bounds: runtimeBounds, choices: runtimeChoices,
		references: func(r *runtimeFile) []Reference { return r.References }, check: checkRuntimeFile,
		schemas: []int{SchemaVersion}, lenient: map[string]bool{"dispatch": true},
	}
	dramForm = form[DRAMPart]{
		shelf:   &shelf[DRAMPart]{},
		library: dramParts, bounds: dramPartBounds, choices: dramPartChoices,
		references: func(p *DRAMPart) []Reference { return p.References }, check: checkDRAMPart,
	}
	flashForm = form[FlashPart]{
		shelf:   &shelf[FlashPart]{},
		library: flashParts, bounds: flashPartBounds, choices: flashPartChoices,
		references: func(p *FlashPart) []Reference { return p.References }, check: checkFlashPart,
	}
)

// parse reads a profile of the form from content; see build.
func (f form[T]) parse(file string, content []byte, prefix string, sets []change) (*T, *document) {
	doc := parseDocument(file, content)
	return f.build(doc, prefix, sets), doc
}

// build makes a profile of the form of its document, which it completes, and
// changes it by sets, whose paths start behind prefix. Its faults are in the
// document; it is nil if there is nothing else.
func (f form[T]) build(doc *document, prefix string, sets []change) *T {
	doc.prefix, doc.bounds, doc.choices, doc.lenient = prefix, f.bounds, f.choices, f.lenient
	if !doc.prepare(reflect.TypeFor[T](), f.schemas, f.compose, f.derive, sets) {
		return nil
	}
	target := new(T)
	if !doc.value(doc.root, reflect.ValueOf(target).Elem(), place{}) {
		return nil
	}
	doc.checkSources(f.references(target))
	if f.check != nil {
		f.check(doc, target)
	}
	return target
}

func loadPart[T any](nameOrPath string, f form[T]) (*T, error) {
	return f.shelf.load(nameOrPath, true, func() (*T, error) {
		doc, err := f.library.open(nameOrPath, "")
		if err != nil {
			return nil, err
		}
		part := f.build(doc, "", nil)
		return part, asError(doc.problems)
	})
}

// parseDevice reads a device from the content of file, and its parts.
func parseDevice(file string, content []byte, sets []string) (*Device, error) {
	return buildDevice(parseDocument(file, content), sets)
}

// buildDevice makes a device of its document, and reads its parts.
func buildDevice(doc *document, sets []string) (*Device, error) {
	changes, problems := parseSets(sets)
	own, ofDRAM, ofFlash := splitSets(changes)

	var dram *DRAMPart
	f := deviceForm
	f.derive = func(doc *document) {
		dram = doc.dramOf(ofDRAM)
		if doc.isPhone() {
			doc.derive(dram)
		}
	}
	device := f.build(doc, "", own)
	if device != nil {
		device.DRAM.Spec = dram
		device.Flash.Spec = resolvePart(doc, "flash.part", device.Flash.Part, ofFlash, flashForm)
		checkDevice(doc, device)
	}
	if err := asError(append(problems, doc.problems...)); err != nil {
		return nil, err
	}
	for i := range device.Units {
		device.Units[i].peak = device.PeakBandwidth()
	}
	return device, nil
}

// dramOf reads the DRAM part that a device's document names, changed by sets.
func (d *document) dramOf(sets []change) *DRAMPart {
	group := d.child(d.root, "dram")
	if group == nil || group.Kind != yaml.MappingNode {
		return nil
	}
	name := d.child(group, "part")
	if name == nil || name.Kind != yaml.ScalarNode || name.Tag != "!!str" || name.Value == "" {
		return nil // which the check of the whole reports
	}
	d.at["dram.part"] = name
	return resolvePart(d, "dram.part", name.Value, sets, dramForm)
}

// resolvePart reads the part that the field at path names. What is wrong with
// the name or in the part's file becomes a problem of the device's document,
// and the part is nil.
func resolvePart[T any](doc *document, path, name string, sets []change, f form[T]) *T {
	if !doc.sound(path) {
		return nil
	}
	part, err := f.shelf.load(name, len(sets) == 0, func() (*T, error) {
		partDoc, err := f.library.open(name, filepath.Dir(doc.file))
		if err != nil {
			doc.failAt(path, "%s", err)
			return nil, err
		}
		part := f.build(partDoc, path, sets)
		doc.problems = append(doc.problems, partDoc.problems...)
		return part, asError(partDoc.problems)
	})
	if err != nil {
		return nil // its problems are the document's
	}
	return part
}

// prepare makes the document, of a profile of type t, whole: what other files
// say, what the user set, and what follows from both. It reports whether there
// is anything left to decode.
func (d *document) prepare(t reflect.Type, schemas []int, compose, derive func(*document), sets []change) bool {
	if d.root == nil || d.root.Kind == yaml.MappingNode && !d.checkSchema(schemas...) {
		return false
	}
	mapping := d.root.Kind == yaml.MappingNode
	if compose != nil && mapping {
		if compose(d); d.root == nil {
			return false
		}
	}
	stated := d.capacities()
	for _, s := range sets {
		d.override(s, t)
	}
	if mapping {
		d.follow(stated)
		if derive != nil {
			derive(d)
		}
	}
	return true
}

// checkSchema reports whether the profile is of a version that its kind of file
// has, 1 if none is named; if it is not, nothing else in it is worth a word.
func (d *document) checkSchema(versions ...int) bool {
	if len(versions) == 0 {
		versions = []int{1}
	}
	n := d.child(d.root, "schema")
	if n == nil || n.Tag != "!!int" {
		return true // which the check of the whole reports
	}
	var known []string
	for _, v := range versions {
		if n.Value == strconv.Itoa(v) {
			return true
		}
		known = append(known, strconv.Itoa(v))
	}
	noun := "version"
	if len(known) > 1 {
		noun = "versions"
	}
	d.fail(n, "schema", "version %s is not known; this memsim reads %s %s", n.Value, noun, strings.Join(known, " and "))
	return false
}
