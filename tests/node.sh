#!/usr/bin/env bash
# Runs a script of tests/node under Node, its packages installed beside the build.
#
#   tests/node.sh SCRIPT ARGUMENT...
set -euo pipefail

[ $# -ge 1 ] || { echo "usage: tests/node.sh SCRIPT ARGUMENT..." >&2; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd -P)
source=$root/tests/node
place=${CARGO_TARGET_DIR:-$root/target}/node
script=$1
shift

# Two tests may come here at once; the first installs.
mkdir -p "$place"
(
  flock 9
  if ! cmp -s "$source/package-lock.json" "$place/installed.json"; then
    cp "$source/package.json" "$source/package-lock.json" "$place"
    npm ci --prefix "$place" --no-audit --no-fund --ignore-scripts --silent
    cp "$source/package-lock.json" "$place/installed.json"
  fi
  cp "$source"/*.mjs "$place"
) 9>"$place/lock"
exec node "$place/$script" "$@"
