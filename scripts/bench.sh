#!/usr/bin/env bash
# Times mudlark against `git log -p` on complete repositories, in turn and in one run, and prints the medians and their ratio.
#
#   scripts/bench.sh [-n ROUNDS] [-j WORKERS] REPOSITORY...
#
# A ratio of one run says more than seconds do: machines differ, and the same machine is busy at other times.
set -euo pipefail
rounds=3 workers=2
while getopts n:j: flag; do
  case $flag in
    n) rounds=$OPTARG ;;
    j) workers=$OPTARG ;;
    *) echo "usage: scripts/bench.sh [-n ROUNDS] [-j WORKERS] REPOSITORY..." >&2; exit 2 ;;
  esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || { echo "usage: scripts/bench.sh [-n ROUNDS] [-j WORKERS] REPOSITORY..." >&2; exit 2; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$(dirname "$0")/.." && go build -o "$work/mudlark" ./cmd/mudlark)

median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# seconds FILE COMMAND...: runs the command and appends its wall time to FILE. Findings are no failure.
seconds() {
  local out=$1 start end rc=0
  shift
  start=$(date +%s%N)
  "$@" >/dev/null 2>"$work/stderr" || rc=$?
  end=$(date +%s%N)
  case $rc in 0 | 1) ;; *) echo "exit $rc: $*" >&2; cat "$work/stderr" >&2; exit 1 ;; esac
  awk -v ns=$((end - start)) 'BEGIN { printf "%.3f\n", ns / 1e9 }' >>"$out"
}

printf '%-32s %12s %12s %8s %10s\n' repository 'git log -p' mudlark ratio 'max RSS'
for repo in "$@"; do
  name=$(basename "$repo")
  rm -f "$work/log" "$work/scan"
  scan=("$work/mudlark" git "$repo" -j "$workers" --quiet --no-progress)
  git -C "$repo" rev-list --all --count >/dev/null # warms the cache of the file system
  for _ in $(seq "$rounds"); do
    seconds "$work/log" git -C "$repo" log -p -U0 --all --no-color
    seconds "$work/scan" "${scan[@]}"
  done
  rss=-
  if [ -x /usr/bin/time ]; then
    rss=$({ /usr/bin/time -f '%M' "${scan[@]}" 2>&1 >/dev/null || true; } | tail -n 1)
    rss="$((rss / 1024)) MB"
  fi
  log=$(median <"$work/log") own=$(median <"$work/scan")
  printf '%-32s %10.2f s %10.2f s %8.2f %10s\n' "$name" "$log" "$own" "$(awk -v a="$own" -v b="$log" 'BEGIN { print a / b }')" "$rss"
done
