#!/bin/sh
# usdt.sh LIBRARY ON|OFF: the shared library has a note for each probe of core/base/probes.h, under the provider eddy; or none at all.
# Touches nothing. ON fails, too, when a note has no word by which a tracer says that it watches: the probe would never be told.
set -eu
library=$1
names=$(sed -n '/define EDDYI_PROBE_MAP/,/clang-format on/p' "$(dirname "$0")/../../core/base/probes.h" |
    grep -o 'X([a-z_]*)' | sed 's/X(\(.*\))/\1/' | sort)
found=$(readelf -n "$library" 2>/dev/null | awk '$1 == "Provider:" { provider = $2 } $1 == "Name:" { name = $2 }
    /Semaphore:/ { print (provider == "eddy" && $NF !~ /^0x0+$/ ? name : "useless-" name) }' | sort -u)
[ -n "$names" ]
[ "$2" = ON ] || names=
if [ "$found" != "$names" ]; then
    printf 'wanted:\n%s\nfound:\n%s\n' "$names" "$found"
    exit 1
fi
