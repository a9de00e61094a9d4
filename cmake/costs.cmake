# costs.cmake: the library without what bench/costs asks the price of: bare has neither metrics nor hooks nor probes, metered has metrics,
# untraced has metrics and hooks. Never installed, and built for bench_costs only.

function(eddy_cost_library name)
    set(sources ${eddy_sources})
    list(FILTER sources EXCLUDE REGEX "/platform/usdt/")
    add_library(eddy_${name}_objects OBJECT EXCLUDE_FROM_ALL ${sources})
    set_target_properties(eddy_${name}_objects PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
    eddy_compile_library(eddy_${name}_objects)
    target_compile_definitions(eddy_${name}_objects PRIVATE ${ARGN})
    eddy_whole(parts eddy_${name}_objects)
    add_library(eddy_${name} STATIC EXCLUDE_FROM_ALL ${parts})
    set_target_properties(eddy_${name} PROPERTIES LINKER_LANGUAGE C)
    if(TARGET eddy_${name}_objects_whole)
        add_dependencies(eddy_${name} eddy_${name}_objects_whole)
    endif()
    eddy_use_library(eddy_${name})
endfunction()

eddy_cost_library(bare EDDY_NO_METRICS EDDY_NO_PROBES)
eddy_cost_library(metered EDDY_NO_PROBES)
eddy_cost_library(untraced)
