/* suite_metrics_text.c: a loop's metrics as text are what the OpenMetrics format wants, line by line.
 * Touches the public API. The checks are of the format's own grammar (OpenMetrics 1.0); tests/CMakeLists.txt has a foreign parser look too. */
#include "loops.h"
#include "suite.h"

#include <ctype.h>
#include <stdio.h>

static char text[32768];

static const char *text_of(eddy_loop *loop, const char *name)
{
    ptrdiff_t length = eddy_loop_format_metrics(loop, text, sizeof text, name);
    assert_in_range(length, 1, sizeof text - 1);
    assert_int_equal(strlen(text), length);
    return text;
}

/* ---- the grammar ---- */

enum { MOST_FAMILIES = 64 };

typedef struct reader {
    const char *at;
    char families[MOST_FAMILIES][64]; /* seen, the one in hand last */
    size_t count;
    char type[16];
    size_t samples; /* in all */
    size_t own;     /* of the family in hand */
} reader;

static void take_literal(reader *self, const char *literal)
{
    assert_int_equal(strncmp(self->at, literal, strlen(literal)), 0);
    self->at += strlen(literal);
}

static void take_name(reader *self, char *out, size_t room)
{
    size_t size = 0;
    assert_true(isalpha((unsigned char)*self->at) || *self->at == '_');
    while (isalnum((unsigned char)*self->at) || *self->at == '_') {
        assert_true(size + 1 < room);
        out[size++] = *self->at++;
    }
    out[size] = '\0';
}

static void take_rest_of_line(reader *self)
{
    assert_true(*self->at != '\n');
    while (*self->at != '\n') {
        assert_true(*self->at != '\0' && *self->at != '\\' && *self->at != '"');
        self->at++;
    }
    self->at++;
}

static bool ends_with(const char *name, const char *end)
{
    size_t size = strlen(name), more = strlen(end);
    return size > more && strcmp(name + size - more, end) == 0;
}

/* # TYPE, then # UNIT if there is one, then # HELP. A family comes once. */
static void take_head(reader *self)
{
    char name[64], unit[16];
    assert_true(self->count < MOST_FAMILIES);
    char *family = self->families[self->count];
    take_literal(self, "# TYPE ");
    take_name(self, family, sizeof self->families[0]);
    for (size_t i = 0; i < self->count; i++)
        assert_string_not_equal(self->families[i], family);
    self->count++;
    self->own = 0;
    take_literal(self, " ");
    take_name(self, self->type, sizeof self->type);
    assert_true(strcmp(self->type, "counter") == 0 || strcmp(self->type, "gauge") == 0 ||
                strcmp(self->type, "info") == 0);
    assert_false(ends_with(family, "_total") || ends_with(family, "_info"));
    take_literal(self, "\n");
    if (strncmp(self->at, "# UNIT ", 7) == 0) {
        take_literal(self, "# UNIT ");
        take_name(self, name, sizeof name);
        assert_string_equal(name, family);
        take_literal(self, " ");
        take_name(self, unit, sizeof unit);
        assert_true(ends_with(family, unit));
        take_literal(self, "\n");
    }
    take_literal(self, "# HELP ");
    take_name(self, name, sizeof name);
    assert_string_equal(name, family);
    take_literal(self, " ");
    take_rest_of_line(self);
}

static void take_label(reader *self)
{
    char name[64];
    take_name(self, name, sizeof name);
    take_literal(self, "=\"");
    while (*self->at != '"') {
        assert_true(*self->at != '\0' && *self->at != '\n');
        if (*self->at == '\\') {
            self->at++;
            assert_true(*self->at == '\\' || *self->at == '"' || *self->at == 'n');
        }
        self->at++;
    }
    self->at++;
}

static void take_number(reader *self)
{
    assert_true(isdigit((unsigned char)*self->at));
    while (isdigit((unsigned char)*self->at))
        self->at++;
    if (*self->at != '.')
        return;
    self->at++;
    assert_true(isdigit((unsigned char)*self->at));
    while (isdigit((unsigned char)*self->at))
        self->at++;
}

static void take_sample(reader *self)
{
    char name[64], wanted[80];
    const char *suffix = self->type[0] == 'c' ? "_total" : self->type[0] == 'i' ? "_info" : "";
    assert_true(self->count > 0);
    take_name(self, name, sizeof name);
    (void)snprintf(wanted, sizeof wanted, "%s%s", self->families[self->count - 1], suffix);
    assert_string_equal(name, wanted);
    if (*self->at == '{') {
        do {
            self->at++;
            take_label(self);
        } while (*self->at == ',');
        take_literal(self, "}");
    }
    take_literal(self, " ");
    take_number(self);
    take_literal(self, "\n");
    self->samples++;
    self->own++;
}

/* Returns how many samples there are. */
static size_t must_be_open_metrics(const char *from)
{
    static reader self;
    self = (reader){.at = from};
    while (strncmp(self.at, "# EOF\n", 6) != 0) {
        if (*self.at == '#')
            take_head(&self);
        else
            take_sample(&self);
    }
    assert_int_equal(self.at[6], '\0');
    return self.samples;
}

