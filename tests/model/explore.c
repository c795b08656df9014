/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/explore.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/cache.h"
#include "sim/random.h"

enum { NOBODY = 0xffff };

/* What is known about a state; its bytes stand in `keys` at the same index. */
typedef struct entry {
    model_count n_schedules, n_bad;
    uint32_t hash;
    uint16_t n_shortest; /* steps to a bad end; NOBODY: there is none */
    uint16_t is_open;    /* its steps are being walked: met again, it would be a circle */
} entry;

typedef struct explorer {
    const model_case *c;
    entry *entries;
    uint8_t (*keys)[MODEL_NUMBERS];
    uint32_t *table; /* index + 1 */
    size_t n, room, table_size;
} explorer;

_Noreturn static void
die(const model_case *c, const char *why)
{
    fprintf(stderr, "model %s: %s\n", c->name, why);
    abort();
}

static uint32_t
pack(const model_case *c, const model_state *s, uint8_t *key)
{
    const int *numbers = (const int *)s;
    uint64_t hash = 0;

    for (size_t i = 0; i < MODEL_NUMBERS; i++) {
        if (numbers[i] < 0 || numbers[i] > 255)
            die(c, "a number outgrew its byte");
        key[i] = (uint8_t)numbers[i];
        hash = (hash ^ key[i]) * 0x100000001b3u;
    }
    hash ^= hash >> 29;
    return (uint32_t)((hash * 0x9e3779b97f4a7c15u) >> 32);
}

static void
grow(explorer *e)
{
    if (e->n == e->room) {
        e->room = e->room * 2 + 1024;
        e->entries = realloc(e->entries, e->room * sizeof *e->entries);
        e->keys = realloc(e->keys, e->room * sizeof *e->keys);
    }
    if (e->n * 2 >= e->table_size) {
        e->table_size = e->table_size == 0 ? 4096 : e->table_size * 2;
        free(e->table);
        e->table = calloc(e->table_size, sizeof *e->table);
        for (size_t i = 0; e->table != NULL && i < e->n; i++) {
            size_t at = e->entries[i].hash & (e->table_size - 1);
            while (e->table[at] != 0)
                at = (at + 1) & (e->table_size - 1);
            e->table[at] = (uint32_t)(i + 1);
        }
    }
    if (e->entries == NULL || e->keys == NULL || e->table == NULL)
        die(e->c, "out of memory");
}

/* The index of this state; `is_new` when it was not known. */
static size_t
place(explorer *e, const model_state *s, int *is_new)
{
    uint8_t key[MODEL_NUMBERS];
    uint32_t hash = pack(e->c, s, key);

    grow(e);
    size_t at = hash & (e->table_size - 1);
    for (; e->table[at] != 0; at = (at + 1) & (e->table_size - 1)) {
        size_t i = e->table[at] - 1;
        if (e->entries[i].hash == hash && memcmp(e->keys[i], key, sizeof key) == 0) {
            *is_new = 0;
            return i;
        }
    }
    *is_new = 1;
    e->table[at] = (uint32_t)(e->n + 1);
    memcpy(e->keys[e->n], key, sizeof key);
    e->entries[e->n] = (entry){.hash = hash, .n_shortest = NOBODY, .is_open = 1};
    return e->n++;
}

/* Moves process `who` of the state in *from; 0: it cannot. */
static int
move(const model_case *c, const model_state *from, int who, int choice, model *m)
{
    int is_walk = m->is_walk;

    *m = (model){.s = *from, .c = c, .who = who, .choice = choice, .is_walk = is_walk};
    return c->step(m);
}

static int
n_choices(const model_case *c)
{
    return c->n_choices > 0 ? c->n_choices : 1;
}

static int
is_bad_end(const model_case *c, const model_state *s)
{
    model m = {.s = *s, .c = c};

    return s->is_bad || (c->is_wrong != NULL && c->is_wrong(&m));
}

static size_t
visit(explorer *e, const model_state *s, int depth)
{
    int is_new;
    int n_moves = 0;
    size_t i = place(e, s, &is_new);
    entry sum = e->entries[i];

    if (!is_new && sum.is_open)
        die(e->c, "goes round in a circle");
    if (!is_new)
        return i;
    if (depth > MODEL_DEEPEST)
        die(e->c, "too long a schedule");
    for (int who = 0; who < e->c->n_procs; who++)
        for (int choice = 0; choice < n_choices(e->c); choice++) {
            model m = {.is_walk = 0};
            if (!move(e->c, s, who, choice, &m))
                continue;
            size_t at = visit(e, &m.s, depth + 1); /* may move the entries */
            entry next = e->entries[at];
            if (sum.n_schedules + next.n_schedules < sum.n_schedules)
                die(e->c, "more schedules than can be counted");
            sum.n_schedules += next.n_schedules;
            sum.n_bad += next.n_bad;
            if (next.n_shortest != NOBODY && next.n_shortest + 1 < sum.n_shortest)
                sum.n_shortest = (uint16_t)(next.n_shortest + 1);
            n_moves++;
        }
    if (n_moves == 0) {
        sum.n_schedules = 1;
        sum.n_bad = is_bad_end(e->c, s) ? 1 : 0;
        sum.n_shortest = sum.n_bad ? 0 : NOBODY;
    }
    sum.is_open = 0;
    e->entries[i] = sum;
    return i;
}

