// Package corpus is what people measured: language models on phones and boards,
// each figure with its source, and the tables that lead from the spellings of
// sources to the names of memsim.
//
// The mental model: a Record is one line of a file, spelt as its source spells
// it. Map turns it into a Row, whose phone, runtime, model and format are names
// of memsim, whose lengths are numbers, and whose value is in the unit of its
// metric. A row either is held against predictions or says why not (Exclude), so
// that every line is accounted for.
//
//	data/*.csv ─┐                    mapping/*.csv
//	           ├─ReadRecords─▶ Record ────Map───▶ Row ──▶ validation, calibration
//	FILE.csv  ─┘                                   └─Count─▶ how many of what
//
// The same reader takes files of three kinds: those shipped here, the tidy table
// that collectors of measurements exchange (device, runtime, quant,
// context_or_prompt_tokens, note, ...), and the short one of memsim validate
// --data (device, runtime, unit, model, quant, context, metric, value, fitted,
// source). Spellings are compared loosely: case, punctuation, publishers,
// makers and words such as instruct do not count.
//
// Machines are other computers under the same runtimes.
//
// # Caveats
//
// A row is as good as its source. Rows of vendors are at their best clocks; those
// of apps include what the app does beside; many state no lengths, and Assumed
// names the ones that lengths.csv supplies. Formats of runtimes are taken as the
// nearest that there is (formats.csv says which). A device that has no profile is
// predicted as another with its SoC (StandIn), whose memory may differ.
package corpus
