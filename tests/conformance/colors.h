/* colors.h: the variables that the suites of contexts set, and callbacks that tell what they saw.
 * Touches the public API and cmocka. What a callback saw is one record for the whole program, cleared when it is looked at. */
#ifndef COLORS_H
#define COLORS_H

#include "support/support.h"

extern const eddy_context_var color_var; /* default "none" */
extern const eddy_context_var size_var;  /* no default */
extern const eddy_context_var owned_var; /* its values are counted when they are released; any thread */

const char *color(void);
void set_color(const char *value);
int paint(void *value);   /* a body: sets the color */
int owned_released(void); /* how many, ever */

/* Callbacks: note the color they see, then set another one. */
void see_color(void *unused);
void see_color_when_done(eddy_future *future, void *unused);
void await_colors(int count);  /* in a task: until so many were seen */
const char *colors_seen(void); /* each with a blank before it; cleared by this */

#endif
