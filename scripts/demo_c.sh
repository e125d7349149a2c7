#!/usr/bin/env bash
# Builds the C library and runs examples/demo.c against it, as a user would compile it.
set -euo pipefail
cd "$(dirname "$0")/.."

for tool in cc pkg-config readelf; do
    if ! command -v "$tool" >/dev/null; then
        if [ "${CI:-}" = true ]; then
            echo "demo-c: $tool is missing" >&2
            exit 1
        fi
        echo "SKIPPED demo-c: $tool is missing"
        exit 0
    fi
done

cargo build --quiet --release -p tenantseal-ffi
prefix=$PWD/target/c-release
scripts/install_c.sh target/release "$prefix"
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# shellcheck disable=SC2046
cc -std=c11 -D_DEFAULT_SOURCE -O2 -Wall -Wextra -Wpedantic -Werror examples/demo.c \
    $(pkg-config --cflags --libs tenantseal) -Wl,-rpath,"$prefix/lib" -o "$folder/demo"
"$folder/demo" "$folder" examples/contacts.policy.json
