package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestADatabaseOfACheckout(t *testing.T) {
	checkout, database := t.TempDir(), t.TempDir()
	for name, text := range map[string]string{
		"GO-1.json": `{"id":"GO-1","modified":"2026-01-02T00:00:00Z","affected":[{"package":{"name":"example.com/a"},"ranges":[{"events":[{"introduced":"0"},{"fixed":"1.2.3"}]}]}]}`,
		"GO-2.json": `{"id":"GO-2","modified":"2026-01-03T00:00:00Z","withdrawn":"2026-01-04T00:00:00Z","affected":[{"package":{"name":"example.com/a"}}]}`,
	} {
		if err := write(filepath.Join(checkout, "data", "osv", name), rawText(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := build(checkout, database); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"index/modules.json": `[{"path":"example.com/a","vulns":[{"id":"GO-1","modified":"2026-01-02T00:00:00Z","fixed":"1.2.3"}]}]`,
		"index/db.json":      `{"modified":"2026-01-02T00:00:00Z"}`,
	} {
		got, err := os.ReadFile(filepath.Join(database, name))
		if err != nil || string(got) != want {
			t.Errorf("%s is %s (%v), want %s", name, got, err, want)
		}
	}
	if _, err := os.Stat(filepath.Join(database, "ID", "GO-2.json")); err == nil {
		t.Error("a report that was withdrawn is in the database")
	}
	if err := build(t.TempDir(), database); err == nil {
		t.Error("a folder that is no checkout is taken for one")
	}
}

type rawText string

func (r rawText) MarshalJSON() ([]byte, error) { return []byte(r), nil }
