/* compile_cc.c: C compiled by the system's compiler ($CC, or cc) to a shared object, which is loaded.
 * Touches POSIX: temporary files and the dynamic linker; the compiler runs as a subprocess of eddy's, so the loop goes on meanwhile. No file outlives
 * the build. */
#include "compiler.h"

#include "grow.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <eddy.h>

struct compiler {
    const compile_flags *flags;
    char *headers; /* "-Ifolder", or NULL */
    char *command; /* its words, each ended by a zero byte */
    size_t words;
    void **handles; /* of what was built */
    size_t count, room;
};

/* The files of one build. */
typedef struct workshop {
    char folder[4096], source[4200], object[4200];
} workshop;

static const char *const fixed_arguments[] = {"-std=gnu11",
                                              "-shared",
                                              "-fPIC",
                                              "-g",
                                              EDDY_TOOL_LINK_OPTIONS "-fno-show-column",
                                              "-Wno-unused-result",
                                              "-Wno-unused-value",
                                              "-Werror=implicit-function-declaration",
                                              "-Werror=implicit-int",
                                              "-Werror=int-conversion"};

/* ---- its files ---- */

static int open_workshop(workshop *at)
{
    const char *folder = getenv("TMPDIR");
    if (folder == NULL || folder[0] == '\0')
        folder = "/tmp";
    int size = snprintf(at->folder, sizeof at->folder, "%s/eddy-input-XXXXXX", folder);
    if (size < 0 || (size_t)size >= sizeof at->folder || mkdtemp(at->folder) == NULL)
        return EDDY_EACCES;
    (void)snprintf(at->source, sizeof at->source, "%s/input.c", at->folder);
    (void)snprintf(at->object, sizeof at->object, "%s/input.so", at->folder);
    return 0;
}

static void close_workshop(const workshop *at)
{
    (void)unlink(at->source);
    (void)unlink(at->object);
    (void)rmdir(at->folder);
}

static int write_source(const workshop *at, const char *code)
{
    FILE *file = fopen(at->source, "w");
    if (file == NULL)
        return EDDY_EACCES;
    bool written = fputs(code, file) != EOF;
    return fclose(file) != EOF && written ? 0 : EDDY_EIO;
}

/* ---- running it ---- */

static const char **make_arguments(const compiler *with, const workshop *at, const char *source)
{
    size_t count = 0, fixed = sizeof fixed_arguments / sizeof fixed_arguments[0];
    const char **arguments = calloc(with->words + fixed + with->flags->count + 6, sizeof *arguments);
    if (arguments == NULL)
        return NULL;
    const char *word = with->command;
    for (size_t i = 0; i < with->words; i++, word += strlen(word) + 1)
        arguments[count++] = word;
    for (size_t i = 0; i < fixed; i++)
        arguments[count++] = fixed_arguments[i];
    arguments[count++] = "-o";
    arguments[count++] = at->object;
    for (size_t i = 0; i < with->flags->count; i++)
        if (with->flags->items[i][1] != 'l')
            arguments[count++] = with->flags->items[i];
    if (with->headers != NULL)
        arguments[count++] = with->headers;
    arguments[count++] = source;
    for (size_t i = 0; i < with->flags->count; i++) /* libraries come after what needs them */
        if (with->flags->items[i][1] == 'l')
            arguments[count++] = with->flags->items[i];
    return arguments;
}

static int run(const char *const *arguments, text *messages)
{
    eddy_process *process;
    eddy_view said = {0};
    int status = 0;
    int rc = eddy_create_subprocess_exec(&process, arguments,
                                         EDDY_OPTIONS(eddy_process_options,
                                                      .standard_input = EDDY_SUBPROCESS_DEVNULL,
                                                      .standard_error = EDDY_SUBPROCESS_PIPE));
    if (rc < 0) {
        text_format(messages, "eddy: %s cannot be started: %s\n", arguments[0], eddy_strerror(rc));
        return rc == EDDY_ENOENT || rc == EDDY_EACCES ? 1 : rc;
    }
    rc = eddy_process_communicate(process, NULL, &said, NULL, 0, 0);
    if (rc >= 0)
        rc = eddy_process_wait(process, &status);
    if (rc >= 0) {
        text_add(messages, said.data != NULL ? said.data : "", said.size);
        rc = status != 0;
    }
    eddy_process_release(process);
    return rc;
}

