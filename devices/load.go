package devices

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-viper/mapstructure/v2"
	"github.com/spf13/viper"
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
func Names() []string { return phones.names() }

// DRAMParts returns the names of the shipped DRAM parts, sorted.
func DRAMParts() []string { return dramParts.names() }

// FlashParts returns the names of the shipped flash parts, sorted.
func FlashParts() []string { return flashParts.names() }

// Load reads a device and the parts that it names: a shipped one by its name,
// or a user's own by the path of its YAML file (whose parts may be paths too,
// relative to that file). Each of sets is a "path=value" that replaces one
// field, such as "dram.channels=2" or "units.gpu.bandwidth=60%".
//
// The error names every fault of the files and of the sets, one a line, and is
// a user's mistake (fault.IsUser) unless reading failed.
func Load(nameOrPath string, sets []string) (*Device, error) {
	d, err := LoadPrior(nameOrPath, sets)
	if err != nil {
		return nil, err
	}
	return d, d.calibrate()
}

// LoadPrior is Load without what the shipped fit says: the profile's own numbers.
func LoadPrior(nameOrPath string, sets []string) (*Device, error) {
	file, content, err := phones.read(nameOrPath, "")
	if err != nil {
		return nil, err
	}
	return parseDevice(file, content, sets)
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
		library: socs, bounds: socBounds, choices: socChoices,
		references: func(s *SoC) []Reference { return s.References }, check: checkSoC,
		schemas: []int{SchemaVersion}, compose: (*document).composeSoC,
		derive: func(d *document) { d.derive(nil) },
	}
	coreForm = form[Core]{
		library: cores, bounds: clusterBounds, choices: coreChoices,
		references: func(c *Core) []Reference { return c.References },
		schemas:    []int{SchemaVersion},
	}
	runtimeForm = form[runtimeFile]{
		library: runtimes, bounds: runtimeBounds, choices: runtimeChoices,
		references: func(r *runtimeFile) []Reference { return r.References }, check: checkRuntimeFile,
		schemas: []int{SchemaVersion}, lenient: map[string]bool{"dispatch": true},
	}
	dramForm = form[DRAMPart]{
		library: dramParts, bounds: dramPartBounds, choices: dramPartChoices,
		references: func(p *DRAMPart) []Reference { return p.References }, check: checkDRAMPart,
	}
	flashForm = form[FlashPart]{
		library: flashParts, bounds: flashPartBounds, choices: flashPartChoices,
		references: func(p *FlashPart) []Reference { return p.References }, check: checkFlashPart,
	}
)

// parse reads a profile of the form from content, and changes it by sets, whose
// paths start behind prefix. Its faults are in the document; an error is a fault
// of this program.
func (f form[T]) parse(file string, content []byte, prefix string, sets []change) (*T, *document, error) {
	doc := parseShared(file, content)
	doc.prefix, doc.bounds, doc.choices, doc.lenient = prefix, f.bounds, f.choices, f.lenient
	target := new(T)
	t := reflect.TypeFor[T]()
	if !doc.prepare(t, f.schemas, f.compose, f.derive, sets) {
		return nil, doc, nil
	}
	if err := doc.decode(target); err != nil || doc.root == nil {
		return nil, doc, err
	}
	doc.checkSources(f.references(target))
	if f.check != nil {
		f.check(doc, target)
	}
	return target, doc, nil
}

func loadPart[T any](nameOrPath string, f form[T]) (*T, error) {
	file, content, err := f.library.read(nameOrPath, "")
	if err != nil {
		return nil, err
	}
	part, doc, err := f.parse(file, content, "", nil)
	if err == nil {
		err = asError(doc.problems)
	}
	if err != nil {
		return nil, err
	}
	return part, nil
}

// parseDevice reads a device from the content of file, and its parts.
func parseDevice(file string, content []byte, sets []string) (*Device, error) {
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
	device, doc, err := f.parse(file, content, "", own)
	if err != nil {
		return nil, err
	}
	if device != nil {
		device.DRAM.Spec = dram
		if device.Flash.Spec, err = resolvePart(doc, "flash.part", device.Flash.Part, ofFlash, flashForm); err != nil {
			return nil, err
		}
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
	part, err := resolvePart(d, "dram.part", name.Value, sets, dramForm)
	if err != nil {
		d.fail(name, "dram.part", "%s", err)
	}
	return part
}

// resolvePart reads the part that the field at path names. What is wrong with
// the name or in the part's file becomes a problem of the device's document,
// and the part is nil.
func resolvePart[T any](doc *document, path, name string, sets []change, f form[T]) (*T, error) {
	if !doc.sound(path) {
		return nil, nil
	}
	file, content, err := f.library.read(name, filepath.Dir(doc.file))
	if err != nil {
		doc.failAt(path, "%s", err)
		return nil, nil
	}
	part, partDoc, err := f.parse(file, content, path, sets)
	if err != nil {
		return nil, err
	}
	if len(partDoc.problems) > 0 {
		doc.problems = append(doc.problems, partDoc.problems...)
		return nil, nil
	}
	return part, nil
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

// decode checks the document against the type of target (a pointer to a struct),
// and fills target with all of it that is sound. Faults of the profile go to
// d.problems; an error is a fault of this program.
func (d *document) decode(target any) error {
	t := reflect.TypeOf(target).Elem()
	data, ok := d.value(d.root, t, place{})
	if !ok {
		d.root = nil
		return nil
	}
	v := viper.NewWithOptions(viper.KeyDelimiter("::")) // names of runtimes hold dots
	if err := v.MergeConfigMap(data.(map[string]any)); err != nil {
		return fmt.Errorf("%s: %w", d.file, err)
	}
	err := v.UnmarshalExact(target, func(c *mapstructure.DecoderConfig) {
		c.TagName = "yaml"
		c.SquashTagOption = "inline"
		c.WeaklyTypedInput = false
		c.DecodeHook = quantityHook
	})
	if err != nil {
		return fmt.Errorf("%s: the check of the file let through what cannot be decoded: %w", d.file, err)
	}
	return nil
}

// quantityHook decodes text such as "12 GiB" into the typed value of a Quantity.
func quantityHook(from, to reflect.Value) (any, error) {
	_, known := dimensions[to.Type()]
	if !known && to.Type() != reflect.TypeFor[Cycles]() || from.Kind() != reflect.String {
		return from.Interface(), nil
	}
	v := reflect.New(to.Type()).Elem()
	err := parseInto(v, from.String())
	return v.Interface(), err
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

// names lists what the library ships.
func (l library) names() []string {
	entries, err := fs.ReadDir(shipped, l.folder)
	if err != nil {
		return nil // the folder is embedded: it is there
	}
	var out []string
	for _, e := range entries {
		out = append(out, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	slices.Sort(out)
	return out
}

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

func looksLikePath(ref string) bool {
	return strings.ContainsAny(ref, `/\`) || strings.HasSuffix(ref, ".yaml") || strings.HasSuffix(ref, ".yml")
}
