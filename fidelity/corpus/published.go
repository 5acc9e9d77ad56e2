package corpus

import (
	"embed"
	"errors"
	"path"
	"sync"
)

//go:embed data/*.csv
var data embed.FS

//go:embed machines/machines.csv
var machines embed.FS

// Published returns the measurements that memsim ships, in the order of their
// files. The rows belong to the caller, what they point to does not.
func Published() ([]Row, error) {
	rows, err := published()
	return append([]Row(nil), rows...), err
}

// Machines returns measurements of laptops and small computers under the same
// runtimes. They describe no phone: nothing is fitted or validated with them.
func Machines() ([]Row, error) { return readAll(machines, "machines") }

var published = sync.OnceValues(func() ([]Row, error) {
	rows, err := readAll(data, "data")
	for i := range rows {
		rows[i].Shipped = true
	}
	return rows, err
})

func readAll(files embed.FS, folder string) ([]Row, error) {
	if _, err := loaded(); err != nil {
		return nil, err
	}
	entries, err := files.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var rows []Row
	var problems []error
	for _, entry := range entries {
		f, err := files.Open(path.Join(folder, entry.Name()))
		if err != nil {
			return nil, err
		}
		list, err := Read(entry.Name(), f)
		f.Close()
		rows, problems = append(rows, list...), append(problems, err)
	}
	return rows, errors.Join(problems...)
}
