/* test_switch.c: the context switch keeps what the ABI promises, on whichever implementation the build chose.
 * Touches platform/switch through core/platform.h. No context outlives its test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unwind.h>
#include <cmocka.h>

#include "core/platform.h"
#include "core/task/annotate.h"

enum { CONTEXTS = 20, SWITCHES = 1000, STACK_SIZE = 64 * 1024 * EDDYI_STACK_FACTOR };

typedef struct strand {
    eddyi_context context;
    const void *low; /* what the sanitizers are told */
    size_t size;
    void *fiber, *save;
    void (*body)(struct strand *self);
    void *memory;
    uint64_t seed;
    int arrivals;
    bool begun, good;
} strand;

static strand home; /* the test's own stack */

static void enter(void *arg);

static void go(strand *from, strand *to)
{
    const void *ignored_low;
    size_t ignored_size;
    bool begins = !to->begun && to != &home;
    to->begun = true;
    eddyi_annotate_switch_begin(&from->save, to->low, to->size, to->fiber);
    if (begins)
        eddyi_context_enter(&from->context, (void *)(uintptr_t)to->low, to->size, enter, to);
    else
        eddyi_context_switch(&from->context, &to->context);
    eddyi_annotate_switch_end(from->save, &ignored_low, &ignored_size);
}

static void enter(void *arg)
{
    strand *self = arg;
    eddyi_annotate_switch_end(NULL, &home.low, &home.size);
    self->body(self);
    for (;;)
        go(self, &home);
}

static void make_on(strand *made, void (*body)(strand *self), void *low, size_t size)
{
    made->low = low;
    made->size = size;
    made->body = body;
    made->fiber = eddyi_annotate_stack_begin(low, size);
    made->begun = false;
}

static void make(strand *made, void (*body)(strand *self))
{
    memset(made, 0, sizeof *made);
    made->memory = malloc(STACK_SIZE);
    assert_non_null(made->memory);
    make_on(made, body, made->memory, STACK_SIZE);
    home.fiber = eddyi_annotate_fiber_current();
}

static void destroy(strand *made)
{
    eddyi_annotate_stack_end((void *)(uintptr_t)made->low, made->size, made->fiber);
    eddyi_annotate_memory_end((void *)(uintptr_t)made->low, made->size);
    free(made->memory);
}

/* ---- entry ---- */

/* What the ABI says of a frame's address: a stack pointer that was aligned at the call, less what the call and the entry push. */
#if defined(__i386__)
enum { FRAME_ALIGNMENT = 16, FRAME_PUSHED = 8 };
#elif defined(__s390x__)
enum { FRAME_ALIGNMENT = 8, FRAME_PUSHED = 0 };
#else
enum { FRAME_ALIGNMENT = 16, FRAME_PUSHED = 0 };
#endif

static void note_stack(strand *self)
{
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0), low = (uintptr_t)self->low;
    char text[64];
    self->arrivals++;
    /* printf with doubles keeps vector registers on the stack, which faults when it is not aligned */
    self->good = frame >= low && frame < low + self->size && (frame + FRAME_PUSHED) % FRAME_ALIGNMENT == 0 &&
                 snprintf(text, sizeof text, "%.3f %.1f", 2.5, (double)self->seed) > 0 &&
                 strcmp(text, "2.500 7.0") == 0;
}

static void a_context_starts_aligned_on_its_own_stack_with_its_argument(void **state)
{
    (void)state;
    for (size_t odd = 0; odd < 32; odd++) { /* whatever the ends of the given memory are */
        strand one = {.memory = malloc(STACK_SIZE)};
        one.seed = 7;
        make_on(&one, note_stack, (char *)one.memory + odd, STACK_SIZE - 32 - odd / 2);
        home.fiber = eddyi_annotate_fiber_current();
        go(&home, &one);
        assert_int_equal(one.arrivals, 1);
        assert_true(one.good);
        destroy(&one);
    }
}

/* ---- what is kept ---- */

#if defined(__x86_64__)
#define KEPT_REGISTERS(X) X(rbx) X(r12) X(r13) X(r14) X(r15)
#elif defined(__aarch64__)
#define KEPT_REGISTERS(X) X(x19) X(x20) X(x21) X(x22) X(x23) X(x24) X(x25) X(x26) X(x27) X(x28)
#elif defined(__riscv) && __riscv_xlen == 64
#define KEPT_REGISTERS(X) X(s1) X(s2) X(s3) X(s4) X(s5) X(s6) X(s7) X(s8) X(s9) X(s10) X(s11)
#elif defined(__s390x__)
#define KEPT_REGISTERS(X) X(r6) X(r7) X(r8) X(r9) X(r10)
#else
#define KEPT_REGISTERS(X)
#endif

enum {
#define NUMBER(name) NUMBER_##name,
    KEPT_REGISTERS(NUMBER) REGISTERS
#undef NUMBER
};

