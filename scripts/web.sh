#!/usr/bin/env bash
# Builds the pages (server/web) into server/web/dist, where the program takes them from. Silent and quick when
# nothing has changed since.
#
#   scripts/web.sh           build
#   scripts/web.sh test      type check and unit tests
#   scripts/web.sh e2e       the pages in a browser, against target/debug/gengwei (GENGWEI_BIN for another)
set -euo pipefail
cd "$(dirname "$0")/../server/web"

node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null || {
  echo "web.sh: the pages need Node.js 20.19 or newer (https://nodejs.org); found: $(node --version 2>/dev/null || echo none)" >&2
  exit 1
}
# Builds of several shells wait for each other.
mkdir -p .stamps
exec 9>.stamps/lock
flock 9

# once NAME FILES… -- COMMAND… runs the command unless it has run for exactly these contents.
once() {
  local name=$1 sum
  shift
  local files=()
  while [ "$1" != -- ]; do files+=("$1"); shift; done
  shift
  sum=$(find "${files[@]}" -type f -not -name schema.d.ts -print0 | sort -z | xargs -0 sha256sum | sha256sum)
  [ "$(cat ".stamps/$name" 2>/dev/null)" = "$sum" ] && return 0
  "$@"
  echo "$sum" >".stamps/$name"
}

sources=(package-lock.json ../../openapi.json tsconfig.json vite.config.ts build shared console tablet
  ../../edge-agent/hosts/tablet/js .stamps/wasm)

[ -d node_modules ] || rm -f .stamps/packages
once packages package-lock.json -- npm ci --no-audit --no-fund --loglevel=error
[ -f shared/api/schema.d.ts ] || rm -f .stamps/client
once client package-lock.json ../../openapi.json -- npm run --silent client >/dev/null
# The tablet's agent is part of its page.
agent=../../edge-agent
[ -f $agent/hosts/tablet/dist/gengwei_tablet.wasm ] || rm -f .stamps/wasm
once wasm ../../Cargo.lock ../../proto $agent/src $agent/Cargo.toml $agent/hosts/tablet/src $agent/hosts/tablet/js -- ../../scripts/wasm.sh >&2
case ${1:-build} in
  build)
    [ -f dist/console/index.html ] && [ -f dist/tablet/index.html ] || rm -f .stamps/build
    once build "${sources[@]}" -- npm run --silent build
    ;;
  test)
    once test "${sources[@]}" e2e -- npm run --silent check
    npm run --silent unit -- --reporter=dot
    ;;
  e2e) exec npm run --silent e2e ;;
  *)
    echo "usage: scripts/web.sh [build|test|e2e]" >&2
    exit 2
    ;;
esac
