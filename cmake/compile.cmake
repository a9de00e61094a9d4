# compile.cmake: how eddy's own code is compiled: language, warnings, sanitizers, Valgrind.
# Nothing here reaches the flags of a program that uses eddy, save the thread library.

set(eddy_system_libraries ${CMAKE_DL_LIBS})
if(WIN32)
    add_library(Threads::Threads INTERFACE IMPORTED) # the system's own, whatever else the compiler's kit has
    list(APPEND eddy_system_libraries ws2_32)
else()
    set(THREADS_PREFER_PTHREAD_FLAG ON)
    find_package(Threads REQUIRED)
endif()
include(CheckIncludeFile)
check_include_file(valgrind/memcheck.h EDDY_HAVE_VALGRIND_H)

# Some compilers call a library for what the processor cannot do in one instruction: bytes on riscv64, 64 bits on many with 32.
include(CheckCSourceCompiles)
set(eddy_atomic_libraries "")
set(text "#include <stdatomic.h>\n#include <stdint.h>\n#include <stdbool.h>\nstatic atomic_bool b; static _Atomic(uint64_t) n; static atomic_uchar c;
int main(void) { return atomic_exchange(&b, true) + (int)atomic_fetch_add(&n, 1) + atomic_fetch_sub(&c, 1); }")
check_c_source_compiles("${text}" EDDY_ATOMICS_NEED_NO_LIBRARY)
if(NOT EDDY_ATOMICS_NEED_NO_LIBRARY AND CMAKE_C_COMPILER_ID MATCHES "GNU|Clang")
    set(eddy_atomic_libraries atomic)
endif()

if(eddy_top_level AND CMAKE_C_COMPILER_ID MATCHES "GNU|Clang" AND CMAKE_C_FLAGS_RELEASE STREQUAL "-O3 -DNDEBUG")
    set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG")
endif()
set(eddy_sanitize_options "")
if(EDDY_SANITIZE)
    list(JOIN EDDY_SANITIZE "," eddy_sanitizers)
    set(eddy_sanitize_options -fsanitize=${eddy_sanitizers} -fno-omit-frame-pointer)
    if("undefined" IN_LIST EDDY_SANITIZE)
        list(APPEND eddy_sanitize_options -fno-sanitize-recover=undefined)
    endif()
    add_compile_options("$<$<COMPILE_LANGUAGE:C>:${eddy_sanitize_options}>")
    add_link_options(${eddy_sanitize_options})
endif()

# Without extensions these show the C library's own names only if they are asked for more.
if(CMAKE_SYSTEM_NAME STREQUAL "NetBSD")
    add_compile_definitions(_NETBSD_SOURCE=1)
elseif(CMAKE_SYSTEM_NAME STREQUAL "OpenBSD")
    add_compile_definitions(_BSD_SOURCE=1)
endif()

# C11 without extensions, and the project's warnings.
function(eddy_compile target)
    set_target_properties(${target} PROPERTIES C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF)
    if(MINGW)
        target_compile_definitions(${target} PRIVATE __USE_MINGW_ANSI_STDIO=1) # the system's printf is not C99's
    endif()
    if(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang")
        set(warnings -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
        # Stacks of tasks are read by the tables; not every processor has them unasked (riscv64 of gcc).
        target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:C>:-funwind-tables>")
        if(EDDY_WERROR)
            list(APPEND warnings -Werror)
        endif()
        if(MINGW) # its isnan() and the like convert
            list(APPEND warnings -Wno-float-conversion)
        endif()
        target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:C>:${warnings}>")
    endif()
endfunction()

# The library's own objects: they see the whole tree and mark what they export.
function(eddy_compile_library target)
    eddy_compile(${target})
    target_compile_definitions(${target} PRIVATE EDDY_BUILDING)
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
    target_link_libraries(${target} PRIVATE Threads::Threads)
    eddy_compile_tls(${target})
    eddy_compile_cares(${target})
    if(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang" AND UNIX AND NOT APPLE) # every call asks for the running loop; costs 300 bytes of static space
        target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:C>:-ftls-model=initial-exec>")
    endif()
endfunction()

# What a user of the library gets from it.
function(eddy_use_library target)
    target_include_directories(${target} INTERFACE
        $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_link_libraries(${target} PRIVATE Threads::Threads ${eddy_switch_libraries} ${eddy_atomic_libraries} ${eddy_system_libraries})
    eddy_use_tls(${target})
    eddy_use_cares(${target})
endfunction()

function(eddy_annotate_for_valgrind)
    if(EDDY_VALGRIND AND NOT EDDY_HAVE_VALGRIND_H)
        message(FATAL_ERROR "EDDY_VALGRIND needs valgrind/memcheck.h; ci/install installs it (valgrind).")
    endif()
    if(NOT EDDY_HAVE_VALGRIND_H OR EDDY_SANITIZE)
        return() # a sanitized program does not run under Valgrind
    endif()
    if(TARGET eddy_testing)
        target_compile_definitions(eddy_testing PUBLIC EDDY_VALGRIND=1)
    endif()
    if(EDDY_VALGRIND)
        target_compile_definitions(eddy_objects PRIVATE EDDY_VALGRIND=1)
    endif()
endfunction()
