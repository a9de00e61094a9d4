# libraries.cmake: libraries of others that examples, benchmarks and tools use. Each is optional: eddy itself needs none of them.
# EDDY_WITHOUT names those that are to count as not there.

# eddy_library(NAME HEADER LIBRARY): makes the target eddy_with_NAME when that library is there.
function(eddy_library name header library)
    if(name IN_LIST EDDY_WITHOUT OR TARGET eddy_with_${name})
        return()
    endif()
    if(CMAKE_CROSSCOMPILING AND NOT CMAKE_FIND_ROOT_PATH) # what would be found is this machine's
        return()
    endif()
    find_path(EDDY_${name}_INCLUDE ${header} PATH_SUFFIXES postgresql)
    find_library(EDDY_${name}_LIBRARY ${library})
    mark_as_advanced(EDDY_${name}_INCLUDE EDDY_${name}_LIBRARY)
    if(EDDY_${name}_INCLUDE AND EDDY_${name}_LIBRARY)
        add_library(eddy_with_${name} INTERFACE)
        target_include_directories(eddy_with_${name} SYSTEM INTERFACE ${EDDY_${name}_INCLUDE})
        target_link_libraries(eddy_with_${name} INTERFACE ${EDDY_${name}_LIBRARY})
    endif()
endfunction()
