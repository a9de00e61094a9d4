/* input.c: the pieces of an input.
 * Touches memory alone. Where a statement is cut makes no difference, since all statements are compiled one after the other. */
#include "input.h"

#include "grow.h"

#include <stdlib.h>
#include <string.h>

static const char *const type_words[] = {
    "typedef",       "extern",      "static",        "inline",         "register",      "auto",
    "const",         "volatile",    "restrict",      "void",           "char",          "short",
    "int",           "long",        "float",         "double",         "signed",        "unsigned",
    "struct",        "union",       "enum",          "_Bool",          "_Complex",      "_Atomic",
    "_Thread_local", "_Alignas",    "_Noreturn",     "_Static_assert", "static_assert", "__thread",
    "__inline",      "__inline__",  "__extension__", "__typeof__",     "__typeof",      "typeof",
    "__attribute__", "__attribute", "__const",       "__int128",       "bool",          NULL};
static const char *const control_words[] = {"if", "for", "while", "switch", "else", "do", NULL};
static const char *const statement_words[] = {"if",   "for",     "while",  "switch", "else",
                                              "do",   "return",  "break",  "goto",   "continue",
                                              "case", "default", "sizeof", NULL};
static const char *const after_a_name[] = {"=", ";", ",", "[", "(", NULL};
static const char *const opening[] = {"(", "[", "{", NULL}, *const closing[] = {")", "]", "}", NULL};

/* ---- what a piece is ---- */

/* `name *pointer =`, `name word`: only a declaration begins so, as far as it makes sense. */
static bool declares_with_a_name(const token_list *tokens, size_t first, size_t end)
{
    if (!token_is_word(tokens, first) || token_is_one_of(tokens, first, statement_words))
        return false;
    size_t at = first + 1;
    while (at < end && (token_is(tokens, at, "*") || token_is(tokens, at, "const")))
        at++;
    if (at >= end || !token_is_word(tokens, at))
        return false;
    return at == first + 1 || at + 1 == end || token_is_one_of(tokens, at + 1, after_a_name);
}

static bool declares(const token_list *tokens, size_t first, size_t end)
{
    return first < end &&
           (token_is_one_of(tokens, first, type_words) || declares_with_a_name(tokens, first, end));
}

/* Whether the brace at `brace` opens a block, not an initializer, a structure or a literal. */
static bool opens_block(const token_list *tokens, size_t first, size_t brace, bool assigned)
{
    if (brace == first)
        return true;
    if (!token_is(tokens, brace - 1, ")"))
        return token_is(tokens, brace - 1, "else") || token_is(tokens, brace - 1, "do");
    return token_is_one_of(tokens, first, control_words) || (!assigned && declares(tokens, first, brace));
}

static bool directive_is(const token_list *tokens, size_t index, const char *name)
{
    const token *at = &tokens->items[index];
    if (at->kind != TOKEN_DIRECTIVE)
        return false;
    const char *word = tokens->text + at->start + 1;
    word += strspn(word, " \t");
    return strncmp(word, name, strlen(name)) == 0;
}

/* ---- where a piece ends ---- */

typedef struct cut {
    size_t end;
    bool ended, open; /* open: brackets or #if are */
    bool block;       /* ended by the brace of one */
} cut;

static cut cut_directive(const token_list *tokens, size_t first)
{
    size_t depth = 0, at = first;
    do {
        if (directive_is(tokens, at, "if"))
            depth++;
        else if (directive_is(tokens, at, "endif") && depth > 0)
            depth--;
        at++;
    } while (depth > 0 && at < tokens->count);
    return (cut){.end = at, .ended = true, .open = depth > 0};
}

