#!/usr/bin/env bash
# Fuzzes everything that memsim reads, one target after another:
#
#   scripts/fuzz.sh [TIME [PATTERN]]
#
# TIME is how long each target runs (default 10m), PATTERN a regular expression
# over "package target" that chooses some. A finding ends the script; its input is
# in testdata/fuzz of the package, where `go test` runs it from then on.
set -euo pipefail
cd "$(dirname "$0")/.."

time=${1:-10m}
pattern=${2:-.}

# Package and target of each fuzz test in the tree.
targets() {
  grep -rnoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . |
    sed -E 's|^\./(.*)/[^/]*:[0-9]+:func (.*)$|./\1 \2|' | LC_ALL=C sort
}

targets | grep -E -- "$pattern" | while read -r package target; do
  printf '== %s %s for %s\n' "$package" "$target" "$time"
  go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 100x -parallel "${PARALLEL:-$(nproc)}" "$package" </dev/null
done
