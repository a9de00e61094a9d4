/* unit.c: the C text of one input.
 * Touches memory alone. Every name that an input defines has a label of its own for the linker, so that a newer one of the same name hides it and
 * no library's name is in the way; line numbers are those of the input. */
#include "unit.h"

#include <string.h>

#include "declaration.h"
#include "known.h"
#include "value.h"

#define QUOTED(x)  #x
#define LITERAL(x) QUOTED(x)

static const char beginning[] =
    "#line 1 \"<session>\"\n#include <eddy.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
    "struct eddy_show {"
#define VALUE_MEMBER(member, parameter) " void (*" #member ")(" LITERAL(parameter) ");"
    VALUE_WAYS(VALUE_MEMBER)
#undef VALUE_MEMBER
        " };\n";

static const char *const storage[] = {"static", "extern",   "inline",     "register",
                                      "auto",   "__inline", "__inline__", NULL};

/* One unit in the making. */
typedef struct maker {
    unit *out;
    const token_list *tokens;
    const unit_form *form;
    unsigned number; /* of the input */
    text scope;      /* outside of its function */
    text body;       /* of its function */
    text scratch;    /* the text of what is being learned */
    text name;
    bool failed;
} maker;

/* ---- copying the input's text ---- */

/* As it stands; a line end in a string is written as C wants it, and the lines stay as many. */
static void copy_range(const maker *from, text *out, size_t first, size_t end)
{
    if (first >= end)
        return;
    const token *items = from->tokens->items;
    const char *typed = from->tokens->text;
    for (size_t at = first; at < end; at++) {
        size_t past = items[at].start + items[at].size;
        for (size_t i = items[at].start; i < past; i++)
            if (items[at].kind == TOKEN_QUOTED && typed[i] == '\n' && typed[i - 1] != '\\')
                text_add_string(out, "\\n\\\n");
            else
                text_add(out, typed + i, 1);
        if (at + 1 < end)
            text_add(out, typed + past, items[at + 1].start - past);
    }
}

/* In one line, without those words, and without what stands between `skip` and `skip_end`. */
static void copy_without(const maker *from, text *out, size_t first, size_t end, const char *const *words,
                         size_t skip, size_t skip_end)
{
    for (size_t at = first; at < end; at++) {
        if ((at >= skip && at < skip_end) || token_is_one_of(from->tokens, at, words))
            continue;
        copy_range(from, out, at, at + 1);
        text_add_string(out, " ");
    }
}

static void say_line(const maker *from, text *out, size_t at)
{
    text_format(out, "#line %u \"%s\"\n", from->form->line + from->tokens->items[at].line, from->form->file);
}

/* ---- learning ---- */

/* Later units begin with what is in `scratch`. */
static void learn(maker *from, const char *key, const char *count)
{
    from->failed = !known_add(&from->out->learned, key, text_string(&from->scratch), count) || from->failed;
}

static void learn_word(maker *from, const char *prefix, size_t word)
{
    text_clear(&from->name);
    text_add_string(&from->name, prefix);
    copy_range(from, &from->name, word, word + 1);
    learn(from, text_string(&from->name), NULL);
}

/* A name of the linker for this name of this input. Valid until the next one. */
static const char *label_of(maker *from, const char *prefix, size_t name)
{
    text_clear(&from->name);
    text_format(&from->name, "%s%u_", prefix, from->number);
    copy_range(from, &from->name, name, name + 1);
    return text_string(&from->name);
}

/* ---- directives and types: later inputs say them again as they stand ---- */

/* The name that `#define NAME` defines: what it was before it is no more. */
static void undefine_first(maker *from, const char *directive)
{
    const char *word = directive + 1 + strspn(directive + 1, " \t");
    if (strncmp(word, "define", 6) != 0)
        return;
    const char *name = word + 6 + strspn(word + 6, " \t");
    text_format(&from->scratch, "#undef %.*s\n", (int)strcspn(name, " \t\r\n(\\"), name);
}

static void make_directive(maker *from, const piece *at)
{
    text_clear(&from->scratch);
    undefine_first(from, from->tokens->text + from->tokens->items[at->first].start);
    text_add_string(&from->scope, text_string(&from->scratch));
    copy_range(from, &from->scratch, at->first, at->end);
    text_add_string(&from->scratch, "\n");
    say_line(from, &from->scope, at->first);
    copy_range(from, &from->scope, at->first, at->end);
    text_add_string(&from->scope, "\n");
    learn(from, text_string(&from->scratch), NULL);
}

static size_t without_storage(const maker *from, size_t first)
{
    while (token_is_one_of(from->tokens, first, storage))
        first++;
    return first;
}

static void make_type(maker *from, const piece *at, const declaration *what)
{
    text_clear(&from->scratch);
    copy_range(from, &from->scratch, at->first, at->end);
    text_add_string(&from->scratch, at->ended ? "\n" : ";\n");
    say_line(from, &from->scope, at->first);
    text_add_string(&from->scope, text_string(&from->scratch));
    if (what->count > 0 && what->nameless == 0)
        learn_word(from, "", what->names[0].name);
    else if (what->tag < at->end)
        learn_word(from, "struct ", what->tag);
    else if (what->body < what->body_end) /* an enumeration without a name */
        learn(from, text_string(&from->scratch), NULL);
}

