/* value.h: how the value of an expression is shown.
 * Touches standard output. The compiled input calls one function of `eddy_show`, by the expression's type. */
#ifndef EDDY_TOOL_VALUE_H
#define EDDY_TOOL_VALUE_H

#include <stdbool.h>

/* X(member, parameter): the ways to show a value. The text of every compiled input has the same structure. */
#define VALUE_WAYS(X)                                                                                        \
    X(truth, _Bool)                                                                                          \
    X(character, char)                                                                                       \
    X(whole, long long)                                                                                      \
    X(natural, unsigned long long)                                                                           \
    X(real, double)                                                                                          \
    X(long_real, long double)                                                                                \
    X(code, long)                                                                                            \
    X(string, const char *)                                                                                  \
    X(pointer, const volatile void *)

/* X(type, member): which types of C go which way; int and long are codes if a function of eddy's returns them, else whole; all others go the way of
 * pointers, or do not compile. */
#define VALUE_TYPES(X)                                                                                       \
    X(_Bool, truth)                                                                                          \
    X(char, character)                                                                                       \
    X(signed char, whole)                                                                                    \
    X(unsigned char, natural)                                                                                \
    X(short, whole)                                                                                          \
    X(unsigned short, natural)                                                                               \
    X(unsigned, natural)                                                                                     \
    X(unsigned long, natural)                                                                                \
    X(long long, whole)                                                                                      \
    X(unsigned long long, natural)                                                                           \
    X(float, real)                                                                                           \
    X(double, real)                                                                                          \
    X(long double, long_real)                                                                                \
    X(char *, string)                                                                                        \
    X(const char *, string)

struct eddy_show {
#define VALUE_MEMBER(member, parameter) void (*member)(parameter);
    VALUE_WAYS(VALUE_MEMBER)
#undef VALUE_MEMBER
};

extern const struct eddy_show value_show;
/* Show nothing for now: what is running was told to end. */
void value_mute(bool muted);

#endif
