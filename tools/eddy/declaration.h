/* declaration.h: the parts of a declaration: what is said of all its names, and each name with its own part and its value.
 * Touches nothing but tokens. */
#ifndef EDDY_TOOL_DECLARATION_H
#define EDDY_TOOL_DECLARATION_H

#include "input.h"

enum { DECLARATORS_MOST = 64 };

/* Tokens [first, end) of the input. */
typedef struct declarator {
    size_t first, end;       /* `*name[3]`, without the value */
    size_t name;             /* of which this token is the name; `end` when there is none */
    size_t value, value_end; /* after the `=`; equal when there is none */
    bool function;           /* it declares one */
    bool pointer;            /* a `*` stands in it */
    size_t unsized;          /* the `[` of an array that gets its size from its value; `end` for others */
} declarator;

typedef struct declaration {
    size_t first, end;       /* what is said of all: `static const struct point { int x; }` */
    size_t tag;              /* the name of a structure, union or enumeration, `end` when there is none */
    size_t body, body_end;   /* its braces; equal when there are none */
    bool is_type, is_extern; /* typedef, extern */
    declarator names[DECLARATORS_MOST];
    size_t count;
    size_t nameless; /* so many of them have no name, which is no C */
    bool too_many;
} declaration;

/* Of a declaration or of a function, whose body counts as no part of it. */
void declaration_read(declaration *out, const token_list *tokens, const piece *from);

#endif
