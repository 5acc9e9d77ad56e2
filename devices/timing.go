package devices

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A timingRule says which of a part's timings must hold together: without it the
// part contradicts its standard, or does no work between its refreshes. A rule
// that names a parameter which the part does not state is left out.
type timingRule struct {
	name    string
	strict  bool   // more than the sum, not as much
	least   string // sum of parameters, "banks" and numbers, in clocks
	because string
}

// timingRules are checked in clocks, times rounded up, as the model has them.
var timingRules = []timingRule{
	{"RCD", false, "1", "it is at least a clock"},
	{"RCDr", false, "1", "it is at least a clock"},
	{"RCDw", false, "1", "it is at least a clock"},
	{"RP", false, "1", "it is at least a clock"},
	{"RAS", false, "1", "it is at least a clock"},
	{"AAD", false, "1", "ACT-2 follows ACT-1 in another clock"},
	{"RFCab", false, "1", "it is at least a clock"},
	{"RFCpb", false, "1", "it is at least a clock"},
	{"REFI", false, "1", "it is at least a clock"},
	{"REFIpb", false, "1", "it is at least a clock"},

	{"RAS", false, "RCD", "a row is open before it is read"},
	{"RAS", false, "RCDr", "a row is open before it is read"},
	{"RC", false, "RAS + RP", "a row cycle opens a row and closes it"},
	{"CCD_S", false, "BLmin", "bursts do not overlap on the data bus"},
	{"CCD_S", false, "BL", "bursts do not overlap on the data bus"},
	{"CCD", false, "BL", "bursts do not overlap on the data bus"},
	{"BLmax", false, "BLmin", "the longest burst is no shorter than the shortest"},
	{"CCD_L", false, "CCD_S", "accesses of one bank group are no closer than those of two"},
	{"RRD_L", false, "RRD_S", "activations of one bank group are no closer than those of two"},
	{"FAW", false, "RRD", "the window of four activations holds one interval of two"},
	{"FAW", false, "RRD_S", "the window of four activations holds one interval of two"},
	{"RFCab", false, "RFCpb", "all banks take no less than one"},

	// Postponing refreshes puts work off and lets it off nothing: on average a
	// refresh and some work fit into each interval.
	{"REFI", true, "RFCab + RC", "an interval has to hold a refresh and a row cycle of work"},
	{"REFIpb", true, "pbR2pbR + RP", "between the refreshes of two banks the second is closed"},
	{"banks * REFIpb", true, "RFCpb + RC", "a round of all banks has to hold the refresh of one and a row cycle of work"},
}

// checkTiming records the rules that a part's timings break.
func checkTiming(doc *document, p *DRAMPart) {
	if !doc.sound("timing", "data_rate", "clock", "bank_groups", "banks_per_group") {
		return
	}
	t := timings{part: p, perClock: math.Round(float64(p.DataRate.Value) * p.Clock.Value.Seconds())}
	if t.perClock < 1 {
		return // checkClock refuses it
	}
	for _, r := range timingRules {
		t.check(doc, r)
	}
	for _, name := range []string{"BL", "BLmin"} {
		t.checkBurst(doc, name)
	}
	_, perBank := p.Find("pbR2pbR")
	if _, ok := p.Find("RFCpb"); ok && !perBank { // LPDDR4X has no rule between banks but this
		t.check(doc, timingRule{"REFIpb", true, "RFCpb + RP", "the refresh of one bank is over before the next bank is closed for its own"})
	}
}

// timings looks up a part's parameters in clocks.
type timings struct {
	part     *DRAMPart
	perClock float64 // transfers on a pin
}

// check records a rule that does not hold, at the parameter that the user changed
// for this run if there is one.
func (t timings) check(doc *document, r timingRule) {
	have, ok := t.sum(doc, r.name)
	least, known := t.sum(doc, r.least)
	if !ok || !known || r.holds(have, least) {
		return
	}
	than := "at least"
	if r.strict {
		than = "more than"
	}
	at := have.names[0]
	for _, name := range append(have.names[1:], least.names...) {
		if t.overridden(name) && !t.overridden(at) {
			at = name
		}
	}
	doc.note(doc.at["timing."+at], "timing."+at, "%s is %s; it must be %s %s: %s",
		t.words(r.name), t.text(r.name, have.clocks), than, t.words(r.least)+t.value(r.least, least.clocks), r.because)
}

