#!/usr/bin/env bash
# Fuzzes a running server by its own OpenAPI file: no 5xx, no status, media type or body that the file does
# not document.
#
#   tests/fuzz_http.sh URL TOKEN
#
# FUZZ_SECONDS (60) bounds the run, FUZZ_SEED (20261124) fixes it, FUZZ_REPORT is a folder for what was found.
set -euo pipefail

[ $# -eq 2 ] || { echo "usage: tests/fuzz_http.sh URL TOKEN" >&2; exit 2; }
url=$1 token=$2
root=$(cd "$(dirname "$0")/.." && pwd -P)
target=${CARGO_TARGET_DIR:-$root/target}
version=4.32.5
venv=$target/fuzz-venv-$version
report=${FUZZ_REPORT:-$target/fuzz}

# Two tests may come here at once; the first installs.
mkdir -p "$target"
(
  flock 9
  if [ ! -x "$venv/bin/st" ]; then
    rm -rf "$venv"
    /usr/bin/python3 -m venv "$venv"
    "$venv/bin/pip" install -q --disable-pip-version-check "schemathesis==$version"
  fi
) 9>"$venv.lock"

checks=not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance
fuzz() { # fuzz NAME SECONDS OPTION...
  local name=$1 seconds=$2
  shift 2
  timeout --kill-after=20 $((seconds * 3 + 120)) "$venv/bin/st" --no-color run "$url/openapi.json" --url "$url" \
    --checks "$checks" --max-time "$seconds" --seed "${FUZZ_SEED:-20261124}" --request-timeout 20 \
    --warnings off --report-dir "$report/$name" --report-ndjson-path "$report/$name.ndjson" "$@"
}

export SCHEMATHESIS_HOOKS=$root/tests/fuzz_hooks.py
mkdir -p "$report"
cd "$report" # it leaves a cache where it runs
seconds=${FUZZ_SECONDS:-60}
# Logging in and out apart, lest the fuzzer end its own session.
fuzz everything "$seconds" -H "Authorization: Bearer $token" --exclude-path /api/v1/sessions
fuzz sessions 10 --include-path /api/v1/sessions
