#!/usr/bin/env bash
# Measures every speed that the README states, and writes the table of them, each
# beside that of its peer, into the README. One command, Go and nothing else:
#
#   scripts/bench.sh [OPTION]...
#
# The simulator's speeds are Go benchmarks on one core, the best of several runs.
# Ramulator's are read from its recorded runs of the same loads on the same part
# (sim/dram/testdata/ramulator2-lpddr5.jsonl), not run again.
#
# The engine's speeds are measured by scripts/compare-llama.sh, which follows if
# there is a llama-bench: LLAMA_BENCH=path/to/llama-bench scripts/bench.sh
set -euo pipefail

usage() {
  sed -n '2,/^set /s/^# \{0,1\}//p' "$0"
  cat <<'END'

Options:
  --count N        runs of each benchmark (default 5)
  --benchtime T    of a run, as go test takes it (default 1s)
  --readme FILE    whose table is replaced (default the repository's; none: only print)
END
}

fail() {
  echo "bench: $*" >&2
  exit 2
}

root=$(cd "$(dirname "$0")/.." && pwd)
count=5 benchtime=1s readme=$root/README.md
begin='<!-- bench: begin -->'
end='<!-- bench: end -->'

while (($#)); do
  case $1 in
    -h | --help) usage; exit ;;
    --count | --benchtime | --readme)
      (($# > 1)) || fail "$1 needs a value"
      declare "${1#--}=$2"
      shift 2
      ;;
    *) fail "unknown argument $1 (see --help)" ;;
  esac
done
[[ $count =~ ^[1-9][0-9]*$ ]] || fail "--count $count is not a number of 1 or more"

# A README without room for the table is found out before the long part.
if [[ $readme != none ]]; then
  [[ -f $readme ]] || fail "$readme: no such file"
  readme=$(cd "$(dirname "$readme")" && pwd)/$(basename "$readme")
  awk -v b="$begin" -v e="$end" '$0 == b { n += 1 } $0 == e { n += n == 1 ? 10 : 100 } END { exit n != 11 }' "$readme" ||
    fail "$readme: the table's place is a line \"$begin\" and after it a line \"$end\", once each"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$root"

# measure PACKAGE BENCHMARK UNIT [BENCHTIME] prints the best figure of that unit:
# the largest of a rate, the least of a time.
measure() {
  echo "$1 $2" >&2
  GOMAXPROCS=1 go test -run '^$' -bench "$2" -benchtime "${4:-$benchtime}" -count "$count" "$1" >"$work/log" ||
    { cat "$work/log" >&2; return 1; }
  awk -v unit="$3" '
    { for (i = 2; i <= NF; i++) if ($i == unit && (!n++ || (unit ~ /\/s$/ ? $(i-1) > best : $(i-1) < best))) best = $(i-1) + 0 }
    END { if (!n) exit 1; print best }' "$work/log" || { echo "bench: $2 printed no $3" >&2; return 1; }
}

# ramulator KIND prints the million requests a second of its recorded run, with
# all-bank refresh.
ramulator() {
  sed -n "s/.*\"kind\": \"$1\".*\"refresh\": \"all\".*\"mreq_s\": \([0-9.]*\).*/\1/p" sim/dram/testdata/ramulator2-lpddr5.jsonl | head -1
}

processor() {
  local name
  name=$(awk -F': *' '/^model name/ { print $2; exit }' /proc/cpuinfo 2>/dev/null || true)
  [[ -n $name ]] || name=$(sysctl -n machdep.cpu.brand_string 2>/dev/null || uname -m)
  echo "$name"
}

load() { cut -d' ' -f1 /proc/loadavg 2>/dev/null || uptime | sed 's/.*averages*: *\([0-9.]*\).*/\1/'; }

# caution says so if other work ran before the first measurement.
caution() {
  awk -v load="$load_before" 'BEGIN { if (load > 0.5) printf " (busy with other work: our figures are likely too low)" }'
}

load_before=$(load)
stream=$(measure ./sim/dram/fast '^BenchmarkStream$/^refresh=all$' Mrequests/s)
random=$(measure ./sim/dram/fast '^BenchmarkRandom$' Mrequests/s)
token=$(measure ./sim '^BenchmarkDecodeStep$' ms/token 1x) # once: a second run would know the first
points=$(measure ./designspace '^BenchmarkPoints$' points/s)
events=$(measure ./traces '^BenchmarkReadFile$' events/s)

table() {
  awk -v stream="$stream" -v random="$random" -v token="$token" -v points="$points" -v events="$events" \
    -v theirs="$(ramulator seq)" -v theirs_random="$(ramulator rand)" 'BEGIN {
    requests = 132.5 / 32 # million 32-byte reads of a token: its bytes of weights, in MB
    print "| what | memsim | Ramulator 2.1 | ratio |"
    print "| --- | ---: | ---: | ---: |"
    printf "| DRAM, contiguous 32-byte reads (fast path) | %.0f M/s | %.2f M/s | %.0f |\n", stream, theirs, stream / theirs
    printf "| DRAM, random 32-byte reads (each command) | %.2f M/s | %.2f M/s | %.1f |\n", random, theirs_random, random / theirs_random
    printf "| a decode token of 125 M weights in Q8_0 on a phone | %.2f ms, all of it | %.1f s, DRAM alone | %.0f |\n", token, requests / theirs, 1000 * requests / theirs / token
    printf "| sweep, shapes recorded and replayed | %.1f points/s | | |\n", points
    printf "| trace, events read | %.1f M/s | | |\n", events / 1e6
  }'
  echo
  echo "Best of $count on one core of $(processor), $(go env GOVERSION), $(date -u +%Y-%m-%d), load average $load_before before the run$(caution)." \
    "Ramulator's are of its recorded runs of the same loads on one channel of LPDDR5-6400; its token is its rate over the token's reads. Ours is one of the first eight of a run."
}

table >"$work/table"
cat "$work/table"

if [[ $readme != none ]]; then
  cp -p "$readme" "$readme.new" # keeps the file's mode
  awk -v b="$begin" -v e="$end" -v table="$work/table" '
    $0 == e { inside = 0 }
    !inside { print }
    $0 == b { inside = 1; print ""; while ((getline line < table) > 0) print line; print "" }
  ' "$readme" >"$readme.new"
  mv "$readme.new" "$readme"
  echo "bench: wrote the table into $readme" >&2
fi

if [[ -n ${LLAMA_BENCH:-} ]]; then
  "$root/scripts/compare-llama.sh" --readme "$readme" "$LLAMA_BENCH"
else
  echo "bench: the engine is measured beside llama.cpp with LLAMA_BENCH=path/to/llama-bench" >&2
fi
