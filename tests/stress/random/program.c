/* program.c: programs from seeds: which kinds play, which tasks there are, which steps they take.
 * Touches no API. The same seed makes the same program on every backend and machine. */
#include "random.h"

#include <stdio.h>

#define KIND_POINTER(name) &kind_##name,
const kind *const kinds[] = {KINDS(KIND_POINTER)};
const int kind_count = (int)(sizeof kinds / sizeof *kinds);

static const action task_action = {.name = "task", .shape = BLOCK};

uint32_t draw(uint64_t *state, uint32_t below)
{
    uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((x ^ (x >> 31)) % below);
}

int action_count(void)
{
    int count = 1;
    for (int i = 0; i < kind_count; i++)
        count += kinds[i]->action_count;
    return count;
}

const action *action_of(const step *s)
{
    int index = s->action - 1;
    for (int i = 0; index >= 0 && i < kind_count; index -= kinds[i++]->action_count)
        if (index < kinds[i]->action_count)
            return &kinds[i]->actions[index];
    return &task_action;
}

/* ---- making ---- */

typedef struct maker {
    program *p;
    uint64_t state;
    bool plays[32]; /* which kinds: few, so that they meet */
} maker;

static void choose_kinds(maker *m)
{
    for (int i = 0; i < kind_count; i++)
        m->plays[i] = i < 2 || draw(&m->state, 3) == 0;
    m->plays[2 + draw(&m->state, (uint32_t)kind_count - 2)] = true;
}

/* Index of an action, by weight among those that play; no body at the bottom of the tree. */
static int choose_action(maker *m, bool leaf)
{
    for (int pass = 0, total = 0, left = 0;; pass++) {
        if (pass == 1)
            left = (int)draw(&m->state, (uint32_t)total);
        for (int i = 0, index = 1; i < kind_count; i++) {
            for (int k = 0; k < kinds[i]->action_count; k++, index++) {
                const action *a = &kinds[i]->actions[k];
                if (!m->plays[i] || (leaf && a->shape != LEAF))
                    continue;
                if (pass == 0)
                    total += a->weight;
                else if ((left -= a->weight) < 0)
                    return index;
            }
        }
    }
}

static void make_body(maker *m, int depth);

static step *add_step(maker *m, int index)
{
    step *s = &m->p->steps[m->p->count++];
    *s = (step){.action = (uint8_t)index};
    const action *a = action_of(s);
    s->a = (uint8_t)(a->a > 1 ? draw(&m->state, a->a) : 0);
    s->b = (uint8_t)(a->b > 1 ? draw(&m->state, a->b) : 0);
    s->end = (int16_t)m->p->count;
    return s;
}

static void make_task(maker *m, int depth)
{
    step *s = add_step(m, 0);
    make_body(m, depth);
    s->end = (int16_t)m->p->count;
}

static void make_step(maker *m, int depth)
{
    bool leaf = depth >= DEPTH || m->p->count + CHILDREN + 2 > STEPS / 2;
    step *s = add_step(m, choose_action(m, leaf));
    enum shape shape = action_of(s)->shape;
    if (shape == FAMILY)
        for (uint32_t left = 1 + draw(&m->state, CHILDREN); left > 0 && m->p->count < STEPS - 40; left--)
            make_task(m, depth + 1);
    if (shape == BLOCK || (shape == FAMILY && draw(&m->state, 2) == 0))
        make_body(m, depth + 1);
    s->end = (int16_t)m->p->count;
}

static void make_body(maker *m, int depth)
{
    uint32_t most = depth == 0 ? 6 : 3;
    for (uint32_t left = 1 + draw(&m->state, most); left > 0 && m->p->count < STEPS - 30; left--)
        make_step(m, depth);
}

void program_make(program *p, uint64_t seed)
{
    maker m = {.p = p, .state = seed * 2 + 1};
    memset(p, 0, sizeof *p);
    p->seed = seed;
    choose_kinds(&m);
    for (uint32_t roots = 2 + draw(&m.state, 6); roots > 0 && p->count < STEPS - 60; roots--)
        make_task(&m, 0);
    p->cancel_count = (int)draw(&m.state, CANCELS + 1);
    for (int i = 0; i < p->cancel_count; i++)
        p->cancels[i] = (outside_cancel){(uint16_t)draw(&m.state, 24), (uint8_t)draw(&m.state, 16), false};
}

/* ---- printing ---- */

static int print_steps(const program *p, int from, int end, int indent)
{
    for (int at = from; at < end; at = p->steps[at].end) {
        const step *s = &p->steps[at];
        if (s->dropped)
            continue;
        printf("%4d %*s%s %d %d\n", at, indent, "", action_of(s)->name, s->a, s->b);
        print_steps(p, at + 1, s->end, indent + 2);
    }
    return end;
}

void program_print(const program *p)
{
    print_steps(p, 0, p->count, 0);
    for (int i = 0; i < p->cancel_count; i++)
        if (!p->cancels[i].dropped)
            printf("     turn %d: cancel task %d\n", p->cancels[i].turn, p->cancels[i].actor);
}
