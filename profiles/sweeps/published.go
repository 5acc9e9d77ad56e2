package sweeps

import (
	"bytes"
	_ "embed" // the published accuracies
	"math"
	"slices"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/memsim/memsim/sim"
)

//go:embed published.yaml
var publishedData []byte

// accuracy is what was published of a model of one shape.
type accuracy struct {
	Name     string  `yaml:"name"`
	Layers   int     `yaml:"layers"` // stored
	Dim      int     `yaml:"dim"`
	Sharing  string  `yaml:"sharing"`
	Repeat   int     `yaml:"repeat"`
	Params   float64 `yaml:"params"`   // about
	Percent  float64 `yaml:"accuracy"` // average of zero-shot tasks
	Training string  `yaml:"training"` // figures of different trainings do not compare
}

// paramsTolerance is how far a shape may be from the round number of parameters
// under which an accuracy was published: the feed-forward widths of some of the
// published shapes are not known.
const paramsTolerance = 0.25

type publication struct {
	Source string     `yaml:"source"` // the paper
	Models []accuracy `yaml:"models"`
}

var published = sync.OnceValue(func() publication {
	var p publication
	d := yaml.NewDecoder(bytes.NewReader(publishedData))
	d.KnownFields(true)
	if err := d.Decode(&p); err != nil {
		panic("sweeps: published.yaml: " + err.Error()) // it is part of the program
	}
	return p
})

// accuraciesOf returns the accuracies that were published for the shape of r, the
// longest training first.
func accuraciesOf(r *sim.Result) []accuracy {
	var list []accuracy
	for _, a := range published().Models {
		if a.is(r) {
			list = append(list, a)
		}
	}
	return list
}

// trainedIn are the weight formats of models as they were trained and judged; what a
// coarser one costs in accuracy was not published with them.
var trainedIn = []string{"f32", "f16", "bf16"}

// is reports whether r is of the shape, in weights as it was trained.
func (a accuracy) is(r *sim.Result) bool {
	sharing := r.Sharing
	if sharing == "" {
		sharing = "none"
	}
	return slices.Contains(trainedIn, r.Quant) && r.LayersStored == a.Layers && r.LayersExecuted == a.Layers*a.Repeat && r.Dim == a.Dim && sharing == a.Sharing &&
		math.Abs(float64(r.StoredParams)/a.Params-1) <= paramsTolerance
}
