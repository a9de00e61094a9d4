# backends.cmake: which backends are built, and in which order a program meets them.
# Sets eddy_backends, eddy_backend_sources and eddy_backend_table. A new backend is one line in the two lists.

# Where each one runs; the order is the order of preference.
set(eddy_backends_known epoll kqueue iocp io_uring poll select sim)
# Those that need backends/readiness/: the pollers under it, and who has its table of descriptors.
set(eddy_backends_readiness epoll kqueue io_uring poll select)
set(eddy_backends_descriptors poll select)

set(eddy_runs_epoll Linux Android)
set(eddy_runs_io_uring "")
if(CMAKE_SYSTEM_NAME STREQUAL "Linux") # the kernel's header must know what is asked for where the kernel does
    include(CheckCSourceCompiles)
    check_c_source_compiles("#include <linux/io_uring.h>
int main(void) { return (int)(IORING_SETUP_DEFER_TASKRUN | IORING_ACCEPT_MULTISHOT | IORING_CQE_F_SOCK_NONEMPTY | IORING_FEAT_EXT_ARG); }"
                            EDDY_HAVE_IO_URING_H)
    if(EDDY_HAVE_IO_URING_H)
        set(eddy_runs_io_uring Linux)
    endif()
endif()
set(eddy_runs_kqueue Darwin FreeBSD NetBSD OpenBSD DragonFly)
if(EDDY_KQUEUE_EMULATION)
    list(APPEND eddy_runs_kqueue Linux)
endif()
set(eddy_runs_iocp Windows)
if(NOT WIN32)
    set(eddy_runs_poll ${CMAKE_SYSTEM_NAME})
endif()
foreach(everywhere select sim)
    set(eddy_runs_${everywhere} ${CMAKE_SYSTEM_NAME})
endforeach()

# backends/NAME.c, or all of backends/NAME/. Where sockets are not descriptors NAME_windows.c takes the place of NAME.c, which needs that.
function(eddy_find_backend name out)
    if(CMAKE_SYSTEM_NAME STREQUAL "Windows" AND name IN_LIST eddy_backends_descriptors)
        file(GLOB files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/backends/${name}_windows.c)
        set(${out} "${files}" PARENT_SCOPE)
        return()
    endif()
    file(GLOB files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/backends/${name}.c
         ${PROJECT_SOURCE_DIR}/backends/${name}/*.c)
    set(${out} "${files}" PARENT_SCOPE)
endfunction()

set(eddy_backends_here "")
foreach(name IN LISTS eddy_backends_known)
    eddy_find_backend(${name} files)
    if(files AND CMAKE_SYSTEM_NAME IN_LIST eddy_runs_${name})
        list(APPEND eddy_backends_here ${name})
    endif()
endforeach()

set(eddy_backends ${EDDY_BACKENDS})
if(NOT eddy_backends)
    set(eddy_backends ${eddy_backends_here})
endif()
if(EDDY_BACKEND AND NOT EDDY_BACKEND IN_LIST eddy_backends)
    list(JOIN eddy_backends " " text)
    message(FATAL_ERROR "EDDY_BACKEND=${EDDY_BACKEND}: not among the backends of this build: ${text}")
endif()
foreach(name IN LISTS eddy_backends)
    if(NOT name IN_LIST eddy_backends_here)
        list(JOIN eddy_backends_here " " text)
        message(FATAL_ERROR "EDDY_BACKENDS: no backend '${name}' for ${CMAKE_SYSTEM_NAME}. There are: ${text}")
    endif()
endforeach()

list(REMOVE_DUPLICATES eddy_backends)
if("sim" IN_LIST eddy_backends) # it answers only when it is named
    list(REMOVE_ITEM eddy_backends sim)
    list(APPEND eddy_backends sim)
endif()
if(EDDY_BACKEND)
    list(REMOVE_ITEM eddy_backends ${EDDY_BACKEND})
    list(INSERT eddy_backends 0 ${EDDY_BACKEND})
endif()

set(eddy_backend_sources "")
set(eddy_needs_readiness OFF)
foreach(name IN LISTS eddy_backends)
    eddy_find_backend(${name} files)
    list(APPEND eddy_backend_sources ${files})
    if(name IN_LIST eddy_backends_readiness)
        set(eddy_needs_readiness ON)
    endif()
endforeach()
if(eddy_needs_readiness)
    file(GLOB files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/backends/readiness/*.c)
    list(APPEND eddy_backend_sources ${files})
endif()
set_source_files_properties(${eddy_backend_sources} PROPERTIES COMPILE_DEFINITIONS _GNU_SOURCE=1)

set(externs "")
set(entries "")
foreach(name IN LISTS eddy_backends)
    string(APPEND externs "extern const eddyi_backend_ops eddyi_backend_${name};\n")
    string(APPEND entries "    &eddyi_backend_${name},\n")
endforeach()
set(eddy_backend_table ${PROJECT_BINARY_DIR}/generated/backends.c)
set(text "/* backends.c: the backends of this build, in order of preference.
 * Written by cmake/backends.cmake.
 * NULL ends the table. */
#include \"core/backend.h\"

${externs}
const eddyi_backend_ops *const eddyi_backends[] = {
${entries}    NULL,
};
")
file(GENERATE OUTPUT ${eddy_backend_table} CONTENT "${text}")

list(JOIN eddy_backends " " text)
message(STATUS "Backends: ${text}")
