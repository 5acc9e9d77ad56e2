package devices

import (
	"cmp"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/memsim/memsim/internal/fault"
)

// phoneKeys are the fields of a phone's own file: those of a Device that its SoC
// does not bring, runtimes by their names, and overrides.
func phoneKeys() []string {
	own := slices.DeleteFunc(slices.Clone(keys(reflect.TypeFor[Device]())), func(key string) bool {
		return key == "sram" || key == "units" || key == "chip"
	})
	return append(own, "overrides")
}

// compose turns the document of a phone of version 2 into that of a whole
// device: it joins the SoC that the phone names, the cores of the SoC and the
// runtimes that have a unit there, and lays fits and the phone's overrides over
// them. Faults are noted; what is faulty stays out.
func (d *document) compose() {
	if !d.isPhone() {
		return
	}
	d.unknownKeys(d.root, phoneKeys(), place{})
	soc := d.joinSoC()
	if soc == nil {
		d.root = nil // without a SoC nothing else is worth a word
		return
	}
	d.joinRuntimes()
	d.applyOverrides()
	d.nameDefaults()
	d.pruneReferences()
}

// pruneReferences drops the references of other files that no number cites any
// more, since the phone overrides those that did.
func (d *document) pruneReferences() {
	list := d.child(d.root, "references")
	if list == nil || list.Kind != yaml.SequenceNode {
		return
	}
	cited := map[string]bool{}
	collectSources(d.root, cited)
	list.Content = slices.DeleteFunc(list.Content, func(r *yaml.Node) bool {
		key := d.child(r, "key")
		return d.borrowed[r] && key != nil && !cites(cited, key.Value)
	})
}

// cites reports whether one of sources is the key of a reference, or names it.
func cites(sources map[string]bool, key string) bool {
	if sources[key] {
		return true
	}
	for source := range sources {
		if strings.Contains(source, key) {
			return true
		}
	}
	return false
}

// collectSources gathers the source of each number below n.
func collectSources(n *yaml.Node, out map[string]bool) {
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 1 && n.Content[i-1].Value == "source" {
			out[child.Value] = true
		}
		collectSources(child, out)
	}
}

// isPhone reports whether the document is of a phone in the form that names a
// SoC, and not of a device that holds its units itself.
func (d *document) isPhone() bool {
	if d.root.Kind != yaml.MappingNode {
		return false
	}
	n := d.child(d.root, "schema")
	return n != nil && n.Value == strconv.Itoa(SchemaVersion)
}

// foreign reads the document that the node n names, from a library; nil if it
// cannot be read, which is noted at path. Its nodes know their file.
func (d *document) foreign(l library, n *yaml.Node, path string) *document {
	other, err := l.open(n.Value, filepath.Dir(d.fileOf(n)))
	if err != nil {
		d.at[path] = n
		d.fail(n, path, "%s", err)
		return nil
	}
	switch {
	case other.root == nil:
	case other.root.Kind != yaml.MappingNode:
		other.fail(other.root, "", "is %s; write a %s as a group of fields", describe(other.root), l.noun)
	default:
		other.checkSchema(SchemaVersion)
	}
	if len(other.problems) > 0 {
		d.problems = append(d.problems, other.problems...)
		d.faulty[path] = true
		return nil
	}
	d.foreigners = append(d.foreigners, foreigners{other.file, other.nodes})
	return other
}

// fileOf is the file that n stands in.
func (d *document) fileOf(n *yaml.Node) string {
	for _, f := range d.foreigners {
		for i := range f.nodes {
			if n == &f.nodes[i] {
				return f.file
			}
		}
	}
	return d.file
}

