# common.sh: what the scripts of ci/peers share; sourced by them with the build's folder in $1.
# Touches a folder of its own, which goes away with all that was started, on any exit.
# shellcheck shell=bash
# Bash, for a process in the background must have a group of its own and mind SIGINT, with or without a terminal.
set -eu
set -m

script=$(basename "$0")
build=${1:?"the folder of a build, as build/release"}
build=$(cd "$build" && pwd)
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
count=0

clean_up() {
    status=$?
    trap - EXIT
    for group in $(jobs -p); do kill -INT -- "-$group" 2>/dev/null || :; done
    for _ in 1 2 3 4 5 6 7 8 9 10; do [ -z "$(jobs -pr)" ] || sleep 0.1; done # a database cleans up after itself
    for group in $(jobs -p); do kill -9 -- "-$group" 2>/dev/null || :; done
    wait 2>/dev/null || :
    if [ "$status" -ne 0 ]; then
        for log in "$work"/*.log; do [ ! -f "$log" ] || { echo "---- ${log##*/}" && tail -n 30 "$log"; }; done
        echo "ci/peers/$script: FAILED after $count checks"
    fi
    rm -rf "$work"
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

fail() {
    echo "ci/peers/$script: $*"
    exit 1
}

# start LOG COMMAND...: in the background, its process in $pid
start() {
    log=$work/$1.log
    shift
    "$@" >"$log" 2>&1 </dev/null &
    pid=$!
}

# within SECONDS COMMAND...: until it succeeds
within() {
    tries=$(($1 * 20))
    shift
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || fail "in vain: $*"
        sleep 0.05
    done
}

gone() { ! kill -0 "$1" 2>/dev/null; }

# A free port: what the system gives to somebody who asks for any.
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# same WHAT EXPECTED GOT
same() {
    count=$((count + 1))
    [ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
}

# contains WHAT EXPECTED FILE: a fixed piece of text
contains() {
    count=$((count + 1))
    grep -qF -- "$2" "$3" || { cat "$3" && fail "$1: no '$2'"; }
}

needs() {
    for program in "$@"; do
        command -v "$program" >/dev/null 2>&1 || [ -x "$program" ] || fail "needs $program; ci/install peers installs what is missing"
    done
}
