// Package flash simulates a phone's storage: a UFS or NVMe device of dies on
// channels behind a link, and the page cache in front of it.
//
//	mapped file ─▶ PageCache ─▶ queue ─▶ controller ─▶ link
//	               (DRAM)                    │           ▲
//	                                      channels ──────┘
//	                                      │      │
//	                                     dies   dies        a die: array → page register
//
// A command is a range of whole 4 KiB sectors. The controller takes commands
// one after another, each for the command latency, as soon as one of the
// queue's slots is free. The range is cut at units (the pages that one sensing
// of a die brings: page size times planes). Consecutive units lie on consecutive
// channels, and after a round on the next die of each. A die senses a unit into
// its register, the sectors wanted leave it over the channel, which its dies
// share, and then over the link. Earlier commands go first; later ones use a bus
// while it would wait for them, and complete out of order. A command is complete
// with its last byte on the host's side.
//
// A command that begins where the last one ended continues a stream. Ahead of a
// stream the device reads on its own, whole units, up to the read-ahead behind
// the end of the last command, and a die senses the next unit while the last one
// leaves it (cache read). Any other command waits for its dies: each senses only
// after its register is empty. This is the difference between sequential and
// random reads.
//
// The host reads a mapped file in windows of the read-ahead, as many in flight as
// the queue takes; Device.Read does that. Probe is to the model what fio is to a
// disk.
//
// Times add and are compared, nothing else; so a device's future is its past
// shifted in time once its state repeats. In a long read it does so after some
// stripes (a round over all dies), and whole stripes are then jumped over. A 7 GB
// model is read in microseconds of host time, with the times of the event by
// event computation to the picosecond; tests hold both to each other.
//
// Held against MQSim and SimpleSSD: see testdata/README.md for what agrees, and
// for which rules of theirs are left out.
//
// # Caveats
//
//   - Reads only: no programming, erasing, garbage collection, wear or
//     refresh. Weights are written once.
//   - Blocks lie where their address says, as after a file was written in one
//     go to an empty device. A fragmented file reads slower.
//   - The map from logical to physical addresses costs nothing beside the
//     command latency. Real devices without DRAM lose time when random reads
//     range over more than the map they can hold (PowerInfer-2: 1 GB/s of 4 KiB
//     reads within 128 MB, 0.85 within 512 MB); a part's command latency is
//     that of one range.
//   - page_read is the time that is seen on average. Where a part was fitted to
//     measurements whose data came from a buffer or an SLC region, it is shorter
//     than an array senses; the part's file says so.
//   - Errors and retries are not modelled, nor is the wake-up from a link's
//     power saving.
//   - Energy is per bit read. Sensing a whole page for one sector costs real
//     devices more than that.
//   - The page cache is one exact LRU list. Linux keeps an active and an
//     inactive one, which protect pages used twice, and iOS compresses; a model
//     read from end to end for each token finds nothing in any of them once it is
//     larger than the budget by more than what a smarter policy would pin.
package flash