// joinSoC puts units and memories of the SoC that the phone names into the
// document, and its memory controller under the phone's own dram. It returns the
// SoC's tree, nil if there is none.
func (d *document) joinSoC() *yaml.Node {
	name := d.child(d.root, "soc")
	if name == nil || name.Kind != yaml.ScalarNode {
		d.fail(d.root, "soc", "is missing; name one of %s, or the path of a .yaml file", strings.Join(SoCs(), ", "))
		return nil
	}
	other := d.foreign(socs, name, "soc")
	if other == nil {
		return nil
	}
	soc := other.root
	if n := d.child(soc, "name"); n != nil {
		setNode(d.root, "chip", n)
	}
	d.expandClusters(soc)
	d.mergeReferences(soc)
	if title := d.child(soc, "title"); title != nil {
		setNode(d.root, "soc", title)
	}
	for _, key := range []string{"sram", "units"} {
		if n := d.child(soc, key); n != nil {
			setNode(d.root, key, n)
		}
	}
	d.giveClusters(soc)
	d.inheritMemory(soc)
	return soc
}

// composeSoC completes the document of a SoC that stands alone.
func (d *document) composeSoC() {
	d.expandClusters(d.root)
	d.giveClusters(d.root)
}

// expandClusters completes the clusters of a SoC from the files of their cores.
func (d *document) expandClusters(soc *yaml.Node) {
	list := d.child(soc, "clusters")
	if list == nil {
		return
	}
	for _, cluster := range list.Content {
		name := d.child(cluster, "core")
		if cluster.Kind != yaml.MappingNode || name == nil || name.Kind != yaml.ScalarNode {
			continue // which the check of the whole reports
		}
		path := "clusters"
		if own := d.child(cluster, "name"); own != nil {
			path = join(path, own.Value)
		}
		core := d.foreign(cores, name, join(path, "core"))
		if core == nil {
			continue
		}
		d.mergeReferences(core.root)
		for _, f := range fields(reflect.TypeFor[Cluster]()) {
			if n := d.child(core.root, f.key); n != nil && d.child(cluster, f.key) == nil {
				setNode(cluster, f.key, n)
			}
		}
	}
}

// giveClusters puts the clusters of a SoC into its unit cpu.
func (d *document) giveClusters(soc *yaml.Node) {
	list, units := d.child(soc, "clusters"), d.child(d.root, "units")
	if list == nil || units == nil {
		return
	}
	for _, u := range units.Content {
		if name := d.child(u, "name"); name == nil || name.Value != "cpu" {
			continue
		}
		setNode(u, "clusters", list)
		if d.child(u, "rates") == nil { // which follow from the clusters, see derive.go
			setNode(u, "rates", rateNodes())
		}
	}
}

// rateNodes are the rates of a CPU without their numbers.
func rateNodes() *yaml.Node {
	rates := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	for _, dtype := range []string{"f32", "f16", "int8"} {
		r := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		setNode(r, "dtype", scalarNode(dtype))
		rates.Content = append(rates.Content, r)
	}
	return rates
}

// inheritMemory gives the phone's dram what its SoC's controller says.
func (d *document) inheritMemory(soc *yaml.Node) {
	controller, dram := d.child(soc, "memory"), d.child(d.root, "dram")
	if controller == nil || dram == nil || dram.Kind != yaml.MappingNode {
		return
	}
	for _, key := range []string{"channels", "mapping", "page_policy", "refresh", "latency"} {
		if n := d.child(controller, key); n != nil && d.child(dram, key) == nil {
			setNode(dram, key, n)
		}
	}
}

// joinRuntimes puts in the place of the phone's list of runtimes the runtimes
// themselves: those that the list names, or without one all that are shipped,
// where the phone has a unit for them.
func (d *document) joinRuntimes() {
	wanted := d.wantedRuntimes()
	var joined []*yaml.Node
	for _, name := range wanted {
		other := d.foreign(runtimes, name, "runtimes")
		if other == nil || !d.hasUnitFor(other.root) {
			continue
		}
		r := other.root
		d.mergeReferences(r)
		d.chooseISA(r)
		removeKeys(r, "schema", "references")
		joined = append(joined, r)
	}
	slices.SortStableFunc(joined, func(a, b *yaml.Node) int { return cmp.Compare(d.order(a), d.order(b)) })
	setNode(d.root, "runtimes", &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: joined, Line: d.root.Line})
}

