#!/bin/sh
# ci/musl.sh: the unit and conformance tests on another C library, musl, on this machine: built by zig (ci/zig/build), run by Debian's musl.
# One real poller shows what differs. Results stay in build/PROCESSOR-linux-musl/tests/results/.
set -eu
cd "$(dirname "$0")/.."
target=$(uname -m)-linux-musl
ci/install musl || exit 77 # for ci/run: left out
ci/zig/build "$target"
ctest --test-dir "build/$target" -j2 --output-on-failure --no-tests=error -L 'unit|conformance' -E '/(poll|select)$'
