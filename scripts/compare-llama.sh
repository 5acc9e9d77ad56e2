#!/usr/bin/env bash
# Measures memsim's engine beside llama.cpp and writes the table of both into
# the README. It needs Go, and a llama-bench binary that you already have:
#
#   scripts/compare-llama.sh [OPTION]... [LLAMA_BENCH]
#
# LLAMA_BENCH is the path of the binary; the variable of that name serves as
# well. The figures in the README were made with llama.cpp 0.5.0-dev (commit
# de3ff81), built natively: gcc 12, Release, GGML_NATIVE=ON, GGML_OPENMP=ON and
# GGML_AMX_TILE, GGML_AMX_INT8, GGML_AMX_BF16 OFF. llama-bench runs with
# -p N -n 0 or -p 0 -n N, -t THREADS, -r 1, and defaults for the rest.
#
# Both engines read the same synthetic GGUF files and take turns, test by test,
# so that a machine's ups and downs meet both. A figure is the best over rounds
# and numbers of threads.
set -euo pipefail

usage() {
  sed -n '2,/^set /s/^# \{0,1\}//p' "$0"
  cat <<'END'

Options:
  --models LIST    of MODEL:FORMAT (default "mobilellm-125m:f16 mobilellm-125m:q8_0
                   mobilellm-125m:q4_0 mobilellm-125m:q4_k_m mobilellm-350m:q8_0")
  --threads LIST   numbers of threads to try (default "1 2")
  --rounds N       times that each test runs (default 5)
  --pp N, --tg N   tokens of prompt and of decoding (default 128 and 64)
  --built TEXT     how the llama-bench was built, for the line below the table
  --readme FILE    whose table is replaced (default the repository's; none: only print)
  --memsim FILE    the binary to measure (default: built from this checkout)
END
}

fail() {
  echo "compare-llama: $*" >&2
  exit 2
}

root=$(cd "$(dirname "$0")/.." && pwd)
models="mobilellm-125m:f16 mobilellm-125m:q8_0 mobilellm-125m:q4_0 mobilellm-125m:q4_k_m mobilellm-350m:q8_0"
threads="1 2" rounds=5 pp=128 tg=64 built="" readme=$root/README.md memsim="" llama=${LLAMA_BENCH:-}
begin='<!-- compare-llama: begin -->'
end='<!-- compare-llama: end -->'

while (($#)); do
  case $1 in
    -h | --help) usage; exit ;;
    --models | --threads | --rounds | --pp | --tg | --built | --readme | --memsim)
      (($# > 1)) || fail "$1 needs a value"
      declare "${1#--}=$2"
      shift 2
      ;;
    -*) fail "unknown option $1 (see --help)" ;;
    *) llama=$1; shift ;;
  esac
done

for number in "$rounds" "$pp" "$tg" $threads; do
  [[ $number =~ ^[1-9][0-9]*$ ]] || fail "\"$number\" is not a number of 1 or more"
done
[[ -n $llama ]] || fail "name the llama-bench binary: scripts/compare-llama.sh PATH, or LLAMA_BENCH=PATH"
[[ -x $llama ]] || fail "$llama: no such program"

# A README without room for the table is found out before the long part.
if [[ $readme != none ]]; then
  [[ -f $readme ]] || fail "$readme: no such file"
  awk -v b="$begin" -v e="$end" '$0 == b { n += 1 } $0 == e { n += n == 1 ? 10 : 100 } END { exit n != 11 }' "$readme" ||
    fail "$readme: the table's place is a line \"$begin\" and after it a line \"$end\", once each"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [[ -z $memsim ]]; then
  memsim=$work/memsim
  (cd "$root" && go build -o "$memsim" ./cmd/memsim)
fi

# field NAME prints the first number of that JSON key on standard input.
field() { sed -n "s/.*\"$1\": *\([0-9.eE+-]*\).*/\1/p" | head -1; }

# run_memsim and run_llama GGUF TEST THREADS measure once; the former prints
# tokens/s, the GB/s at which it read weights and those that the machine can read
# at most, the latter tokens/s alone.
run_memsim() {
  local lengths="--pp $pp --tg 0"
  [[ $2 == tg ]] && lengths="--pp 0 --tg $tg"
  # shellcheck disable=SC2086 # lengths are words
  "$memsim" bench --model "$1" $lengths --threads "$3" --repetitions 1 --quiet --format json >"$work/reply"
  echo "$(field tokens_per_s <"$work/reply") $(field read_gbps <"$work/reply") $(field machine_read_gbps <"$work/reply")"
}

run_llama() {
  local lengths="-p $pp -n 0"
  [[ $2 == tg ]] && lengths="-p 0 -n $tg"
  # shellcheck disable=SC2086
  "$llama" -m "$1" $lengths -t "$3" -r 1 -o jsonl 2>"$work/llama.log" >"$work/reply" ||
    { cat "$work/llama.log" >&2; return 1; }
  local speed
  speed=$(field avg_ts <"$work/reply")
  [[ -n $speed ]] || { echo "compare-llama: $llama -o jsonl printed no avg_ts" >&2; return 1; }
  echo "$speed"
}

# load prints the machine's load average over a minute, where there is one.
load() { cut -d' ' -f1 /proc/loadavg 2>/dev/null || uptime | sed 's/.*averages*: *\([0-9.]*\).*/\1/'; }

processor() {
  local name
  name=$(awk -F': *' '/^model name/ { print $2; exit }' /proc/cpuinfo 2>/dev/null || true)
  [[ -n $name ]] || name=$(sysctl -n machdep.cpu.brand_string 2>/dev/null || uname -m)
  echo "$name, $(getconf _NPROCESSORS_ONLN) processors"
}

# caution says so if other work ran before the first measurement.
caution() {
  awk -v load="$load_before" 'BEGIN { if (load > 0.5) printf ": the machine was busy with other work, which may hold up threads that wait by spinning, as llama.cpp does, more than others; take the ratios as rough, and likely too high" }'
}

load_before=$(load)

i=0
for spec in $models; do
  [[ $spec == *:* ]] || fail "model \"$spec\": write MODEL:FORMAT, as mobilellm-125m:q8_0"
  i=$((i + 1))
  "$memsim" models make "${spec%:*}" --quant "${spec##*:}" -o "$work/$i.gguf" --quiet >/dev/null
done

for ((round = 1; round <= rounds; round++)); do
  i=0
  for spec in $models; do
    i=$((i + 1))
    for test in pp tg; do
      for t in $threads; do
        echo "round $round of $rounds: $spec $test, $t threads" >&2
        ours=$(run_memsim "$work/$i.gguf" $test "$t")
        theirs=$(run_llama "$work/$i.gguf" $test "$t")
        echo "$i $test $t $ours $theirs" >>"$work/measured"
      done
    done
  done
done

# row INDEX TEST prints the table's cells from the best of each engine, and of
# the machine's bandwidth with as many threads.
row() {
  awk -v i="$1" -v test="$2" '
    $1 != i { next }
    $6 > machine[$3] { machine[$3] = $6 }
    $2 != test { next }
    $4 > ours { ours = $4; ours_t = $3; read = $5 }
    $7 > theirs { theirs = $7; theirs_t = $3 }
    END {
      bandwidth = test == "tg" ? sprintf("%.0f %%", 100 * read / machine[ours_t]) : ""
      printf "%.1f (%d) | %.1f (%d) | %.2f | %s |\n", ours, ours_t, theirs, theirs_t, ours / theirs, bandwidth
    }' "$work/measured"
}

table() {
  echo "| model | weights | test | memsim, token/s (threads) | llama.cpp, token/s (threads) | ratio | memsim's share of read bandwidth |"
  echo "| --- | --- | --- | ---: | ---: | ---: | ---: |"
  local i=0 spec name test
  for spec in $models; do
    i=$((i + 1))
    name=$(basename "${spec%:*}" .yaml)
    for test in "pp $pp" "tg $tg"; do
      echo "| $name | ${spec##*:} | ${test/ /} | $(row "$i" "${test% *}")"
    done
  done
  echo
  echo "Best of $rounds rounds on $(processor), threads as stated (tried: ${threads// /, }), $(date -u +%Y-%m-%d)." \
    "Load average $load_before before the run, $(load) at its end$(caution)." \
    "The share is of what reading memory in pages of the usual size reaches; weights in larger ones, which the kernel may give, can be read faster, so that it may exceed 100 %." \
    "llama.cpp: $("$llama" --version 2>&1 | sed -n 's/^version: *//p' | head -1)${built:+, $built}."
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
  echo "compare-llama: wrote the table into $readme" >&2
fi
