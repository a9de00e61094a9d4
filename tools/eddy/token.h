/* token.h: the words and signs of C text, as far as it takes to see where an input ends and what its parts are.
 * Touches memory. Every place is a place in the text that was read. */
#ifndef EDDY_TOOL_TOKEN_H
#define EDDY_TOOL_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

enum token_kind {
    TOKEN_WORD, /* an identifier or keyword */
    TOKEN_NUMBER,
    TOKEN_QUOTED,   /* a string or a character, which may go over lines here */
    TOKEN_SIGN,     /* one character */
    TOKEN_DIRECTIVE /* of the preprocessor: to the end of its line */
};

typedef struct token {
    enum token_kind kind;
    size_t start, size;
    unsigned line; /* from 0 */
} token;

typedef struct token_list {
    const char *text; /* the caller's */
    token *items;
    size_t count, room;
    bool open;   /* the text ends inside a comment, in quotes, or in a line that a backslash continues */
    bool failed; /* memory ran out */
} token_list;

void tokens_read(token_list *out, const char *text);
void tokens_free(token_list *tokens);

/* Whether there is such a token, and it is that word or sign. */
bool token_is(const token_list *tokens, size_t index, const char *what);
bool token_is_word(const token_list *tokens, size_t index);
/* Whether it is one of the words of a list, which end with NULL. */
bool token_is_one_of(const token_list *tokens, size_t index, const char *const *words);
/* The place after the bracket that closes the one at `index`; `end` when none does. */
size_t token_after_bracket(const token_list *tokens, size_t index, size_t end);

#endif
