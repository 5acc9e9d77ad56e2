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
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/spf13/viper"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/inputfile"
)

//go:embed phones/*.yaml parts/dram/*.yaml parts/flash/*.yaml energy/*.yaml
var shipped embed.FS

// A library is one kind of profile that is shipped.
type library struct {
	folder string   // in shipped
	noun   string   // as messages say it
	also   []string // names that callers know beside the files
}

var (
	phones     = library{folder: "phones", noun: "device"}
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
}

var (
	deviceForm = form[Device]{phones, deviceBounds, deviceChoices, func(d *Device) []Reference { return d.References }, nil}
	dramForm   = form[DRAMPart]{dramParts, dramPartBounds, dramPartChoices, func(p *DRAMPart) []Reference { return p.References }, checkDRAMPart}
	flashForm  = form[FlashPart]{flashParts, flashPartBounds, flashPartChoices, func(p *FlashPart) []Reference { return p.References }, checkFlashPart}
)

// parse reads a profile of the form from content, and changes it by sets, whose
// paths start behind prefix. Its faults are in the document; an error is a fault
// of this program.
func (f form[T]) parse(file string, content []byte, prefix string, sets []change) (*T, *document, error) {
	doc := parseDocument(file, content)
	doc.prefix, doc.bounds, doc.choices = prefix, f.bounds, f.choices
	target := new(T)
	if err := doc.decode(target, sets); err != nil || doc.root == nil {
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

	device, doc, err := deviceForm.parse(file, content, "", own)
	if err != nil {
		return nil, err
	}
	if device != nil {
		if device.DRAM.Spec, err = resolvePart(doc, "dram.part", device.DRAM.Part, ofDRAM, dramForm); err != nil {
			return nil, err
		}
		if device.Flash.Spec, err = resolvePart(doc, "flash.part", device.Flash.Part, ofFlash, flashForm); err != nil {
			return nil, err
		}
		checkDevice(doc, device)
	}
	if err := asError(append(problems, doc.problems...)); err != nil {
		return nil, err
	}
	return device, nil
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

// decode applies sets to the document, checks it against the type of target (a
// pointer to a struct), and fills target with all of it that is sound. Faults
// of the profile go to d.problems; an error is a fault of this program.
func (d *document) decode(target any, sets []change) error {
	if d.root == nil {
		return nil
	}
	if !d.checkSchema() {
		d.root = nil
		return nil
	}
	t := reflect.TypeOf(target).Elem()
	for _, s := range sets {
		d.override(s, t)
	}
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

// checkSchema reports whether the profile is of the schema that this package
// reads; if it is not, nothing else in it is worth a word.
func (d *document) checkSchema() bool {
	if n := d.child(d.root, "schema"); n != nil && n.Value != fmt.Sprint(SchemaVersion) && n.Tag == "!!int" {
		d.fail(n, "schema", "version %s is not known; this memsim reads version %d", n.Value, SchemaVersion)
		return false
	}
	return true
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

// maxFileBytes is far above any profile; what is larger is some other file.
const maxFileBytes = 1 << 20

// read returns the content of a shipped profile, or of a file if ref looks like
// a path; a relative path starts at folder, if there is one.
func (l library) read(ref, folder string) (file string, content []byte, err error) {
	if slices.Contains(l.names(), ref) {
		file = path.Join(l.folder, ref+".yaml")
		content, err = shipped.ReadFile(file)
		return "devices/" + file, content, err
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
