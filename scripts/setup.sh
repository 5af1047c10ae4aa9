#!/usr/bin/env bash
# Installs with apt-get what a task needs and this machine lacks; quick and silent when nothing is missing.
#
#   scripts/setup.sh run|test|wasm|bench [...]
#
# Only root installs. Anybody else, or another distribution, is told what is missing (exit 1).
set -euo pipefail

packages=() missing=()

# need PACKAGE WHAT-FOR TEST... — PACKAGE is wanted when the command TEST fails.
need() {
  local package=$1 why=$2
  shift 2
  if ! "$@" >/dev/null 2>&1; then
    packages+=("$package")
    missing+=("  $package — $why")
  fi
}

has() { command -v "$1"; }
has_postgres() { compgen -G '/usr/lib/postgresql/*/bin/initdb' || command -v initdb; }
has_postgis() { compgen -G '/usr/share/postgresql/*/extension/postgis.control'; }
has_cjk() { compgen -G '/usr/share/fonts/opentype/noto/NotoSansCJK*'; }
has_venv() { /usr/bin/python3 -c 'import ensurepip, venv'; }
postgres_major() {
  local newest
  newest=$(printf '%s\n' /usr/lib/postgresql/*/bin/initdb | sort -V | tail -n 1 | cut -d/ -f5)
  [ "$newest" = '*' ] && newest=$(apt-cache depends postgresql 2>/dev/null | grep -oPm1 'postgresql-\K[0-9]+' || true)
  echo "${newest:-15}"
}

for purpose in "${@:-run}"; do
  case $purpose in
    run)
      need build-essential 'a C compiler and linker, for the SQLite inside the binary' has cc
      need nodejs 'Node.js builds the pages' has node
      need npm 'fetches what the pages are built with' has npm
      need ca-certificates 'certificates, to fetch crates' test -s /etc/ssl/certs/ca-certificates.crt
      ;;
    test)
      need postgresql 'every storage test runs on PostgreSQL too' has_postgres
      need gdal-bin 'ogrinfo reads the live layers as a bureau would' has ogrinfo
      need zbar-tools 'zbarimg reads the printed labels back' has zbarimg
      need poppler-utils 'pdftoppm turns label sheets into pixels' has pdftoppm
      need nodejs 'the tablet agent and uploads (tus-js-client) are tested in it' has node
      need chromium 'the pages are tried in a browser' has chromium
      need fonts-noto-cjk 'Chinese on screenshots' has_cjk
      need npm 'installs tus-js-client' has npm
      need libcoap3-bin 'coap-client pushes frames as other people would' has coap-client-notls
      need curl 'scripts/post.sh enrols with it' has curl
      need python3-venv 'the HTTP fuzzer and the reader of the golden vectors live in virtual environments' has_venv
      need qemu-system-arm "a post's firmware runs in it" has qemu-system-arm
      ;;
    wasm)
      need rustc-web "Debian's Rust for WebAssembly and posts, since rustup's target is missing" test -x /usr/bin/rustc
      need cargo-web 'its cargo' test -x /usr/bin/cargo
      need rust-web-src 'the standard library that it compiles' test -d /usr/lib/rustlib/src/rust/library
      need lld 'wasm-ld and ld.lld, the linkers' has wasm-ld
      ;;
    qgis)
      need python3-qgis 'QGIS opens the live layers as a bureau would' test -d /usr/lib/python3/dist-packages/qgis
      need qgis-providers 'its way to OGC API – Features' test -e /usr/lib/qgis/plugins/libprovider_wfs.so
      ;;
    bench)
      need postgresql 'the peer of imports and point lookups' has_postgres
      need "postgresql-$(postgres_major)-postgis-3" 'the peer of imports and point lookups' has_postgis
      need gdal-bin 'ogr2ogr, the peer of imports' has ogr2ogr
      need wrk 'the HTTP load' has wrk
      need time 'peak memory of a command' test -x /usr/bin/time
      ;;
    *)
      echo "usage: scripts/setup.sh run|test|wasm|qgis|bench [...]" >&2
      exit 2
      ;;
  esac
done

if ! command -v cargo >/dev/null; then
  echo "Rust is missing: install it from https://rustup.rs (or put cargo on the PATH)." >&2
  exit 1
fi
[ ${#packages[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  printf 'Missing on this machine:\n%s\n' "$(printf '%s\n' "${missing[@]}")" >&2
  echo "Install them, on Debian as root: apt-get install -y --no-install-recommends ${packages[*]}" >&2
  exit 1
fi
echo "installing: ${packages[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
