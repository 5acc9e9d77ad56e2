package main

import (
	"github.com/memsim/memsim/sim"
)

// audit checks the invariants of a ledger as it passes by, under -v.
type audit struct {
	on      bool
	auditor sim.Auditor
	rows    int64
}

func newAudit(m *sim.Machine, on bool) audit {
	a := audit{on: on}
	for _, name := range m.Unit().Caches {
		if cache, err := m.Device().Cache(name); err == nil {
			a.auditor.Line = max(a.auditor.Line, cache.Line.Value)
		}
	}
	return a
}

func (a *audit) add(r *sim.Row) error {
	a.rows++
	if !a.on {
		return nil
	}
	return a.auditor.Add(r)
}
