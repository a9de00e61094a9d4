/* token.c: C text into words and signs.
 * Touches memory alone. Any text has tokens; whether it is C is the compiler's to say. */
#include "token.h"

#include "grow.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

typedef struct reader {
    token_list *out;
    const char *at;
    unsigned line;
    bool line_begins; /* nothing but blanks before it */
} reader;

static void step(reader *from)
{
    if (*from->at == '\n')
        from->line++;
    from->at++;
}

static void add(reader *from, enum token_kind kind, const char *start, unsigned line)
{
    token_list *out = from->out;
    void *items = array_grow(out->items, out->count, &out->room, sizeof *out->items);
    out->failed = out->failed || items == NULL;
    if (items == NULL)
        return;
    out->items = items;
    out->items[out->count++] = (token){kind, (size_t)(start - out->text), (size_t)(from->at - start), line};
}

static void skip_comment(reader *from)
{
    bool block = from->at[1] == '*';
    from->at += 2;
    while (*from->at != '\0' && (block ? strncmp(from->at, "*/", 2) != 0 : *from->at != '\n'))
        step(from);
    if (block && *from->at == '\0')
        from->out->open = true;
    else if (block)
        from->at += 2;
}

static void skip_quoted(reader *from)
{
    char quote = *from->at;
    step(from);
    while (*from->at != '\0' && *from->at != quote) {
        if (*from->at == '\\' && from->at[1] != '\0')
            step(from);
        step(from);
    }
    if (*from->at == '\0')
        from->out->open = true;
    else
        step(from);
}

static void skip_directive(reader *from)
{
    while (*from->at != '\0' && *from->at != '\n') {
        if (from->at[0] == '/' && from->at[1] == '*') {
            skip_comment(from);
            continue;
        }
        if (from->at[0] == '\\' && from->at[1] == '\n')
            step(from);
        step(from);
    }
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

/* A number, as the preprocessor has it: 1e-3, 0x1.8p+4, 7ull */
static void skip_number(reader *from)
{
    while (is_word(*from->at) || *from->at == '.' ||
           ((*from->at == '+' || *from->at == '-') && strchr("eEpP", from->at[-1]) != NULL))
        from->at++;
}

static void read_one(reader *from)
{
    const char *start = from->at;
    unsigned line = from->line;
    enum token_kind kind = TOKEN_SIGN;
    if (*start == '#' && from->line_begins) {
        kind = TOKEN_DIRECTIVE;
        skip_directive(from);
    } else if (*start == '"' || *start == '\'') {
        kind = TOKEN_QUOTED;
        skip_quoted(from);
    } else if (isdigit((unsigned char)*start) || (*start == '.' && isdigit((unsigned char)start[1]))) {
        kind = TOKEN_NUMBER;
        skip_number(from);
    } else if (is_word(*start)) {
        kind = TOKEN_WORD;
        while (is_word(*from->at))
            from->at++;
    } else {
        step(from);
    }
    from->line_begins = false;
    add(from, kind, start, line);
}

/* Whether the line that a backslash continues is still to come. */
static bool goes_on(const char *text)
{
    size_t size = strlen(text);
    return (size > 0 && text[size - 1] == '\\') || (size > 1 && strcmp(text + size - 2, "\\\n") == 0);
}

void tokens_read(token_list *out, const char *text)
{
    reader from = {out, text, 0, true};
    *out = (token_list){.text = text};
    while (*from.at != '\0' && !out->failed) {
        if (*from.at == '\n')
            from.line_begins = true;
        if (isspace((unsigned char)*from.at) || *from.at == '\\')
            step(&from);
        else if (from.at[0] == '/' && (from.at[1] == '*' || from.at[1] == '/'))
            skip_comment(&from);
        else
            read_one(&from);
    }
    out->open = out->open || goes_on(text);
}

void tokens_free(token_list *tokens)
{
    free(tokens->items);
    tokens->items = NULL;
    tokens->count = tokens->room = 0;
}

bool token_is(const token_list *tokens, size_t index, const char *what)
{
    if (index >= tokens->count)
        return false;
    const token *at = &tokens->items[index];
    return strlen(what) == at->size && memcmp(tokens->text + at->start, what, at->size) == 0;
}

bool token_is_word(const token_list *tokens, size_t index)
{
    return index < tokens->count && tokens->items[index].kind == TOKEN_WORD;
}

bool token_is_one_of(const token_list *tokens, size_t index, const char *const *words)
{
    for (; *words != NULL; words++)
        if (token_is(tokens, index, *words))
            return true;
    return false;
}

size_t token_after_bracket(const token_list *tokens, size_t index, size_t end)
{
    static const char *const opening[] = {"(", "[", "{", NULL}, *const closing[] = {")", "]", "}", NULL};
    size_t depth = 0;
    for (; index < end; index++) {
        if (token_is_one_of(tokens, index, opening))
            depth++;
        else if (token_is_one_of(tokens, index, closing) && --depth == 0)
            return index + 1;
    }
    return end;
}
