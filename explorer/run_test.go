package explorer

import (
	"context"
	"errors"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/study"
)

func explorer(t *testing.T) *Explorer {
	t.Helper()
	x, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// counting counts rows, and does something at the first one.
type counting struct {
	rows  int
	first func()
}

func (c *counting) Add(*sim.Row) {
	if c.rows++; c.rows == 1 {
		c.first()
	}
}

func TestACancelledRequestStopsItsSimulation(t *testing.T) {
	x := explorer(t)
	setting := Setting{Device: "iphone13", Model: "mobilellm-125m"}
	setting.Overrides.Layers = 4
	ctx, cancel := context.WithCancel(context.Background())
	c := &counting{first: cancel}
	_, err := x.answer(ctx, []Setting{setting}, func(*run) []study.View { return []study.View{c} })
	if !errors.Is(err, context.Canceled) || c.rows > 1 {
		t.Errorf("after the request was cancelled %d rows followed (%v)", c.rows-1, err)
	}
	if len(x.turn.running) != 0 || len(x.turn.waiting) != 0 {
		t.Error("the cancelled run keeps its turn")
	}
}

func TestARunThatTakesTooLongIsEnded(t *testing.T) {
	x := explorer(t)
	x.timeout = 1
	_, err := x.answer(t.Context(), []Setting{{Device: "iphone13", Model: "mobilellm-125m"}}, func(*run) []study.View { return nil })
	if !fault.IsUser(err) || !strings.Contains(err.Error(), "smaller model") {
		t.Errorf("the error is %v", err)
	}
}

func TestRunsWaitForTheirTurnAndNotTooMany(t *testing.T) {
	x := explorer(t)
	x.turn = newTurn(1, 1)
	if err := x.turn.acquire(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	waited := make(chan error)
	go func() { waited <- x.turn.acquire(ctx) }()
	for len(x.turn.waiting) < 2 {
		runtime.Gosched()
	}
	w := httptest.NewRecorder()
	x.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost/api/run?device=iphone13", nil))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("one too many gets status %d: %s", w.Code, w.Body)
	}
	cancel()
	if err := <-waited; !errors.Is(err, context.Canceled) {
		t.Errorf("one that gave up gets %v", err)
	}
	x.turn.release()
	if len(x.turn.running) != 0 || len(x.turn.waiting) != 0 {
		t.Error("a turn is lost")
	}
}

// Of a comparison whose A is known, B alone has to wait: that it is about B must
// not hide that the server is busy.
func TestABusyServerSaysSoOfOneSideToo(t *testing.T) {
	x := explorer(t)
	const a = "device=iphone13&model=mobilellm-125m&layers=1&dim=64&vocab=64&prompt_tokens=1&tokens=1"
	ask := func(query string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		x.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost/api/run?"+query, nil))
		return w
	}
	if w := ask(a); w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	x.turn = newTurn(1, 0)
	if err := x.turn.acquire(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w := ask(a + "&compare=1&b.layers=2"); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "setting B") {
		t.Errorf("it gets status %d: %s", w.Code, w.Body)
	}
	if w := ask(a); w.Code != http.StatusOK {
		t.Errorf("what is known gets status %d: %s", w.Code, w.Body)
	}
}

func TestOnlyFailuresOfTheServerAreLogged(t *testing.T) {
	gone, leave := context.WithCancel(context.Background())
	leave()
	for _, c := range []struct {
		err    error
		ctx    context.Context
		status int
		logged bool
	}{
		{errBusy, t.Context(), http.StatusServiceUnavailable, false},
		{fault.Userf("no such thing"), t.Context(), http.StatusBadRequest, false},
		{context.Canceled, gone, http.StatusServiceUnavailable, false},
		{errors.New("disk full"), t.Context(), http.StatusInternalServerError, true},
	} {
		var logged strings.Builder
		x := &Explorer{config: Config{Log: log.New(&logged, "", 0)}}
		w := httptest.NewRecorder()
		x.failText(w, httptest.NewRequestWithContext(c.ctx, http.MethodGet, "/report.html", nil), c.err)
		if w.Code != c.status || (logged.Len() > 0) != c.logged {
			t.Errorf("%v: status %d, logged is %q", c.err, w.Code, &logged)
		}
	}
}

func TestOneReportHoldsSettingsOfOneMachine(t *testing.T) {
	a := Setting{Device: "d", Unit: "cpu", Runtime: "r", Energy: "paper", SRAMMiB: 1, Sets: []string{"a=1"}, Model: "m"}
	for name, change := range map[string]func(*Setting){
		"device": func(s *Setting) { s.Device = "e" }, "unit": func(s *Setting) { s.Unit = "gpu" }, "runtime": func(s *Setting) { s.Runtime = "q" },
		"energy": func(s *Setting) { s.Energy = "device" }, "sram": func(s *Setting) { s.SRAMMiB = 2 }, "sets": func(s *Setting) { s.Sets = nil },
	} {
		b := a
		if change(&b); sameMachine(a, b) {
			t.Errorf("settings with another %s are of one machine", name)
		}
	}
	b := a
	b.Model, b.Quant, b.Overrides.Layers, b.Prompt, b.Tokens = "n", "f16", 3, 5, 7
	if !sameMachine(a, b) {
		t.Error("settings that differ in the model are of two machines")
	}
}

func TestADifferenceIsASentence(t *testing.T) {
	a := sim.Result{LatencyMS: 10, DRAMBytesPerToken: 100, PhoneEnergyMJ: 40}
	for _, c := range []struct {
		a, b sim.Result
		want string
	}{
		{a, sim.Result{LatencyMS: 12.34, DRAMBytesPerToken: 100, PhoneEnergyMJ: 39.04},
			"A token of B takes 23 % more time, no more DRAM traffic and 2.4 % less energy than one of A."},
		{sim.Result{LatencyMS: 10}, sim.Result{LatencyMS: 5}, "A token of B takes 50 % less time than one of A."},
		{sim.Result{}, a, "Nothing that could be compared was simulated."},
	} {
		if got := difference(&c.a, &c.b); got != c.want {
			t.Errorf("it says %q, want %q", got, c.want)
		}
	}
}

func TestASettingIsItsQuery(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s Setting
		for _, f := range fields {
			if rapid.Bool().Draw(t, f.key) {
				value := rapid.SampledFrom([]string{"1", "2", "17", "200"}).Draw(t, "value")
				if err := f.set(&s, value); err != nil && !strings.Contains(err.Error(), "whole number") {
					t.Fatal(err)
				}
			}
		}
		for range rapid.IntRange(0, 3).Draw(t, "sets") {
			s.Sets = append(s.Sets, rapid.StringMatching(`[a-z.&=%+ é]{1,8}x`).Draw(t, "set"))
		}
		for i := range s.Sets {
			s.Sets[i] = strings.TrimSpace(s.Sets[i])
		}
		state, err := parseState(s.Query())
		if err != nil {
			t.Fatalf("%s: %v", s.Query(), err)
		}
		if state.B != nil || state.A.Query() != s.Query() {
			t.Fatalf("%s is read as %s", s.Query(), state.A.Query())
		}
	})
}

