package results

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzRows looks for files of rows that panic, or that yield a row which is not
// of the sweep.
func FuzzRows(f *testing.F) {
	f.Add([]byte(`{"memsim":"1","points":9,"shards":1,"spec":[{"name":"seed","value":"1"}]}`),
		[]byte("{\"point\":0,\"result\":{\"latency_ms_per_token\":1.5}}\n{\"point\":4,\"invalid\":\"no\"}\n"), []byte("{\"point\":0,\"result\":{}}\n{\"poi"))
	dir := f.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, rowsFolder), 0o700); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, description, sealed, part []byte) {
		for name, data := range map[string][]byte{
			descriptionFile: description, rowsFolder + "/00000-of-00001.jsonl": sealed, rowsFolder + "/00000-of-00001.1.part": part,
		} {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		folder, err := Open(dir)
		if err != nil || folder.About().Points > 1000 {
			return
		}
		if _, err := folder.Done(); err != nil {
			return
		}
		last := -1
		for r, err := range folder.Rows(space(t, folder.About().Points)) {
			if err != nil {
				return
			}
			if r.Index <= last || r.Index >= folder.About().Points {
				t.Fatalf("row of point %d follows that of %d, of %d", r.Index, last, folder.About().Points)
			}
			last = r.Index
		}
	})
}
