package html

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/totals"
)

// opGroup is a part of a decoder that its operators belong to.
type opGroup struct {
	name, color string
	match       func(op string) bool
}

// opGroups are looked through in order; the last takes what is left.
var opGroups = []opGroup{
	{"norms and adds", "--norms", func(op string) bool { return strings.HasSuffix(op, "norm") || op == "add" }},
	{"attention", "--attention", func(op string) bool {
		return strings.HasPrefix(op, "attn") || strings.HasPrefix(op, "kv") || slices.Contains([]string{"attention", "rope", "softmax"}, op)
	}},
	{"feed-forward", "--ffn", func(op string) bool {
		return strings.HasPrefix(op, "ffn") || strings.Contains(op, "glu") || strings.Contains(op, "expert") || strings.Contains(op, "rout") || strings.Contains(op, "moe")
	}},
	{"output", "--output", func(op string) bool { return strings.HasPrefix(op, "output") || strings.HasPrefix(op, "logit") }},
	{"others", "--others", func(string) bool { return true }},
}

func groupOf(op string) int {
	return slices.IndexFunc(opGroups, func(g opGroup) bool { return g.match(op) })
}

// measures are what an icicle's boxes can be as wide as.
var measures = []measure{{"time", "ms"}, {"DRAM traffic", "MB"}, {"energy", "mJ"}}

type measure struct {
	Name string `json:"name"`
	Unit string `json:"unit"`
}

// icicle is a tree of costs for the page's script.
type icicle struct {
	Measures []measure   `json:"measures"`
	Root     *icicleNode `json:"root"`
}

// icicleNode is a box: what it is called, its measures, and what it is made of.
type icicleNode struct {
	Name     string        `json:"n"`
	Color    string        `json:"k,omitempty"` // of it and what is in it
	Values   [3]float64    `json:"v"`
	Ordered  bool          `json:"o,omitempty"` // its children have an order of their own
	Children []*icicleNode `json:"c,omitempty"`

	at map[string]*icicleNode
}

// child returns the node of a name below n.
func (n *icicleNode) child(name, color string) *icicleNode {
	if c, ok := n.at[name]; ok {
		return c
	}
	if n.at == nil {
		n.at = map[string]*icicleNode{}
	}
	c := &icicleNode{Name: name, Color: color}
	n.at[name] = c
	n.Children = append(n.Children, c)
	return c
}

func (n *icicleNode) add(v [3]float64) *icicleNode {
	for i := range v {
		n.Values[i] += v[i]
	}
	return n
}

// trim drops digits that no box shows.
func (n *icicleNode) trim() {
	for i := range n.Values {
		n.Values[i] = significant(n.Values[i], 5)
	}
	for _, c := range n.Children {
		c.trim()
	}
}

// icicle divides a token by group of operators, operator and layer.
func (l lens) icicle() (json.RawMessage, error) {
	root := &icicleNode{Name: "a " + l.per}
	for op := range l.ops {
		v := [3]float64{op.Time.Total().Milliseconds() / l.over, float64(op.Bytes.DRAMRead+op.Bytes.DRAMWrite) / 1e6 / l.over, op.Energy.Total().Millijoules() / l.over}
		g := opGroups[groupOf(op.Op)]
		node := root.add(v).child(g.name, g.color).add(v).child(profiles.Clean(op.Op), "").add(v)
		if op.Layer >= 0 {
			node.Ordered = true
			node.child(layerName(op), "").add(v)
		}
	}
	for _, g := range root.Children {
		sort.SliceStable(g.Children, func(i, j int) bool { return g.Children[i].Values[0] > g.Children[j].Values[0] })
	}
	sort.SliceStable(root.Children, func(i, j int) bool { return root.Children[i].Values[0] > root.Children[j].Values[0] })
	root.trim()
	return json.Marshal(icicle{measures, root})
}

// layerName says which block a shared layer runs.
func layerName(op *totals.Op) string {
	if op.Repeated {
		return fmt.Sprintf("layer %d (block %d again)", op.Layer, op.Block)
	}
	return fmt.Sprintf("layer %d", op.Layer)
}
