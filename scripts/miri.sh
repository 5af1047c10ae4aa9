#!/usr/bin/env bash
# Miri on proto and the session: their tests, interpreted, with every undefined behaviour an error. It takes rustup's
# nightly, and says so where there is none.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! rustup -q component add miri rust-src --toolchain nightly >/dev/null 2>&1; then
  echo "Miri is left out: there is no nightly toolchain with it (rustup toolchain install nightly -c miri -c rust-src)"
  exit 0
fi

# What is interpreted is some hundred times slower: few cases, a short fuzz, and no files or programs.
export MIRIFLAGS=-Zmiri-disable-isolation PROPTEST_CASES=4 FUZZ_SECONDS=${MIRI_FUZZ_SECONDS:-60}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/miri
miri=(cargo +nightly miri test --locked)
"${miri[@]}" -p gengwei-proto --features all-suites --test records --test frames --test fuzz --test parcel_code --test region_code
"${miri[@]}" -p gengwei-agent --test sensors --test w25q -- --skip it_holds
"${miri[@]}" -p gengwei-agent --test session -- --skip a_burst_stays_near_the_bound --skip a_dead_network \
  --skip whatever_the_link_does