// wantedRuntimes lists the nodes that name runtimes.
func (d *document) wantedRuntimes() []*yaml.Node {
	if list := d.child(d.root, "runtimes"); list != nil {
		if _, ok := d.words(list, place{"runtimes", "runtimes"}); ok {
			out := slices.Clone(list.Content)
			for _, n := range out {
				if name, ok := runtimeAliases()[n.Value]; ok {
					n.Value = name
				}
			}
			return out
		}
	}
	var out []*yaml.Node
	for _, name := range Runtimes() {
		out = append(out, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: name})
	}
	return out
}

func (d *document) order(runtime *yaml.Node) int {
	n := d.child(runtime, "order")
	if n == nil {
		return 1 << 20
	}
	order, _ := strconv.Atoi(n.Value)
	return order
}

// hasUnitFor reports whether the phone has the unit of a runtime, of a family
// that the runtime runs on.
func (d *document) hasUnitFor(runtime *yaml.Node) bool {
	unit := d.child(runtime, "unit")
	if unit == nil {
		return true // which the check of the whole reports
	}
	u := d.unitNode(unit.Value)
	if u == nil {
		return false
	}
	families := d.child(runtime, "families")
	if families == nil {
		return true
	}
	family := d.child(u, "family")
	return family != nil && slices.ContainsFunc(families.Content, func(n *yaml.Node) bool { return n.Value == family.Value })
}

// unitNode returns the unit of that name, nil if there is none.
func (d *document) unitNode(name string) *yaml.Node {
	return d.elementNode("units", name)
}

// elementNode returns the element of that name of a list of the document.
func (d *document) elementNode(list, name string) *yaml.Node {
	n := d.child(d.root, list)
	if n == nil {
		return nil
	}
	for _, e := range n.Content {
		if own := d.child(e, "name"); own != nil && own.Value == name {
			return e
		}
	}
	return nil
}

// chooseISA lays over each format of a runtime what the best instruction set
// changes that all cores at work have.
func (d *document) chooseISA(runtime *yaml.Node) {
	rows := d.child(runtime, "arithmetic")
	if rows == nil {
		return
	}
	var unit *yaml.Node
	if name := d.child(runtime, "unit"); name != nil {
		unit = d.unitNode(name.Value)
	}
	has := d.commonISA(unit)
	for _, row := range rows.Content {
		on := d.child(row, "on")
		if on == nil {
			continue
		}
		if best := d.bestISA(on, has); best != nil {
			for i := 0; i+1 < len(best.Content); i += 2 {
				setNode(row, best.Content[i].Value, best.Content[i+1])
			}
		}
		removeKeys(row, "on")
	}
}

// bestISA returns the element of on for the highest instruction set of has.
func (d *document) bestISA(on *yaml.Node, has []string) *yaml.Node {
	var best *yaml.Node
	rank := -1
	for _, n := range on.Content {
		isa := d.child(n, "isa")
		if isa == nil || !slices.Contains(has, isa.Value) {
			continue
		}
		if r := slices.Index(instructionSets, isa.Value); r > rank {
			best, rank = n, r
		}
	}
	return best
}

// commonISA lists the instruction sets that all clusters of a unit have, the
// little ones aside.
func (d *document) commonISA(unit *yaml.Node) []string {
	var common []string
	for i, cluster := range d.workingClusters(unit) {
		var own []string
		if n := d.child(cluster, "isa"); n != nil {
			for _, word := range n.Content {
				own = append(own, word.Value)
			}
		}
		if i == 0 {
			common = own
		}
		common = slices.DeleteFunc(common, func(isa string) bool { return !slices.Contains(own, isa) })
	}
	return common
}

// workingClusters lists the clusters of a unit that runtimes use by themselves:
// all but the little ones, or all if there are no others.
func (d *document) workingClusters(unit *yaml.Node) []*yaml.Node {
	if unit == nil {
		return nil
	}
	list := d.child(unit, "clusters")
	if list == nil {
		return nil
	}
	var big []*yaml.Node
	for _, n := range list.Content {
		if little := d.child(n, "little"); little != nil && little.Value != "true" {
			big = append(big, n)
		}
	}
	if len(big) == 0 {
		return list.Content
	}
	return big
}

