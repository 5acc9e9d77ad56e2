package explorer_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/memsim/memsim/explorer"
)

// small is a setting that is answered in no time.
const small = "device=iphone13&model=mobilellm-125m&layers=2&prompt_tokens=4"

// request asks h for a path under a host, with pairs of header names and values.
func request(h http.Handler, method, host, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	r.Host = host
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func get(h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	return request(h, http.MethodGet, "localhost:8080", path, header...)
}

// with is an explorer of its own configuration.
func with(t *testing.T, c explorer.Config) *explorer.Explorer {
	t.Helper()
	x, err := explorer.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestOnlyHostsThatAreThisServerAreAnswered(t *testing.T) {
	x := with(t, explorer.Config{Hosts: []string{"box.example"}})
	for host, want := range map[string]int{
		"localhost":             http.StatusOK,
		"LOCALHOST:9000":        http.StatusOK, // a forwarded port has another number
		"127.0.0.1:8080":        http.StatusOK,
		"[::1]:8080":            http.StatusOK,
		"[fe80::1%25eth0]:80":   http.StatusOK,
		"192.168.7.9:8080":      http.StatusOK,
		"box.example:8080":      http.StatusOK,
		"Box.Example.":          http.StatusOK,
		"evil.example:8080":     http.StatusMisdirectedRequest,
		"localhost.evil.org":    http.StatusMisdirectedRequest,
		"127.0.0.1.nip.io:8080": http.StatusMisdirectedRequest,
		"":                      http.StatusMisdirectedRequest,
	} {
		if w := request(x, http.MethodGet, host, "/"); w.Code != want {
			t.Errorf("host %q: status %d, want %d", host, w.Code, want)
		}
	}
}

func TestOtherSitesMayLinkAndNothingElse(t *testing.T) {
	x := standard(t)
	for _, c := range []struct {
		site, mode, dest string
		want             int
	}{
		{"", "", "", http.StatusOK}, // a program
		{"none", "navigate", "document", http.StatusOK},
		{"same-origin", "cors", "empty", http.StatusOK},
		{"cross-site", "navigate", "document", http.StatusOK},
		{"cross-site", "navigate", "iframe", http.StatusForbidden},
		{"cross-site", "no-cors", "image", http.StatusForbidden},
		{"same-site", "cors", "empty", http.StatusForbidden},
	} {
		w := get(x, "/api/run?"+small, "Sec-Fetch-Site", c.site, "Sec-Fetch-Mode", c.mode, "Sec-Fetch-Dest", c.dest)
		if w.Code != c.want {
			t.Errorf("%+v: status %d", c, w.Code)
		}
	}
}

func TestWithATokenNothingIsServedWithoutIt(t *testing.T) {
	token := explorer.NewToken()
	if token == explorer.NewToken() || len(token) < 22 {
		t.Fatalf("the token %q is no random one", token)
	}
	x := with(t, explorer.Config{Token: token})
	for _, path := range []string{"", "assets/page.js", "api/run?" + small, "results.json?" + small} {
		if w := get(x, x.Path()+path); w.Code != http.StatusOK {
			t.Errorf("%s with the token: status %d", path, w.Code)
		}
		for _, prefix := range []string{"/", "/" + token[1:] + "/", "/" + token + "x/", "//" + token + "/"} {
			if w := get(x, prefix+path); w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), token) {
				t.Errorf("%s%s: status %d: %.80s", prefix, path, w.Code, w.Body)
			}
		}
	}
}

func TestEveryAnswerHasAPolicy(t *testing.T) {
	x := standard(t)
	for path, want := range map[string]string{
		"/":                     "script-src 'self'",
		"/assets/explorer.js":   "default-src 'none'",
		"/api/run?" + small:     "default-src 'none'",
		"/nowhere":              "default-src 'none'",
		"/report.html?" + small: "frame-ancestors 'none'",
		"/pprof/" + strings.ReplaceAll(small, "&", "%26") + "/flamegraph": "default-src 'none'",
	} {
		w := get(x, path)
		for header, part := range map[string]string{
			"Content-Security-Policy": want, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "private, no-cache",
		} {
			if got := w.Header().Get(header); !strings.Contains(got, part) {
				t.Errorf("%s: %s is %q, want %q in it", path, header, got, part)
			}
		}
		if strings.Contains(w.Header().Get("Content-Security-Policy"), "http") {
			t.Errorf("%s: the policy names another server", path)
		}
	}
}

