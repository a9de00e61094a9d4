# riscv64.cmake: Linux on 64-bit RISC-V, run by qemu.
# See linux.cmake.

set(CMAKE_SYSTEM_PROCESSOR riscv64)
set(triple riscv64-linux-gnu)
set(emulator qemu-riscv64-static)
include(${CMAKE_CURRENT_LIST_DIR}/linux.cmake)