static cut cut_code(const token_list *tokens, size_t first)
{
    size_t depth = 0;
    bool block = false, assigned = false;
    if (token_is_word(tokens, first) && token_is(tokens, first + 1, ":")) /* a label */
        return (cut){.end = first + 2, .ended = true};
    for (size_t at = first; at < tokens->count; at++) {
        if (token_is_one_of(tokens, at, opening)) {
            if (depth++ == 0)
                block = token_is(tokens, at, "{") && opens_block(tokens, first, at, assigned);
        } else if (token_is_one_of(tokens, at, closing)) {
            if (depth > 0)
                depth--;
            if (depth == 0 && block && token_is(tokens, at, "}"))
                return (cut){.end = at + 1, .ended = true, .block = true};
        } else if (depth == 0 && token_is(tokens, at, ";")) {
            return (cut){.end = at + 1, .ended = true};
        } else if (depth == 0 && token_is(tokens, at, "=")) {
            assigned = true;
        }
    }
    return (cut){.end = tokens->count, .open = depth > 0};
}

static enum piece_kind kind_of(const token_list *tokens, size_t first, const cut *found)
{
    if (tokens->items[first].kind == TOKEN_DIRECTIVE)
        return PIECE_DIRECTIVE;
    if (!declares(tokens, first, found->end))
        return PIECE_STATEMENT;
    return found->block ? PIECE_FUNCTION : PIECE_DECLARATION;
}

/* ---- whether more is to come ---- */

/* `f(void)`, `f(int a)`, `f(name *x)`: parameters, not arguments. */
static bool ends_with_parameters(const token_list *tokens, const piece *last)
{
    size_t at = last->first;
    while (at < last->end && !token_is(tokens, at, "(") && !token_is(tokens, at, "="))
        at++;
    if (at == last->first || !token_is(tokens, at, "(") ||
        token_after_bracket(tokens, at, last->end) != last->end)
        return false;
    return token_is(tokens, at + 1, ")") || declares(tokens, at + 1, last->end - 1);
}

static bool is_header(const token_list *tokens, const piece *last)
{
    if (last->ended) /* `do { ... }`, whose `while` is to come */
        return token_is(tokens, last->first, "do") && token_is(tokens, last->end - 1, "}");
    if (token_is_one_of(tokens, last->first, control_words))
        return true;
    return last->kind == PIECE_DECLARATION && ends_with_parameters(tokens, last);
}

/* ---- reading ---- */

static void add_piece(input *out, piece one)
{
    void *pieces = array_grow(out->pieces, out->count, &out->room, sizeof one);
    out->failed = pieces == NULL;
    if (out->failed)
        return;
    out->pieces = pieces;
    out->pieces[out->count++] = one;
}

void input_read(input *out, const char *text)
{
    bool open = false;
    *out = (input){.state = INPUT_BLANK};
    tokens_read(&out->tokens, text);
    for (size_t at = 0; at < out->tokens.count && !out->failed;) {
        cut found = out->tokens.items[at].kind == TOKEN_DIRECTIVE ? cut_directive(&out->tokens, at)
                                                                  : cut_code(&out->tokens, at);
        add_piece(out, (piece){kind_of(&out->tokens, at, &found), at, found.end, found.ended});
        open = found.open;
        at = found.end;
    }
    out->failed = out->failed || out->tokens.failed;
    if (open || out->tokens.open)
        out->state = INPUT_OPEN;
    else if (out->count > 0)
        out->state = is_header(&out->tokens, &out->pieces[out->count - 1]) ? INPUT_HEADER : INPUT_COMPLETE;
}

void input_free(input *from)
{
    tokens_free(&from->tokens);
    free(from->pieces);
    from->pieces = NULL;
    from->count = 0;
}

const piece *input_value(const input *from)
{
    const piece *last = from->count > 0 ? &from->pieces[from->count - 1] : NULL;
    if (last == NULL || last->ended || token_is_one_of(&from->tokens, last->first, type_words) ||
        (token_is_one_of(&from->tokens, last->first, statement_words) &&
         !token_is(&from->tokens, last->first, "sizeof")))
        return NULL;
    return last;
}
