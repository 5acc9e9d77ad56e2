package explorer

import (
	"fmt"
	"testing"
)

// BenchmarkAnswer is what a reader waits for after changing a control, apart
// from the drawing.
func BenchmarkAnswer(b *testing.B) {
	x, err := New(Config{})
	if err != nil {
		b.Fatal(err)
	}
	for _, query := range []string{
		"device=pixel8pro&model=mobilellm-125m",
		"device=iphone13&model=mobilellm-ls-125m",
		"device=pixel8pro&model=mobilellm-350m",
	} {
		state, err := parseState(query)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("%s-%s", state.A.Device, state.A.Model), func(b *testing.B) {
			for b.Loop() {
				x.answers = newRecent[answered](1)
				if _, err := x.reply(b.Context(), state); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
