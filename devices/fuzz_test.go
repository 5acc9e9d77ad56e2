package devices

import "testing"

// These look for parts and energy assumptions that panic, or that are neither read
// nor refused.
func FuzzParseDRAMPart(f *testing.F)         { fuzzPart(f, dramForm) }
func FuzzParseFlashPart(f *testing.F)        { fuzzPart(f, flashForm) }
func FuzzParseEnergyAssumption(f *testing.F) { fuzzPart(f, assumptionForm) }

func fuzzPart[T any](f *testing.F, form form[T]) {
	for _, name := range form.library.names() {
		_, content, err := form.library.read(name, "")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content, "")
	}
	f.Add([]byte("a: &a [*a]\n"), "a=b")
	f.Add([]byte("{name: x, schema: 1, timings: {[1]: 2}}"), "timings=")
	f.Fuzz(func(t *testing.T, content []byte, set string) {
		changes, _ := parseSets([]string{set})
		part, doc := form.parse("p.yaml", content, "", changes)
		if part == nil && len(doc.problems) == 0 {
			t.Fatal("neither a part nor a problem")
		}
	})
}
