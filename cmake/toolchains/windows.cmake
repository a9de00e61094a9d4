# windows.cmake: Windows on x86-64: mingw-w64 makes the programs, Wine runs the tests. ci/windows.sh uses it.
# Programs need no library beside the system's own; OpenSSL is found where ci/openssl-windows puts it.

set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(triple x86_64-w64-mingw32)
set(CMAKE_C_COMPILER ${triple}-gcc)
set(CMAKE_RC_COMPILER ${triple}-windres)
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)
set(CMAKE_SHARED_LINKER_FLAGS_INIT -static-libgcc)
get_filename_component(openssl ${CMAKE_CURRENT_LIST_DIR}/../../build/openssl-windows ABSOLUTE)
set(CMAKE_FIND_ROOT_PATH /usr/${triple} ${openssl})
set(OPENSSL_ROOT_DIR ${openssl})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
foreach(what LIBRARY INCLUDE PACKAGE)
    set(CMAKE_FIND_ROOT_PATH_MODE_${what} ONLY)
endforeach()

# Not the program `wine`, which looks for the one of 32 bits first and says so on each start.
find_program(EDDY_WINE NAMES wine64 wine PATHS /usr/lib/wine NO_CMAKE_FIND_ROOT_PATH)
if(EDDY_WINE)
    set(CMAKE_CROSSCOMPILING_EMULATOR ${EDDY_WINE})
endif()
