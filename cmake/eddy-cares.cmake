# eddy-cares.cmake: where c-ares is. Installed, too: whoever links the static library finds it in the same way.
# Touches nothing but its two cache entries.

# Makes the target eddy_cares when c-ares is there.
function(eddy_find_cares)
    if(TARGET eddy_cares)
        return()
    endif()
    find_path(EDDY_CARES_INCLUDE ares.h)
    find_library(EDDY_CARES_LIBRARY cares)
    mark_as_advanced(EDDY_CARES_INCLUDE EDDY_CARES_LIBRARY)
    if(EDDY_CARES_INCLUDE AND EDDY_CARES_LIBRARY)
        add_library(eddy_cares INTERFACE IMPORTED GLOBAL)
        set_target_properties(eddy_cares PROPERTIES INTERFACE_LINK_LIBRARIES ${EDDY_CARES_LIBRARY}
                              INTERFACE_INCLUDE_DIRECTORIES ${EDDY_CARES_INCLUDE})
    endif()
endfunction()
