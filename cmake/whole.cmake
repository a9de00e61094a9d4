# whole.cmake: the library's sources optimised as a whole, into one object that both kinds of library are made of.
# Whoever links gets the inlining between files, with any compiler and without flags of their own.

function(eddy_can_link_whole out)
    set(${out} OFF PARENT_SCOPE)
    if(NOT EDDY_LTO OR EDDY_SANITIZE OR NOT CMAKE_C_COMPILER_ID STREQUAL "GNU" OR NOT CMAKE_BUILD_TYPE MATCHES "Rel")
        return()
    endif()
    set(trial ${PROJECT_BINARY_DIR}/generated/whole_trial)
    file(WRITE ${trial}.c "int eddy_whole_trial(void) { return 0; }\n")
    execute_process(COMMAND ${CMAKE_C_COMPILER} -flto -r -flinker-output=nolto-rel -o ${trial}.o ${trial}.c
                    RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
    if(status EQUAL 0)
        set(${out} ON PARENT_SCOPE)
    endif()
endfunction()

# In `out`: what the libraries of these objects consist of. Target OBJECTS_whole makes it where there is something to make.
function(eddy_whole out objects)
    set(${out} $<TARGET_OBJECTS:${objects}> PARENT_SCOPE)
    eddy_can_link_whole(can)
    if(NOT can)
        return()
    endif()
    string(TOUPPER "${CMAKE_BUILD_TYPE}" type)
    separate_arguments(flags NATIVE_COMMAND "${CMAKE_C_FLAGS} ${CMAKE_C_FLAGS_${type}}")
    # No symbol of ours is meant to be replaced by another of its name: calls between files may be inlined.
    target_compile_options(${objects} PRIVATE "$<$<COMPILE_LANGUAGE:C>:-flto;-fno-semantic-interposition>")
    set(object ${PROJECT_BINARY_DIR}/${objects}.o)
    add_custom_command(OUTPUT ${object}
        COMMAND ${CMAKE_C_COMPILER} ${flags} -fPIC -fno-semantic-interposition -flto -flto-partition=one -r
                -flinker-output=nolto-rel -o ${object} $<TARGET_OBJECTS:${objects}>
        DEPENDS ${objects} $<TARGET_OBJECTS:${objects}> COMMAND_EXPAND_LISTS VERBATIM
        COMMENT "Optimising ${objects} as a whole")
    add_custom_target(${objects}_whole DEPENDS ${object})
    set_source_files_properties(${object} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
    set(${out} ${object} PARENT_SCOPE)
endfunction()
