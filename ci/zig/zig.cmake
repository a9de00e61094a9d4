# zig.cmake: CMake toolchain: the compiler of zig, which brings the headers and link libraries of the systems that it compiles for.
# EDDY_ZIG names the program, EDDY_ZIG_TARGET what to compile for: x86_64-macos, aarch64-macos, x86_64-freebsd ...
# Its caches and one script for each tool are kept in the build folder.

set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES EDDY_ZIG EDDY_ZIG_TARGET EDDY_ZIG_TOOLS)
string(REGEX MATCH "^[a-z0-9_]+" CMAKE_SYSTEM_PROCESSOR ${EDDY_ZIG_TARGET})
if(EDDY_ZIG_TARGET MATCHES "macos")
    set(CMAKE_SYSTEM_NAME Darwin)
elseif(EDDY_ZIG_TARGET MATCHES "freebsd")
    set(CMAKE_SYSTEM_NAME FreeBSD)
elseif(EDDY_ZIG_TARGET MATCHES "netbsd")
    set(CMAKE_SYSTEM_NAME NetBSD)
elseif(EDDY_ZIG_TARGET MATCHES "openbsd")
    set(CMAKE_SYSTEM_NAME OpenBSD)
elseif(EDDY_ZIG_TARGET MATCHES "linux")
    set(CMAKE_SYSTEM_NAME Linux)
endif()

foreach(tool cc ar ranlib)
    set(script ${EDDY_ZIG_TOOLS}/${tool})
    if(NOT EXISTS ${script})
        set(options "")
        if(tool STREQUAL "cc") # without optimising, zig would turn traps for undefined behaviour on
            set(options "-target ${EDDY_ZIG_TARGET} -fno-sanitize=undefined")
            if(EDDY_ZIG_TARGET MATCHES "musl") # programs, too, take the C library when they start
                string(APPEND options " -dynamic")
            endif()
            if(EDDY_ZIG_TARGET MATCHES "openbsd") # whose start files are not all there
                string(APPEND options " -fno-stack-protector")
            endif()
        endif()
        file(WRITE ${script} "#!/bin/sh
ZIG_GLOBAL_CACHE_DIR=${EDDY_ZIG_TOOLS}/cache ZIG_LOCAL_CACHE_DIR=${EDDY_ZIG_TOOLS}/cache
export ZIG_GLOBAL_CACHE_DIR ZIG_LOCAL_CACHE_DIR
exec ${EDDY_ZIG} ${tool} ${options} \"$@\"
")
        execute_process(COMMAND chmod +x ${script})
    endif()
endforeach()
if(EDDY_ZIG_TARGET MATCHES "bsd|musl") # what unwinds is not in this C library
    set(CMAKE_EXE_LINKER_FLAGS_INIT -lunwind)
    set(CMAKE_SHARED_LINKER_FLAGS_INIT -lunwind)
endif()
set(CMAKE_C_COMPILER ${EDDY_ZIG_TOOLS}/cc)
set(CMAKE_ASM_COMPILER ${EDDY_ZIG_TOOLS}/cc)
set(CMAKE_AR ${EDDY_ZIG_TOOLS}/ar CACHE FILEPATH "")
set(CMAKE_RANLIB ${EDDY_ZIG_TOOLS}/ranlib CACHE FILEPATH "")
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_OSX_SYSROOT "")
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY NEVER)
