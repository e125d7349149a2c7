#!/usr/bin/env bash
# A cell and a row sealed by each language are opened by all: every program goes twice, so that each sees what the others left.
set -euo pipefail
source "$(dirname "$0")/library.sh"
need "the exchange between languages" javac mvn php
venv=$PWD/target/python-venv
if [ ! -x "$venv/bin/python" ]; then
    echo "SKIPPED the exchange between languages: make test-python makes its virtual environment"
    [ "${CI:-}" != true ] || exit 1
    exit 0
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/data"
cargo build --quiet --release -p tenantseal-store --example exchange
cc -std=c11 -D_DEFAULT_SOURCE -Wall -Wextra -Werror tests/exchange/exchange.c -Itarget/c-release/include \
    -Ltarget/c-release/lib -ltenantseal -Wl,-rpath,"$PWD/target/c-release/lib" -o "$folder/exchange"
(cd ffi/java && mvn -q -B compile dependency:build-classpath -Dmdep.outputFile=target/classpath -DincludeScope=runtime)
for _ in first second; do
    target/release/examples/exchange "$folder/data" 1
    "$folder/exchange" "$folder/data" 2
    php tests/exchange/exchange.php "$folder/data" 3
    java -cp "ffi/java/target/classes:$(cat ffi/java/target/classpath)" tests/exchange/Exchange.java "$folder/data" 4
    "$venv/bin/python" tests/exchange/exchange.py "$folder/data" 5
done
