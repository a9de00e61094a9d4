# aarch64.cmake: Linux on 64-bit ARM, run by qemu.
# See linux.cmake.

set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(triple aarch64-linux-gnu)
set(emulator qemu-aarch64-static)
include(${CMAKE_CURRENT_LIST_DIR}/linux.cmake)
