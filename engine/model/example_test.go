package model_test

import (
	"fmt"
	"log"

	"github.com/memsim/memsim/engine/model"
)

// Sharing runs each stored block twice: depth without the weights of depth.
func ExampleShape_With() {
	base, err := model.Preset("mobilellm-125m")
	if err != nil {
		log.Fatal(err)
	}
	for _, o := range []model.Overrides{{}, {Sharing: model.Immediate}, {Layers: 60}, {Dim: 384}} {
		s, err := base.With(o)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %d layers of %d heads, %.1f M parameters, %.1f M stored\n",
			s.Name, s.Executed(), s.Heads, float64(s.Params())/1e6, float64(s.StoredParams())/1e6)
	}
	// Output:
	// mobilellm-125m: 30 layers of 9 heads, 124.6 M parameters, 124.6 M stored
	// mobilellm-125m+sharing=immediate: 60 layers of 9 heads, 230.8 M parameters, 124.6 M stored
	// mobilellm-125m+layers=60: 60 layers of 9 heads, 230.8 M parameters, 230.8 M stored
	// mobilellm-125m+dim=384: 30 layers of 6 heads, 59.5 M parameters, 59.5 M stored
}
