#!/bin/sh
# ci/macos.sh [TARGET...]: compiles and links everything for macOS and the BSDs without a warning (ci/zig/build). Nothing is run: what comes out is for
# other machines.
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- x86_64-macos aarch64-macos x86_64-freebsd x86_64-netbsd x86_64-openbsd
ci/zig/build "$@" # 77: left out, for ci/run

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
