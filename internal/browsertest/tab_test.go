package browsertest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

const loud = `<!DOCTYPE html><link rel="icon" href="data:,"><script>
	console.error("first");
	fetch("http://example.com/").catch(() => {});
	setTimeout(() => { throw new Error("last") }, 100);
</script>`

func TestWhatAPageComplainsOfAndWhomItAsksIsSeen(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, loud) }))
	defer server.Close()
	tab := Open(t, server.URL+"/?page")
	said := ""
	for !strings.Contains(said, "last") { // it comes in the browser's own time
		tab.Run(chromedp.Sleep(10 * time.Millisecond))
		said += strings.Join(tab.Complaints(), "\n") + "\n"
	}
	if !strings.Contains(said, "console: \"first\"") {
		t.Errorf("of an error on the console is said %q", said)
	}
	if asked := tab.strangers(); !slices.Equal(asked, []string{"http://example.com/"}) {
		t.Errorf("asked for elsewhere: %q", asked)
	}
}

func TestAFileIsASiteOfItsOwn(t *testing.T) {
	for address, want := range map[string]string{
		"file:///tmp/report.html":       "file:///tmp/report.html",
		"http://127.0.0.1:80/?device=x": "http://127.0.0.1:80/",
	} {
		if got := siteOf(t, address); got != want {
			t.Errorf("the site of %s is %s, want %s", address, got, want)
		}
	}
}
