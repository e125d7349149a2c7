#!/usr/bin/env bash
# Usage: interop.sh [N]             N random messages (500) both ways with each of the other implementations
#        interop.sh bench [ROUNDS]  what the same message costs here and there, in one run
# tests/interop/README.md says what is done. What the peers need is brought under target/interop.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source_folder=$PWD/tests/interop
folder=$PWD/target/interop
mkdir -p "$folder"
launchers=()

# A peer whose tools are missing is left out by name, and fails with CI=true.
has() {
    local what=$1
    shift
    for tool in "$@"; do
        if ! command -v "$tool" >/dev/null; then
            skip "$what: $tool is missing"
            return 1
        fi
    done
}

skip() {
    echo "SKIPPED the interoperation with $1"
    [ "${CI:-}" != true ] || exit 1
}

# A file that starts a peer: the rest is the command.
launcher() {
    local file=$folder/$1
    shift
    { printf '#!/bin/sh\nexec'; printf ' %q' "$@"; echo; } >"$file"
    chmod +x "$file"
    launchers+=("$file")
}

if ! python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    skip "wechatpy: no Python 3.11 with venv"
else
    [ -x "$folder/python/bin/pip" ] || python3 -m venv "$folder/python"
    "$folder/python/bin/python" -m pip install --quiet --no-deps -r "$source_folder/peers/python/requirements.txt"
    launcher python/run "$folder/python/bin/python" "$source_folder/peers/python/peer.py"
fi

if has "@wecom/crypto" node npm; then
    mkdir -p "$folder/node"
    cp "$source_folder"/peers/node/package*.json "$folder/node"
    (cd "$folder/node" && npm ci --silent --prefer-offline --no-audit --no-fund)
    launcher node/run env NODE_PATH="$folder/node/node_modules" node "$source_folder/peers/node/peer.js"
fi

if has "weixin-java-cp" javac mvn; then
    mkdir -p "$folder/java"
    mvn -B -f "$source_folder/peers/java/pom.xml" dependency:build-classpath \
        -Dmdep.outputFile="$folder/java/classpath" >"$folder/java/log" 2>&1 || { cat "$folder/java/log" >&2; exit 1; }
    javac -Xlint:all -Xlint:-processing -Werror -d "$folder/java" -cp "$(cat "$folder/java/classpath")" \
        "$source_folder/peers/java/Peer.java"
    launcher java/run java -cp "$folder/java:$(cat "$folder/java/classpath")" Peer
fi

if has "github.com/silenceper/wechat" go; then
    mkdir -p "$folder/go"
    # The toolchain that is there, or none: another one is not brought in.
    if (cd "$source_folder/peers/go" && GOTOOLCHAIN=local GOFLAGS=-mod=readonly go build -o "$folder/go/peer" .); then
        launchers+=("$folder/go/peer")
    else
        skip "github.com/silenceper/wechat: this Go does not build it"
    fi
fi

build() {
    CARGO_TARGET_DIR=$PWD/target cargo build --quiet --release --locked --manifest-path "$source_folder/Cargo.toml" "${@:2}"
    cp "$PWD/target/release/tenantseal-interop" "$folder/$1"
}

build interop
case ${1:-} in
bench)
    build interop-aws-lc --features aws-lc
    peers=("${launchers[@]}")
    launcher ours "$folder/interop" serve
    launcher ours-aws-lc "$folder/interop-aws-lc" serve
    "$folder/interop" bench "${2:-5}" "RustCrypto=$folder/ours" "aws-lc=$folder/ours-aws-lc" "${peers[@]}"
    echo
    build allocations --features allocations
    "$folder/allocations" allocations RustCrypto
    build allocations --features allocations,aws-lc
    "$folder/allocations" allocations aws-lc
    ;;
*)
    "$folder/interop" check "${1:-500}" "${launchers[@]}"
    ;;
esac
