# `make test` is what CI runs: tools, checks, the bindings, the demos and a short fuzz run. `make check` needs nothing but
# Rust and a C compiler. What cannot run here is named in a line that starts with SKIPPED.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := check

CARGO ?= cargo
BOTH := tenantseal/aws-lc,tenantseal/arrow,tenantseal/derive,tenantseal/parallel,tenantseal/hazmat,tenantseal/tokio,tenantseal/tracing,tenantseal-store/aws-lc,tenantseal-store/hazmat,tenantseal-store/postgres,tenantseal-ffi/panic-inject
# The bindings have aws-lc on, and would turn it on for every member that is built beside them.
CORE := -p tenantseal -p tenantseal-store
FUZZ_TARGETS := $(patsubst fuzz/fuzz_targets/%.rs,%,$(wildcard fuzz/fuzz_targets/*.rs))
FUZZ_SECONDS ?= 600
SMOKE_SECONDS ?= 10
TENANTS ?= 1000000
PREFIX ?= /usr/local

.PHONY: bench bench-c bench-java bench-keys bench-peers bench-php bench-python check demo demo-c demo-java demo-php \
	demo-python deny fmt fuzz-smoke header-c install-c interop lint setup soak test test-c test-ct test-exchange \
	test-interop test-java test-php test-python test-tunnel tunnel-demo unit

demo:
	$(CARGO) run --release --quiet -p tenantseal-store --example callback_to_vault

# The same from other languages.
demo-c:
	scripts/demo_c.sh
demo-java:
	scripts/java.sh demo
demo-php:
	scripts/php.sh demo
demo-python:
	scripts/python.sh demo
# IP packets through sessions, in network namespaces, and what it costs. As root.
tunnel-demo:
	scripts/tunnel.sh

test: setup check test-c test-php test-java test-python test-interop test-exchange demo demo-c demo-php demo-java demo-python test-tunnel fuzz-smoke

check: fmt lint unit deny

fmt:
	$(CARGO) fmt --all --check
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml --check
	$(CARGO) fmt --manifest-path tests/interop/Cargo.toml --check
	$(CARGO) fmt --manifest-path benches/peers/Cargo.toml --check
	$(CARGO) fmt --manifest-path examples/tunnel/Cargo.toml --check

lint:
	$(CARGO) clippy $(CORE) --all-targets -- -D warnings
	$(CARGO) clippy --workspace --all-targets --features $(BOTH) -- -D warnings
	CARGO_TARGET_DIR=target $(CARGO) clippy --manifest-path tests/interop/Cargo.toml --release --locked \
		--all-targets --features allocations -- -D warnings
	CARGO_TARGET_DIR=target $(CARGO) clippy --manifest-path examples/tunnel/Cargo.toml --release --locked \
		--all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc $(CORE) --no-deps
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --features $(BOTH)

# The corpora of fuzz/ are replayed by these runs. The first is of the crate as it is by default, with no feature at all. The second has servers of PostgreSQL and MariaDB, where they are installed.
unit:
	$(CARGO) test $(CORE)
	scripts/mariadb.sh run scripts/postgres.sh run $(CARGO) test --workspace --features $(BOTH)

test-c:
	scripts/test_c.sh
# Whether time depends on secrets, and whether they stay in memory.
test-ct:
	scripts/ctgrind.sh
test-java:
	scripts/java.sh test
test-php:
	scripts/php.sh test
# The wheel, its tests and its stubs, in a virtual environment under target/.
test-python:
	scripts/python.sh test

# Messages of WeCom's format between this library and other implementations of it, in five languages.
test-interop:
	scripts/interop.sh 500
interop:
	scripts/interop.sh 10000

# `tunnel-demo` with short measurements.
test-tunnel:
	scripts/tunnel.sh 1

# A cell and a row sealed by each language are opened by all.
test-exchange:
	scripts/exchange.sh

# Writes the headers, the list of symbols and Java's declarations anew from ffi/src.
header-c:
	TENANTSEAL_BLESS=1 $(CARGO) test -p tenantseal-ffi --test header
	scripts/java_library.py

# The C library under PREFIX: shared and static, headers, pkg-config file.
install-c:
	$(CARGO) build --release -p tenantseal-ffi
	scripts/install_c.sh target/release "$(DESTDIR)$(PREFIX)"

deny:
	@if $(CARGO) deny --version >/dev/null 2>&1; then \
		$(CARGO) deny --all-features check bans licenses sources; \
	else \
		echo "SKIPPED cargo-deny (bans, licenses, sources): not installed; cargo install cargo-deny --locked"; \
	fi

fuzz-smoke:
	scripts/fuzz.sh $(SMOKE_SECONDS) $(FUZZ_TARGETS)

setup:
	scripts/setup.sh

# These measure: run one at a time, and nothing beside it.
bench:
	$(CARGO) bench -p tenantseal --features arrow,parallel
	$(CARGO) bench -p tenantseal --features aws-lc,arrow,parallel
bench-c:
	scripts/bench_c.sh
bench-java:
	scripts/java.sh bench
# Keyrings of up to TENANTS tenants, in minutes. What was measured before it was cut is in the CSV file.
bench-keys:
	mkdir -p target
	TENANTSEAL_TENANTS=$(TENANTS) TENANTSEAL_CSV=$(CURDIR)/target/bench-keys.csv scripts/postgres.sh run \
		$(CARGO) bench -p tenantseal-store --features aws-lc,postgres --bench keys
	[ -x target/plot-venv/bin/pip ] || python3 -m venv target/plot-venv
	target/plot-venv/bin/pip install --quiet matplotlib==3.10.8 numpy==2.3.5
	target/plot-venv/bin/python scripts/plot_keys.py target/bench-keys.csv docs/plots
	cp target/bench-keys.csv docs/plots/keys.csv
# The same message, opened by this library and by the others; then datagrams of this one and of another.
bench-peers:
	scripts/interop.sh bench
	CARGO_TARGET_DIR=target/peers $(CARGO) bench --manifest-path benches/peers/Cargo.toml --locked
bench-php:
	scripts/php.sh bench
bench-python:
	scripts/python.sh bench

# Hours, not minutes: every fuzz target for FUZZ_SECONDS, and the heavy forms of the tests that have one. Valgrind's reports
# name functions as the compiler inlines them, so `test-ct` is here and not in `make test`: a change far away can give one
# another name, which then has to be looked at.
soak: test-ct
	$(CARGO) test $(CORE) --release -- --include-ignored
	TENANTSEAL_SOAK=1 scripts/mariadb.sh run scripts/postgres.sh run $(CARGO) test --workspace --release --features $(BOTH) -- --include-ignored
	scripts/fuzz.sh $(FUZZ_SECONDS) $(FUZZ_TARGETS)
