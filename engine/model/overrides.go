package model

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/memsim/memsim/internal/fault"
)

// Overrides changes fields of a shape; a zero field keeps the shape's own.
type Overrides struct {
	Layers  int // stored blocks
	Dim     int
	FFN     int
	Heads   int
	KVHeads int
	Vocab   int
	Sharing Sharing
	Repeat  int // times that each stored block runs
}

// IsZero reports whether o changes nothing.
func (o Overrides) IsZero() bool { return o == Overrides{} }

// String lists what o changes, as "layers=60,dim=512"; "" if nothing.
func (o Overrides) String() string {
	var parts []string
	for _, f := range []struct {
		name  string
		value int
	}{
		{"layers", o.Layers}, {"dim", o.Dim}, {"ffn", o.FFN}, {"heads", o.Heads},
		{"kv_heads", o.KVHeads}, {"vocab", o.Vocab}, {"repeat", o.Repeat},
	} {
		if f.value != 0 {
			parts = append(parts, fmt.Sprintf("%s=%d", f.name, f.value))
		}
	}
	if o.Sharing != "" {
		parts = append(parts, "sharing="+string(o.Sharing))
	}
	return strings.Join(parts, ",")
}

// With returns the shape with o applied, resolved and valid. What o leaves open
// follows from the shape so that the result is of the same family:
//
//   - a new width keeps the head dimension and scales the number of heads, and
//     keeps the ratio of the feed-forward width, rounded to 32;
//   - a new number of heads divides the width anew, and keeps the number of
//     heads per KV head or comes as near to it as a divisor can;
//   - sharing without a count runs each block twice, as the paper does; a count
//     without an order is immediate sharing; sharing none runs each block once.
//
// The result's name is s.Name, "+" and o where o changes something. Errors are
// the user's and name the flag's field.
func (s Shape) With(o Overrides) (Shape, error) {
	was, err := s.checked(Overrides{})
	if err != nil || o.IsZero() {
		return was, err
	}
	if err := o.checkLimits(); err != nil {
		return Shape{}, fault.Userf("model %s: %s: %w", was.Name, o, err)
	}
	s = was
	if err := s.widen(was, o); err != nil {
		return Shape{}, err
	}
	s.share(o)
	replace(&s.Layers, o.Layers)
	replace(&s.FFN, o.FFN)
	replace(&s.KVHeads, o.KVHeads)
	replace(&s.Vocab, o.Vocab)
	s.Name = was.Name + "+" + o.String()
	return s.checked(o)
}

// Unshared returns the shape in which every executed layer has weights of its
// own: the same computation without sharing.
func (s Shape) Unshared() Shape {
	s.Layers, s.Sharing, s.Repeat = s.Executed(), NoSharing, 1
	return s
}

func (s Shape) checked(o Overrides) (Shape, error) {
	s = s.Resolved()
	if err := s.Validate(); err != nil {
		if o.IsZero() {
			return Shape{}, fault.Userf("model %s: %w", s.Name, err)
		}
		return Shape{}, fault.Userf("model %s: %s: %w", s.Name, o, err)
	}
	return s, nil
}

// checkLimits refuses numbers that no shape has, before other fields are worked
// out from them.
func (o Overrides) checkLimits() error {
	var c checker
	c.atMost("layers", o.Layers, maxLayers)
	c.atMost("dim", o.Dim, maxWidth)
	c.atMost("ffn", o.FFN, maxWidth)
	c.atMost("heads", o.Heads, maxWidth)
	c.atMost("kv_heads", o.KVHeads, maxWidth)
	c.atMost("vocab", o.Vocab, maxVocab)
	c.atMost("repeat", o.Repeat, maxRepeat)
	return c.err()
}

// widen applies the width and the heads, and what follows from them.
func (s *Shape) widen(was Shape, o Overrides) error {
	if o.Dim == 0 && o.Heads == 0 {
		return nil
	}
	replace(&s.Dim, o.Dim)
	replace(&s.Heads, o.Heads)
	standard := was.Heads*was.HeadDim == was.Dim // heads split the width between them
	switch {
	case o.Heads == 0:
		if o.Dim*was.Heads%was.Dim != 0 || o.Dim*was.Heads/was.Dim == 0 {
			return fault.Userf("model %s: dim %d gives no whole number of heads of %d values (dim %d has %d heads); give a multiple of %d, or heads too",
				was.Name, o.Dim, was.HeadDim, was.Dim, was.Heads, was.Dim/gcd(was.Dim, was.Heads))
		}
		s.Heads = o.Dim * was.Heads / was.Dim
	case standard:
		s.HeadDim = 0
		*s = s.Resolved()
	}
	s.KVHeads = nearestDivisor(s.Heads, float64(s.Heads)*float64(was.KVHeads)/float64(was.Heads))
	if o.Dim != 0 {
		s.FFN = max(32, (o.Dim*was.FFN/was.Dim+16)/32*32)
	}
	return nil
}

// share applies the order and the count of sharing.
func (s *Shape) share(o Overrides) {
	replace(&s.Sharing, o.Sharing)
	replace(&s.Repeat, o.Repeat)
	switch {
	case o.Sharing == NoSharing && o.Repeat == 0:
		s.Repeat = 1
	case o.Sharing != "" && o.Sharing != NoSharing && o.Repeat == 0:
		s.Repeat = max(2, s.Repeat)
	case o.Sharing == "" && o.Repeat > 1 && s.Sharing == NoSharing:
		s.Sharing = Immediate
	}
}

func replace[T comparable](field *T, value T) {
	var zero T
	if value != zero {
		*field = value
	}
}

// nearestDivisor returns the divisor of n nearest to target, the smaller of two
// equally near.
func nearestDivisor(n int, target float64) int {
	best := 1
	for d := 1; d <= n; d++ {
		if n%d == 0 && distance(d, target) < distance(best, target) {
			best = d
		}
	}
	return best
}

func distance(d int, target float64) float64 {
	return max(float64(d)-target, target-float64(d))
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// ParseOverrides reads what Overrides.String writes.
func ParseOverrides(list string) (Overrides, error) {
	var o Overrides
	if list == "" {
		return o, nil
	}
	fields := map[string]*int{
		"layers": &o.Layers, "dim": &o.Dim, "ffn": &o.FFN, "heads": &o.Heads,
		"kv_heads": &o.KVHeads, "vocab": &o.Vocab, "repeat": &o.Repeat,
	}
	for part := range strings.SplitSeq(list, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if name == "sharing" {
			o.Sharing = Sharing(value)
			continue
		}
		field, ok := fields[name]
		if !ok {
			return o, fault.Userf("overrides %q: write layers, dim, ffn, heads, kv_heads, vocab, repeat or sharing, as layers=60,dim=512", list)
		}
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 {
			return o, fault.Userf("overrides %q: %s=%s is not a whole number above zero", list, name, value)
		}
		*field = n
	}
	return o, nil
}
