# prompt.cmake: the prompt of the program eddy and `eddy run`: with each compiler, and in a build without the libraries that it can do without.

include(${PROJECT_SOURCE_DIR}/cmake/libraries.cmake)
eddy_library(edit histedit.h edit)
eddy_library(tcc libtcc.h tcc)

eddy_test_program(tools_test_input tools/test_input.c ${PROJECT_SOURCE_DIR}/tools/eddy/input.c ${PROJECT_SOURCE_DIR}/tools/eddy/token.c
                  ${PROJECT_SOURCE_DIR}/tools/eddy/declaration.c ${PROJECT_SOURCE_DIR}/tools/eddy/unit.c
                  ${PROJECT_SOURCE_DIR}/tools/eddy/known.c ${PROJECT_SOURCE_DIR}/tools/eddy/text.c
                  ${PROJECT_SOURCE_DIR}/tools/eddy/grow.c)
target_include_directories(tools_test_input PRIVATE ${PROJECT_SOURCE_DIR}/tools/eddy)
eddy_test(tools/test_input tools_test_input unit 60)

list(GET eddy_backends 0 first)
if(first STREQUAL "sim") # a simulated network has no terminals
    return()
endif()

function(eddy_prompt_test name program compiler)
    eddy_test(tools/${name} tools_${program} faults 240)
    set_property(TEST tools/${name} APPEND PROPERTY ENVIRONMENT EDDY_COMPILER=${compiler} ${ARGN})
endfunction()

set(programs test_prompt test_piped)
if(TARGET eddy_with_edit)
    list(APPEND programs test_editing)
endif()
foreach(program IN LISTS programs)
    eddy_test_program(tools_${program} tools/${program}.c tools/terminal.c)
    target_compile_definitions(tools_${program} PRIVATE EDDY_COMMAND="$<TARGET_FILE:eddy-command>"
                               EDDY_SOURCE="${PROJECT_SOURCE_DIR}")
    target_link_libraries(tools_${program} PRIVATE util)
    add_dependencies(tools_${program} eddy-command)
    eddy_prompt_test(${program}/cc ${program} cc)
    if(TARGET eddy_with_tcc)
        eddy_prompt_test(${program}/tcc ${program} tcc)
    endif()
endforeach()
foreach(program test_prompt test_piped)
    add_dependencies(tools_${program} eddy-command-bare)
    eddy_prompt_test(${program}/bare ${program} cc EDDY_TESTED=$<TARGET_FILE:eddy-command-bare>)
endforeach()
