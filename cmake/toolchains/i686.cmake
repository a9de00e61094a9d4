# i686.cmake: 32-bit Linux on x86, which 64-bit ones run themselves.
# See linux.cmake.

set(CMAKE_SYSTEM_PROCESSOR i686)
set(triple i686-linux-gnu)
set(emulator "")
# Its loader is not where programs look for it.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-Wl,--dynamic-linker=/usr/i686-linux-gnu/lib/ld-linux.so.2 -Wl,-rpath,/usr/i686-linux-gnu/lib")
# Floating point as everywhere else, and times and offsets that do not end in 2038.
set(CMAKE_C_FLAGS_INIT "-msse2 -mfpmath=sse -D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64")
include(${CMAKE_CURRENT_LIST_DIR}/linux.cmake)
