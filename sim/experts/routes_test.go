package experts

import (
	"slices"
	"strings"
	"testing"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/units"
)

const small = `# route_trace v1
# model=/somewhere/small.gguf n_layer=2
# layer=0 expert_bytes=100 dense_bytes=7
# layer=1 expert_bytes=200
turn,phase,step,layer,slot,expert,weight,residency,expert_bytes
0,0,0,0,0,3,0.5,0,100
0,0,0,0,1,1,0.5,0,100
0,0,1,0,0,1,0.5,0,0
0,0,1,0,1,2,0.5,0,100
0,0,1,1,0,0,0.5,0,200
0,0,1,1,1,1,0.5,0,200
0,1,2,0,0,3,0.5,1,0
0,1,2,0,1,2,0.5,1,0
0,1,2,1,0,1,0.5,1,0
0,1,2,1,1,0,0.5,1,0
`

func TestRoutesAreThoseOfTheFile(t *testing.T) {
	r, err := ReadRoutes("small.csv", strings.NewReader(small))
	if err != nil {
		t.Fatal(err)
	}
	if r.Model != "small.gguf" || r.Prompt != 2 || r.Positions() != 3 || r.Used != 2 || r.Experts != 4 || r.Layers != 2 {
		t.Errorf("%+v", r)
	}
	if !slices.Equal(r.Bytes, []units.Bytes{100, 200}) {
		t.Errorf("bytes of an expert: %v", r.Bytes)
	}
	if got := r.Batch(0, 2, 0); !slices.Equal(got, []int32{3, 1, 2}) {
		t.Errorf("the prompt's experts of layer 0: %v", got)
	}
	if got := r.At(2, 1); !slices.Equal(got, []int32{1, 0}) {
		t.Errorf("the experts of position 2 in layer 1: %v", got)
	}
	dst := make([]int32, 4)
	if r.Choose(dst, 2, 0, 1); !slices.Equal(dst, []int32{1, 2, 3, 2}) {
		t.Errorf("positions 1 and 2 in layer 0 choose %v", dst)
	}
}

func TestMistakesInRoutesAreNamed(t *testing.T) {
	row := "turn,phase,step,layer,slot,expert\n"
	for text, want := range map[string]string{
		"":                                 "holds no row",
		"a,b,c\n":                          `r.csv:1: has no column "phase"`,
		row + "0,0,0,0,0,x\n":              `r.csv:2: expert "x" is not a whole number from 0 to 16383`,
		row + "0,0,0,0,0,-1\n":             `expert "-1"`,
		row + "0,2,0,0,0,1\n":              `phase "2"`,
		row + "0,0,0\n":                    "has 3 fields of 6",
		row + "0,0,5,0,0,1\n":              "position 0 has no row",
		row + "0,1,0,0,0,1\n0,0,1,0,0,1\n": "position 0 is decoded",
		row + "0,0,0,0,0,1\n0,0,0,0,1,1\n": "expert 1 is chosen twice",
		row + "0,0,0,0,0,1\n1,0,1,0,0,1\n": "begins turn 1",
		row + "0,1,0,0,0,1\n0,1,0,0,1,2\n0,1,1,0,0,1\n": "is the file cut off?",
		"# layer=99999 expert_bytes=1\n" + row:          `layer "99999"`,
		"# layer=0 expert_bytes=big\n" + row:            `expert_bytes "big"`,
		row + strings.Repeat("9", 1<<17):                "longer than any row",
	} {
		_, err := ReadRoutes("r.csv", strings.NewReader(text))
		if !fault.IsUser(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want a user's mistake with %q", text, err, want)
		}
	}
}

func FuzzReadRoutes(f *testing.F) {
	f.Add(small)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ReadRoutes("f", strings.NewReader(text))
		if err != nil {
			return
		}
		for layer := range r.Layers {
			r.Batch(0, r.Positions(), layer)
		}
		r.Choose(make([]int32, 8), 2, 0, 0)
	})
}
