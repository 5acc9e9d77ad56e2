package explorer_test

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/memsim/memsim/explorer"
	"github.com/memsim/memsim/profiles"
)

// The address of the page holds a setting; the same query gives its figures to
// a script.
func Example() {
	x, err := explorer.New(explorer.Config{Version: "0.1.0"})
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(x)
	defer server.Close()

	response, err := http.Get(server.URL + "/results.json?device=iphone13&model=mobilellm-125m&layers=2&sharing=immediate")
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	var c profiles.Comparison
	if err := json.NewDecoder(response.Body).Decode(&c); err != nil {
		log.Fatal(err)
	}
	r := c.Results[0]
	fmt.Printf("%s on %s: %d layers of %d blocks\n", r.Model, c.Title, r.LayersExecuted, r.LayersStored)
	// Output:
	// mobilellm-125m+layers=2,sharing=immediate on Apple iPhone 13: 4 layers of 2 blocks
}
