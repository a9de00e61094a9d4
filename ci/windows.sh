#!/bin/sh
# ci/windows.sh [CTEST OPTION...]: builds the library, its tests, tools and examples for Windows with mingw-w64, and runs all tests under Wine.
# Needs `ci/install windows`. Ends with the scorecard of its backends; results stay in build/windows/tests/results/, the log beside them.
set -u
cd "$(dirname "$0")/.." || exit 2
{ ci/install windows && ci/source cmocka >/dev/null; } || exit 77 # for ci/run: left out

# A Wine of the tests' own, without what they do not need; it takes some seconds to make, once.
WINEPREFIX=${WINEPREFIX:-$PWD/build/windows-wine}
WINEDEBUG=-all
WINEDLLOVERRIDES='mscoree=;mshtml='
export WINEPREFIX WINEDEBUG WINEDLLOVERRIDES
mkdir -p "$WINEPREFIX"

cmake --preset windows && cmake --build --preset windows -j2 || exit 1
# Its making must be over before two programs want it at once.
"$(sed -n 's/^EDDY_WINE:FILEPATH=//p' build/windows/CMakeCache.txt)" cmd /c exit >/dev/null 2>&1
log=build/windows/ctest.log
# On a busy machine Wine now and then does not start a program, or ends it: a second run tells that from a defect.
ctest --preset windows -j2 --no-tests=error -V --repeat until-pass:2 "$@" >$log 2>&1
status=$?
for server in wineserver /usr/lib/wine/wineserver; do
    command -v $server >/dev/null 2>&1 && $server -k && break
done
ci/scorecard build/windows/tests/results || status=1
ci/scorecard --skips build/windows/tests/results || status=1
grep -E '^[0-9]+% tests passed|^\t *[0-9]+ - ' $log
if [ $status -ne 0 ]; then
    grep -E '^[0-9]+: (\[ +(ERROR|LINE|FAILED) |.*(assert|exception))|\*\*\*' $log | head -n 100
    echo "ci/windows.sh: failed; the whole log is in $log"
fi
exit $status
