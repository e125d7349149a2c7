#!/usr/bin/env bash
# Usage: postgres.sh run COMMAND...    runs the command with a PostgreSQL server of its own, which is gone afterwards
#        postgres.sh start FOLDER      starts a server in a new folder, and prints what `run` exports
#        postgres.sh restart FOLDER [MODE]   stops it (smart, fast, immediate) and starts it again
#        postgres.sh stop FOLDER       ends it and removes the folder
# The command finds TENANTSEAL_POSTGRES, a connection string of a superuser over a Unix socket;
# TENANTSEAL_POSTGRES_TLS, host and port for TLS; and TENANTSEAL_POSTGRES_CA, the root of the server's certificate.
# The server flushes as it does in service, unless TENANTSEAL_POSTGRES_FSYNC=off.
# Without PostgreSQL, `run` runs the command without them, and fails with CI=true.
set -euo pipefail

# Debian keeps the server's commands out of the way, one folder for each version.
bin=
while IFS= read -r initdb; do
    bin=$(dirname "$initdb")
done < <(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V || true; command -v initdb || true)

# The server refuses to run as root.
as_server() {
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && runuser -u postgres -- "$@")
    else
        (cd / && "$@")
    fi
}

control() {
    as_server "$bin/pg_ctl" -D "$1/data" -w -s -l "$1/log" "${@:2}" >/dev/null </dev/null
}

# Certificates: a root, and one of it for `localhost`.
certificates() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=tenantseal test root" \
        -addext basicConstraints=critical,CA:TRUE -keyout "$1/root.key" -out "$1/root.pem" 2>/dev/null
    openssl req -newkey rsa:2048 -nodes -subj "/CN=localhost" -keyout "$1/server.key" -out "$1/server.csr" 2>/dev/null
    printf 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n' >"$1/extensions"
    openssl x509 -req -in "$1/server.csr" -CA "$1/root.pem" -CAkey "$1/root.key" -CAcreateserial -days 2 \
        -extfile "$1/extensions" -out "$1/server.pem" 2>/dev/null
    chmod 600 "$1/server.key"
}

start() {
    local folder=$1 port
    umask 077
    mkdir -p "$folder"
    head -c 18 /dev/urandom | base64 | tr '+/' 'ab' >"$folder/password"
    certificates "$folder"
    chmod 711 "$folder"
    if [ "$(id -u)" -eq 0 ]; then
        chown -R postgres "$folder"
    fi
    as_server "$bin/initdb" -D "$folder/data" -U postgres -A scram-sha-256 --pwfile="$folder/password" -E UTF8 \
        --locale=C.UTF-8 >/dev/null
    # Tests look for what was deleted before anybody else cleans up: no autovacuum in between.
    cat >>"$folder/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = '$folder'
fsync = ${TENANTSEAL_POSTGRES_FSYNC:-on}
ssl = on
ssl_cert_file = '$folder/server.pem'
ssl_key_file = '$folder/server.key'
autovacuum_naptime = 1d
CONF
    # Somebody else may take the port in between.
    for _ in 1 2 3 4 5 6 7 8; do
        port=$((RANDOM % 20000 + 20000))
        if ! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && control "$folder" -o "-p $port" start; then
            echo "$port" >"$folder/port"
            return
        fi
    done
    cat "$folder/log" >&2
    return 1
}

stop() {
    if [ -f "$1/port" ]; then
        control "$1" -m immediate stop || true
    fi
    rm -rf "$1"
}

variables() {
    local port
    port=$(cat "$1/port")
    echo "TENANTSEAL_POSTGRES=host=$1 port=$port user=postgres password=$(cat "$1/password")"
    echo "TENANTSEAL_POSTGRES_TLS=host=localhost port=$port"
    echo "TENANTSEAL_POSTGRES_CA=$1/root.pem"
}

case ${1:-} in
run)
    shift
    if [ -z "$bin" ]; then
        echo "SKIPPED the tests of PostgresRecords: PostgreSQL is not installed"
        exec "$@"
    fi
    parent=$(mktemp -d)
    trap 'stop "$parent/server"; rm -rf "$parent"' EXIT
    # A folder that mktemp makes is for its owner alone, and the server is another user.
    chmod 711 "$parent"
    start "$parent/server"
    while IFS= read -r line; do
        export "${line?}"
    done < <(variables "$parent/server")
    "$@"
    ;;
start)
    start "$2" && variables "$2"
    ;;
restart)
    control "$2" -m "${3:-fast}" stop
    control "$2" -o "-p $(cat "$2/port")" start
    ;;
stop) stop "$2" ;;
*)
    sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
