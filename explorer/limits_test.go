package explorer

import (
	"strings"
	"testing"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/internal/fault"
)

func TestTheLargestShapeIsTakenAndOneBeyondItIsNot(t *testing.T) {
	shape := func(change func(*model.Shape)) model.Shape {
		s := model.Shape{Name: "m", Layers: 2, Dim: 64, FFN: 64, Heads: 1, Vocab: 64}
		change(&s)
		return s
	}
	for _, c := range []struct {
		shape  model.Shape
		tokens int
		want   string // "" for none
	}{
		{shape(func(s *model.Shape) { s.Layers = maxLayers }), 31, ""},
		{shape(func(s *model.Shape) { s.Layers = maxLayers }), 32, "fewer tokens"},
		{shape(func(s *model.Shape) { s.Layers = maxLayers + 1 }), 1, "513 layers"},
		{shape(func(s *model.Shape) { s.Layers, s.Sharing, s.Repeat = maxLayers/2+1, model.Immediate, 2 }), 1, "514 layers"},
		{shape(func(s *model.Shape) { s.Dim = maxDim }), 1, ""},
		{shape(func(s *model.Shape) { s.Dim = maxDim + 1 }), 1, "too wide"},
		{shape(func(s *model.Shape) { s.FFN = maxFFN }), 1, ""},
		{shape(func(s *model.Shape) { s.FFN = maxFFN + 1 }), 1, "too wide"},
		{shape(func(s *model.Shape) { s.Heads = maxHeads + 1 }), 1, "too wide"},
		{shape(func(s *model.Shape) { s.Vocab = maxVocab + 1 }), 1, "too wide"},
	} {
		err := checkSize(c.shape, c.tokens)
		if (err == nil) != (c.want == "") || err != nil && (!fault.IsUser(err) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v over %d tokens: the error is %v", c.shape, c.tokens, err)
		}
	}
}
