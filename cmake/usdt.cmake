# usdt.cmake: whether the library has probes that tracers outside the process find (USDT). Sets eddy_has_usdt.
# Only a header is needed; nothing is linked, and nobody who uses eddy sees it.

if(NOT EDDY_USDT MATCHES "^(auto|ON|OFF|TRUE|FALSE|1|0|YES|NO)$")
    message(FATAL_ERROR "EDDY_USDT=${EDDY_USDT}: must be ON, OFF or auto.")
endif()
set(eddy_has_usdt OFF)
if(EDDY_USDT STREQUAL "auto" OR EDDY_USDT)
    # SystemTap's own: macOS and the BSDs have another one of that name, for DTrace.
    check_c_source_compiles("#define _SDT_HAS_SEMAPHORES 1\n#include <sys/sdt.h>\nunsigned short a_b_semaphore;\nint main(void) { STAP_PROBE4(a, b, 1, 2, 3, 4); return 0; }"
                            EDDY_HAVE_SYSTEMTAP_SDT_H)
    if(EDDY_HAVE_SYSTEMTAP_SDT_H)
        set(eddy_has_usdt ON)
        list(APPEND eddy_platform ${PROJECT_SOURCE_DIR}/platform/usdt/usdt.c)
        if(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang") # the header's macros are written for gcc's C
            set_source_files_properties(${PROJECT_SOURCE_DIR}/platform/usdt/usdt.c PROPERTIES
                                        COMPILE_OPTIONS -Wno-gnu-zero-variadic-macro-arguments)
        endif()
    elseif(NOT EDDY_USDT STREQUAL "auto")
        message(FATAL_ERROR "EDDY_USDT=ON needs the sys/sdt.h of SystemTap; ci/install installs it (systemtap-sdt-dev).")
    endif()
endif()
message(STATUS "Probes for tracers: ${eddy_has_usdt}")

function(eddy_compile_usdt target)
    if(eddy_has_usdt)
        target_compile_definitions(${target} PUBLIC EDDY_USDT=1) # tests look at the words of the probes
    endif()
endfunction()
