# options.cmake: what can be chosen when eddy is built.
# A build inside another project takes no tests, tools or examples unless it asks for them.

set(eddy_top_level OFF)
if(CMAKE_SOURCE_DIR STREQUAL PROJECT_SOURCE_DIR)
    set(eddy_top_level ON)
endif()

set(EDDY_BACKENDS "" CACHE STRING "Backends to build, in order of preference; empty: all that this platform supports")
set(EDDY_BACKEND "" CACHE STRING "The default backend, one of EDDY_BACKENDS; empty: the first")
set(EDDY_SWITCH "auto" CACHE STRING "How tasks are switched: auto, assembly or ucontext")
set(EDDY_SANITIZE "" CACHE STRING "Sanitizers: address;undefined or thread; empty: none")
set(EDDY_SYMBOLS "auto" CACHE STRING "What names the files and lines of a stack's frames: libdw, none, or auto: libdw where its header is found")
set_property(CACHE EDDY_SWITCH PROPERTY STRINGS auto assembly ucontext)
set_property(CACHE EDDY_SYMBOLS PROPERTY STRINGS auto libdw none)

option(EDDY_BUILD_TESTS "Build the tests (needs CMocka)" ${eddy_top_level})
option(EDDY_BUILD_TOOLS "Build the tools" ${eddy_top_level})
option(EDDY_BUILD_EXAMPLES "Build the examples" ${eddy_top_level})
option(EDDY_BUILD_BENCH "Build the benchmarks" OFF)
option(EDDY_KQUEUE_EMULATION "For tests of the kqueue backend on Linux: kqueue(2) by tests/kqueue; nothing of it is installed" OFF)
option(EDDY_WERROR "Warnings are errors" OFF)
set(EDDY_TLS "auto" CACHE STRING "TLS on OpenSSL 3: ON, OFF or auto: where it is found")
set_property(CACHE EDDY_TLS PROPERTY STRINGS auto ON OFF)
set(EDDY_USDT "auto" CACHE STRING "Probes for tracers (USDT): ON, OFF or auto: where sys/sdt.h is found")
set_property(CACHE EDDY_USDT PROPERTY STRINGS auto ON OFF)
option(EDDY_CARES "Look names up by c-ares on the loop, not by threads" OFF)
option(EDDY_LTO "Release builds: optimise the library as a whole, where the compiler can" ON)

set(EDDY_CMOCKA_SOURCE "" CACHE PATH "CMocka's sources, to be built with the tests; empty: the installed one. ci/source cmocka gets them")
if(EDDY_BUILD_TESTS AND EDDY_CMOCKA_SOURCE)
    set(CMOCKA_INCLUDE_DIR ${EDDY_CMOCKA_SOURCE}/include)
    set(CMOCKA_LIBRARY eddy_cmocka)
elseif(EDDY_BUILD_TESTS)
    find_path(CMOCKA_INCLUDE_DIR cmocka.h)
    find_library(CMOCKA_LIBRARY cmocka)
    if(NOT CMOCKA_INCLUDE_DIR OR NOT CMOCKA_LIBRARY)
        message(WARNING "CMocka was not found: the tests are off. ci/install installs it (libcmocka-dev).")
        set(EDDY_BUILD_TESTS OFF) # for this run; the cached choice stays
    endif()
endif()

option(EDDY_INJECT "Build eddy_testing, the library with fault injection that the tests use" ${EDDY_BUILD_TESTS})
if(EDDY_BUILD_TESTS AND NOT EDDY_INJECT)
    message(FATAL_ERROR "EDDY_BUILD_TESTS needs EDDY_INJECT: the tests link the library with fault injection.")
endif()
option(EDDY_FUZZ "Build the fuzzers, too (needs clang, EDDY_BUILD_TESTS, and fuzzer-no-link in EDDY_SANITIZE)" OFF)
option(EDDY_VALGRIND "Tell Valgrind about task stacks in the installed libraries too (eddy_testing always does)" OFF)

if(eddy_top_level AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel" FORCE)
endif()

# How ctest runs the programs: a command in front of each (Valgrind), and how much more time that needs.
set(EDDY_TEST_RUNNER "" CACHE STRING "Command put in front of every test; empty: none")
set(EDDY_TEST_SLOWER "1" CACHE STRING "Every test's time limit is multiplied by this")
set(EDDY_SWEEP_EVERY "0" CACHE STRING "Repeat each conformance test with every n-th of its allocations and system calls failing; 0: no sweeps")