/* The structure that variables are declared with is declared by itself. */
static void make_body(maker *from, const piece *at, const declaration *what)
{
    bool named = what->tag < at->end;
    text_clear(&from->scratch);
    text_add_string(&from->scratch, named ? "" : "typedef ");
    copy_range(from, &from->scratch, without_storage(from, what->first), what->body_end);
    if (named)
        text_add_string(&from->scratch, ";\n");
    else
        text_format(&from->scratch, " " UNIT_LABEL "%u_type;\n", from->number);
    say_line(from, &from->scope, at->first);
    text_add_string(&from->scope, text_string(&from->scratch));
    if (named)
        learn_word(from, "struct ", what->tag);
    else
        learn(from, text_string(&from->scratch), NULL);
}

/* ---- names ---- */

/* `extern const struct point *name` in `scratch`. A variable that gets its value at run time must not be constant. */
static void declare(maker *from, const declaration *what, const declarator *name, bool constant)
{
    static const char *const storage_and_const[] = {"static", "extern",   "inline",     "register", "auto",
                                                    "const",  "__inline", "__inline__", NULL};
    static const char *const just_const[] = {"const", NULL}, *const nothing[] = {NULL};
    text_clear(&from->scratch);
    text_add_string(&from->scratch, "extern ");
    if (what->body < what->body_end && what->tag >= what->body_end)
        text_format(&from->scratch, UNIT_LABEL "%u_type ", from->number);
    else
        copy_without(from, &from->scratch, what->first, what->end,
                     constant || name->pointer ? storage : storage_and_const, what->body, what->body_end);
    copy_without(from, &from->scratch, name->first, name->end, constant ? nothing : just_const, 0, 0);
}

/* `__typeof__(name) name` defines what was declared, under its label. */
static void define(maker *from, text *out, const declarator *name, const char *as)
{
    text_add_string(out, "__typeof__(");
    copy_range(from, out, name->name, name->name + 1);
    text_add_string(out, ") ");
    if (as != NULL)
        text_add_string(out, as);
    else
        copy_range(from, out, name->name, name->name + 1);
}

static void give_value(maker *from, text *out, const declarator *name)
{
    text_add_string(out, " =\n");
    say_line(from, out, name->value);
    copy_range(from, out, name->value, name->value_end);
}

static void set_at_run_time(maker *from, const declarator *name)
{
    text_add_string(&from->body, "{ ");
    define(from, &from->body, name, "eddy_value");
    give_value(from, &from->body, name);
    text_add_string(&from->body, "; memcpy((void *)&");
    copy_range(from, &from->body, name->name, name->name + 1);
    text_add_string(&from->body, ", (const void *)&eddy_value, sizeof eddy_value); }\n");
}

static void make_variable(maker *from, const declaration *what, const declarator *name)
{
    text *source = &from->scope;
    bool has_value = name->value < name->value_end;
    bool at_run_time = has_value && from->form->at_run_time;
    from->out->has_values = from->out->has_values || has_value;
    declare(from, what, name, !at_run_time);
    text_format(&from->scratch, "__asm__(\"%s\");\n", label_of(from, UNIT_LABEL, name->name));
    say_line(from, source, name->first);
    text_add_string(source, text_string(&from->scratch));
    define(from, source, name, NULL);
    if (at_run_time)
        set_at_run_time(from, name);
    else if (has_value)
        give_value(from, source, name);
    text_add_string(source, ";\n");
    if (name->unsized == name->end) {
        learn_word(from, "", name->name);
        return;
    }
    const char *count = label_of(from, "eddy_count_", name->name);
    const token *word = &from->tokens->items[name->name];
    int size = (int)word->size;
    const char *word_text = from->tokens->text + word->start;
    text_format(source, "const unsigned long %s = sizeof %.*s / sizeof %.*s[0];\n", count, size, word_text,
                size, word_text);
    text key = {0};
    text_add(&key, word_text, word->size);
    learn(from, text_string(&key), count);
    from->failed = from->failed || key.failed;
    text_free(&key);
}

static void make_prototype(maker *from, const declaration *what, const declarator *name)
{
    declare(from, what, name, true);
    text_add_string(&from->scratch, ";\n");
    say_line(from, &from->scope, name->first);
    text_add_string(&from->scope, text_string(&from->scratch));
    learn_word(from, "", name->name);
}

static void make_function(maker *from, const piece *at)
{
    declaration what;
    declaration_read(&what, from->tokens, at);
    if (what.count > 0 && what.nameless == 0) {
        const declarator *name = &what.names[0];
        declare(from, &what, name, true);
        text_format(&from->scratch, "__asm__(\"%s\");\n", label_of(from, UNIT_LABEL, name->name));
        say_line(from, &from->scope, at->first);
        text_add_string(&from->scope, text_string(&from->scratch));
        learn_word(from, "", name->name);
    }
    size_t first = without_storage(from, at->first);
    say_line(from, &from->scope, first);
    copy_range(from, &from->scope, first, at->end);
    text_add_string(&from->scope, "\n");
}

