#!/usr/bin/env bash
# Usage: tunnel.sh [SECONDS [ROUNDS]]   IP packets through sessions, in network namespaces of its own; throughput is
#                                       measured for SECONDS (5) in each of ROUNDS (3)
# examples/tunnel/README.md says what is shown. TENANTSEAL_SEED=n has the relay do the same again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=${1:-5}
rounds=${2:-3}
seed=${TENANTSEAL_SEED:-$RANDOM}
# Percent of the packets.
bad=(--loss 5 --corrupt 3 --duplicate 5 --reorder 10)
# What is looked for in captures: in ping's padding, at most 16 bytes, and in a page.
ping_text='tenantseal-ping!'
page_text='what nobody on the way should read'

skip() {
    echo "SKIPPED the tunnel: $1"
    exit 0
}

[ "$(id -u)" -eq 0 ] || skip "it makes network namespaces, and needs root for it"
[ -c /dev/net/tun ] || skip "there is no /dev/net/tun"
for tool in ip ping iperf3 python3; do
    if ! command -v "$tool" >/dev/null; then
        echo "SKIPPED the tunnel: $tool is missing"
        [ "${CI:-}" != true ] || exit 1
        exit 0
    fi
done

folder=$(mktemp -d)
name=tenantseal-$$
cleanup() {
    trap - EXIT HUP INT TERM
    # The shell would tell of each program that it ends.
    exec 2>/dev/null
    for side in a b r x; do
        # Whatever runs in them was started here. What one of them starts meanwhile is found the next time.
        while pids=$(ip netns pids "$name-$side") && [ -n "$pids" ]; do
            xargs kill -KILL <<<"$pids" || true
            sleep 0.05
        done
        ip netns del "$name-$side" || true
    done
    wait || true
    rm -rf "$folder"
}
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# In a namespace, in the background: the process id is in $!.
start() {
    local side=$1
    shift
    ip netns exec "$name-$side" "$@" &
}

# In a namespace, to the end. A signal to this script is not kept waiting.
inside() {
    start "$@"
    wait $!
}

fail() {
    echo "FAILED $1" >&2
    tail -n 20 "$folder"/*.log >&2
    exit 1
}

# exactly NUMBER NUMBER WHAT
exactly() {
    [ "$2" -eq "$1" ] || fail "$3: $2, and not $1"
    echo "  $3: $2"
}

# at_least NUMBER NUMBER WHAT
at_least() {
    [ "$2" -ge "$1" ] || fail "$3: $2, and not at least $1"
    echo "  $3: $2"
}

# The number that a program printed last as NAME=NUMBER, in the lines with a word.
number() {
    sed -n "/$2/s/.*\<$3=\([0-9]*\).*/\1/p" "$folder/$1.log" | tail -n 1 | grep . || echo 0
}

wait_for() {
    local text=$1 file=$2
    for _ in $(seq 200); do
        ! grep -qa "$text" "$file" || return 0
        sleep 0.05
    done
    fail "$file does not say: $text"
}

tunnel=$folder/tunnel
CARGO_TARGET_DIR=$PWD/target cargo build --quiet --release --locked --manifest-path examples/tunnel/Cargo.toml
cp target/release/tunnel "$tunnel"

