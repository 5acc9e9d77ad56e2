// Package compute says how long a unit's arithmetic takes and what energy it
// costs, given the runtime that drives it, when operands are there as they are
// needed. Waiting for them is the replay's concern.
//
// An operator is a number of multiply-accumulates (MACs) over weights of one
// storage format. The runtime turns that format into an arithmetic type of the
// unit, at a cost for each weight, and reaches a share of the unit's peak rate
// that depends on how many tokens each loaded weight serves:
//
//	time = MACs / (peak · share(tokens)) + dequantization + element-wise work
//	1/share(n) = 1/compute_share + (1/matvec_share − 1/compute_share) / n
//
// The second line says that a weight costs a fixed time to bring into a register
// and unpack, and then a time per token: with one token the share is that of
// matrix-vector products, with many it nears that of matrix products.
//
// Work without MACs (normalisation, rotation, gating) costs operations per
// element, in the widest float type that the unit has; see the table in
// elements.go.
//
// # Caveats
//
//   - Clocks do not change: neither throttling nor the ramp after idling is
//     modelled. A profile's rates are sustained ones.
//   - Cores of a cluster are one unit with the sum of their rates; an uneven
//     split of rows over them is in matvec_share.
//   - The shape of a product enters by the length of its inner products alone
//     (Work.Cols). Rows that do not fill a tile of a GPU are not modelled.
//   - Energy is that of operations with what the profile adds for instruction
//     overhead; it does not fall with idle lanes.
package compute
