// Package profiles shows what a simulation found. It simulates nothing: all
// that it prints is a figure of a sim.Result, or a sum over the rows of a
// sim ledger.
//
// The mental model: a Comparison is the answer of one command, some models on
// one device, the first of which is the one that the others are measured
// against. This package holds its text forms, all made from one list of figures
// (Figures), so that a number has the same name and unit wherever it stands:
//
//	Comparison ──▶ WriteTable     for a terminal, models side by side
//	           ──▶ WriteMarkdown  for a README, a row per model
//	           ──▶ WriteCSV       for a spreadsheet, columns named as the JSON keys
//	           ──▶ WriteJSON      for scripts
//
// What is too large for text has a package of its own. Each of them takes the
// ledger as a stream, a row at a time, and keeps sums and never the rows:
//
//	sim.Row ──Add──▶ html.Model         one HTML file that needs no network
//	        ──Add──▶ pprof.Profile      a profile for go tool pprof
//	        ──Add──▶ timeline.Timeline  a Chrome trace for Perfetto
//	        ──Add──▶ totals.Totals      sums by layer, operator and tensor, of which the first two are made
//
// Every writer takes an io.Writer; where files lie and when they replace an
// older one is the caller's. The same input gives the same bytes.
//
// # Caveats
//
// Tables are rounded to four significant digits; JSON and CSV are not rounded.
// Widths are measured in terminal cells as Unicode counts them, which some
// terminals do not follow for emoji.
package profiles