static void make_declaration(maker *from, const piece *at)
{
    static const char *const asserts[] = {"_Static_assert", "static_assert", NULL};
    declaration what;
    declaration_read(&what, from->tokens, at);
    from->out->too_many = from->out->too_many || what.too_many;
    if (what.is_type || what.is_extern || what.count == 0 || what.nameless > 0 ||
        token_is_one_of(from->tokens, at->first, asserts)) {
        make_type(from, at, &what);
        return;
    }
    if (what.body < what.body_end)
        make_body(from, at, &what);
    for (size_t i = 0; i < what.count; i++)
        if (what.names[i].function)
            make_prototype(from, &what, &what.names[i]);
        else
            make_variable(from, &what, &what.names[i]);
}

/* ---- what runs ---- */

static void make_statement(maker *from, const piece *at)
{
    say_line(from, &from->body, at->first);
    copy_range(from, &from->body, at->first, at->end);
    text_add_string(&from->body, at->ended ? "\n" : ";\n");
}

/* One call of a function of eddy's, and nothing more. */
static bool is_call_of_eddy(const maker *from, const piece *at)
{
    const token *first = &from->tokens->items[at->first];
    return first->kind == TOKEN_WORD && strncmp(from->tokens->text + first->start, "eddy_", 5) == 0 &&
           token_is(from->tokens, at->first + 1, "(") &&
           token_after_bracket(from->tokens, at->first + 1, at->end) == at->end;
}

/* The ways of all types; enumerations are none of the list for every compiler, but with ?: they are numbers. */
static void make_value(maker *from, const piece *at)
{
    static const char others[] =
#define VALUE_TYPE(type, member) #type ": eddy_show->" #member ", "
        VALUE_TYPES(VALUE_TYPE)
#undef VALUE_TYPE
        ;
    const char *whole = is_call_of_eddy(from, at) ? "code" : "whole";
    text value = {0}, types = {0};
    copy_range(from, &value, at->first, at->end);
    text_format(&types, "int: eddy_show->%s, long: eddy_show->%s, %s", whole, whole, others);
    const char *it = text_string(&value), *ways = text_string(&types);
    say_line(from, &from->body, at->first);
    text_format(
        &from->body,
        "_Generic((%s), %sdefault: _Generic(1 ? (%s) : (%s), %sdefault: eddy_show->pointer))((%s));\n", it,
        ways, it, it, ways, it);
    from->failed = from->failed || value.failed || types.failed;
    text_free(&value);
    text_free(&types);
}

static void make_piece(maker *from, const piece *at, bool is_value)
{
    if (is_value)
        make_value(from, at);
    else if (at->kind == PIECE_DIRECTIVE)
        make_directive(from, at);
    else if (at->kind == PIECE_FUNCTION)
        make_function(from, at);
    else if (at->kind == PIECE_DECLARATION)
        make_declaration(from, at);
    else
        make_statement(from, at);
}

static bool is_declared_again(const known *learned, const char *key)
{
    for (size_t i = 0; i < learned->count; i++)
        if (strcmp(learned->items[i].key, key) == 0)
            return true;
    return false;
}

static void put_together(maker *from, const known *before)
{
    text *source = &from->out->source;
    text_add_string(source, beginning);
    for (size_t i = 0; i < before->count; i++)
        if (!is_declared_again(&from->out->learned, before->items[i].key))
            text_format(source, "#line %zu \"" UNIT_SESSION "\"\n%s", (i + 1) * UNIT_ITEM_LINES,
                        before->items[i].text);
    text_add(source, text_string(&from->scope), from->scope.size);
    text_add_string(source,
                    "int " UNIT_FUNCTION "(const struct eddy_show *eddy_show)\n{\n(void)eddy_show;\n");
    text_add(source, text_string(&from->body), from->body.size);
    text_add_string(source, "return 0;\n}\n");
    from->failed = from->failed || source->failed || from->scope.failed || from->body.failed;
}

bool unit_make(unit *out, const known *before, const input *from, const unit_form *form)
{
    *out = (unit){0};
    maker make = {.out = out, .tokens = &from->tokens, .form = form, .number = before->inputs};
    for (size_t i = 0; i < from->count; i++)
        make_piece(&make, &from->pieces[i], form->value && i + 1 == from->count);
    put_together(&make, before);
    bool fine = !make.failed && !make.scratch.failed && !make.name.failed;
    text_free(&make.scope);
    text_free(&make.body);
    text_free(&make.scratch);
    text_free(&make.name);
    if (!fine)
        unit_free(out);
    return fine;
}

void unit_free(unit *made)
{
    text_free(&made->source);
    known_free(&made->learned);
}
