// Package explorer is a web page that answers what a token of a model costs on
// a phone while its reader changes the model and the phone.
//
// The mental model: a Setting is one answerable question, a device, a model and
// the length of a run; a State is one setting, or two side by side. A state is
// the query of a URL and nothing else, so that an address can be kept or sent to
// somebody. An answer is a shape-only run of the engine replayed on the device;
// the last few are kept, which saves time and changes nothing.
//
//	/?device=pixel8pro&model=mobilellm-125m&compare=1&b.sharing=immediate
//	  │
//	  ├─ /                    the page; its script asks for the others
//	  ├─ /api/run             figures and charts as JSON
//	  ├─ /report.html         the report of package profiles/html
//	  ├─ /results.json        the figures as every command prints them
//	  ├─ /profile.pb.gz       for go tool pprof
//	  └─ /pprof/SETTING/      pprof's own web UI of that profile
//
// In a state of two settings, the second is the first one with the fields that
// begin with "b." changed.
//
// What a request may do is bounded: names are those of shipped profiles and
// presets and of the files given to New, no other file is read; sizes of models
// and lengths of runs have limits; only a few runs go on at a time, and one ends
// when its client goes away. Requests for names of other hosts (DNS rebinding),
// and requests that other sites' pages make, are refused. If a token is set,
// every path starts with it.
//
// # Caveats
//
// A replay looks for a cancelled request between operators: the one under way,
// reading a model of many gigabytes from flash for example, still ends. pprof's
// UI reads, but cannot change here, the named views in the settings file that
// pprof keeps for the user who runs the server. Its graph needs Graphviz.
package explorer