/* The registers are named, so that they hold the values across the call in a build without optimisation too. */
static bool registers_survive(strand *self, strand *to)
{
    uint64_t found[REGISTERS + 1] = {0};
    volatile uint64_t seed = self->seed * 64;
#define LOAD(name)                                                                                           \
    register uint64_t in_##name __asm__(#name) = seed + NUMBER_##name;                                       \
    __asm__ volatile("" : "+r"(in_##name));
    KEPT_REGISTERS(LOAD)
#undef LOAD
    go(self, to);
#define CHECK(name)                                                                                          \
    __asm__ volatile("" : "+r"(in_##name));                                                                  \
    found[NUMBER_##name] = in_##name;
    KEPT_REGISTERS(CHECK)
#undef CHECK
    for (int i = 0; i < REGISTERS; i++)
        if (found[i] != seed + (uint64_t)i)
            return false;
    return true;
}

static bool floats_survive(strand *self, strand *to)
{
    double base = (double)self->seed, a = base * 1.5, b = base * 2.5, c = base * 3.5, d = base * 4.5,
           e = base * 5.5, f = base * 6.5, g = base * 7.5, h = base * 8.5;
    go(self, to);
    return (a + b) + (c + d) + (e + f) + (g + h) == base * 40;
}

static strand ring[CONTEXTS];
static uint64_t random_state;
static int switches_left;

/* xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled", 2016) */
static uint64_t next_random(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * UINT64_C(2685821657736338717);
}

static strand *somebody_else(const strand *self)
{
    strand *other;
    if (switches_left-- <= 0)
        return &home;
    do
        other = &ring[next_random() % CONTEXTS];
    while (other == self);
    return other;
}

static void relay(strand *self)
{
    self->good = true;
    for (;;) {
        self->arrivals++;
        self->good = registers_survive(self, somebody_else(self)) && self->good;
        self->arrivals++;
        self->good = floats_survive(self, somebody_else(self)) && self->good;
    }
}

static void fault_K5_registers_survive_a_thousand_switches_among_twenty_contexts(void **state)
{
    int arrivals = 0;
    (void)state;
    random_state = 88172645463325252u;
    switches_left = SWITCHES * CONTEXTS;
    for (int i = 0; i < CONTEXTS; i++) {
        make(&ring[i], relay);
        ring[i].seed = (uint64_t)i + 1;
    }
    home.seed = 1000;
    assert_true(registers_survive(&home, &ring[0]));
    for (int i = 0; i < CONTEXTS; i++) {
        assert_true(ring[i].good);
        assert_true(ring[i].arrivals > SWITCHES / 2);
        arrivals += ring[i].arrivals;
        destroy(&ring[i]);
    }
    assert_int_equal(arrivals, SWITCHES * CONTEXTS + 1);
}

/* The rounding mode, 0 (to nearest) to 3, of each unit that has one; -1 when they differ. In assembly, because the functions
 * of fenv.h live in a library of their own. */
#if defined(__x86_64__)
static void set_rounding(unsigned way)
{
    uint32_t vector;
    uint16_t x87;
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(vector), "=m"(x87));
    vector = (vector & ~(3u << 13)) | way << 13;
    x87 = (uint16_t)((x87 & ~(3u << 10)) | way << 10);
    __asm__ volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(vector), "m"(x87));
}

static int rounding(void)
{
    uint32_t vector;
    uint16_t x87;
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(vector), "=m"(x87));
    return (vector >> 13 & 3) == (unsigned)(x87 >> 10 & 3) ? (int)(vector >> 13 & 3) : -1;
}
#elif defined(__aarch64__)
static void set_rounding(unsigned way)
{
    uint64_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    control = (control & ~(UINT64_C(3) << 22)) | (uint64_t)way << 22;
    __asm__ volatile("msr fpcr, %0" : : "r"(control));
}

static int rounding(void)
{
    uint64_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    return (int)(control >> 22 & 3);
}
#else
#define LACKS_ROUNDING
static void set_rounding(unsigned way)
{
    (void)way;
}

static int rounding(void)
{
    return 0;
}
#endif

static void round_in_own_way(strand *self)
{
    volatile double one = 1, three = 3;
    set_rounding((unsigned)self->seed);
    double expected = one / three;
    self->good = true;
    for (;;) {
        self->arrivals++;
        go(self, &ring[(self->seed + 1) % 4]);
        if (self->arrivals == SWITCHES)
            go(self, &home);
        self->good = self->good && rounding() == (int)self->seed && one / three == expected;
    }
}

static void fault_K5_each_context_keeps_its_floating_point_control(void **state)
{
    (void)state;
#ifdef LACKS_ROUNDING
    skip();
#endif
    for (uint64_t i = 0; i < 4; i++) {
        make(&ring[i], round_in_own_way);
        ring[i].seed = i;
    }
    go(&home, &ring[0]);
    assert_int_equal(rounding(), 0);
    for (int i = 0; i < 4; i++) {
        assert_true(ring[i].arrivals >= SWITCHES - 1);
        assert_true(ring[i].good);
        destroy(&ring[i]);
    }
}

/* ---- where the stack ends ---- */

static _Unwind_Reason_Code count_frame(struct _Unwind_Context *context, void *arg)
{
    int *count = arg;
    (void)context;
    return ++*count < 100 ? _URC_NO_REASON : _URC_NORMAL_STOP;
}

static void unwind(strand *self)
{
    int frames = 0;
    _Unwind_Reason_Code code = _Unwind_Backtrace(count_frame, &frames);
    self->good = code == _URC_END_OF_STACK;
    self->arrivals = frames;
}

static void fault_K6_an_unwinder_finds_the_end_of_the_stack(void **state)
{
    strand one;
    (void)state;
    make(&one, unwind);
    go(&home, &one);
    assert_true(one.good);
    assert_in_range(one.arrivals, 2, 6); /* unwind, enter, the first frame */
    destroy(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_context_starts_aligned_on_its_own_stack_with_its_argument),
        cmocka_unit_test(fault_K5_registers_survive_a_thousand_switches_among_twenty_contexts),
        cmocka_unit_test(fault_K5_each_context_keeps_its_floating_point_control),
        cmocka_unit_test(fault_K6_an_unwinder_finds_the_end_of_the_stack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
