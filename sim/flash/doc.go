// Package flash simulates a phone's storage: a UFS or NVMe device of dies on
// channels behind a link, and the page cache in front of it.
package flash
