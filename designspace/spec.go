package designspace

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/sim/sweep"
	"github.com/memsim/memsim/study"
)

// Spec is a design space as a person writes it: what is varied, on what, and
// what is asked of it. The zero value of a field means what the field's flag
// does by default.
type Spec struct {
	study.Hardware
	Model        string // whose shape is varied
	Quant        string // "" is the model's own
	PromptTokens int
	Tokens       int
	Seed         uint64
	Params       string // such as 125M
	Solve        string
	Axes         []sweep.Axis
	Where        string // condition on the rows that are kept
	Pareto       string // figures to trade
	Best         string // figure that a search is to make least; "" walks the whole space
	Evaluations  int    // of a search, at most
	Sensitivity  string // figure of which to say what number of the device moves it
	Slurm        Slurm
}

// Slurm is how the sweep runs as a job array.
type Slurm struct {
	Chunk     int      // points of a task, about
	Partition string   //
	Time      string   // limit of a task, such as 2:00:00
	Memory    string   // of a task, such as 2G
	CPUs      int      // of a task
	Options   []string // further lines behind #SBATCH
}

// Explorer returns the evaluation of the spec's points, for a model of that shape
// and weight format. Mistakes that no point could survive are the user's.
func (s *Spec) Explorer(base model.Shape, quant string) (*Explorer, error) {
	params, err := ParseParams(s.Params)
	if err != nil {
		return nil, err
	}
	x := &Explorer{
		Machines: NewMachines(s.Hardware), Base: base, Quant: quant,
		PromptTokens: s.PromptTokens, Tokens: s.Tokens, Seed: s.Seed,
		Params: params, Solve: s.Solve,
	}
	return x, x.Validate(s.Axes)
}

// Space returns the grid of the spec's axes. Models that differ in depth alone are
// neighbours in it: the shallower one's replay is the start of the deeper one's.
func (s *Spec) Space() (sweep.Space, error) { return sweep.NewSpace(s.Axes, innermostAxis) }

// innermostAxis varies fastest, wherever it stands.
const innermostAxis = "layers"

// ParseParams reads a number of parameters such as 125M, 1.5B or 124600000; ""
// is 0.
func ParseParams(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	scale, digits := 1.0, strings.ToUpper(text)
	for _, s := range []struct {
		suffix string
		factor float64
	}{{"K", 1e3}, {"M", 1e6}, {"B", 1e9}, {"G", 1e9}} {
		if rest, ok := strings.CutSuffix(digits, s.suffix); ok {
			scale, digits = s.factor, rest
			break
		}
	}
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || !(n*scale >= 1 && n*scale <= 1e15) {
		return 0, fault.Userf("--params %s is not a number of parameters; write 125M, 1.5B or 124600000", text)
	}
	return int64(n * scale), nil
}

// Setting is a line of a spec: a name and its value.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Settings lists all that the rows of the spec depend on, for people and to tell
// one sweep from another. The contents of the model's shape and of the devices'
// profiles are part of it, as digests.
func (s *Spec) Settings(x *Explorer) ([]Setting, error) {
	shape, err := json.Marshal(x.Base)
	if err != nil {
		return nil, err
	}
	profiles, err := s.profiles()
	if err != nil {
		return nil, err
	}
	list := []Setting{
		{"model", s.Model}, {"shape", digest(shape)}, {"quant", x.Quant},
		{"device", s.Device}, {"profiles", profiles}, {"unit", s.Unit}, {"runtime", s.Runtime}, {"energy", s.Energy},
		{"set", strings.Join(s.Sets, " ")},
		{"prompt tokens", strconv.Itoa(s.PromptTokens)}, {"tokens", strconv.Itoa(s.Tokens)}, {"seed", strconv.FormatUint(s.Seed, 10)},
		{"params", s.Params}, {"solve", s.Solve},
	}
	if s.Warm {
		list = append(list, Setting{"sustained", "true"})
	}
	for _, a := range s.Axes {
		list = append(list, Setting{"axis " + a.Name, strings.Join(a.Values, ",")})
	}
	if i := slices.IndexFunc(s.Axes, func(a sweep.Axis) bool { return a.Name == innermostAxis }); i >= 0 && i < len(s.Axes)-1 {
		list = append(list, Setting{"innermost axis", innermostAxis}) // without it, the last one is
	}
	list = append(list, Setting{"where", s.Where}, Setting{"pareto", s.Pareto}, Setting{"best", s.Best}, Setting{"sensitivity", s.Sensitivity})
	if s.Best != "" {
		list = append(list, Setting{"evaluations", strconv.Itoa(s.Evaluations)})
	}
	var said []Setting
	for _, l := range list {
		if l.Value != "" {
			said = append(said, l)
		}
	}
	return said, nil
}

// profiles is a digest of the numbers of all devices of the spec.
func (s *Spec) profiles() (string, error) {
	names := []string{s.Device}
	for _, a := range s.Axes {
		if a.Name == "device" {
			names = a.Values
		}
	}
	var all []byte
	for _, name := range names {
		machine, err := study.Hardware{Device: name}.Machine()
		if fault.IsUser(err) {
			continue // its points are invalid
		}
		if err != nil {
			return "", err
		}
		data, err := json.Marshal(machine.Device())
		if err != nil {
			return "", err
		}
		all = append(all, data...)
	}
	return digest(all), nil
}

func digest(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data))[:16] }
