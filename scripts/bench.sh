#!/usr/bin/env bash
# Times mudlark against `git log -p` on complete repositories, in turn and in one run.
#
#   scripts/bench.sh [-n ROUNDS] [-j WORKERS] [-o ORACLE] REPOSITORY...
#
# For each repository it prints the medians of the wall times, their ratio, the largest resident set and how many processors were
# busy, and checks that every timed scan reports what the oracle does, and one scan more at low confidence: the oracle is another mudlark
# (-o), or the same one with one worker that examines every blob whole.
# A ratio of one run says more than seconds do: machines differ, and the same machine is busy at other times.
set -euo pipefail
usage() { echo "usage: scripts/bench.sh [-n ROUNDS] [-j WORKERS] [-o ORACLE] REPOSITORY..." >&2; exit 2; }
rounds=3 workers=2 oracle=
while getopts n:j:o: flag; do
  case $flag in
    n) rounds=$OPTARG ;;
    j) workers=$OPTARG ;;
    o) oracle=$OPTARG ;;
    *) usage ;;
  esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || usage
[ -x /usr/bin/time ] || { echo "bench.sh needs /usr/bin/time, for processor time and memory (apt-get install time)" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$(dirname "$0")/.." && go build -o "$work/mudlark" ./cmd/mudlark)

median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# timed NAME COMMAND...: runs the command, its output to out, and adds a line of wall, processor seconds and KiB to times.NAME.
timed() {
  local name=$1 start end rc=0
  shift
  start=$(date +%s%N)
  /usr/bin/time -q -o "$work/usage" -f '%U %S %M' "$@" >"$work/out" 2>"$work/stderr" || rc=$?
  end=$(date +%s%N)
  case $rc in 0 | 1) ;; *) echo "exit $rc: $*" >&2; cat "$work/stderr" >&2; exit 1 ;; esac # 1: there are findings
  awk -v ns=$((end - start)) '{ printf "%.3f %.3f %d\n", ns / 1e9, $1 + $2, $3 }' "$work/usage" >>"$work/times.$name"
}

# findings FILE: a report without what no two runs have in common.
findings() { sed -E -e 's/"(duration_seconds|exposed_seconds)": *[0-9.]+/"\1": 0/' -e 's/"started": *"[^"]*"/"started": ""/' "$1"; }

printf '%-24s %12s %12s %8s %10s %9s  %s\n' repository 'git log -p' mudlark ratio 'max RSS' CPU/wall findings
failed=0
for repo in "$@"; do
  rm -f "$work"/times.*
  scan=(git "$repo" --format json --no-progress)
  naive=("$work/mudlark" --whole-blobs)
  [ -z "$oracle" ] || naive=("$oracle")
  verdict=same
  # This warms the cache of the file system, too.
  timed oracle "${naive[0]}" "${scan[@]}" --min-confidence low -j 1 "${naive[@]:1}"
  findings "$work/out" >"$work/want"
  timed low "$work/mudlark" "${scan[@]}" --min-confidence low -j "$workers"
  findings "$work/out" | cmp -s - "$work/want" || verdict=DIFFERENT failed=1
  timed oracle "${naive[0]}" "${scan[@]}" -j 1 "${naive[@]:1}"
  findings "$work/out" >"$work/want"
  for _ in $(seq "$rounds"); do
    timed log git -C "$repo" log -p -U0 --all --no-color
    timed scan "$work/mudlark" "${scan[@]}" -j "$workers"
    findings "$work/out" | cmp -s - "$work/want" || verdict=DIFFERENT failed=1
  done
  log=$(awk '{ print $1 }' "$work/times.log" | median)
  own=$(awk '{ print $1 }' "$work/times.scan" | median)
  busy=$(awk '{ print $2 / $1 }' "$work/times.scan" | median)
  rss=$(awk '{ if ($3 > m) m = $3 } END { print int(m / 1024) }' "$work/times.scan")
  printf '%-24s %10.2f s %10.2f s %8.3f %7d MB %9.2f  %s\n' "$(basename "$repo")" "$log" "$own" "$(awk -v a="$own" -v b="$log" 'BEGIN { print a / b }')" "$rss" "$busy" "$verdict"
done
exit $failed
