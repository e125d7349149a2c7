#!/usr/bin/env bash
# Whether time depends on secrets, through the C library as it is released: ffi/tests/ct.c under valgrind, with both
# backends, and the controls that must be found. What valgrind's processor lacks is not looked at: it has AES, AVX2 and
# carry-less multiplication, and no SHA instructions, VAES or AVX-512; the functions that ran are printed. Then, with the
# same library and without valgrind, whether secrets stay in memory: ffi/tests/scan.c. A tool that is missing fails with
# CI=true, and is otherwise named in a line that starts with SKIPPED.
set -euo pipefail
cd "$(dirname "$0")/.."

missing() {
    if [ "${CI:-}" = true ]; then
        echo "test-ct: $1 is missing" >&2
        exit 1
    fi
    echo "SKIPPED whether time depends on secrets: $1 is missing"
    exit 0
}

for tool in cc valgrind pkg-config readelf; do
    command -v "$tool" >/dev/null || missing "$tool"
done
echo '#include <valgrind/memcheck.h>' | cc -E - >/dev/null 2>&1 || missing valgrind/memcheck.h

target=$(realpath -m "${CARGO_TARGET_DIR:-target}")/ct
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Runs a part, and stores what valgrind says.
look() {
    timeout 600 valgrind -q --error-exitcode=9 --num-callers=60 --gen-suppressions=all --suppressions=ffi/tests/ct.supp \
        "$folder/ct" "$1" >"$folder/$1.txt" 2>&1
}

for backend in aws-lc rustcrypto; do
    features=()
    [ "$backend" = aws-lc ] || features=(--no-default-features)
    # Names and lines, and otherwise the code that is released.
    CARGO_PROFILE_RELEASE_DEBUG=1 cargo build --quiet --release -p tenantseal-ffi "${features[@]}" --target-dir "$target"
    scripts/install_c.sh "$target/release" "$target/$backend"
    export PKG_CONFIG_PATH=$target/$backend/lib/pkgconfig LD_LIBRARY_PATH=$target/$backend/lib
    # shellcheck disable=SC2046
    cc -std=c11 -D_DEFAULT_SOURCE -g -O1 -Wall -Wextra -Wpedantic -Werror ffi/tests/ct.c \
        $(pkg-config --cflags --libs tenantseal) -o "$folder/ct"

    for control in compare_naively look_up; do
        status=0
        look "$control" || status=$?
        if [ "$status" -ne 9 ] || ! grep -q " $control (ct.c:" "$folder/$control.txt"; then
            echo "test-ct: the control $control was not found, so nothing would be" >&2
            exit 1
        fi
    done
    for part in cells callbacks sessions; do
        look "$part" || { cat "$folder/$part.txt" >&2; echo "test-ct: $backend, $part: time depends on a secret" >&2; exit 1; }
        echo "$backend: $(cat "$folder/$part.txt"), no report; both controls found"
    done

    for part in cells callbacks sessions; do
        valgrind -q --tool=callgrind --callgrind-out-file="$folder/calls" "$folder/ct" "$part" >/dev/null 2>&1
        sed -n 's/^c\?fn=([0-9]*) \(aws_lc_[0-9_]*_\)\?\([a-zA-Z0-9_:]*\).*/\2/p' "$folder/calls"
    done | grep -E '^(aes_hw|aesni_gcm|bsaes|gcm_ghash|gcm_gmult|sha1_block|vaes_gcm|vpaes)_|::(clmul|shani|soft|x86_aes)::|^aes::.*backend' |
        LC_ALL=C sort -u | paste -sd ' ' | sed "s/^/$backend ran: /"

    # shellcheck disable=SC2046
    cc -std=c11 -D_DEFAULT_SOURCE -g -O1 -Wall -Wextra -Wpedantic -Werror ffi/tests/scan.c \
        $(pkg-config --cflags --libs tenantseal) -o "$folder/scan"
    cargo run --quiet -p tenantseal-harness --bin scan_c -- "$folder/scan" | sed "s/^/$backend, /"
done
echo "test-ct: all passed"
