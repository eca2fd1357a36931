#!/bin/sh
# Writes what packages hold beside the program, completions and manual pages, into a folder: scripts/extras.sh build/extras
# A second argument names the program that is asked for them; without one it is built.
set -eu
cd "$(dirname "$0")/.."
out=${1:?usage: scripts/extras.sh DIR [PROGRAM]}
mkdir -p "$out/completions" "$out/man"
program=${2:-}
if [ -z "$program" ]; then
  tool=$(mktemp -d)
  trap 'rm -rf "$tool"' EXIT
  program=$tool/mudlark
  CGO_ENABLED=0 go build -trimpath -o "$program" ./cmd/mudlark
fi
for shell in bash zsh fish; do
  "$program" completion "$shell" >"$out/completions/mudlark.$shell"
done
"$program" completion powershell >"$out/completions/mudlark.ps1"
"$program" man "$out/man"
