#!/usr/bin/env bash
# Brings what `make test` needs and says what it does. A tool is built from source only with CI=true.
set -euo pipefail

# Debian's packages for the commands that the tests of the C library and of the languages that call it use, and the tunnel.
wanted=()
want() {
    if ! command -v "$1" >/dev/null; then
        wanted+=("${@:2}")
    fi
}
want cc gcc libc6-dev
want c++ g++
want pkg-config pkg-config
want readelf binutils
want valgrind valgrind
want strace strace
want javac default-jdk-headless
want mvn maven
want node nodejs
want npm npm
want go golang-go
want php php-cli
want phpunit phpunit
want cgi-fcgi libfcgi-bin
want openssl openssl
want psql postgresql
want mariadb mariadb-client-core
want ip iproute2
want iperf3 iperf3
want ping iputils-ping
want tcpdump tcpdump
[ -n "$(compgen -c php-fpm)" ] || wanted+=(php-fpm)
# Debian keeps the server's commands out of the way.
command -v initdb >/dev/null || [ -n "$(compgen -G '/usr/lib/postgresql/*/bin/initdb')" ] || wanted+=(postgresql)
command -v mariadbd >/dev/null || [ -x /usr/sbin/mariadbd ] || wanted+=(mariadb-server-core)
for extension in dom:php-xml pdo_sqlite:php-sqlite3; do
    php -m 2>/dev/null | grep -qx "${extension%%:*}" || wanted+=("${extension##*:}")
done
if [ "${#wanted[@]}" -eq 0 ]; then
    echo "setup: every system package is there"
elif [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo "setup: installing ${wanted[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null
elif ! command -v cc >/dev/null; then
    echo "setup: no C compiler, and no right to install one: install gcc or clang" >&2
    exit 1
else
    echo "setup: not installed, and no right to: ${wanted[*]}"
fi

# The compiler that is promised is the one that is run.
cargo --version
for component in fmt clippy; do
    if ! cargo "$component" --version >/dev/null 2>&1; then
        echo "setup: cargo $component is missing: add it to the toolchain" >&2
        exit 1
    fi
done

install_tool() {
    if cargo "${1#cargo-}" --version >/dev/null 2>&1; then
        echo "setup: $1 found"
    elif [ "${CI:-}" = true ]; then
        echo "setup: installing $1 $2"
        # Its own folder: the settings of this workspace are not the tool's.
        (cd / && cargo install "$1" --version "$2" --locked --quiet) ||
            echo "SKIPPED $1: it could not be installed"
    else
        echo "setup: $1 is missing; with CI=true it is installed"
    fi
}

install_tool cargo-deny 0.20.2
if cargo +nightly --version >/dev/null 2>&1; then
    install_tool cargo-fuzz 0.13.2
else
    echo "setup: no nightly toolchain, so no cargo-fuzz"
fi
