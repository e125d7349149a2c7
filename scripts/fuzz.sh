#!/usr/bin/env bash
# Usage: fuzz.sh SECONDS TARGET... Runs each target for that long on a copy of its corpus, so that what the fuzzer
# finds new does not end up in the repository unseen.
set -euo pipefail

seconds=$1
shift

if [ "$#" -eq 0 ]; then
    echo "SKIPPED fuzzing: there are no targets in fuzz/fuzz_targets"
    exit 0
fi
reason=
if ! cargo +nightly --version >/dev/null 2>&1; then
    reason="no nightly toolchain"
elif ! cargo fuzz --version >/dev/null 2>&1; then
    reason="no cargo-fuzz"
fi
if [ -n "$reason" ]; then
    for target in "$@"; do
        echo "SKIPPED fuzz target $target: $reason"
    done
    exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for target in "$@"; do
    mkdir "$work/$target"
    cp -r "fuzz/corpus/$target/." "$work/$target/"
    cargo +nightly fuzz run "$target" "$work/$target" -- \
        -max_total_time="$seconds" -max_len=65536 -print_final_stats=1
done
