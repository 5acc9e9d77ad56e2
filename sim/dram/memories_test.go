package dram

import (
	"context"
	"iter"

	"github.com/memsim/memsim/units"
)

// A memory is one of either room.
type memory interface {
	Move(units.Picoseconds, []Extent) Transfer
	MoveAll(units.Picoseconds, iter.Seq2[Batch, error]) (Transfer, error)
	Idle(units.Picoseconds) Transfer
	Now() units.Picoseconds
	Spec() *Spec
	Channels() []ChannelUse
	Bind(context.Context)
	Err() error
}

func newFast(s Spec) *FastMemory { return NewMemo().New(s) }
