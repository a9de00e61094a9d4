/* declaration.c: takes declarations apart.
 * Touches nothing but tokens. A type's name is the first word that no keyword has made superfluous. */
#include "declaration.h"

static const char *const modifiers[] = {
    "static",   "extern",    "inline",        "register", "auto",     "const",
    "volatile", "_Noreturn", "_Thread_local", "typedef",  "__inline", "__inline__",
    "restrict", "__const",   "__extension__", "__thread", NULL};
static const char *const with_brackets[] = {"__attribute__", "__attribute", "_Alignas", NULL};
static const char *const types_with_brackets[] = {"__typeof__", "__typeof", "typeof", "_Atomic", NULL};
static const char *const tagged[] = {"struct", "union", "enum", NULL};
static const char *const basic_types[] = {"void",     "char",     "short",  "int",      "long",
                                          "float",    "double",   "signed", "unsigned", "_Bool",
                                          "_Complex", "__int128", "bool",   NULL};

/* ---- what is said of all names ---- */

static size_t read_tagged(declaration *out, const token_list *tokens, size_t at, size_t end)
{
    at++;
    while (token_is_one_of(tokens, at, with_brackets))
        at = token_after_bracket(tokens, at + 1, end);
    if (at < end && token_is_word(tokens, at))
        out->tag = at++;
    if (at < end && token_is(tokens, at, "{")) {
        out->body = at;
        at = out->body_end = token_after_bracket(tokens, at, end);
    }
    return at;
}

static void note_modifier(declaration *out, const token_list *tokens, size_t at)
{
    out->is_type = out->is_type || token_is(tokens, at, "typedef");
    out->is_extern = out->is_extern || token_is(tokens, at, "extern");
}

static void read_specifiers(declaration *out, const token_list *tokens, size_t end)
{
    bool typed = false;
    size_t at = out->first;
    while (at < end && token_is_word(tokens, at)) {
        if (token_is_one_of(tokens, at, modifiers)) {
            note_modifier(out, tokens, at++);
        } else if (token_is_one_of(tokens, at, with_brackets)) {
            at = token_after_bracket(tokens, at + 1, end);
        } else if (token_is_one_of(tokens, at, types_with_brackets)) {
            typed = true;
            at = token_is(tokens, at + 1, "(") ? token_after_bracket(tokens, at + 1, end) : at + 1;
        } else if (token_is_one_of(tokens, at, tagged)) {
            typed = true;
            at = read_tagged(out, tokens, at, end);
        } else if (token_is_one_of(tokens, at, basic_types) || !typed) {
            typed = true;
            at++;
        } else {
            break; /* a name */
        }
    }
    out->end = at;
}

/* ---- one name ---- */

/* Where the value's `=` is, or `end`. */
static size_t find_value(const token_list *tokens, size_t at, size_t end)
{
    size_t depth = 0;
    for (; at < end; at++) {
        if (token_is(tokens, at, "(") || token_is(tokens, at, "["))
            depth++;
        else if (depth > 0 && (token_is(tokens, at, ")") || token_is(tokens, at, "]")))
            depth--;
        else if (depth == 0 && token_is(tokens, at, "="))
            break;
    }
    return at;
}

static void read_declarator(declarator *out, const token_list *tokens, size_t first, size_t end)
{
    size_t value = find_value(tokens, first, end), at = first;
    *out = (declarator){.first = first, .end = value, .unsized = value, .value_end = end};
    out->value = value < end ? value + 1 : end;
    for (; at < value && (!token_is_word(tokens, at) || token_is_one_of(tokens, at, modifiers)); at++)
        out->pointer = out->pointer || token_is(tokens, at, "*");
    out->name = at;
    out->function = at + 1 < value && token_is(tokens, at + 1, "(");
    if (at + 2 < value && token_is(tokens, at + 1, "[") && token_is(tokens, at + 2, "]"))
        out->unsized = at + 1;
}

static size_t end_of_declarator(const token_list *tokens, size_t at, size_t end)
{
    size_t depth = 0;
    for (; at < end; at++) {
        if (token_is(tokens, at, "(") || token_is(tokens, at, "[") || token_is(tokens, at, "{"))
            depth++;
        else if (depth > 0 &&
                 (token_is(tokens, at, ")") || token_is(tokens, at, "]") || token_is(tokens, at, "}")))
            depth--;
        else if (depth == 0 && token_is(tokens, at, ","))
            break;
    }
    return at;
}

/* Where the names of the piece end: at its semicolon, or at its body. */
static size_t end_of_names(const token_list *tokens, const piece *from, size_t at)
{
    if (from->kind != PIECE_FUNCTION)
        return from->ended ? from->end - 1 : from->end;
    size_t depth = 0;
    for (; at < from->end; at++) {
        if (token_is(tokens, at, "("))
            depth++;
        else if (depth > 0 && token_is(tokens, at, ")"))
            depth--;
        else if (depth == 0 && token_is(tokens, at, "{"))
            break;
    }
    return at;
}

void declaration_read(declaration *out, const token_list *tokens, const piece *from)
{
    *out = (declaration){.first = from->first, .tag = from->end, .body = from->end, .body_end = from->end};
    read_specifiers(out, tokens, from->end);
    size_t end = end_of_names(tokens, from, out->end);
    for (size_t at = out->end; at < end; at++) {
        size_t next = end_of_declarator(tokens, at, end);
        out->too_many = out->too_many || out->count == DECLARATORS_MOST;
        if (!out->too_many) {
            declarator *name = &out->names[out->count++];
            read_declarator(name, tokens, at, next);
            out->nameless += name->name == name->end;
        }
        at = next;
    }
}
