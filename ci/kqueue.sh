#!/bin/sh
# ci/kqueue.sh: every test on the kqueue backend over the kqueue of tests/kqueue: first as the manual pages say, then with batches of one, interrupted
# waits, stale events and no EVFILT_USER. Proves that the code works; of the systems themselves it says nothing.
set -eu
cd "$(dirname "$0")/.."

cmake --preset kqueue
cmake --build --preset kqueue -j2
ctest --preset kqueue -j2 --no-tests=error -E '/sim$'

faulty() { # FAULTS
    echo "ci/kqueue.sh: EDDY_KQUEUE_FAULTS=$1"
    EDDY_KQUEUE_FAULTS=$1 ctest --preset kqueue -j2 --no-tests=error -R '^(conformance|stress/random)/kqueue$'
    # Without the mutants: some of them do no harm to a kernel like that.
    for law in once quiet lent wins bounded spare mute late; do
        EDDY_KQUEUE_FAULTS=$1 EDDY_BACKEND=kqueue build/kqueue/tests/conformance_laws "law_$law*"
    done
    EDDY_KQUEUE_FAULTS=$1 EDDY_BACKEND=kqueue build/kqueue/tests/conformance_laws "fault*"
}
faulty batch=1,interrupt=20,stale=20
faulty no-user,batch=2
