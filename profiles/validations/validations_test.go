package validations

import (
	"bytes"
	"strings"
	"testing"

	"github.com/memsim/memsim/fidelity/validation"
)

func sample() validation.Report {
	point := func(model string, measured, predicted float64, change func(*validation.Outcome)) validation.Outcome {
		o := validation.Outcome{
			Point:    validation.Point{Device: "phone", Runtime: "program", Model: model, Metric: validation.TokensPerS, Value: measured, Source: "a </script> of mine"},
			Measured: measured, Predicted: predicted, ErrorPct: validation.ErrorPct(predicted, measured),
		}
		if change != nil {
			change(&o)
		}
		return o
	}
	return validation.Summarize([]validation.Outcome{
		point("small", 50, 55, nil),
		point("large", 5, 4.9, func(o *validation.Outcome) { o.Fitted = true }),
		point("claimed", 900, 40, func(o *validation.Outcome) { o.Implausible = "reads 700 GB/s of weights" }),
	})
}

func TestSummaryKeepsFittedAndUnfittedApart(t *testing.T) {
	text := strings.Join(Summary(sample()), "\n")
	for _, want := range []string{"10.0 % on points that no profile", "2.0 % on fitted ones", "1 of 3 points is flagged and left out of the means", "+10.0 % (phone, small)", "−2.0 % (phone, large, fitted)"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q lacks %q", text, want)
		}
	}
}

func TestPageShowsEveryPointAndLoadsNothing(t *testing.T) {
	var a, b bytes.Buffer
	for _, w := range []*bytes.Buffer{&a, &b} {
		if err := WriteHTML(w, "1.2.3", sample()); err != nil {
			t.Fatal(err)
		}
	}
	page := a.String()
	for _, want := range []string{"small", "large", "claimed", "implausible: reads 700 GB/s", "percent of what was measured", "&#43;10.0 %", "−2.0 %"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page, "a </script> of mine") {
		t.Error("a source ends the script")
	}
	if strings.Contains(page, `src="http`) || !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("the page loads from elsewhere, or differs between runs")
	}
}

func TestPageOfNothing(t *testing.T) {
	if err := WriteHTML(new(bytes.Buffer), "1", validation.Summarize(nil)); err != nil {
		t.Error(err)
	}
}

func TestErrorsKeepTheirSideOfTheAxis(t *testing.T) {
	a := axisOf(sample().Points)
	if low, zero, high := a.at(-10), a.at(0), a.at(1e6); low >= zero || zero != 50 || high != 100 {
		t.Errorf("places %v, %v, %v", low, zero, high)
	}
	if text := signed(-0.02, 1); text != "0.0 %" {
		t.Errorf("an error of nothing is %q", text)
	}
}

func TestFlaggedPointsCountInNoKind(t *testing.T) {
	for _, k := range kinds(sample().Points) {
		n := 0
		for _, r := range k.Rows {
			n += r.Points
		}
		if n != 2 {
			t.Errorf("by %s: %d points count, want 2", k.By, n)
		}
	}
}

func TestSummarySaysWhatLeavingOutCosts(t *testing.T) {
	r := sample()
	r.LeavePhoneOut = []validation.Score{{Kind: "all", Value: "all"}, {Kind: "unit and phase", Value: "cpu decode", N: 40, MAEPct: 29.2, MedianPct: 23, Coverage90: 84}}
	const want = "Phone left out of the fit, cpu decode: mean 29 %, median 23 %, 84 % of 40 in the 90 % interval."
	if text := strings.Join(Summary(r), "\n"); !strings.Contains(text, want) || strings.Contains(text, ", all:") {
		t.Errorf("%q lacks %q", text, want)
	}
}
