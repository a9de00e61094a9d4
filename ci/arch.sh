#!/bin/sh
# ci/arch.sh [PROCESSOR...]: the unit and conformance tests for other processors: cross compilers, and qemu where this machine cannot run them.
# Without names all of them. Needs `ci/install arch`. Results stay in build/PROCESSOR/tests/results/; what cannot work under qemu is in docs/platforms.md.
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- aarch64 riscv64 s390x i686
{ ci/install arch && ci/source cmocka >/dev/null; } || exit 77 # for ci/run: left out
failed=
for processor; do
    echo "== $processor"
    cmake --preset "$processor"
    cmake --build "build/$processor" -j2
    case $processor in
    i686) without='^$' ;;
    # What differs under qemu is the processor: one poller shows it. And qemu ends where a set is larger than its own.
    *) without='^unit/test_select$|/(poll|select)$' ;;
    esac
    ctest --test-dir "build/$processor" -j2 --output-on-failure --no-tests=error -L 'unit|conformance' -E "$without" ||
        failed="$failed $processor"
done
[ -z "$failed" ] || { echo "ci/arch.sh: failed on$failed"; exit 1; }
