package explorer

import (
	"net/url"
	"reflect"
	"testing"

	"github.com/memsim/memsim/internal/fault/faulttest"
)

// FuzzParseSetting looks for queries that panic, or that are accepted and then
// are not the same when they are written and read again.
func FuzzParseSetting(f *testing.F) {
	for _, query := range []string{
		"device=pixel8pro&model=mobilellm-125m&layers=30&sram_mib=0.5&set=dram.channels%3D2&set=a", "layers=0", "sram_mib=NaN", "sram_mib=1e-310", "tokens=%32", "device=a&device=b", "%zz",
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		faulttest.Bounded(t, 1<<20, 1<<9, len(query), func() {
			s, err := parseSetting(values)
			if err != nil {
				faulttest.Refused(t, err)
				return
			}
			again, err := url.ParseQuery(s.Query())
			if err != nil {
				t.Fatal(err)
			}
			if same, err := parseSetting(again); err != nil || !reflect.DeepEqual(s, same) {
				t.Fatalf("%+v is written as %q, which reads as %+v (%v)", s, s.Query(), same, err)
			}
		})
	})
}
