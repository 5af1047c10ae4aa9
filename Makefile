# 耕卫 Gengwei. `make` alone explains itself.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
.PHONY: help build run test lint openapi wasm post torture bench soak clean

TARGET := $(or $(CARGO_TARGET_DIR),target)
BIN := $(TARGET)/release/gengwei
LISTEN := $(or $(GENGWEI_LISTEN),127.0.0.1:8080)

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /make \1\t/' | expand -t 16

build: ## the release binary, target/release/gengwei
	@scripts/setup.sh run
	scripts/web.sh
	cargo build --release --locked -p gengwei-server

run: build ## build, load the demo city into ./data, serve it at http://127.0.0.1:8080 (Ctrl-C stops)
	@$(BIN) demo
	echo
	echo "Serving http://$(LISTEN) — Ctrl-C stops."
	exec $(BIN) serve

test: ## every test, on SQLite and on a private PostgreSQL, at most 20 minutes
	@scripts/setup.sh run test
	trap 'scripts/postgres.sh down' EXIT
	scripts/postgres.sh up >/dev/null
	scripts/web.sh
	scripts/web.sh test
	# Program and tests in one go: alone, the program would build its crates with other features once more.
	cargo build --locked --workspace --bins --tests
	scripts/web.sh e2e
	scripts/wasm.sh
	node --test edge-agent/hosts/tablet/tests/
	for board in qemu-lm3s stm32l4-nbiot; do scripts/post.sh build $$board; done
	if command -v cargo-nextest >/dev/null; then
	  cargo test --workspace --locked --doc -q
	  cargo nextest run --workspace --locked
	else
	  cargo test --workspace --locked
	fi

lint: ## format, clippy and the invariants that can be checked cheaply
	@cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	scripts/invariants.sh

openapi: ## openapi.json, written anew from the handlers
	@cargo run -q --locked -p gengwei-server -- openapi > $(TARGET)/openapi.json
	mv $(TARGET)/openapi.json openapi.json

wasm: ## the tablet's agent for a page, edge-agent/hosts/tablet/dist
	@scripts/wasm.sh

post: ## the firmware of a post, target/post/$(BOARD).elf, with its flash and RAM; BOARD is a file of firmware-configs/
	@scripts/post.sh build $(or $(BOARD),qemu-lm3s)

torture: build ## devices on bad links and failing power, a server killed every few seconds (TORTURE_SECONDS, _DEVICES, _LOSS; DATABASE_URL)
	@cargo build --release --locked -q -p gengwei-tests --bin torture
	$(TARGET)/release/torture

bench: ## ours against its peers in one run, written to BENCHMARKS.md; ONLY=import|point|overlay|scan|patrol|queue|sync|sync50 for one section
	@scripts/setup.sh run bench
	python3 bench/run.py $(ONLY)

soak: ## the long ones: ten minutes of fuzzing (SOAK_SECONDS), 100 power cuts of a post (POST_CUTS), Miri on proto, QGIS, ten minutes of a server killed while it works (KILL_SECONDS)
	@scripts/setup.sh run test qgis
	trap 'scripts/postgres.sh down' EXIT
	cargo build --locked -p gengwei-server
	FUZZ_SECONDS=$(or $(SOAK_SECONDS),600) cargo test --locked -p gengwei-proto --features all-suites --test fuzz -- --nocapture
	POST_CUTS=$(or $(POST_CUTS),100) cargo test --locked -p gengwei-tests --test post -- --test-threads=1 --nocapture
	scripts/miri.sh
	cargo test --locked -p gengwei-tests --test maps qgis
	FUZZ_SECONDS=$(or $(SOAK_SECONDS),600) cargo test --locked -p gengwei-tests --test fuzz -- --test-threads=1 --nocapture
	KILL_SECONDS=$(or $(KILL_SECONDS),600) cargo test --locked -p gengwei-tests --test kills -- --test-threads=1 --nocapture

clean: ## what was built, and the test services; never ./data
	@scripts/postgres.sh down
	scripts/postgres.sh down --durable
	cargo clean