// holds compares both sides: as whole clocks where they must differ, and else with
// a clock to spare if some parameters are stated as times and others as clocks that
// times were rounded up to.
func (r timingRule) holds(have, least sum) bool {
	if r.strict {
		return have.clocks > least.clocks
	}
	spare := 1e-6
	if (have.times || least.times) && (have.counts || least.counts) {
		spare += 1
	}
	return have.exact >= least.exact-spare
}

// checkBurst wants a burst to take as long on the data bus as its transfers.
func (t timings) checkBurst(doc *document, name string) {
	burst, ok := t.sum(doc, name)
	if !ok || !doc.sound("burst_length") {
		return
	}
	length := float64(t.part.BurstLength.Value)
	if moves := float64(burst.clocks) * t.perClock; moves != length {
		doc.note(doc.at["timing."+name], "timing."+name, "t%s is %s, in which a pin moves %g transfers at %g a clock, and burst_length is %g; make them agree",
			name, t.text(name, burst.clocks), moves, t.perClock, length)
	}
}

// A sum is the value of one side of a rule.
type sum struct {
	exact  float64  // in clocks
	clocks int64    // each parameter rounded up
	times  bool     // a parameter is stated as a time
	counts bool     // a parameter is stated in clocks
	names  []string // of the parameters
}

// sum adds up parameters and numbers; ok is false if the part lacks one, or
// something is wrong with it.
func (t timings) sum(doc *document, text string) (s sum, ok bool) {
	for term := range strings.SplitSeq(text, " + ") {
		factor := int64(1)
		if rest, all := strings.CutPrefix(term, "banks * "); all {
			term, factor = rest, t.part.Banks()
		}
		if n, err := strconv.ParseInt(term, 10, 64); err == nil {
			s.clocks += n
			s.exact += float64(n)
			continue
		}
		c, found := t.part.Find(term)
		if !found || !doc.sound("timing."+term) {
			return s, false
		}
		exact := t.exact(c)
		s.exact += float64(factor) * exact
		s.clocks += factor * int64(math.Ceil(exact-1e-9))
		s.times, s.counts = s.times || c.Time > 0, s.counts || c.Time == 0
		s.names = append(s.names, term)
	}
	return s, true
}

// exact returns a time in clocks of the part.
func (t timings) exact(c Cycles) float64 {
	if c.Time == 0 {
		return float64(c.Clocks)
	}
	return c.Time.Seconds() * float64(t.part.DataRate.Value) / t.perClock
}

// words names the parameters of a sum as the standard does: tRAS + tRP.
func (t timings) words(sum string) string {
	terms := strings.Split(sum, " + ")
	for i, term := range terms {
		rest, all := strings.CutPrefix(term, "banks * ")
		if c, ok := t.part.Find(rest); ok {
			terms[i] = "t" + rest
			if len(terms) > 1 {
				terms[i] += " (" + cyclesText(c) + ")"
			}
		}
		if all {
			terms[i] = fmt.Sprintf("%d banks × %s", t.part.Banks(), terms[i])
		}
	}
	return strings.Join(terms, " + ")
}

// text gives the value of a side of a rule, as the part states it where it is one
// parameter.
func (t timings) text(side string, clocks int64) string {
	if c, ok := t.part.Find(side); ok {
		return cyclesText(c)
	}
	return fmt.Sprintf("%d nCK", clocks)
}

// value is text behind the words of a sum, nothing for plain numbers.
func (t timings) value(side string, clocks int64) string {
	switch _, err := strconv.Atoi(side); {
	case err == nil:
		return " nCK"
	case strings.Contains(side, "+"):
		return fmt.Sprintf(" = %d nCK", clocks)
	}
	return ", " + t.text(side, clocks)
}

func (t timings) overridden(name string) bool {
	for _, x := range t.part.Timing {
		if x.Name == name {
			return x.Quantity.Kind == Override
		}
	}
	return false
}

// cyclesText writes a DRAM time in the unit it was given in.
func cyclesText(c Cycles) string {
	if c.Time == 0 {
		return fmt.Sprintf("%d nCK", c.Clocks)
	}
	return fmt.Sprintf("%.6g ns", c.Time.Seconds()*1e9)
}
