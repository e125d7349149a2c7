#!/usr/bin/env bash
# Usage: mariadb.sh run COMMAND...    runs the command with a MariaDB server of its own, which is gone afterwards
# The command finds TENANTSEAL_MARIADB, the server's Unix socket; the user is root, without a password.
# Without MariaDB, the command is run without it, and fails with CI=true.
set -euo pipefail

if [ "${1:-}" != run ] || [ "$#" -lt 2 ]; then
    sed -n '2,4s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
shift

server=$(command -v mariadbd || { [ -x /usr/sbin/mariadbd ] && echo /usr/sbin/mariadbd; } || true)
if [ -z "$server" ] || ! command -v mariadb >/dev/null; then
    echo "SKIPPED the tests of SQL on MariaDB: it is not installed"
    exec "$@"
fi

folder=$(mktemp -d)
process=
stop() {
    if [ -n "$process" ]; then
        kill "$process" 2>/dev/null || true
        wait "$process" 2>/dev/null || true
    fi
    rm -rf "$folder"
}
trap stop EXIT
# The server refuses to run as root unless it is told to.
user=$(id -un)
mariadb-install-db --no-defaults --datadir="$folder/data" --auth-root-authentication-method=normal --skip-test-db \
    --user="$user" >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
"$server" --no-defaults --datadir="$folder/data" --socket="$folder/socket" --skip-networking --user="$user" \
    --pid-file="$folder/pid" >"$folder/log" 2>&1 &
process=$!
for _ in $(seq 300); do
    if mariadb --no-defaults --socket="$folder/socket" --user=root -e 'SELECT 1' >/dev/null 2>&1; then
        TENANTSEAL_MARIADB="$folder/socket" "$@"
        exit
    fi
    sleep 0.2
done
cat "$folder/log" >&2
exit 1
