package explorer

import (
	"crypto/rand"
	"encoding/base64"
	"github.com/memsim/memsim/fidelity/posterior"
	"github.com/memsim/memsim/study"
	"log"
	"net/http"
	"runtime"
	"time"
)

// Config says what an explorer offers and to whom.
type Config struct {
	Version string   // of the program
	Devices []string // paths of device profiles that may be named, beside the shipped ones
	Models  []string // paths of models that may be named, beside the presets
	Hosts   []string // names by which the server is asked for, beside localhost and IP addresses
	Token   string   // first element of every path; "" for none
	Seed    uint64   // of prompts
	// Log takes failures of the server, not mistakes of its users; nil discards
	// them.
	Log *log.Logger
}

// Explorer serves the page. It is an http.Handler and starts nothing of its own.
type Explorer struct {
	config  Config
	catalog *catalog
	turn    *turn
	timeout time.Duration // of a run
	flames  *recent[flame]
	answers *recent[answered]
	draws   *posterior.Draws // of what is uncertain, for the intervals of figures
	handler http.Handler
}

// New returns an explorer. A device or a model that cannot be opened is a user's
// mistake.
func New(c Config) (*Explorer, error) {
	catalog, err := newCatalog(c.Devices, c.Models)
	if err != nil {
		return nil, err
	}
	x := &Explorer{config: c, catalog: catalog, turn: newTurn(runtime.GOMAXPROCS(0), maxWaiting), timeout: runTimeout,
		flames: newRecent[flame](keptProfiles), answers: newRecent[answered](keptAnswers)}
	fitted, err := posterior.Shipped()
	if err != nil {
		return nil, err
	}
	x.draws = fitted.Draw(study.DefaultSamples, c.Seed)
	page, err := x.pages()
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	for path, handler := range page {
		mux.Handle("GET "+path, handler)
	}
	mux.HandleFunc("GET /api/run", x.serveRun)
	mux.HandleFunc("GET /report.html", x.serveReport)
	mux.HandleFunc("GET /results.json", x.serveResults)
	mux.HandleFunc("GET /profile.pb.gz", x.serveProfile)
	mux.HandleFunc("GET /pprof/{setting}/{page...}", x.serveFlame)
	x.handler = x.guard(mux)
	return x, nil
}

// Path is that of the page: the root, or below the token.
func (x *Explorer) Path() string {
	if x.config.Token == "" {
		return "/"
	}
	return "/" + x.config.Token + "/"
}

// ServeHTTP answers a request.
func (x *Explorer) ServeHTTP(w http.ResponseWriter, r *http.Request) { x.handler.ServeHTTP(w, r) }

// NewToken returns a random token for Config: 128 bits that fit a URL.
func NewToken() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}
