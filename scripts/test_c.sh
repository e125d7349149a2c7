#!/usr/bin/env bash
# Builds the C library, installs it under target/c, and runs the C tests against it: normal use, sessions, misuse, forks, an
# injected panic; with AddressSanitizer and UndefinedBehaviorSanitizer in the C code, and under valgrind. A tool that is
# missing fails with CI=true, and is otherwise named in a line that starts with SKIPPED.
set -euo pipefail
cd "$(dirname "$0")/.."

has() {
    if command -v "$1" >/dev/null; then
        return 0
    fi
    if [ "${CI:-}" = true ]; then
        echo "test-c: $1 is missing" >&2
        exit 1
    fi
    echo "SKIPPED $2: $1 is missing"
    return 1
}

has cc "every C test" || exit 0
for tool in awk nm readelf pkg-config; do
    has "$tool" "every C test" || exit 0
done

prefix=$PWD/target/c
tests=$prefix/tests
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$tests"
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig LD_LIBRARY_PATH=$prefix/lib
warnings="-std=c11 -D_DEFAULT_SOURCE -g -Wall -Wextra -Wpedantic -Werror"

# A folder of its own for each run: tests leave nothing for each other.
run() {
    local name=$1
    shift
    mkdir "$folder/$name"
    # A lock that is never released must not look like a slow machine.
    (cd "$folder/$name" && timeout 600 "$@") || { echo "test-c: $name failed" >&2; exit 1; }
}

compile() {
    local name=$1
    shift
    # shellcheck disable=SC2046,SC2086
    cc $warnings ffi/tests/"${name%%_*}".c -I"$tests" "$@" $(pkg-config --cflags --libs tenantseal) -pthread \
        -Wno-cast-function-type -o "$tests/$name"
}

cargo build --quiet -p tenantseal-ffi
scripts/install_c.sh target/debug "$prefix"

# What is exported is what is written down, and nothing else: no symbol of aws-lc or SQLite either.
nm -D --defined-only "$prefix/lib/libtenantseal.so" | awk '{ print $3 }' | LC_ALL=C sort |
    diff - <(LC_ALL=C sort ffi/symbols.txt) || { echo "test-c: the library does not export what ffi/symbols.txt says" >&2; exit 1; }
abi=$(sed -n 's/#define TENANTSEAL_ABI_VERSION //p' "$prefix/include/tenantseal.h")
readelf -d "$prefix/lib/libtenantseal.so" | grep -q "SONAME.*\[libtenantseal.so.$abi\]"
echo "symbols: $(wc -l <ffi/symbols.txt) exported as listed, soname libtenantseal.so.$abi"

# The headers are plain C99; the second one needs two includes and nothing else.
cc -std=c99 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -x c "$prefix/include/tenantseal.h"
cat - "$prefix/include/tenantseal_ffi.h" <<<$'#include <stddef.h>\n#include <stdint.h>' |
    cc -std=c99 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -x c -
if has c++ "the header in C++"; then
    c++ -Wall -Wextra -Werror -fsyntax-only -x c++ "$prefix/include/tenantseal.h"
fi

awk -f ffi/tests/abuse_table.awk ffi/include/tenantseal_ffi.h >"$tests/abuse_table.h"
sanitizers="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"

echo "- shared library"
compile use
run use "$tests/use" .
compile fork
run fork "$tests/fork" .
compile sessions
run sessions "$tests/sessions"
compile abuse
run abuse "$tests/abuse" .

# The guide's example is a file that is run, and is the file.
awk '/^```c$/ { inside = 1; next } /^```$/ { inside = 0 } inside' docs/c.md | diff - examples/c_column.c ||
    { echo "test-c: docs/c.md does not show examples/c_column.c" >&2; exit 1; }
# And what README.md shows are lines of it.
awk '/^```c$/ { inside = 1; next } /^```$/ { inside = 0 } inside && !/c_column/' README.md README.zh-CN.md | while read -r line; do
    grep -qF "$line" examples/c_column.c || { echo "test-c: README.md shows what is not in examples/c_column.c: $line" >&2; exit 1; }
done
# shellcheck disable=SC2046,SC2086
cc $warnings examples/c_column.c $(pkg-config --cflags --libs tenantseal) -o "$tests/c_column"
run c_column "$tests/c_column" keys.ts
# shellcheck disable=SC2046,SC2086
cc $warnings examples/c_session.c $(pkg-config --cflags --libs tenantseal) -o "$tests/c_session"
run c_session "$tests/c_session"

echo "- static library"
# shellcheck disable=SC2046,SC2086
cc $warnings ffi/tests/use.c $(pkg-config --cflags tenantseal) "$prefix/lib/libtenantseal.a" \
    $(pkg-config --static --libs-only-l tenantseal | sed 's/-ltenantseal//') -o "$tests/use_static"
run use_static env -u LD_LIBRARY_PATH "$tests/use_static" .

echo "- with sanitizers in the C code"
# Without forks: the sanitizer's own allocator is left locked in a child if another thread was just allocating.
# shellcheck disable=SC2086
compile use_asan $sanitizers
run use_asan "$tests/use_asan" .
# Here nothing runs beside the fork.
# shellcheck disable=SC2086
compile sessions_asan $sanitizers
run sessions_asan "$tests/sessions"
# shellcheck disable=SC2086
compile abuse_asan $sanitizers
run abuse_asan "$tests/abuse_asan" . no-fork

if has valgrind "the C tests under valgrind"; then
    echo "- under valgrind"
    check="valgrind -q --error-exitcode=9 --leak-check=full"
    # Without the passphrases: they cost minutes there, on purpose.
    run use_valgrind $check "$tests/use" . quick
    check="$check --suppressions=$PWD/ffi/tests/valgrind.supp"
    run sessions_valgrind $check "$tests/sessions" no-fork
    run sessions_child $check --leak-check=no "$tests/sessions" only-fork
    run abuse_valgrind $check "$tests/abuse" . no-fork
    run abuse_child $check --leak-check=no "$tests/abuse" . only-fork
fi

echo "- with a panic injected"
cargo build --quiet -p tenantseal-ffi --features panic-inject
scripts/install_c.sh target/debug "$prefix-panic"
PKG_CONFIG_PATH=$prefix-panic/lib/pkgconfig compile panic
LD_LIBRARY_PATH=$prefix-panic/lib run panic "$tests/panic" 2>"$folder/panic.txt" || { cat "$folder/panic.txt" >&2; exit 1; }
grep -q "injected" "$folder/panic.txt"
# The library that stays in target is the one without.
cargo build --quiet -p tenantseal-ffi
echo "test-c: all passed"
