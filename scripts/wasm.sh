#!/usr/bin/env bash
# Builds the tablet's agent for WebAssembly into edge-agent/hosts/tablet/dist: the module, its JavaScript, its types.
#
# With rustup's target wasm32-unknown-unknown when there is one, otherwise with Debian's second toolchain (rustc-web),
# which compiles the standard library from source (`scripts/setup.sh wasm` installs it).
set -euo pipefail
cd "$(dirname "$0")/.."

host=edge-agent/hosts/tablet
dist=$host/dist
triple=wasm32-unknown-unknown
out=${CARGO_TARGET_DIR:-target}/wasm

# Small, since a page loads it over a village's network.
export CARGO_PROFILE_RELEASE_OPT_LEVEL=z CARGO_PROFILE_RELEASE_LTO=true CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1
export CARGO_PROFILE_RELEASE_PANIC=abort CARGO_PROFILE_RELEASE_STRIP=true
build=(build --release --locked -q -p gengwei-tablet --lib --example server_end --target "$triple" --target-dir "$out")

if [ -d "$(rustc --print target-libdir --target "$triple" 2>/dev/null)" ]; then
  cargo "${build[@]}"
else
  scripts/setup.sh wasm
  PATH=/usr/bin:$PATH RUSTC_BOOTSTRAP=1 RUSTFLAGS="-C linker=wasm-ld" \
    /usr/bin/cargo "${build[@]}" -Z build-std=std,panic_abort
fi

mkdir -p "$dist/test"
cp "$out/$triple/release/gengwei_tablet.wasm" "$host/js/agent.js" "$host/js/agent.d.ts" "$dist/"
cp "$out/$triple/release/examples/server_end.wasm" "$dist/test/"
echo "$dist: $(stat -c %s "$dist/gengwei_tablet.wasm") bytes of WebAssembly, $(gzip -c "$dist/gengwei_tablet.wasm" | wc -c) compressed"
