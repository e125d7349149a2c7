# `make test` is what CI runs: tools, checks, the demo and a short fuzz run. `make check` needs nothing but Rust and a
# C compiler. What cannot run here is named in a line that starts with SKIPPED.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := check

CARGO ?= cargo
BOTH := tenantseal/aws-lc,tenantseal/hazmat,tenantseal-store/aws-lc,tenantseal-store/hazmat
FUZZ_TARGETS := $(patsubst fuzz/fuzz_targets/%.rs,%,$(wildcard fuzz/fuzz_targets/*.rs))
FUZZ_SECONDS ?= 600
SMOKE_SECONDS ?= 10

# What is tested without the bindings, so that their features do not choose the backend.
CORE := -p tenantseal -p tenantseal-store

.PHONY: bench bench-python check demo demo-python deny fmt fuzz-smoke lint soak setup test test-python unit

demo:
	$(CARGO) run --release --quiet -p tenantseal-store --example callback_to_vault

test: setup check demo test-python demo-python fuzz-smoke

check: fmt lint unit deny

fmt:
	$(CARGO) fmt --all --check
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml --check

lint:
	$(CARGO) clippy $(CORE) --all-targets -- -D warnings
	$(CARGO) clippy --workspace --all-targets --features $(BOTH) -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc $(CORE) --no-deps
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc $(CORE) --no-deps --features $(BOTH)

# The corpora of fuzz/ are replayed by these runs.
unit:
	$(CARGO) test $(CORE)
	$(CARGO) test $(CORE) --features $(BOTH)
	$(CARGO) test -p tenantseal --no-default-features

deny:
	@if $(CARGO) deny --version >/dev/null 2>&1; then \
		$(CARGO) deny --all-features check bans licenses sources; \
	else \
		echo "SKIPPED cargo-deny (bans, licenses, sources): not installed; cargo install cargo-deny --locked"; \
	fi

# The wheel, its tests and its stubs, in a virtual environment under target/.
test-python:
	scripts/python.sh test

demo-python:
	scripts/python.sh demo

bench-python:
	scripts/python.sh bench

fuzz-smoke:
	scripts/fuzz.sh $(SMOKE_SECONDS) $(FUZZ_TARGETS)

setup:
	scripts/setup.sh

bench:
	$(CARGO) bench -p tenantseal
	$(CARGO) bench -p tenantseal --features aws-lc

# Hours, not minutes: every fuzz target for FUZZ_SECONDS, and the heavy forms of the tests that have one.
soak:
	TENANTSEAL_SOAK=1 $(CARGO) test $(CORE) --release
	TENANTSEAL_SOAK=1 $(CARGO) test $(CORE) --release --features $(BOTH)
	scripts/fuzz.sh $(FUZZ_SECONDS) $(FUZZ_TARGETS)