func TestTheLastFewAreKept(t *testing.T) {
	f := newRecent[int](2)
	for i, q := range []string{"a", "b", "a", "c"} {
		if _, ok := f.find(q); !ok {
			f.keep(q, i)
		}
	}
	for q, want := range map[string]bool{"a": true, "b": false, "c": true} {
		if _, ok := f.find(q); ok != want {
			t.Errorf("%s is kept: %v", q, ok)
		}
	}
}

func TestWhatIsMadeTwiceTakesOnePlace(t *testing.T) {
	f := newRecent[int](2)
	f.keep("b", 1)
	f.keep("a", 2)
	f.keep("a", 3)
	if _, ok := f.find("b"); !ok {
		t.Error("b had to give way to the second a")
	}
	if v, _ := f.find("a"); v != 3 {
		t.Errorf("a is %d", v)
	}
}

func TestServeEndsCleanly(t *testing.T) {
	x := explorer(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + listener.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- x.Serve(ctx, listener) }()

	client := &http.Client{Transport: &http.Transport{}}
	response, err := client.Get(url + "/api/run?device=iphone13&layers=1&prompt_tokens=1")
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatal(err, response)
	}
	response.Body.Close()

	// A simulation under way, which would take long, ends with the server.
	busy := make(chan struct{})
	go func() {
		defer close(busy)
		if r, err := client.Get(url + "/api/run?device=iphone13&model=mobilellm-125m&layers=120&tokens=64&prompt_tokens=512"); err == nil {
			r.Body.Close()
		}
	}()
	for len(x.turn.running) == 0 {
		runtime.Gosched()
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Serve returns %v", err)
	}
	<-busy
	client.CloseIdleConnections()
	// The last handlers may still be returning.
	for deadline := time.Now().Add(10 * time.Second); ownGoroutines() != ""; {
		if time.Now().After(deadline) {
			t.Fatalf("goroutines are left:\n%s", ownGoroutines())
		}
		time.Sleep(time.Millisecond)
	}
}

// ownGoroutines are the stacks of those that run code of the explorer, tests
// apart.
func ownGoroutines() string {
	stacks := make([]byte, 1<<20)
	var own []string
	for range 100 { // one that ends may still be seen
		own = own[:0]
		for stack := range strings.SplitSeq(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
			if strings.Contains(stack, "memsim/explorer.(*") && !strings.Contains(stack, "testing.tRunner") {
				own = append(own, stack)
			}
		}
		if len(own) == 0 {
			return ""
		}
		runtime.Gosched()
	}
	return strings.Join(own, "\n\n")
}
