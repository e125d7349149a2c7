#!/usr/bin/env bash
# What a call from C costs, beside OpenSSL. Needs OpenSSL's headers (libssl-dev).
set -euo pipefail
source "$(dirname "$0")/library.sh"
if ! echo '#include <openssl/evp.h>' | cc -fsyntax-only -x c - 2>/dev/null; then
    echo "SKIPPED the C bench: no OpenSSL headers (libssl-dev)"
    exit 0
fi
cc -std=c11 -D_DEFAULT_SOURCE -O2 -Wall -Wextra ffi/benches/crossing.c -Itarget/c-release/include -Ltarget/c-release/lib \
    -ltenantseal -lcrypto -Wl,-rpath,"$PWD/target/c-release/lib" -o target/c-release/crossing
target/c-release/crossing examples/contacts.policy.json