static int load(compiler *with, compiled **out, const char *object, text *messages)
{
    void *handles = array_grow(with->handles, with->count, &with->room, sizeof *with->handles);
    if (handles == NULL)
        return EDDY_ENOMEM;
    with->handles = handles;
    void *handle = dlopen(object, RTLD_NOW | RTLD_GLOBAL);
    if (handle == NULL) {
        const char *why = dlerror(), *name = strstr(why, ": ");
        text_format(messages, "error: %s\n", name != NULL ? name + 2 : why);
        return 1;
    }
    with->handles[with->count++] = handle;
    *out = (compiled *)handle;
    return 0;
}

static int cc_build(compiler *with, compiled **out, const compile_source *source, text *messages)
{
    workshop at;
    const char **arguments = NULL;
    int rc = open_workshop(&at);
    if (rc < 0)
        return rc;
    if (source->text != NULL)
        rc = write_source(&at, source->text);
    if (rc == 0) {
        arguments = make_arguments(with, &at, source->text != NULL ? at.source : source->path);
        rc = arguments != NULL ? run(arguments, messages) : EDDY_ENOMEM;
    }
    if (rc == 0)
        rc = load(with, out, at.object, messages);
    free(arguments);
    close_workshop(&at);
    return rc;
}

static void *cc_symbol(compiled *from, const char *name)
{
    return dlsym(from, name);
}

/* ---- opening it ---- */

static void cc_close(compiler *with)
{
    while (with->count > 0)
        (void)dlclose(with->handles[--with->count]);
    free(with->handles);
    free(with->headers);
    free(with->command);
    free(with);
}

/* "ccache gcc" is two words. */
static void read_command(compiler *with, const char *from)
{
    char *to = with->command;
    for (from += strspn(from, " \t"); *from != '\0'; from += strspn(from, " \t")) {
        size_t size = strcspn(from, " \t");
        memcpy(to, from, size);
        to[size] = '\0';
        to += size + 1;
        from += size;
        with->words++;
    }
}

static int cc_open(compiler **out, const compile_flags *flags)
{
    const char *command = getenv("CC");
    if (command == NULL || command[strspn(command, " \t")] == '\0')
        command = "cc";
    char *headers = compiler_headers();
    compiler *with = calloc(1, sizeof *with);
    if (with == NULL)
        goto failed;
    with->flags = flags;
    with->command = malloc(strlen(command) + 2);
    with->headers = headers != NULL ? malloc(strlen(headers) + 3) : NULL;
    if (with->command == NULL || (headers != NULL && with->headers == NULL))
        goto failed;
    read_command(with, command);
    if (headers != NULL)
        (void)snprintf(with->headers, strlen(headers) + 3, "-I%s", headers);
    free(headers);
    *out = with;
    return 0;
failed:
    free(headers);
    if (with != NULL)
        cc_close(with);
    return EDDY_ENOMEM;
}

const compiler_type *compiler_cc(void)
{
    static const compiler_type type = {"cc", cc_open, cc_build, cc_symbol, cc_close};
    return &type;
}

/* ---- eddy's headers ---- */

static bool holds_headers(const char *folder)
{
    char name[4200];
    return snprintf(name, sizeof name, "%s/eddy.h", folder) < (int)sizeof name && access(name, R_OK) == 0;
}

/* Where it is installed they lie beside the program: bin/eddy, include/eddy.h. In a build they are the source's. */
char *compiler_headers(void)
{
    char *place = realpath("/proc/self/exe", NULL), *folder = NULL;
    char *slash = place != NULL ? strrchr(place, '/') : NULL;
    if (slash != NULL) {
        size_t size = strlen(place) + sizeof "/../include";
        *slash = '\0';
        folder = malloc(size);
        if (folder != NULL)
            (void)snprintf(folder, size, "%s/../include", place);
    }
    free(place);
    if (folder != NULL && holds_headers(folder))
        return folder;
    free(folder);
    return holds_headers(EDDY_TOOL_HEADERS) ? strdup(EDDY_TOOL_HEADERS) : NULL;
}
