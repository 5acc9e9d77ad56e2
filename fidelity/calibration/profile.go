package calibration

import (
	"bytes"
	"fmt"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/units"
)

// Profile returns the YAML of the profile ref with the fitted numbers in it,
// each marked calibrated, with its uncertainty and with what it was fitted to.
// Residuals of the points stand at the top, as comments. The profile keeps its
// name, so that the file stands in for the device.
func (r Result) Profile(ref, data string) ([]byte, error) {
	d, err := devices.Load(ref, nil)
	if err != nil {
		return nil, err
	}
	source := fmt.Sprintf("one of %d numbers of the joint fit, updated by %d measurements of %s (%s); mean error %.1f %%", len(r.Numbers), len(r.Points), r.Runtime, data, r.After)
	var changes []devices.Change
	for _, n := range r.Numbers {
		changes = append(changes, devices.Change{
			Path: n.Path, Value: n.Value, Kind: devices.Calibrated, Source: source, Uncertainty: units.Ratio(n.Uncertainty / 100), Range: n.Range,
		})
	}
	body, err := devices.Rewrite(ref, d.Name, changes)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "# Calibrated: %s of %s. Residuals of what it was fitted to:\n", r.Runtime, d.Name)
	for _, o := range r.Points {
		fmt.Fprintf(&out, "#   %-60s measured %g, predicted %.4g, %+.1f %%\n", comment(o.Point.String()), o.Value, o.Predicted, o.ErrorPct)
	}
	out.WriteString("#\n")
	out.Write(body)
	return out.Bytes(), nil
}

// comment keeps a text on its line.
func comment(s string) string {
	return string(bytes.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, []byte(s)))
}