// mergeReferences adds the references of another file to those of the document.
// A key that stands for another text here is renamed, with the sources that
// name it.
func (d *document) mergeReferences(other *yaml.Node) {
	theirs := d.child(other, "references")
	if theirs == nil || theirs.Kind != yaml.SequenceNode {
		return
	}
	ours := d.child(d.root, "references")
	if ours == nil {
		ours = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		setNode(d.root, "references", ours)
	}
	if d.texts == nil {
		d.texts = map[string]string{}
		for _, r := range ours.Content {
			if key, text := d.child(r, "key"), d.child(r, "text"); key != nil && text != nil {
				d.texts[key.Value] = text.Value
			}
		}
	}
	for _, r := range theirs.Content {
		key, text := d.child(r, "key"), d.child(r, "text")
		if key == nil || text == nil {
			continue
		}
		known, taken := d.texts[key.Value]
		if taken && known == text.Value {
			continue
		}
		if name := d.child(other, "name"); taken && name != nil {
			renamed := name.Value + "." + key.Value
			renameSource(other, key.Value, renamed)
			key.Value = renamed
		}
		d.texts[key.Value] = text.Value
		d.borrowed[r] = true
		ours.Content = append(ours.Content, r)
	}
}

// renameSource changes each source below n that is from into to.
func renameSource(n *yaml.Node, from, to string) {
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 1 && n.Content[i-1].Value == "source" && child.Value == from {
			child.Value = to
		}
		renameSource(child, from, to)
	}
}

// applyOverrides replaces the numbers that the phone has of its own.
func (d *document) applyOverrides() {
	n := d.child(d.root, "overrides")
	if n == nil {
		return
	}
	removeKeys(d.root, "overrides")
	if n.Kind != yaml.MappingNode {
		d.fail(n, "overrides", "is %s; write a group such as {sram.slc.capacity: {value: 8 MiB, kind: ..., source: ...}}", describe(n))
		return
	}
	t := reflect.TypeFor[Device]()
	for i := 0; i+1 < len(n.Content); i += 2 {
		path := n.Content[i].Value
		if err := d.assign(d.root, t, path, n.Content[i+1]); err != nil {
			d.fail(n.Content[i], join("overrides", path), "%s", err)
		}
	}
}

// assign puts the quantity n at path below root, a tree of type t.
func (d *document) assign(root *yaml.Node, t reflect.Type, path string, n *yaml.Node) error {
	s, ok := d.find(root, t, path)
	switch {
	case !ok:
		return fault.Userf("is not a field of the profile; %s", suggestPath(path, d.settable(root, t, "")))
	case s.key == "" || !isQuantity(s.typ):
		return fault.Userf("is not a number; name the path of one, as memsim devices show lists them")
	}
	setNode(s.mapping, s.key, n)
	return nil
}

// nameDefaults names the unit and the runtime that run unless the user says
// otherwise, where the phone does not: the CPU, and the runtime that comes first.
func (d *document) nameDefaults() {
	unit := d.child(d.root, "default_unit")
	if unit == nil {
		unit = scalarNode("cpu")
		setNode(d.root, "default_unit", unit)
	}
	list := d.child(d.root, "runtimes")
	if d.child(d.root, "default_runtime") != nil || list == nil {
		return
	}
	for _, r := range list.Content {
		if own, name := d.child(r, "unit"), d.child(r, "name"); own != nil && name != nil && own.Value == unit.Value {
			setNode(d.root, "default_runtime", scalarNode(name.Value))
			return
		}
	}
}

// setNode sets the value under key of the mapping n.
func setNode(n *yaml.Node, key string, value *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content[i+1] = value
			return
		}
	}
	n.Content = append(n.Content, scalarNode(key), value)
}

// removeKeys removes fields of the mapping n.
func removeKeys(n *yaml.Node, keys ...string) {
	var kept []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		if !slices.Contains(keys, n.Content[i].Value) {
			kept = append(kept, n.Content[i], n.Content[i+1])
		}
	}
	n.Content = kept
}
