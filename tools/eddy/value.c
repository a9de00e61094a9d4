/* value.c: values, written as one would write them in C.
 * Touches standard output. One line a value. */
#include "value.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <eddy.h>

static bool mute;

void value_mute(bool muted)
{
    mute = muted;
}

/* One character between such quotes. */
static void put_character(char c, char quote)
{
    static const char plain[] = "\n\t\r\a\b\f\v\\", letters[] = "ntrabfv\\";
    const char *special = c != '\0' ? strchr(plain, c) : NULL;
    if (special != NULL)
        printf("\\%c", letters[special - plain]);
    else if (c == quote)
        printf("\\%c", c);
    else if ((unsigned char)c < 0x20 || c == 0x7f)
        printf("\\%03o", (unsigned)(unsigned char)c);
    else
        putchar(c);
}

static void show_truth(_Bool value)
{
    if (!mute)
        puts(value ? "true" : "false");
}

static void show_character(char value)
{
    if (mute)
        return;
    putchar('\'');
    put_character(value, '\'');
    puts("'");
}

static void show_whole(long long value)
{
    if (!mute)
        printf("%lld\n", value);
}

static void show_natural(unsigned long long value)
{
    if (!mute)
        printf("%llu\n", value);
}

/* What a call of eddy's returned: below 0 it is one of its errors. */
static void show_code(long value)
{
    if (mute)
        return;
    if (value < 0 && value >= INT_MIN)
        printf("%ld %s (%s)\n", value, eddy_error_name((int)value), eddy_strerror((int)value));
    else
        printf("%ld\n", value);
}

/* The fewest digits that are the number again, and a mark that it is no whole number's type. */
static void show_real(double value)
{
    char digits[64];
    if (mute)
        return;
    for (int precision = 15; precision <= 17; precision++) {
        (void)snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (strtod(digits, NULL) == value)
            break;
    }
    printf("%s%s\n", digits, strspn(digits, "-0123456789") == strlen(digits) ? ".0" : "");
}

static void show_long_real(long double value)
{
    if (!mute)
        printf("%.18Lg\n", value);
}

static void show_string(const char *value)
{
    if (mute)
        return;
    if (value == NULL) {
        puts("NULL");
        return;
    }
    putchar('"');
    for (; *value != '\0'; value++)
        put_character(*value, '"');
    puts("\"");
}

static void show_pointer(const volatile void *value)
{
    if (mute)
        return;
    if (value == NULL)
        puts("NULL");
    else
        printf("%p\n", (const void *)value);
}

const struct eddy_show value_show = {
#define VALUE_MEMBER(member, parameter) .member = show_##member,
    VALUE_WAYS(VALUE_MEMBER)
#undef VALUE_MEMBER
};