static model_state
first_state(const model_case *c)
{
    model m = {.c = c};

    c->start(&m);
    return m.s;
}

/* The state behind this step on the shortest way to a bad end. */
static int
next_of_shortest(explorer *e, const model_state *s, int n_left, model *m)
{
    for (int who = 0; who < e->c->n_procs; who++)
        for (int choice = 0; choice < n_choices(e->c); choice++)
            if (move(e->c, s, who, choice, m)) {
                size_t at = visit(e, &m->s, 0);
                if (e->entries[at].n_shortest == n_left - 1)
                    return 1;
            }
    return 0;
}

static void
print_shortest(explorer *e)
{
    model_state s = first_state(e->c);
    model m = {.is_walk = 0};
    size_t at = visit(e, &s, 0);
    int n = e->entries[at].n_shortest;
    char text[200];

    if (n == NOBODY)
        return;
    for (; n > 0 && next_of_shortest(e, &s, n, &m); n--) {
        printf("    %-12s %s%s%s\n", e->c->procs[m.who], cache_tell(&m.last, text, sizeof text),
               m.note != NULL ? "  " : "", m.note != NULL ? m.note : "");
        s = m.s;
    }
    for (int server = 0; server < MODEL_SERVERS; server++) {
        printf("    in the end %c:", server == P ? 'P' : 'B');
        for (int item = 0; item < MODEL_ITEMS; item++)
            if (s.item[server][item].value != ABSENT)
                printf(" %s=%d.%d", cache_item_name(item), s.item[server][item].value,
                       s.item[server][item].extra);
        printf("\n");
    }
}

static model_result
explore(const model_case *c, int is_told)
{
    explorer e = {.c = c};
    model_state first = first_state(c);
    size_t i = visit(&e, &first, 0);
    entry sum = e.entries[i];

    model_result r = {e.n, sum.n_schedules, sum.n_bad, sum.n_shortest};
    if (is_told)
        print_shortest(&e);
    free(e.entries);
    free(e.keys);
    free(e.table);
    return r;
}

model_result
model_explore(const model_case *c)
{
    return explore(c, 0);
}

model_result
model_explain(const model_case *c)
{
    return explore(c, 1);
}

int
model_walk(const model_case *c, uint64_t seed, void (*tell)(const model *m, void *context),
           void *context)
{
    sim_random random = {seed};
    model_state s = first_state(c);

    for (int n = 0;; n++) {
        model moves[MODEL_PROCS * 4] = {0};
        uint32_t n_moves = 0;
        for (int who = 0; who < c->n_procs; who++)
            for (int choice = 0; choice < n_choices(c) && choice < 4; choice++) {
                moves[n_moves].is_walk = 1;
                n_moves += move(c, &s, who, choice, &moves[n_moves]) ? 1 : 0;
            }
        if (n_moves == 0)
            return n;
        const model *m = &moves[sim_random_below(&random, n_moves)];
        tell(m, context);
        s = m->s;
    }
}

static const char *
decimal(model_count n, char *out, size_t size)
{
    size_t at = size - 1;

    out[at] = '\0';
    do {
        out[--at] = (char)('0' + (int)(n % 10));
        n /= 10;
    } while (n > 0 && at > 0);
    return out + at;
}

int
model_report(const model_case *c, const model_result *r)
{
    char schedules[48];
    char bad[48];
    int is_right = c->is_broken ? r->n_bad > 0 : r->n_bad == 0;

    if (c->want_schedules != 0)
        is_right = is_right && r->n_schedules == c->want_schedules && r->n_bad == c->want_bad;
    printf("%-66s %9zu states %22s schedules %20s bad  %s%s\n", c->name, r->n_states,
           decimal(r->n_schedules, schedules, sizeof schedules), decimal(r->n_bad, bad, sizeof bad),
           c->is_broken ? "wanted: some" : "wanted: 0", is_right ? "" : "  WRONG");
    return is_right;
}

void
model_bad(model *m, const char *why)
{
    m->s.is_bad = 1;
    m->note = why;
}
