// Package gguf reads and writes GGUF, the container of llama.cpp: typed
// metadata, a table of tensors, and their data.
//
// The mental model, with everything little-endian and the data section aligned:
//
//	magic version | tensor count, field count | fields | tensor table | padding | data
//
// A File is a view of bytes that somebody else holds (a memory-mapped file as a
// rule): parsing keeps positions into them and copies only names. Metadata
// arrays, such as a vocabulary of 128,256 strings, are checked and skipped, and
// decoded when asked for.
//
// Files are not trusted. A count, a length or an offset is held against the
// bytes that are there before anything is allocated for it, so a damaged file is
// refused in milliseconds, with the field that is wrong.
//
// The format is documented at github.com/ggml-org/ggml, docs/gguf.md.
//
// # Caveats
//
// Versions 2 and 3, little-endian, one file. Nested arrays, split models and
// tensor types other than those of package quant are refused.
package gguf
