/* unit.h: the C text that is compiled for one input, and what the session knows from the inputs before it.
 * Touches memory. A name that is declared again is from then on the newer one, whatever it was. */
#ifndef EDDY_TOOL_UNIT_H
#define EDDY_TOOL_UNIT_H

#include "input.h"
#include "text.h"

/* The function that every unit has: int eddy_input(const struct eddy_show *) */
#define UNIT_FUNCTION "eddy_input"
/* What the labels of all names that units define begin with. */
#define UNIT_LABEL "eddy_input_"

/* How messages call what a unit begins with; the line tells which item that is. */
#define UNIT_SESSION "<session>"
enum { UNIT_ITEM_LINES = 1000 };

/* Something that an input declared. Its key is "name", "struct name", or the text itself; a newer item of the same key replaces it. */
typedef struct known_item {
    char *key;
    char *text;  /* what later units begin with */
    char *count; /* NULL, or the label of how many items the array of that text has */
} known_item;

/* All zero: nothing is known. */
typedef struct known {
    known_item *items;
    size_t count, room;
    unsigned inputs; /* so many were learned; labels are made of it */
} known;

typedef struct unit_form {
    const char *file; /* the name that the compiler's messages give the input */
    unsigned line;    /* the number of the input's first line */
    bool value;       /* the last piece is an expression: show it */
    bool at_run_time; /* variables get their values when the input runs, not when it is loaded */
} unit_form;

typedef struct unit {
    text source;
    known learned;   /* what the input declares */
    bool has_values; /* some of what it declares has a value */
    bool too_many;   /* names in one declaration */
} unit;

/* Whether memory was enough. What `known` knows comes first in the unit. */
bool unit_make(unit *out, const known *before, const input *from, const unit_form *form);
void unit_free(unit *made);

/* The unit was loaded: what it declares is known from now on. symbol(name, arg) is where the unit has that label. Whether memory was enough. */
bool known_learn(known *all, unit *made, void *(*symbol)(const char *label, void *arg), void *arg);
/* A newer declaration may have taken from an older one what that needs. Whether there was one that the compiler's messages call wrong, and it is forgotten. */
bool known_forget_wrong(known *all, const char *messages);
void known_free(known *all);

#endif
