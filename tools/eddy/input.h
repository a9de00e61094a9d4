/* input.h: one input at the prompt: whether it is complete, and the pieces that it consists of.
 * Touches memory. Goes by the look of the text alone; what is wrong with it the compiler says. */
#ifndef EDDY_TOOL_INPUT_H
#define EDDY_TOOL_INPUT_H

#include "token.h"

enum input_state {
    INPUT_BLANK,    /* nothing but blanks and comments */
    INPUT_COMPLETE, /* may be compiled */
    INPUT_OPEN,     /* a bracket, quotes, a comment, #if or a backslash want more */
    INPUT_HEADER /* `if (x)` or `int f(void)`: its body is to come, unless an empty line says that it is not */
};

enum piece_kind {
    PIECE_DIRECTIVE,   /* of the preprocessor; #if to #endif is one */
    PIECE_FUNCTION,    /* with its body */
    PIECE_DECLARATION, /* of variables, functions and types */
    PIECE_STATEMENT    /* or a part of one: parts follow each other */
};

typedef struct piece {
    enum piece_kind kind;
    size_t first, end; /* tokens */
    bool ended;        /* by its own semicolon or brace; only the last piece may lack it */
} piece;

typedef struct input {
    token_list tokens;
    piece *pieces;
    size_t count, room;
    enum input_state state;
    bool failed; /* memory ran out */
} input;

/* text: the caller's, for as long as the input is used. */
void input_read(input *out, const char *text);
void input_free(input *from);

/* The last piece, if it could be an expression; else NULL. */
const piece *input_value(const input *from);

#endif
