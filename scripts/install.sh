#!/bin/sh
# Puts mudlark into a folder: a released version, whose checksum must be right, or, without a version, this source tree, built with Go.
#
#   scripts/install.sh DIR            from source
#   scripts/install.sh DIR 1.2.3      a release; DOWNLOADS is the address below which vVERSION/FILE are
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
dir=${1:?usage: scripts/install.sh DIR [VERSION]}
version=${2:-}
version=${version#v}
mkdir -p "$dir"

if [ -z "$version" ]; then
  case $(uname -s) in MINGW* | MSYS* | CYGWIN*) exe=.exe ;; *) exe= ;; esac
  dir=$(cd "$dir" && pwd)
  cd "$here"
  CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$dir/mudlark$exe" ./cmd/mudlark
  exit
fi

case $(uname -s) in
  Linux) os=linux ext=tar.gz ;;
  Darwin) os=darwin ext=tar.gz ;;
  MINGW* | MSYS* | CYGWIN*) os=windows ext=zip ;;
  *) echo "install: no release for $(uname -s); leave the version out to build from source" >&2; exit 1 ;;
esac
case $(uname -m) in
  x86_64 | amd64) arch=amd64 ;;
  aarch64 | arm64) arch=arm64 ;;
  *) echo "install: no release for $(uname -m); leave the version out to build from source" >&2; exit 1 ;;
esac
file=mudlark_${version}_${os}_${arch}.${ext}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for name in "$file" checksums.txt; do
  curl -sSfL --retry 3 -o "$work/$name" "${DOWNLOADS:?the address of the releases}/v$version/$name"
done
want=$(awk -v f="$file" '$2 == f || $2 == "*" f { print $1 }' "$work/checksums.txt")
if command -v sha256sum >/dev/null 2>&1; then
  got=$(sha256sum <"$work/$file")
else
  got=$(shasum -a 256 <"$work/$file")
fi
got=${got%% *}
if [ -z "$want" ] || [ "$want" != "$got" ]; then
  echo "install: the checksum of $file is $got, not ${want:-in checksums.txt}; nothing was installed" >&2
  exit 1
fi
case $ext in
  zip) unzip -qo "$work/$file" mudlark.exe -d "$dir" ;;
  *) tar -xzf "$work/$file" -C "$dir" mudlark ;;
esac
