package explorer_test

import (
	"sync"
	"testing"

	"github.com/memsim/memsim/explorer"
)

var once = sync.OnceValues(func() (*explorer.Explorer, error) {
	return explorer.New(explorer.Config{Version: "0.1.0"})
})

// standard is an explorer of what ships, made once.
func standard(t testing.TB) *explorer.Explorer {
	t.Helper()
	x, err := once()
	if err != nil {
		t.Fatal(err)
	}
	return x
}
