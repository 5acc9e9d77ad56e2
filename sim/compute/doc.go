// Package compute says how long a unit's arithmetic takes and what energy it
// costs, given the runtime that drives it.
package compute
