#!/usr/bin/env bash
# Reads golden vectors in Python: another decoder (cbor2) and other ciphers (OpenSSL's) than ours.
#
#   proto/vectors/check.sh [FILE]
#
# The libraries live in a virtual environment below the target directory, made when it is missing.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd -P)
target=${CARGO_TARGET_DIR:-$here/../../target}
versions=(cbor2==6.3.0 cryptography==50.0.2)
name=$(printf '%s\n' "${versions[@]}" | cksum | cut -d' ' -f1)
venv=$target/vectors-venv-$name

mkdir -p "$target"
(
  flock 9
  if [ ! -e "$venv/done" ]; then
    rm -rf "$venv"
    /usr/bin/python3 -m venv "$venv"
    "$venv/bin/pip" install -q --disable-pip-version-check "${versions[@]}"
    touch "$venv/done"
  fi
) 9>"$venv.lock"

exec "$venv/bin/python" "$here/check.py" "${1:-$here/golden.csv}"
