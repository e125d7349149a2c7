#!/usr/bin/env bash
# A cell and a row sealed by each language are opened by all: every program goes twice, so that each sees what the others left.
# Then each language that has sessions calls each, over UDP, with every handshake.
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
cargo build --quiet --release -p tenantseal-store --example exchange --example exchange_session
for program in exchange session; do
    cc -std=c11 -D_DEFAULT_SOURCE -Wall -Wextra -Werror "tests/exchange/$program.c" -Itarget/c-release/include \
        -Ltarget/c-release/lib -ltenantseal -Wl,-rpath,"$PWD/target/c-release/lib" -o "$folder/$program"
done
(cd ffi/java && mvn -q -B compile dependency:build-classpath -Dmdep.outputFile=target/classpath -DincludeScope=runtime)
for _ in first second; do
    target/release/examples/exchange "$folder/data" 1
    "$folder/exchange" "$folder/data" 2
    php tests/exchange/exchange.php "$folder/data" 3
    java -cp "ffi/java/target/classes:$(cat ffi/java/target/classpath)" tests/exchange/Exchange.java "$folder/data" 4
    "$venv/bin/python" tests/exchange/exchange.py "$folder/data" 5
done

mkdir "$folder/sessions"
session_rust=("$PWD/target/release/examples/exchange_session")
session_c=("$folder/session")
session_python=("$venv/bin/python" tests/exchange/session.py)
"${session_rust[@]}" "$folder/sessions" make
for listens in rust c python; do
    declare -n listener=session_$listens
    "${listener[@]}" "$folder/sessions" listen 9 >"$folder/port" &
    until [ -s "$folder/port" ]; do
        kill -0 $!
        sleep 0.1
    done
    echo "$listens listens"
    for calls in rust c python; do
        declare -n caller=session_$calls
        "${caller[@]}" "$folder/sessions" call "$(cat "$folder/port")"
    done
    wait $!
    : >"$folder/port"
done
