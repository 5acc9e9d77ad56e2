package study

import (
	"context"
	"fmt"
	"math"

	"github.com/memsim/memsim/engine"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/sim"
)

// OwnBlock names a draft that is part of the model: one more block that predicts
// the tokens behind the next (multi-token prediction), with the model's own
// embedding and output matrix. Its block is taken to be as the model's first.
const OwnBlock = "mtp"

// Draft says which model proposes tokens, how many in a step, and which share of
// them the model that it drafts for accepts.
type Draft struct {
	Model      Model
	Tokens     int
	Acceptance float64 // NaN: measured by the engine
}

// Validate reports, as the user's mistake, a draft that cannot be.
func (d Draft) Validate() error {
	switch {
	case d.Tokens < 1 || d.Tokens > 64:
		return fault.Userf("--draft-tokens %d: a step drafts 1 to 64 tokens", d.Tokens)
	case !math.IsNaN(d.Acceptance) && !(d.Acceptance >= 0 && d.Acceptance <= 1):
		return fault.Userf("--acceptance %v is no share; give the part of drafted tokens that are accepted, 0 to 1", d.Acceptance)
	}
	return nil
}

// Speculate adds to the run of a recording what drafting makes of it: K tokens of
// the draft model one after another, then one pass of the model over K + 1, each
// recorded without arithmetic and replayed on the run's machine. The two take
// turns; that one evicts the other's lines between passes is left out, and so is
// the memory of both at once.
func Speculate(ctx context.Context, target Recording, d Draft, run *Run) error {
	if err := d.Validate(); err != nil {
		return err
	}
	if run.Result.LatencyMS == 0 {
		return fault.Userf("--draft: a run without tokens has nothing to speed up; raise --tokens")
	}
	s := &sim.Speculation{Draft: d.Model.String(), DraftTokens: d.Tokens, Acceptance: d.Acceptance}
	drafting := target
	drafting.Model = d.Model
	if d.Model.Ref == OwnBlock {
		drafting.Model = target.Model
		drafting.Overrides.Layers = 1
	}
	if math.IsNaN(d.Acceptance) {
		accepted, err := measureAcceptance(ctx, target, drafting, d.Tokens)
		if err != nil {
			return err
		}
		s.Acceptance, s.AcceptanceMeasured = accepted, true
	}
	s.AcceptedPerStep = 1 + float64(d.Tokens)*s.Acceptance

	verifying := target
	verifying.Verify = engine.Verify{Width: d.Tokens + 1, Keep: int(math.Round(s.AcceptedPerStep))}
	verify, err := replayShape(ctx, verifying, run.Machine)
	if err != nil {
		return err
	}
	draft, err := replayShape(ctx, drafting, run.Machine)
	if err != nil {
		return err
	}
	fill(s, &run.Result, &draft, &verify)
	run.Result.Speculation = s
	return nil
}

// fill works the figures out from the cost of a token, of a drafted token, and of a
// pass that verifies.
func fill(s *sim.Speculation, token, draft, verify *sim.Result) {
	drafts := float64(s.DraftTokens)
	perAccepted := func(draft, verify float64) float64 { return (drafts*draft + verify) / s.AcceptedPerStep }
	s.DraftMS, s.VerifyMS = drafts*draft.LatencyMS, verify.LatencyMS
	s.MSPerAccepted = perAccepted(draft.LatencyMS, verify.LatencyMS)
	s.MJPerAccepted = perAccepted(draft.EnergyMJPerToken, verify.EnergyMJPerToken)
	s.FlashPerAccepted = perAccepted(draft.FlashBytesPerToken, verify.FlashBytesPerToken)
	s.BreakEvenAcceptance = ((s.DraftMS+s.VerifyMS)/token.LatencyMS - 1) / drafts
	s.Pays = s.MSPerAccepted < token.LatencyMS
}

// replayShape records without arithmetic and replays.
func replayShape(ctx context.Context, r Recording, m *sim.Machine) (sim.Result, error) {
	r.ShapeOnly, r.PromptIDs, r.Step = true, nil, nil
	trace, err := r.Trace(ctx)
	if err != nil {
		return sim.Result{}, err
	}
	run, err := Replay(ctx, m, trace)
	return run.Result, err
}

// speculation says whether drafting pays, "" if nothing drafts.
func speculation(r *sim.Result) string {
	s := r.Speculation
	if s == nil {
		return ""
	}
	from := fmt.Sprintf("it pays from %s accepted on", fraction(s.BreakEvenAcceptance))
	switch {
	case s.BreakEvenAcceptance <= 0:
		from = "it pays whatever is accepted"
	case s.BreakEvenAcceptance > 1:
		from = "it never pays here"
	}
	verdict, measured := "costs", "as stated"
	if s.Pays {
		verdict = "pays"
	}
	if s.AcceptanceMeasured {
		measured = "measured over this run's seeded prompt"
	}
	return fmt.Sprintf("%s with %s drafting %d tokens, %s of which are accepted (%s): %s tokens a step, %s ms and %s mJ a token in place of %s and %s. Drafting %s; %s.",
		r.Model, s.Draft, s.DraftTokens, fraction(s.Acceptance), measured, profiles.Number(s.AcceptedPerStep),
		profiles.Number(s.MSPerAccepted), profiles.Number(s.MJPerAccepted), profiles.Number(r.LatencyMS), profiles.Number(r.EnergyMJPerToken), verdict, from)
}
