package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/memsim/memsim/profiles"
)

// server is a memsim serve that runs as long as its test.
type server struct {
	*testing.T
	url  string
	stop context.CancelFunc
	code chan int
	err  *bytes.Buffer
}

// startServer runs memsim serve and waits for the address that it prints.
func startServer(t *testing.T, args ...string) *server {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	s := &server{T: t, stop: stop, code: make(chan int, 1), err: &bytes.Buffer{}}
	out, in := io.Pipe()
	go func() {
		s.code <- Main(ctx, append([]string{"serve"}, args...), Streams{In: strings.NewReader(""), Out: in, Err: s.err}, nil)
		in.Close()
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("no address: %v, exit code %d: %s", err, <-s.code, s.err)
	}
	go io.Copy(io.Discard, out)
	s.url = strings.TrimSpace(line)
	return s
}

// end is Ctrl-C.
func (s *server) end() {
	s.Helper()
	s.stop()
	if code := <-s.code; code != exitDone {
		s.Errorf("a server that was told to end has exit code %d: %s", code, s.err)
	}
}

func (s *server) get(path string) []byte {
	s.Helper()
	response, err := http.Get(s.url + path)
	if err != nil {
		s.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		s.Fatalf("%s: status %d: %.300s (%v)", path, response.StatusCode, body, err)
	}
	return body
}

// The explorer's exports are the files of the main job.
func TestServeExportsWhatTheMainJobWrites(t *testing.T) {
	inFolder(t)
	smallShape(t)
	s := startServer(t, "--http", "127.0.0.1:0", "--model", "small.yaml")
	defer s.end()
	if !regexp.MustCompile(`^http://127\.0\.0\.1:\d+/$`).MatchString(s.url) {
		t.Errorf("the address is %s", s.url)
	}
	const query = "device=pixel8pro&unit=gpu&model=small.yaml&layers=3&quant=f16&tokens=3&prompt_tokens=5&compare=1&b.sharing=immediate"
	var served profiles.Comparison
	if err := json.Unmarshal(s.get("results.json?"+query+"&side=a"), &served); err != nil {
		t.Fatal(err)
	}
	mustMemsim(t, "--device", "pixel8pro", "--unit", "gpu", "--model", "small.yaml", "--layers", "3", "--quant", "f16", "--tokens", "3", "--prompt-tokens", "5", "--shape-only",
		"--what-if=false") // which is the main job's alone
	text, err := os.ReadFile(filepath.Join(defaultOut, resultsFile))
	if err != nil {
		t.Fatal(err)
	}
	var written profiles.Comparison
	if err := json.Unmarshal(text, &written); err != nil {
		t.Fatal(err)
	}
	for i := range written.Results {
		written.Results[i].HostTokensPerS, served.Results[i].HostTokensPerS = 0, 0
	}
	if !reflect.DeepEqual(served, written) {
		t.Errorf("served\n%+v\nwritten\n%+v", served, written)
	}
	report := string(s.get("report.html?" + query))
	if !strings.Contains(report, "small+layers=3,sharing=immediate") || !strings.Contains(report, "Weights are synthetic") {
		t.Error("the report does not hold both settings and the notes")
	}
}

func TestServeBeyondLoopbackHasAToken(t *testing.T) {
	inFolder(t)
	s := startServer(t, "--http", "0.0.0.0:0")
	defer s.end()
	m := regexp.MustCompile(`^http://[^/]+:(\d+)/([\w-]{22})/$`).FindStringSubmatch(s.url)
	if m == nil {
		t.Fatalf("the address is %s", s.url)
	}
	s.url = "http://127.0.0.1:" + m[1] + "/"
	if page := s.get(m[2] + "/"); !bytes.Contains(page, []byte("explorer")) {
		t.Errorf("the page is %.200s", page)
	}
	response, err := http.Get(s.url)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusNotFound {
		t.Errorf("without the token: status %d", response.StatusCode)
	}
}

func TestServeForScripts(t *testing.T) {
	inFolder(t)
	ctx, stop := context.WithCancel(context.Background())
	stop()
	r := memsimContext(t, ctx, nil, "serve", "--format", "json")
	if got := decode[serveReply](t, r); r.code != exitDone || !strings.HasPrefix(got.URL, "http://localhost:") || got.Memsim != version {
		t.Errorf("exit code %d, %+v: %s", r.code, got, r.err)
	}
	wantEmpty(t)
}

func TestServeRefusesWhatItCannotServe(t *testing.T) {
	inFolder(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for args, want := range map[string]string{
		"--http localhost":                "localhost:8080",
		"--http localhost:http:1":         "--http",
		"--http localhost:99999":          "--http",
		"--http 192.0.2.1:0":              "--http",
		"--http " + taken.Addr().String(): "another program",
		"--model none.gguf":               "none.gguf",
		"--device none.yaml":              "none.yaml",
		"more":                            "takes no argument",
	} {
		wantMistake(t, memsim(t, append([]string{"serve"}, strings.Fields(args)...)...), want)
	}
}
