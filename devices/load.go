package devices

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/spf13/viper"

	"github.com/memsim/memsim/fault"
)

//go:embed phones/*.yaml parts/dram/*.yaml parts/flash/*.yaml
var shipped embed.FS

// A library is one kind of profile that is shipped.
type library struct {
	folder string // in shipped
	noun   string // as messages say it
}

var (
	phones     = library{"phones", "device"}
	dramParts  = library{"parts/dram", "DRAM part"}
	flashParts = library{"parts/flash", "flash part"}
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
	part, problems, err := loadDRAMPart(nameOrPath, "", nil)
	return part, errors.Join(err, asError(problems))
}

// LoadFlashPart reads a shipped flash part by name, or one by the path of its
// YAML file. Its errors are as those of Load.
func LoadFlashPart(nameOrPath string) (*FlashPart, error) {
	part, problems, err := loadFlashPart(nameOrPath, "", nil)
	return part, errors.Join(err, asError(problems))
}

// parseDevice reads a device from the content of file.
func parseDevice(file string, content []byte, sets []string) (*Device, error) {
	changes, problems := parseSets(sets)
	own, ofDRAM, ofFlash := splitSets(changes)

	doc := parseDocument(file, content)
	doc.bounds, doc.choices = deviceBounds, deviceChoices
	device := new(Device)
	if err := doc.decode(device, own); err != nil {
		return nil, err
	}
	doc.checkSources(device.References)
	folder := filepath.Dir(file)

	if doc.sound("dram.part") {
		part, partProblems, err := loadDRAMPart(device.DRAM.Part, folder, ofDRAM)
		if err != nil {
			doc.failAt("dram.part", "%s", err)
		}
		problems = append(problems, partProblems...)
		device.DRAM.Spec = part
	}
	if doc.sound("flash.part") {
		part, partProblems, err := loadFlashPart(device.Flash.Part, folder, ofFlash)
		if err != nil {
			doc.failAt("flash.part", "%s", err)
		}
		problems = append(problems, partProblems...)
		device.Flash.Spec = part
	}
	if doc.root != nil {
		checkDevice(doc, device)
	}
	if err := asError(append(problems, doc.problems...)); err != nil {
		return nil, err
	}
	return device, nil
}

func loadDRAMPart(nameOrPath, folder string, sets []change) (*DRAMPart, []problem, error) {
	file, content, err := dramParts.read(nameOrPath, folder)
	if err != nil {
		return nil, nil, err
	}
	doc := parseDocument(file, content)
	doc.bounds, doc.choices = dramPartBounds, dramPartChoices
	part := new(DRAMPart)
	if err := doc.decode(part, sets); err != nil {
		return nil, nil, err
	}
	doc.checkSources(part.References)
	if doc.root != nil {
		checkDRAMPart(doc, part)
	}
	if len(doc.problems) > 0 {
		return nil, doc.problems, nil
	}
	return part, nil, nil
}

func loadFlashPart(nameOrPath, folder string, sets []change) (*FlashPart, []problem, error) {
	file, content, err := flashParts.read(nameOrPath, folder)
	if err != nil {
		return nil, nil, err
	}
	doc := parseDocument(file, content)
	doc.bounds, doc.choices = flashPartBounds, flashPartChoices
	part := new(FlashPart)
	if err := doc.decode(part, sets); err != nil {
		return nil, nil, err
	}
	doc.checkSources(part.References)
	if doc.root != nil {
		checkFlashPart(doc, part)
	}
	if len(doc.problems) > 0 {
		return nil, doc.problems, nil
	}
	return part, nil, nil
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

// read returns the content of a shipped profile, or of a file if ref looks like
// a path; a relative path starts at folder, if there is one.
func (l library) read(ref, folder string) (file string, content []byte, err error) {
	if slices.Contains(l.names(), ref) {
		file = path.Join(l.folder, ref+".yaml")
		content, err = shipped.ReadFile(file)
		return "devices/" + file, content, err
	}
	if !looksLikePath(ref) {
		return "", nil, fault.Userf("%s %q is not known; %s, or give the path of a .yaml file", l.noun, ref, suggest(ref, l.names()))
	}
	file = ref
	if !filepath.IsAbs(ref) && folder != "" {
		file = filepath.Join(folder, ref)
	}
	content, err = os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil, fault.Userf("%s %s: no such file; give the path of a YAML profile or one of %s", l.noun, file, strings.Join(l.names(), ", "))
	case err != nil:
		return "", nil, fault.Userf("%s: %w", l.noun, err)
	}
	return file, content, nil
}

func looksLikePath(ref string) bool {
	return strings.ContainsAny(ref, `/\`) || strings.HasSuffix(ref, ".yaml") || strings.HasSuffix(ref, ".yml")
}
