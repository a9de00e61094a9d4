# template.cmake: the porting template as a program: core over platform/template/ and backends/template.c, and nothing of another system.
# What core/platform.h declares and the template lacks does not link.

# A C file with the address of each function that core/platform.h declares.
function(eddy_template_seam out)
    file(STRINGS ${PROJECT_SOURCE_DIR}/core/platform.h lines REGEX "^[a-z].*[ *]eddyi_[a-z_0-9]+\\(")
    set(entries "")
    foreach(line IN LISTS lines)
        string(REGEX MATCH "eddyi_[a-z_0-9]+\\(" name "${line}")
        string(REPLACE "(" "" name "${name}")
        string(APPEND entries "    {\"${name}\", (void (*)(void))${name}},\n")
    endforeach()
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/core/platform.h)
    file(GENERATE OUTPUT ${out} CONTENT "/* ${out}: the functions of core/platform.h. Written by cmake/template.cmake. */
#include \"core/platform.h\"

typedef struct seam_function {
    const char *name;
    void (*function)(void);
} seam_function;
extern const seam_function template_seam[];
extern const size_t template_seam_count;
const seam_function template_seam[] = {
${entries}};
const size_t template_seam_count = sizeof template_seam / sizeof template_seam[0];
extern const eddyi_backend_ops eddyi_backend_template;
const eddyi_backend_ops *const eddyi_backends[] = {&eddyi_backend_template, NULL};
")
endfunction()

# Call after add_executable(TARGET test.c).
function(eddy_template_link target)
    set(seam ${PROJECT_BINARY_DIR}/generated/template_seam.c)
    eddy_template_seam(${seam})
    file(GLOB platform CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/platform/template/*.c)
    target_sources(${target} PRIVATE ${seam} ${platform} ${PROJECT_SOURCE_DIR}/backends/template.c)
    # The task switch belongs to the processor, and probes for tracers to the compiler: not to the system.
    target_link_libraries(${target} PRIVATE
        "$<FILTER:$<TARGET_OBJECTS:eddy_objects>,INCLUDE,/eddy_objects.dir/(./)?(core|platform/switch|platform/usdt)/>")
    add_dependencies(${target} eddy_objects)
endfunction()