// The policy of the page forbids scripts in place, and so the page has none.
func TestThePageHoldsNoScript(t *testing.T) {
	page := get(standard(t), "/").Body.String()
	for _, tag := range regexp.MustCompile(`<script[^>]*>`).FindAllString(page, -1) {
		if !strings.Contains(tag, `src="assets/`) && tag != `<script type="application/json" id="data">` {
			t.Errorf("the page holds %s", tag)
		}
	}
	for _, forbidden := range []string{"http://", "https://", "onclick", "<style"} {
		if strings.Contains(page, forbidden) {
			t.Errorf("the page holds %q", forbidden)
		}
	}
}

func TestNamesOfFilesCannotBreakOutOfThePage(t *testing.T) {
	evil := filepath.Join(t.TempDir(), "<script>alert(1)<!--.yaml")
	writeShape(t, evil)
	page := get(with(t, explorer.Config{Models: []string{evil}}), "/").Body.String()
	if strings.Contains(page, "<script>alert") || !strings.Contains(page, `\u003cscript\u003ealert`) {
		t.Error("the name of a file stands in the page as it is")
	}
}

func TestOnlyReading(t *testing.T) {
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		if w := request(standard(t), method, "localhost", "/api/run?"+small); w.Code != http.StatusMethodNotAllowed {
			t.Errorf("%s: status %d", method, w.Code)
		}
	}
}

func TestNoFileIsReadThatWasNotGiven(t *testing.T) {
	folder := t.TempDir()
	shape := filepath.Join(folder, "mine.yaml")
	writeShape(t, shape)
	t.Chdir(folder)
	x := standard(t)
	for _, query := range []string{
		"model=" + shape, "model=mine.yaml", "model=./mine.yaml", "device=" + shape, "device=mine.yaml",
		"set=dram.part=" + shape, "set=+dram.part+=+mine.yaml", "set=flash.part=mine.yaml", "energy=mine.yaml",
		"compare=1&b.model=mine.yaml",
	} {
		w := get(x, "/api/run?"+query)
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "is not known") {
			t.Errorf("%s: status %d: %s", query, w.Code, w.Body)
		}
	}
	for _, path := range []string{"/mine.yaml", "/assets/../mine.yaml", "/assets/%2e%2e/mine.yaml", "/assets/mine.yaml", "/pprof/" + "device%3Diphone13" + "/..%2f..%2fmine.yaml"} {
		if w := get(x, path); w.Code == http.StatusOK || strings.Contains(w.Body.String(), "made up for tests") {
			t.Errorf("%s: status %d: %.100s", path, w.Code, w.Body)
		}
	}
}

func TestGivenFilesAreOffered(t *testing.T) {
	t.Chdir(t.TempDir())
	writeShape(t, "mine.yaml")
	x := with(t, explorer.Config{Models: []string{"mine.yaml"}})
	r := answer(t, x, "device=iphone13&model=mine.yaml&layers=3")
	if got := r.Sides[0].Comparison.Results[0]; got.LayersExecuted != 3 || got.Dim != 64 {
		t.Errorf("the model is another one: %+v", got)
	}
	if r := answer(t, x, "prompt_tokens=4"); r.Sides[0].Comparison.Results[0].Dim != 64 {
		t.Error("the given model is not the first one")
	}
	if _, err := explorer.New(explorer.Config{Models: []string{"none.gguf"}}); err == nil {
		t.Error("a model that is not there is accepted")
	}
}

// writeShape writes a shape file of a small model.
func writeShape(t *testing.T, path string) {
	t.Helper()
	text := "name: small\narchitecture: llama\nlayers: 2\ndim: 64\nffn: 160\nheads: 4\nkv_heads: 2\nvocab: 256\n" +
		"tied_embedding: true\nnorm_eps: 1e-5\nrope_base: 10000\ncontext: 512\nsource: made up for tests\n"
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// A host's name is cut between characters.
func TestARefusalQuotesALongHostInPart(t *testing.T) {
	x := with(t, explorer.Config{})
	w := request(x, "GET", "x"+strings.Repeat("é", 100)+".org", "/")
	if text := w.Body.String(); w.Code != http.StatusMisdirectedRequest || !strings.Contains(text, "xéé") || !strings.Contains(text, "é…;") || !utf8.ValidString(text) {
		t.Errorf("status %d: %q", w.Code, text)
	}
}
