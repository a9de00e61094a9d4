#!/bin/sh
# ci/linux.sh [STAGE...]: the tests on this machine, one stage a way to build; without names all of them, one after the other.
# ci/linux.sh --stages prints the names. Stops at the first that fails; results of the conformance programs stay in build/*/tests/results/.
set -eu
cd "$(dirname "$0")/.."

UBSAN_OPTIONS=print_stacktrace=1
export UBSAN_OPTIONS
stages="gcc clang epoll-only io_uring-only poll-only select-only sim-only ucontext no-tls cares asan tsan valgrind"

build() { # PRESET [OPTION...]
    preset=$1
    shift
    cmake --preset "$preset"
    cmake --build --preset "$preset" -j2 "$@"
}

# poll differs from select by one file, which its laws and its unit test go through: gcc runs all of conformance on it, and so does poll-only.
all_but_poll='^conformance/poll$'

test_it() { # [CTEST OPTION...]
    ctest --preset "$preset" -j2 --no-tests=error "$@"
}

# One backend alone, no TLS and no probes, or c-ares in place of threads: the libraries build so, and what is there keeps the laws.
one_backend() { # PRESET [CTEST OPTION...]
    build "$1" --target eddy_shared eddy_static conformance conformance_laws
    shift
    test_it -L conformance "$@"
}

run_stage() {
    case $1 in
    gcc)
        build gcc
        test_it
        ;;
    asan)
        build asan
        test_it -E "$all_but_poll"
        ;;
    clang) # another compiler makes no other programs of what is a process, a terminal or a number of seeds
        build clang
        test_it -L 'unit|conformance' -E "$all_but_poll"
        ;;
    ucontext) # who looks from outside does not see how tasks are switched
        build ucontext
        test_it -E "^tools/|$all_but_poll"
        ;;
    tsan) # all on sim; on a real poller what crosses threads
        build tsan
        test_it -L 'threads|unit|conformance' -E '^laws/|^conformance/(epoll|io_uring|poll|select)$'
        for tests in '*thread*' '*executor*' '*concurrent*' '*wrap*' '*signal*' 'fault_X*' 'fault_D*' 'fault_G*' 'fault_Y*'; do
            EDDY_BACKEND=epoll build/tsan/tests/conformance "$tests"
        done
        for tests in '*thread*' '*concurrent*' 'fault_G*'; do
            EDDY_BACKEND=io_uring build/tsan/tests/conformance "$tests" || [ $? -eq 77 ] # the machine has none
        done
        ;;
    valgrind) # of io_uring the laws: Valgrind does not know the calls in which that works, and stumbles over signals there
        build valgrind
        test_it -L 'unit|conformance' -E '^conformance/(io_uring|poll)$'
        ;;
    *-only) one_backend "$1" ;;
    no-tls) one_backend no-tls -E "$all_but_poll" ;;
    cares)
        ci/install cares
        one_backend cares -E "$all_but_poll"
        ;;
    *)
        echo "ci/linux.sh: no stage '$1'; there are: $stages" >&2
        exit 2
        ;;
    esac
}

if [ "${1:-}" = --stages ]; then
    echo "$stages"
    exit
fi
# shellcheck disable=SC2086
[ $# -gt 0 ] || set -- $stages
for stage; do
    run_stage "$stage"
done
