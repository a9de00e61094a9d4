/* command_line.c: arguments as the one string that a program here is given, and the environment as one block.
 * Touches the allocator. The rules are those of the C library that takes the string apart again ("Parsing C command-line arguments"): a quote ends or
 * begins quoting unless an odd number of backslashes stands before it, and only before a quote does a backslash mean anything but itself. */
#include <string.h>

#include "core/base/memory.h"
#include "platform/windows/spawn.h"
#include "platform/windows/text.h"

/* Known by its address: what follows it is for the shell and not for the C library. */
static const char shell_switches[] = "/d /s /c";

void eddyi_shell_arguments(const char *arguments[4], const char *command)
{
    arguments[0] = "cmd.exe";
    arguments[1] = shell_switches;
    arguments[2] = command;
    arguments[3] = NULL;
}

/* ---- quoting ---- */

/* A text that is only measured as long as it has no memory. */
typedef struct line {
    char *text;
    size_t length;
} line;

static void put(line *to, char c)
{
    if (to->text != NULL)
        to->text[to->length] = c;
    to->length++;
}

static void put_text(line *to, const char *text)
{
    for (; *text != '\0'; text++)
        put(to, *text);
}

static void put_argument(line *to, const char *argument)
{
    size_t backslashes = 0;
    if (*argument != '\0' && strpbrk(argument, " \t\n\v\"") == NULL) {
        put_text(to, argument);
        return;
    }
    put(to, '"');
    for (; *argument != '\0'; argument++) {
        backslashes = *argument == '\\' ? backslashes + 1 : backslashes;
        if (*argument == '"') {
            for (; backslashes > 0; backslashes--)
                put(to, '\\');
            put(to, '\\');
        }
        if (*argument != '\\')
            backslashes = 0;
        put(to, *argument);
    }
    for (; backslashes > 0; backslashes--) /* before the quote that ends it */
        put(to, '\\');
    put(to, '"');
}

static void put_all(line *to, const char *const *arguments)
{
    for (size_t i = 0; arguments[i] != NULL; i++) {
        if (i > 0)
            put(to, ' ');
        if (arguments[i] ==
            shell_switches) { /* with /s the shell takes off the outer quotes and nothing else */
            put_text(to, shell_switches);
            put_text(to, " \"");
            put_text(to, arguments[i + 1]);
            put(to, '"');
            break;
        }
        put_argument(to, arguments[i]);
    }
    put(to, '\0');
}

int eddyi_command_line(wchar_t **out, const char *const *arguments, const eddy_allocator *allocator)
{
    line to = {0};
    put_all(&to, arguments);
    to.text = eddyi_allocate(allocator, to.length);
    if (to.text == NULL)
        return EDDY_ENOMEM;
    to.length = 0;
    put_all(&to, arguments);
    int rc = eddyi_text_widen(allocator, out, to.text);
    eddyi_release(allocator, to.text);
    return rc;
}

/* ---- the environment ---- */

/* One text behind the other, and an empty one; two zeros where there is none at all. */
int eddyi_environment_block(wchar_t **out, const char *const *env, const eddy_allocator *allocator)
{
    size_t room = 2, size, at = 0;
    for (size_t i = 0; env[i] != NULL; i++)
        if (!eddyi_add(&room, room, strlen(env[i]) + 1))
            return EDDY_ENOMEM;
    if (!eddyi_multiply(&size, room, sizeof(wchar_t)))
        return EDDY_ENOMEM;
    wchar_t *block = eddyi_allocate_zero(allocator, size);
    if (block == NULL)
        return EDDY_ENOMEM;
    for (size_t i = 0; env[i] != NULL; i++) {
        int rc = eddyi_text_widen_into(block + at, room - at, env[i]);
        if (rc < 0) {
            eddyi_release(allocator, block);
            return rc;
        }
        at += (size_t)rc + 1;
    }
    *out = block;
    return 0;
}
