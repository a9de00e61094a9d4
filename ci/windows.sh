#!/bin/sh
# ci/windows.sh [CTEST OPTION...]: builds the library, its tests, tools and examples for Windows with mingw-w64, and runs all tests under Wine.
# Installs both where they are missing. Ends with a table: what ran, how much of it passed, failed, was skipped; fails when anything did.
set -u
cd "$(dirname "$0")/.." || exit 2

ci/install windows || exit 1
ci/cmocka >/dev/null || exit 1

# A Wine of the tests' own, without what they do not need; it takes some seconds to make, once.
WINEPREFIX=${WINEPREFIX:-$PWD/build/windows-wine}
WINEDEBUG=-all
WINEDLLOVERRIDES='mscoree=;mshtml='
export WINEPREFIX WINEDEBUG WINEDLLOVERRIDES
mkdir -p "$WINEPREFIX"

cmake --preset windows && cmake --build --preset windows -j2 || exit 1
log=build/windows/ctest.log
ctest --preset windows -j2 --no-tests=error -V "$@" >$log 2>&1
status=$?
for server in wineserver /usr/lib/wine/wineserver; do
    command -v $server >/dev/null 2>&1 && $server -k && break
done

# "test 3", "3: [       OK ] name", " 3/40 Test  #3: laws/select ...   Passed"
awk '
/^[0-9]+: \[ +OK \]/ { passed[$1 + 0]++ }
/^[0-9]+: \[ +FAILED +\] [a-zA-Z0-9_]+$/ { if (!seen[$0]++) failed[$1 + 0]++ }
/^[0-9]+: \[ +SKIPPED +\] [a-zA-Z0-9_]+$/ { if (!seen[$0]++) skipped[$1 + 0]++ }
/^ *[0-9]+\/[0-9]+ Test +#[0-9]+:/ {
    number = $0; sub(/.*Test +#/, "", number); sub(/:.*/, "", number)
    name[number + 0] = $0; sub(/.*#[0-9]+: /, "", name[number + 0]); sub(/ .*/, "", name[number + 0])
    good[number + 0] = / Passed /
    if (number + 0 > last) last = number + 0
}
END {
    printf "%-36s %8s %8s %8s\n", "windows x86-64, under Wine", "passed", "failed", "skipped"
    for (i = 1; i <= last; i++) {
        if (!(i in name)) continue
        if (!good[i] && !failed[i]) failed[i] = 1 # it crashed, or took too long
        printf "%-36s %8d %8d %8d\n", name[i], passed[i], failed[i], skipped[i]
        all_passed += passed[i]; all_failed += failed[i]; all_skipped += skipped[i]
    }
    printf "%-36s %8d %8d %8d\n", "all", all_passed, all_failed, all_skipped
}' $log
if [ $status -ne 0 ]; then
    grep -E '^[0-9]+: (\[ +(ERROR|LINE|FAILED) |.*(assert|exception))|\*\*\*' $log | head -n 100
    echo "ci/windows.sh: failed; the whole log is in $log"
fi
exit $status
