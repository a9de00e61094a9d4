# s390x.cmake: Linux on IBM Z, whose bytes are the other way round, run by qemu.
# See linux.cmake.

set(CMAKE_SYSTEM_PROCESSOR s390x)
set(triple s390x-linux-gnu)
set(emulator qemu-s390x-static)
include(${CMAKE_CURRENT_LIST_DIR}/linux.cmake)
