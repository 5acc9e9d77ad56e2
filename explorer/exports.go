package explorer

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"github.com/google/pprof/profile"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/html"
	"github.com/memsim/memsim/profiles/pprof"
	"github.com/memsim/memsim/study"
)

// wanted are the settings of a request for a file. Files hold settings of one
// machine.
func (x *Explorer) wanted(r *http.Request) ([]Setting, error) {
	state, err := parseState(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	settings, err := state.chosen(r.URL.Query().Get(sideKey))
	if err != nil {
		return nil, err
	}
	for i := range settings {
		settings[i] = settings[i].withDefaults(x.catalog)
	}
	if len(settings) == 2 && !sameMachine(settings[0], settings[1]) {
		return nil, fault.Userf("A and B are of different machines; ask for one of them with side=a or side=b")
	}
	return settings, nil
}

// serveFile answers with what write makes, or with the reason why there is none.
func (x *Explorer) serveFile(w http.ResponseWriter, r *http.Request, kind, disposition string, write func(context.Context, io.Writer, []Setting) error) {
	var file bytes.Buffer
	settings, err := x.wanted(r)
	if err == nil {
		err = write(r.Context(), &file, settings)
	}
	if err != nil {
		x.failText(w, r, err)
		return
	}
	w.Header().Set("Content-Security-Policy", filePolicy)
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", disposition)
	w.Write(file.Bytes())
}

func (x *Explorer) serveReport(w http.ResponseWriter, r *http.Request) {
	x.serveFile(w, r, "text/html; charset=utf-8", `inline; filename="report.html"`, x.writeReport)
}

// writeReport writes the report that the main job writes of the same models.
func (x *Explorer) writeReport(ctx context.Context, w io.Writer, settings []Setting) error {
	var report *html.Report
	runs, err := x.answer(ctx, settings, func(r *run) []study.View {
		if report == nil {
			report = newReport(r)
		}
		return []study.View{report.Model(r.trace.Head)}
	})
	if err != nil {
		return err
	}
	c, err := x.comparison(runs...)
	if err != nil {
		return err
	}
	return report.Write(w, c)
}

func (x *Explorer) serveResults(w http.ResponseWriter, r *http.Request) {
	x.serveFile(w, r, "application/json", `inline; filename="results.json"`, func(ctx context.Context, w io.Writer, settings []Setting) error {
		list, _, err := x.answersOf(ctx, settings)
		if err != nil {
			return err
		}
		var runs []*run
		for _, a := range list {
			runs = append(runs, a.run)
		}
		c, err := x.comparison(runs...)
		if err != nil {
			return err
		}
		return profiles.WriteJSON(w, c)
	})
}

func (x *Explorer) serveProfile(w http.ResponseWriter, r *http.Request) {
	x.serveFile(w, r, "application/vnd.google.protobuf+gzip", `attachment; filename="profile.pb.gz"`, func(ctx context.Context, w io.Writer, settings []Setting) error {
		merged, err := x.profile(ctx, settings)
		if err != nil {
			return err
		}
		return merged.Write(w)
	})
}

// profile is the ledger of settings as a profile for pprof.
func (x *Explorer) profile(ctx context.Context, settings []Setting) (*profile.Profile, error) {
	var ledgers []*pprof.Profile
	_, err := x.answer(ctx, settings, func(r *run) []study.View {
		p := pprof.New(r.trace.Head.Model, r.machine.Device().Name)
		ledgers = append(ledgers, p)
		return []study.View{p}
	})
	if err != nil {
		return nil, err
	}
	return pprof.Merge(ledgers...)
}