# The ends a and b and the stranger x each have a wire to the relay r, and no route to one another.
ip netns add "$name-r" 2>"$folder/netns.log" || skip "no network namespace can be made: $(cat "$folder/netns.log")"
wires=(a 1 b 2 x 3)
for ((i = 0; i < ${#wires[@]}; i += 2)); do
    side=${wires[i]} net=${wires[i + 1]}
    ip netns add "$name-$side"
    ip link add wire netns "$name-$side" type veth peer name "wire-$side" netns "$name-r"
    ip -n "$name-$side" addr add "10.90.$net.2/24" dev wire
    ip -n "$name-r" addr add "10.90.$net.1/24" dev "wire-$side"
    ip -n "$name-$side" link set wire up
    ip -n "$name-r" link set "wire-$side" up
    ip -n "$name-$side" tuntap add dev tun0 mode tun 2>"$folder/tuntap.log" ||
        skip "no TUN device can be made: $(cat "$folder/tuntap.log")"
    ip -n "$name-$side" addr add "10.91.0.$net/24" dev tun0
    # A packet of this size with everything around it fits 1500. The queue is so long that TCP is not limited by it.
    ip -n "$name-$side" link set tun0 mtu 1400 txqueuelen 4000 up
done
ip -n "$name-b" link set lo up

TENANTSEAL_PASSPHRASE=$(head -c 18 /dev/urandom | base64)
export TENANTSEAL_PASSPHRASE
mkdir "$folder/keys" "$folder/a" "$folder/b" "$folder/page"
"$tunnel" keys "$folder/keys"

running=()
relay() {
    start r "$tunnel" relay --bind 0.0.0.0:7000 --to 10.90.2.2:7000 --seed "$seed" "$@" >"$folder/relay.log" 2>&1
    running+=($!)
}
# Packets are sent once the relay and b are there; who is early calls again.
end() {
    local side=$1
    shift
    start "$side" "$tunnel" end --device tun0 "$@" >"$folder/$side.log" 2>&1
    running+=($!)
    wait_for "end: ready" "$folder/$side.log"
}
listener() { end b --bind 0.0.0.0:7000 "$@"; }
caller() { end "$1" --bind 0.0.0.0:0 --to "$2:7000" "${@:3}"; }
phone=(--folder "$folder/keys" --tenant acme --name phone --peer laptop)
laptop=(--folder "$folder/keys" --tenant acme --name laptop --peer phone)
# As the phone, with its private key: only the tenant is another.
stranger=(--folder "$folder/keys" --tenant other --name phone --peer laptop)

stop() {
    kill -TERM "${running[@]}" 2>/dev/null || true
    for pid in "${running[@]}"; do
        wait "$pid" || fail "a program did not end well"
    done
    running=()
}

# ping waits for as long as two of its longest round trips, and without encryption it believes an altered time: its end is
# not left to it. At SIGINT it says what it has counted.
ping_b() {
    local pattern
    pattern=$(printf %s "$ping_text" | od -An -tx1 | tr -d ' \n')
    inside "$1" timeout -s INT 20 ping -n -i 0.02 -W 1 -p "$pattern" "${@:2}" 10.91.0.2 >"$folder/ping.log" 2>&1 || true
}
received() { sed -n 's/.* \([0-9]*\) received.*/\1/p' "$folder/ping.log" | grep . || echo 0; }

# Waits until a gets through.
connect() {
    for _ in $(seq 40); do
        ping_b "$1" -c 1
        [ "$(received)" -eq 0 ] || return 0
    done
    fail "$1 does not get through"
}

# The captures: the relay's own of all that arrived, and that of another program where there is one.
capture() {
    [ -z "$(command -v tcpdump)" ] && return
    start r tcpdump -i any -U -w - udp port 7000 >"$folder/tcpdump.pcap" 2>"$folder/tcpdump.log"
    captures=$!
    wait_for "listening on" "$folder/tcpdump.log"
}
captures=
end_capture() {
    [ -z "$captures" ] && return
    # What it has not written yet.
    sleep 0.5
    kill -TERM "$captures"
    wait "$captures" || true
    captures=
}
occurrences() { cat "$folder/relay.pcap" "$folder/tcpdump.pcap" 2>/dev/null | grep -aoF "$1" | wc -l; }

# A page from b, over TCP.
fetch() {
    start b python3 -u -m http.server --bind 10.91.0.2 --directory "$folder/page" 8000 >"$folder/http.log" 2>&1
    local server=$!
    wait_for "Serving HTTP" "$folder/http.log"
    # shellcheck disable=SC2016
    inside a timeout 60 bash -c 'exec 3<>/dev/tcp/10.91.0.2/8000; printf "GET / HTTP/1.0\r\n\r\n" >&3; cat <&3' \
        >"$folder/page.log" 2>&1 || fail "the page does not come"
    kill -TERM "$server"
    wait "$server" || true
    grep -qF "$page_text" "$folder/page.log" || fail "the page is another one"
}
echo "$page_text" >"$folder/page/index.html"

# iperf3 from a to b; prints what it says.
throughput() {
    start b timeout $((seconds + 60)) iperf3 -s -1 --forceflush >"$folder/server.log" 2>&1
    local server=$!
    wait_for "listening" "$folder/server.log"
    inside a timeout $((seconds + 60)) iperf3 -c 10.91.0.2 -f m "$@" >"$folder/iperf.log" 2>&1 || fail "iperf3 does not get through"
    wait "$server" || fail "iperf3's server"
}
megabits() { sed -n 's/.* \([0-9.]*\) Mbits\/sec .*receiver.*/\1/p' "$folder/iperf.log"; }

echo "tunnel: TENANTSEAL_SEED=$seed; loss 5 %, corruption 3 %, repetition 5 %, another order 10 %"

echo "encrypted, through the bad relay, sessions of 3 seconds:"
relay "${bad[@]}" --record "$folder/relay.pcap"
listener "${laptop[@]}" --session-seconds 3 --record "$folder/b"
caller a 10.90.1.1 "${phone[@]}" --session-seconds 3 --record "$folder/a"
capture
connect a
ping_b a -c 300
answers=$(received)
# Both ways must be survived: 0.92 * 0.92 on average.
at_least 200 "$answers" "answers to 300 pings"
exactly 0 "$(grep -c 'DUP!' "$folder/ping.log" || true)" "answers that ping saw twice"
exactly 0 "$(grep -c 'wrong data' "$folder/ping.log" || true)" "answers that were altered"
fetch
echo "  a page over TCP: came whole"
# Not over UDP: iperf3 gives up when its first datagram is lost.
throughput -t 1 -b 20M
echo "  iperf3 over TCP, Mbit/s: $(megabits)"
end_capture
stop
for way in way back; do
    echo "  relay, $way: $(sed -n "s/relay: $way [^ ]* //p" "$folder/relay.log")"
done
for side in a b; do
    echo "  $(sed -n 's/^end: \(sessions\)/\1/p' "$folder/$side.log"), $side"
    at_least 3 "$(number $side sessions= sessions)" "sessions of $side"
    at_least 1 "$(number $side sessions= refused)" "altered packets that $side refused"
    at_least 1 "$(number $side sessions= repeated)" "repeated packets that $side refused"
done
for ways in "a b" "b a"; do
    read -r from to <<<"$ways"
    "$tunnel" compare "$folder/$from/read.pcap" "$folder/$to/written.pcap" >"$folder/compare.log" ||
        fail "$to has packets that $from did not send: $(cat "$folder/compare.log")"
    echo "  what $to was given is what $from sent, each packet once: $(cat "$folder/compare.log")"
done
for text in "$ping_text" "$page_text"; do
    exactly 0 "$(occurrences "$text")" "\"$text\" in the captures"
done
[ -s "$folder/tcpdump.pcap" ] || echo "SKIPPED the capture of another program: tcpdump is missing; the relay's own was searched"

# So that it is seen that the checks can fail.
echo "the same without encryption:"
relay "${bad[@]}" --record "$folder/relay.pcap"
listener --plain --record "$folder/b"
caller a 10.90.1.1 --plain --record "$folder/a"
capture
connect a
ping_b a -c 100
at_least 1 "$(grep -c 'DUP!' "$folder/ping.log" || true)" "answers that ping saw twice"
fetch
end_capture
stop
! "$tunnel" compare "$folder/a/read.pcap" "$folder/b/written.pcap" >"$folder/compare.log" 2>&1 ||
    fail "the comparison sees nothing"
echo "  what b was given is not what a sent: $(grep '^compare' "$folder/compare.log")"
for text in "$ping_text" "$page_text"; do
    at_least 1 "$(occurrences "$text")" "\"$text\" in the captures"
done

echo "a stranger of another tenant, with the phone's private key:"
relay
listener "${laptop[@]}" --session-seconds 3
caller a 10.90.1.1 "${phone[@]}" --session-seconds 3
connect a
caller x 10.90.3.1 "${stranger[@]}"
ping_b x -c 50
exactly 0 "$(received)" "answers to 50 pings of the stranger"
# The relay loses nothing, so what is missing was lost with a new session. A busy machine is forgiven two.
ping_b a -c 200
at_least 198 "$(received)" "answers to 200 pings of a meanwhile"
stop
at_least 2 "$(number a sessions= sessions)" "sessions of a"
at_least 1 "$(number relay 'way 10.90.3.2' sent)" "packets of the stranger that reached b"
exactly 0 "$(number relay 'back 10.90.3.2' received)" "packets that b sent to it"
exactly 0 "$(number x sessions= sessions)" "sessions of the stranger"
# The same namespace, with the right tenant.
relay
listener "${laptop[@]}"
caller x 10.90.3.1 "${phone[@]}"
connect x
stop
at_least 1 "$(number x sessions= sessions)" "sessions of the same namespace with the tenant of b"

echo "throughput of TCP through a good relay, $seconds s each, Mbit/s:"
for ((round = 1; round <= rounds; round++)); do
    # In turn first: what is beside it on the machine does not favour one of them.
    modes=(encrypted plain)
    [ $((round % 2)) -eq 1 ] || modes=(plain encrypted)
    for mode in "${modes[@]}"; do
        relay
        if [ "$mode" = plain ]; then
            listener --plain
            caller a 10.90.1.1 --plain
        else
            listener "${laptop[@]}"
            caller a 10.90.1.1 "${phone[@]}"
        fi
        connect a
        throughput -t "$seconds"
        stop
        megabits >>"$folder/$mode.rates"
    done
    echo "  round $round: encrypted $(tail -n 1 "$folder/encrypted.rates"), plain $(tail -n 1 "$folder/plain.rates")"
done
median() { sort -n "$1" | sed -n "$(((rounds + 1) / 2))p"; }
encrypted=$(median "$folder/encrypted.rates") plain=$(median "$folder/plain.rates")
echo "  median: encrypted $encrypted, plain $plain, ratio $(awk "BEGIN { printf \"%.2f\", $encrypted / $plain }")"
echo "tunnel: everything held"
