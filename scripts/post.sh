#!/usr/bin/env bash
# The firmware of a warning post.
#
#   scripts/post.sh build BOARD                   target/post/BOARD.elf, and how much flash and RAM it takes; BOARD is
#                                                 a file of firmware-configs/ without its .toml
#   scripts/post.sh enrol URL CODE BOARD FILE     hands an enrolment code in and writes who the post is to FILE, the
#                                                 bytes for `identity_at` of its model
#
# It takes rustup's target where that can be had, and Debian's rustc-web otherwise, which brings core as source.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd -P)
host=$root/edge-agent/hosts/post
out=$root/target/post

usage() {
  sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
  exit 2
}

# model BOARD KEY — a value of the first level of a model's file.
model() {
  local file=$root/firmware-configs/$1.toml
  [ -f "$file" ] || { echo "there is no model $1: see firmware-configs/" >&2; exit 2; }
  sed -n "/^\[/q; s/^$2 *= *\"\{0,1\}\([^\" ]*\).*/\1/p" "$file"
}

# cargo_for TARGET ARGUMENT... — cargo with a toolchain that has the target's core.
cargo_for() {
  local target=$1 flags="-C link-arg=-Tlink.x -C link-arg=--nmagic" variable
  variable=CARGO_TARGET_$(tr a-z- A-Z_ <<<"$target")_RUSTFLAGS
  shift
  # The host's flags are not for this processor.
  unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS
  if [ -d "$(rustc --print target-libdir --target "$target" 2>/dev/null)" ] ||
    { command -v rustup >/dev/null && timeout 120 rustup -q target add "$target" >/dev/null 2>&1; }; then
    env "$variable=$flags" cargo "$@"
  else
    "$root/scripts/setup.sh" wasm
    env "$variable=$flags -C linker=ld.lld -C linker-flavor=ld.lld" PATH="/usr/bin:$PATH" RUSTC_BOOTSTRAP=1 \
      /usr/bin/cargo "$@" -Z build-std=core
  fi
}

build() {
  local board=$1 target chip suite elf
  target=$(model "$board" target) chip=$(model "$board" chip) suite=$(model "$board" suite)
  mkdir -p "$out"
  (
    cd "$host"
    export GENGWEI_BOARD=$board CARGO_TARGET_DIR=$out/build
    cargo_for "$target" build --release --locked --target "$target" --no-default-features --features "$chip,$suite"
  )
  elf=$out/$board.elf
  # At once, for a test that runs may read it.
  cp "$out/build/$target/release/gengwei-post" "$elf.new"
  mv "$elf.new" "$elf"
  sizes "$board" "$elf"
}

# Flash is what is loaded; RAM what is reserved, without the stack. The limits are the model's.
sizes() {
  local board=$1 elf=$2
  /usr/bin/python3 - "$elf" "$(model "$board" flash_kib)" "$(model "$board" ram_kib)" <<'PYTHON'
import struct, sys

elf, flash_kib, ram_kib = open(sys.argv[1], "rb").read(), int(sys.argv[2]), int(sys.argv[3])
offset, size, count = struct.unpack_from("<I", elf, 28)[0], *struct.unpack_from("<HH", elf, 42)
segments = [struct.unpack_from("<8I", elf, offset + size * at) for at in range(count)]
flash = sum(filed for kind, _, _, _, filed, _, _, _ in segments if kind == 1)
ram = sum(taken for kind, _, address, _, _, taken, _, _ in segments if kind == 1 and address >> 28 == 2)
print(f"flash {flash} of {flash_kib * 1024} bytes; RAM {ram} of {ram_kib * 1024} bytes, the rest for the stack")
sys.exit(flash > flash_kib * 1024 or ram > ram_kib * 1024)
PYTHON
}

# The form of the file stands in docs/post.md.
enrol() {
  local url=$1 code=$2 board=$3 file=$4 suite told
  suite=$(model "$board" suite)
  [ "$suite" = aes-ccm ] && suite=aes-128-ccm
  told=$(curl --fail-with-body -sS "${url%/}/api/v1/enrolments" -H 'Content-Type: application/json' \
    -d "{\"code\":\"$code\",\"suite\":\"$suite\"}") || { echo "$told" >&2; exit 1; }
  # The keys are in it, so only its owner reads the file.
  (umask 077 && /usr/bin/python3 -c '
import json, struct, sys, zlib

told = json.load(sys.stdin)
body = struct.pack("<4sBBxxI", b"GWID", told["suite_number"], told["key"], told["device"])
body += bytes.fromhex(told["up"]) + bytes.fromhex(told["down"])
open(sys.argv[1], "wb").write(body + struct.pack("<I", zlib.crc32(body)))
print("device", told["device"], "key", told["key"])
' "$file" <<<"$told")
}

case ${1:-} in
  build) [ $# -eq 2 ] || usage; build "$2" ;;
  enrol) [ $# -eq 5 ] || usage; shift; enrol "$@" ;;
  *) usage ;;
esac