/* The line that begins so, up to its end, as text after that. */
static const char *value_of(const char *sample)
{
    static char value[64];
    size_t size = strlen(sample);
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, sample, size) == 0 && line[size] == ' ') {
            size_t length = strcspn(line + size + 1, "\n");
            assert_in_range(length, 1, sizeof value - 1);
            memcpy(value, line + size + 1, length);
            value[length] = '\0';
            return value;
        }
    }
    fail_msg("no sample %s in\n%s", sample, text);
    return "";
}

/* ---- tests ---- */

static void run_a_little(eddy_loop *loop)
{
    note_later(loop, 3600, 1);
    note_soon(loop, 2);
    note_soon(loop, 3);
    assert_int_equal(eddy_loop_run_once(loop, 0), 2);
    assert_int_equal(noted(), 2);
}

static void metrics_text_is_open_metrics(void **state)
{
    eddy_loop *loop = make_loop();
    (void)state;
    size_t samples = must_be_open_metrics(text_of(loop, NULL));
    assert_true(samples >= 20);
    run_a_little(loop);
    assert_true(must_be_open_metrics(text_of(loop, NULL)) >= samples);
    assert_true(must_be_open_metrics(text_of(loop, "main")) >= samples);
    end_loop(loop);
}

/* The loop does not run, so nothing changes between the two calls. */
static void metrics_text_has_the_numbers_of_the_struct(void **state)
{
    eddy_loop *loop = make_loop();
    eddy_loop_metrics metrics = {.size = sizeof metrics};
    char number[64];
    (void)state;
    run_a_little(loop);
    note_soon(loop, 4);
    assert_int_equal(eddy_loop_get_metrics(loop, &metrics), 0);
    (void)text_of(loop, NULL);
    assert_string_equal(value_of("eddy_loop_callbacks_total"), "2");
    assert_string_equal(value_of("eddy_loop_ready"), "1");
    assert_string_equal(value_of("eddy_loop_timers"), "1");
    (void)snprintf(number, sizeof number, "%llu.%09llu",
                   (unsigned long long)(metrics.busy_total_ns / 1000000000),
                   (unsigned long long)(metrics.busy_total_ns % 1000000000));
    assert_string_equal(value_of("eddy_loop_busy_seconds_total"), number);
    (void)snprintf(number, sizeof number, "eddy_loop_info{backend=\"%s\"}", eddy_loop_backend_name(loop));
    assert_string_equal(value_of(number), "1");
    end_loop(loop);
}

static void metrics_text_tells_each_system_call(void **state)
{
    eddy_loop *loop = make_loop();
    eddy_system_call calls[128];
    char sample[96], number[32];
    (void)state;
    run_a_little(loop);
    int count = eddy_loop_get_system_calls(loop, calls, 128);
    assert_in_range(count, 0, 128);
    (void)text_of(loop, "a");
    for (int i = 0; i < count; i++) {
        (void)snprintf(sample, sizeof sample, "eddy_loop_system_calls_total{loop=\"a\",call=\"%s\"}",
                       calls[i].name);
        (void)snprintf(number, sizeof number, "%llu", (unsigned long long)calls[i].count);
        assert_string_equal(value_of(sample), number);
    }
    end_loop(loop);
}

static void metrics_text_holds_any_name(void **state)
{
    eddy_loop *loop = make_loop();
    (void)state;
    run_a_little(loop);
    (void)must_be_open_metrics(text_of(loop, "a \"b\" \\ c\nd"));
    assert_string_equal(value_of("eddy_loop_callbacks_total{loop=\"a \\\"b\\\" \\\\ c\\nd\"}"), "2");
    (void)must_be_open_metrics(text_of(loop, ""));
    end_loop(loop);
}

static void metrics_text_is_cut_to_the_buffer(void **state)
{
    eddy_loop *loop = make_loop();
    char few[8] = "xxxxxxx";
    (void)state;
    ptrdiff_t whole = (ptrdiff_t)strlen(text_of(loop, NULL));
    assert_int_equal(eddy_loop_format_metrics(loop, few, sizeof few, NULL), whole);
    assert_string_equal(few, "# TYPE ");
    assert_int_equal(eddy_loop_format_metrics(loop, NULL, 0, NULL), whole);
    assert_int_equal(eddy_loop_format_metrics(loop, NULL, 1, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_loop_format_metrics(NULL, few, sizeof few, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_loop_print_metrics(NULL, NULL, NULL), EDDY_EINVAL);
    end_loop(loop);
}

static void metrics_text_is_written_to_a_file(void **state)
{
    eddy_loop *loop = make_loop();
    FILE *file = tmpfile();
    static char read[sizeof text];
    (void)state;
    assert_non_null(file);
    assert_int_equal(eddy_loop_print_metrics(loop, file, "x"), 0);
    rewind(file);
    size_t size = fread(read, 1, sizeof read - 1, file);
    read[size] = '\0';
    assert_int_equal(fclose(file), 0);
    assert_string_equal(read, text_of(loop, "x"));
    end_loop(loop);
}

int suite_metrics_text(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_text_is_open_metrics),
        cmocka_unit_test(metrics_text_has_the_numbers_of_the_struct),
        cmocka_unit_test(metrics_text_tells_each_system_call),
        cmocka_unit_test(metrics_text_holds_any_name),
        cmocka_unit_test(metrics_text_is_cut_to_the_buffer),
        cmocka_unit_test(metrics_text_is_written_to_a_file),
    };
    return cmocka_run_group_tests_name("metrics_text", tests, NULL, NULL);
}
