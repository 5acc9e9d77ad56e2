package flash

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/units"
)

// pageByPage is a page cache as a list of pages, most recent first.
type pageByPage struct {
	page, budget uint64
	pages        []uint64
}

func (c *pageByPage) Touch(addr uint64, n units.Bytes) (missing []Extent) {
	for page := addr / c.page; n > 0 && page*c.page < addr+uint64(n); page++ {
		if i := slices.Index(c.pages, page); i >= 0 {
			c.pages = slices.Delete(c.pages, i, i+1)
		} else {
			missing = units.AppendExtent(missing, page*c.page, (page+1)*c.page)
			c.pages = c.pages[:min(len(c.pages), int(c.budget)-1)]
		}
		c.pages = slices.Insert(c.pages, 0, page)
	}
	return missing
}

func TestPageCacheAnswersAsPagesDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const page = 4096
		budget := rapid.Uint64Range(1, 64).Draw(t, "pages")
		c, err := NewPageCache(units.Bytes(budget*page), page)
		if err != nil {
			t.Fatal(err)
		}
		ref := &pageByPage{page: page, budget: budget}
		for range rapid.IntRange(1, 40).Draw(t, "touches") {
			addr := rapid.Uint64Range(0, 100*page).Draw(t, "addr")
			n := units.Bytes(rapid.Int64Range(0, 100*page).Draw(t, "n"))
			if got, want := c.Touch(addr, n), ref.Touch(addr, n); !slices.Equal(got, want) {
				t.Fatalf("touching %d bytes at %d: missing %v, page by page %v", n, addr, got, want)
			}
			if got := c.Resident(); got != units.Bytes(len(ref.pages)*page) {
				t.Fatalf("%d bytes resident, page by page %d", got, len(ref.pages)*page)
			}
		}
	})
}

func TestMistakesInPageCaches(t *testing.T) {
	if _, err := NewPageCache(1000, 4096); !fault.IsUser(err) {
		t.Error(err)
	}
	if _, err := NewPageCache(10000, 5000); !fault.IsUser(err) {
		t.Error(err)
	}
}

// A model that is a little larger than its budget, read from end to end for each
// token, finds nothing of itself: what comes next is always what was used
// longest ago.
func ExamplePageCache() {
	const model = 110 << 20
	for _, budget := range []units.Bytes{100 << 20, 110 << 20} {
		cache, err := NewPageCache(budget, 16<<10)
		if err != nil {
			fmt.Println(err)
			return
		}
		cache.Touch(0, model) // the first token loads it
		var missed units.Bytes
		for _, e := range cache.Touch(0, model) {
			missed += e.Bytes
		}
		fmt.Printf("budget %d MiB: %d of %d MiB from storage\n", budget>>20, missed>>20, model>>20)
	}
	// Output:
	// budget 100 MiB: 110 of 110 MiB from storage
	// budget 110 MiB: 0 of 110 MiB from storage
}

// BenchmarkPageCache touches the weights of a model for one token, tensor by
// tensor.
func BenchmarkPageCache(b *testing.B) {
	for _, budget := range []units.Bytes{1 << 30, 8 << 30} {
		b.Run(fmt.Sprintf("budget=%dGiB", budget>>30), func(b *testing.B) {
			c, err := NewPageCache(budget, 16<<10)
			if err != nil {
				b.Fatal(err)
			}
			const tensor, tensors = 23_456_789, 291
			for b.Loop() {
				for i := range uint64(tensors) {
					c.Touch(i*tensor, tensor)
				}
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)*1e6, "us/token")
		})
	}
}
