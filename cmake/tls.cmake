# tls.cmake: whether TLS is built in, which files that takes, and what users of the library then link.
# Sets eddy_has_tls. Without it the same calls are there and answer EDDY_ENOSYS.

if(NOT EDDY_TLS MATCHES "^(auto|ON|OFF|TRUE|FALSE|1|0|YES|NO)$")
    message(FATAL_ERROR "EDDY_TLS=${EDDY_TLS}: must be ON, OFF or auto.")
endif()
set(eddy_has_tls OFF)
if(EDDY_TLS STREQUAL "auto" OR EDDY_TLS)
    find_package(OpenSSL 3.0 QUIET COMPONENTS SSL Crypto)
    if(OPENSSL_FOUND)
        set(eddy_has_tls ON)
    elseif(NOT EDDY_TLS STREQUAL "auto")
        message(FATAL_ERROR "EDDY_TLS=ON needs OpenSSL 3; ci/install installs it (libssl-dev).")
    endif()
endif()
if(eddy_has_tls AND WIN32) # what its static libraries stand on, which cannot say so themselves
    set_property(TARGET OpenSSL::Crypto APPEND PROPERTY INTERFACE_LINK_LIBRARIES ws2_32 crypt32)
endif()
if(eddy_has_tls)
    message(STATUS "TLS: OpenSSL ${OPENSSL_VERSION}")
elseif(EDDY_TLS STREQUAL "auto")
    message(STATUS "TLS: none, and its tests are left out: there is no OpenSSL 3 for ${CMAKE_SYSTEM_NAME} on ${CMAKE_SYSTEM_PROCESSOR} here.")
else()
    message(STATUS "TLS: none")
endif()

# Take the files of the other choice out of the list.
function(eddy_choose_tls list)
    set(files ${${list}})
    if(eddy_has_tls)
        list(FILTER files EXCLUDE REGEX "/core/tls/none\\.c$")
    else()
        list(FILTER files EXCLUDE REGEX "/core/tls/openssl[a-z_]*\\.c$")
    endif()
    set(${list} ${files} PARENT_SCOPE)
endfunction()

# The library's own objects see the headers; a program that links the static library links OpenSSL too.
function(eddy_compile_tls target)
    if(eddy_has_tls)
        target_include_directories(${target} SYSTEM PRIVATE ${OPENSSL_INCLUDE_DIR})
    endif()
endfunction()

function(eddy_use_tls target)
    if(eddy_has_tls)
        target_link_libraries(${target} PRIVATE OpenSSL::SSL OpenSSL::Crypto)
    endif()
endfunction()
