// Command vulndb makes a database that govulncheck reads (-db file://DIR) of a
// checkout of github.com/golang/vulndb, for machines that do not reach
// vuln.go.dev. See scripts/vulnerabilities.sh.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// report is what counts in a report of the database, in the OSV format.
type report struct {
	ID        string     `json:"id"`
	Modified  time.Time  `json:"modified"`
	Withdrawn *time.Time `json:"withdrawn"`
	Affected  []struct {
		Package struct {
			Name string `json:"name"`
		} `json:"package"`
		Ranges []struct {
			Events []struct {
				Fixed string `json:"fixed"`
			} `json:"events"`
		} `json:"ranges"`
	} `json:"affected"`
}

// module and vulnerability are entries of index/modules.json; see
// https://go.dev/doc/security/vuln/database.
type module struct {
	Path  string          `json:"path"`
	Vulns []vulnerability `json:"vulns"`
}

type vulnerability struct {
	ID       string    `json:"id"`
	Modified time.Time `json:"modified"`
	Fixed    string    `json:"fixed,omitempty"`
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: vulndb CHECKOUT DATABASE")
		os.Exit(2)
	}
	if err := build(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "vulndb:", err)
		os.Exit(1)
	}
}

func build(checkout, database string) error {
	paths, err := filepath.Glob(filepath.Join(checkout, "data", "osv", "*.json"))
	if err != nil {
		return err
	}
	if len(paths) == 0 {
		return fmt.Errorf("%s has no data/osv/*.json; is it a checkout of github.com/golang/vulndb?", checkout)
	}
	var modules []*module
	byPath := map[string]*module{}
	var newest time.Time
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var r report
		if err := json.Unmarshal(text, &r); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if r.Withdrawn != nil {
			continue
		}
		if r.Modified.After(newest) {
			newest = r.Modified
		}
		for name, fixed := range r.fixes() {
			if byPath[name] == nil {
				byPath[name] = &module{Path: name}
				modules = append(modules, byPath[name])
			}
			byPath[name].Vulns = append(byPath[name].Vulns, vulnerability{r.ID, r.Modified, fixed})
		}
		if err := write(filepath.Join(database, "ID", r.ID+".json"), json.RawMessage(text)); err != nil {
			return err
		}
	}
	if err := write(filepath.Join(database, "index", "modules.json"), modules); err != nil {
		return err
	}
	return write(filepath.Join(database, "index", "db.json"), map[string]time.Time{"modified": newest})
}

// fixes returns the modules that r affects, with the last version that mends
// them.
func (r *report) fixes() map[string]string {
	all := map[string]string{}
	for _, a := range r.Affected {
		fixed := all[a.Package.Name]
		for _, ranges := range a.Ranges {
			for _, e := range ranges.Events {
				if e.Fixed != "" {
					fixed = e.Fixed
				}
			}
		}
		all[a.Package.Name] = fixed
	}
	return all
}

func write(path string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o666)
}
