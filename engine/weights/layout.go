package weights

import (
	"slices"

	"github.com/memsim/memsim/engine/model"
)

// slots lists the tensors of a resolved shape in the order in which they lie in
// a file that WriteGGUF writes: the order in which a token needs them.
func slots(s model.Shape) []model.Tensor { return slices.Collect(s.Tensors()) }

// stackOf returns how many matrices a tensor stacks. Biases of experts are rows
// of one matrix.
func stackOf(t model.Tensor) int {
	if t.Bias {
		return 0
	}
	return t.Experts
}
