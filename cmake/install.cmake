# install.cmake: what `cmake --install` puts where, and how other builds find it.
# Headers, both libraries, find_package(eddy) and pkg-config.

include(CMakePackageConfigHelpers)

install(TARGETS eddy_static eddy_shared EXPORT eddy
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${PROJECT_SOURCE_DIR}/include/eddy.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/eddy DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h")

if(UNIX AND NOT APPLE) # beside the library and of its name, gdb finds it by itself where its `auto-load safe-path` lets it
    install(FILES ${PROJECT_SOURCE_DIR}/tools/gdb/eddy-gdb.py DESTINATION ${CMAKE_INSTALL_LIBDIR}
            RENAME libeddy.so.${PROJECT_VERSION}-gdb.py)
endif()

set(eddy_package ${CMAKE_INSTALL_LIBDIR}/cmake/eddy)
install(EXPORT eddy NAMESPACE eddy:: FILE eddy-targets.cmake DESTINATION ${eddy_package})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/eddy-config.cmake.in
                              ${PROJECT_BINARY_DIR}/generated/eddy-config.cmake
                              INSTALL_DESTINATION ${eddy_package})
# Until 1.0 only the same minor version fits.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/generated/eddy-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/generated/eddy-config.cmake
              ${PROJECT_BINARY_DIR}/generated/eddy-config-version.cmake DESTINATION ${eddy_package})
if(EDDY_CARES)
    install(FILES ${PROJECT_SOURCE_DIR}/cmake/eddy-cares.cmake DESTINATION ${eddy_package})
endif()

string(REGEX REPLACE "[^/]+" ".." eddy_pc_prefix "${CMAKE_INSTALL_LIBDIR}/pkgconfig") # from the file back to the prefix
set(eddy_pc_requires "")
if(eddy_has_tls)
    list(APPEND eddy_pc_requires "libssl >= 3.0" "libcrypto >= 3.0")
endif()
if(EDDY_CARES)
    list(APPEND eddy_pc_requires "libcares >= 1.18")
endif()
list(JOIN eddy_pc_requires ", " eddy_pc_requires)
set(eddy_pc_libraries -pthread)
foreach(library IN LISTS eddy_switch_libraries eddy_atomic_libraries eddy_system_libraries)
    string(APPEND eddy_pc_libraries " -l${library}")
endforeach()
configure_file(${PROJECT_SOURCE_DIR}/cmake/eddy.pc.in ${PROJECT_BINARY_DIR}/generated/eddy.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/generated/eddy.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
