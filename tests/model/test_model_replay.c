/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The modelled cache is memcached: schedules of the models, chosen by a seed, are sent to two real
 * servers command by command, and every reply must be what the model said.
 */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/cache.h"
#include "model/cases.h"
#include "support/run.h"
#include "support/server.h"
#include "support/talk.h"

enum { SCHEDULES = 120, MAX_CAS = 256, TIMEOUT_S = 60 };

/* One schedule on the real servers; its keys begin with its number. */
typedef struct stage {
    int fd[MODEL_SERVERS];
    unsigned number;
    const model_case *c;
    model_state before;
    uint64_t cas[MODEL_SERVERS][MODEL_ITEMS]
                [MAX_CAS]; /* of the real server, by the model's number */
    size_t n_commands;
} stage;

static int
is_journal(int item)
{
    return item == J || item == J2;
}

/* The bytes that stand for what a command sends. */
static const char *
text_of(int item, int value, int extra, char *out, size_t size)
{
    size_t len = 0;

    out[0] = '\0';
    if (item == S) {
        if (value != 0 && value != EMPTY)
            len += (size_t)snprintf(out, size, "=%d;", value);
        for (int bit = 0; bit < 8; bit++)
            if (extra & 1 << bit)
                len += (size_t)snprintf(out + len, size - len, "+%d;", bit);
    } else if (is_journal(item)) {
        for (int bit = 0; bit < 8; bit++)
            if (value & 1 << bit)
                len += (size_t)snprintf(out + len, size - len, "k%d;", bit);
    } else if (value != ABSENT && value != STUB) {
        snprintf(out, size, "%d", value);
    }
    return out;
}

/* The model's number for real bytes. */
static int
value_of(int item, const char *text)
{
    const char *inc = strchr(text, '=');
    int bits = 0;

    if (item == S)
        return inc != NULL ? atoi(inc + 1) : EMPTY;
    if (!is_journal(item))
        return text[0] == '\0' ? STUB : atoi(text);
    for (const char *at = text; (at = strchr(at, 'k')) != NULL; at++)
        bits |= 1 << atoi(at + 1);
    return bits;
}

/* The "+" entries of the marks, or the tag of a journal, which stands in its client flags. */
static int
extra_of(int item, const char *line, const char *text)
{
    const char *flags = strstr(line, " f");
    int bits = 0;

    if (is_journal(item))
        return flags != NULL ? atoi(flags + 2) : 0;
    if (item != S)
        return 0;
    for (const char *at = text; (at = strchr(at, '+')) != NULL; at++)
        bits |= 1 << atoi(at + 1);
    return bits;
}

static void
request_of(const stage *st, const model_command *c, talk_buf *out)
{
    static const char *const modes[MODEL_VERBS] = {[MODEL_ADD] = " ME", [MODEL_APPEND] = " MA"};
    char text[100];
    char line[200];
    char compared[40] = "";
    char tag[20] = "";
    const char *name = cache_item_name(c->item);

    if (c->verb == MODEL_SET_CAS || c->verb == MODEL_DELETE_CAS)
        snprintf(compared, sizeof compared, " C%" PRIu64, st->cas[c->server][c->item][c->cas]);
    if (is_journal(c->item))
        snprintf(tag, sizeof tag, " F%d", c->extra);
    text_of(c->item, c->value, c->extra, text, sizeof text);
    if (c->verb == MODEL_GET || c->verb == MODEL_LEASE)
        snprintf(line, sizeof line, "mg %u:%s%s c f v\r\n", st->number, name,
                 c->verb == MODEL_LEASE ? " N30" : "");
    else if (c->verb == MODEL_DELETE || c->verb == MODEL_DELETE_CAS)
        snprintf(line, sizeof line, "md %u:%s%s\r\n", st->number, name, compared);
    else
        snprintf(line, sizeof line, "ms %u:%s %zu c%s%s%s\r\n%s\r\n", st->number, name,
                 strlen(text), modes[c->verb] != NULL ? modes[c->verb] : "", compared, tag, text);
    talk_add(out, line, strlen(line));
}

/* The CAS that the reply tells must be the one that the model means, and no other's. */
static void
check_cas(stage *st, const model_command *c, const char *line)
{
    const char *told = strstr(line, " c");
    uint64_t *known = st->cas[c->server][c->item];

    if (told == NULL)
        return;
    uint64_t cas = strtoull(told + 2, NULL, 10);
    if (cas == 0)
        return; /* an old server does not tell it behind a store */
    for (int i = 0; i < MAX_CAS; i++)
        if (i != c->got.cas)
            ck_assert_uint_ne(known[i], cas);
    if (known[c->got.cas] != 0)
        ck_assert_uint_eq(known[c->got.cas], cas);
    known[c->got.cas] = cas;
}

static void
check_reply(stage *st, const model_command *c, const talk_buf *reply)
{
    static const char *const codes[] = {"HD", "EN", "NS", "EX", "NF", "VA", "VA", "VA"};
    char line[200];
    char told[200];
    size_t len = talk_line_len(reply);

    snprintf(line, sizeof line, "%.*s", (int)len, reply->bytes);
    cache_tell(c, told, sizeof told);
    ck_assert_msg(strncmp(line, codes[c->reply], 2) == 0, "%s: %s: \"%s\"", st->c->name, told,
                  line);
    ck_assert_msg((strstr(line, " W") != NULL) == (c->reply == MODEL_W), "%s: %s: \"%s\"",
                  st->c->name, told, line);
    ck_assert_msg((strstr(line, " Z") != NULL) == (c->reply == MODEL_Z), "%s: %s: \"%s\"",
                  st->c->name, told, line);
    if (c->reply == MODEL_VA) {
        char value[200];
        snprintf(value, sizeof value, "%.*s", atoi(line + 3), reply->bytes + len + 2);
        ck_assert_msg(value_of(c->item, value) == c->got.value, "%s: %s: \"%s\" \"%s\"",
                      st->c->name, told, line, value);
        ck_assert_msg(extra_of(c->item, line, value) == c->got.extra, "%s: %s: \"%s\" \"%s\"",
                      st->c->name, told, line, value);
    }
    if (c->reply == MODEL_VA || c->reply == MODEL_W || c->reply == MODEL_Z || c->reply == MODEL_HD)
        check_cas(st, c, line);
}

static void
run_command(stage *st, const model_command *c)
{
    talk_buf request = {0};
    talk_buf reply = {0};

    request_of(st, c, &request);
    ck_assert(talk_forward(st->fd[c->server], &request, &reply));
    check_reply(st, c, &reply);
    talk_free(&request);
    talk_free(&reply);
    st->n_commands++;
}

/* The server learned the CAS of this store by itself; ask, as the process that will use it did. */
static void
learn_cas(stage *st, int at, int item, const model_item *it)
{
    model_command look = {.verb = MODEL_GET, .server = at, .item = item, .got = *it};

    look.reply = it->value == STUB ? MODEL_Z : MODEL_VA;
    run_command(st, &look);
}

/* What vanished without a command was evicted, or its server restarted. */
static void
vanish(stage *st, const model_state *now)
{
    for (int at = P; at <= B; at++)
        for (int item = K; item <= E; item++)
            if (st->before.item[at][item].value != ABSENT && now->item[at][item].value == ABSENT) {
                model_command gone = {.verb = MODEL_DELETE, .server = at, .item = item};
                run_command(st, &gone);
            }
}

static void
tell(const model *m, void *context)
{
    stage *st = context;
    const model_command *c = &m->last;

    if (c->verb == MODEL_NOTHING) {
        vanish(st, &m->s);
    } else {
        run_command(st, c);
        if (c->reply == MODEL_HD && m->s.item[c->server][c->item].value != ABSENT)
            learn_cas(st, c->server, c->item, &m->s.item[c->server][c->item]);
    }
    st->before = m->s;
}

static void
set_up(stage *st)
{
    model m = {.c = st->c};

    st->c->start(&m);
    st->before = m.s;
    for (int at = P; at <= B; at++)
        for (int item = K; item <= E; item++) {
            const model_item *it = &m.s.item[at][item];
            model_command put = {.verb = MODEL_SET,
                                 .server = at,
                                 .item = item,
                                 .value = it->value,
                                 .extra = it->extra,
                                 .got = *it};
            if (it->value == ABSENT)
                continue;
            run_command(st, &put);
            learn_cas(st, at, item, it);
        }
}

/* In the end the servers hold what the model says. */
static void
compare(stage *st)
{
    for (int at = P; at <= B; at++)
        for (int item = K; item <= E; item++) {
            const model_item *it = &st->before.item[at][item];
            model_command look = {.verb = MODEL_GET, .server = at, .item = item, .got = *it};
            look.reply = it->value == ABSENT ? MODEL_EN : it->value == STUB ? MODEL_Z : MODEL_VA;
            run_command(st, &look);
        }
}

START_TEST(schedules_agree_with_real_servers)
{
    static const model_case *const lists[] = {model_fills, model_marks,    model_replay, model_lost,
                                              model_both,  model_segments, model_whole};
    static stage st;
    const server *servers[MODEL_SERVERS] = {server_unix(NULL), server_unix(NULL)};
    const model_case *list = lists[_i];
    unsigned n_cases = 0;
    size_t n_steps = 0;
    size_t n_commands = 0;

    while (list[n_cases].name != NULL)
        n_cases++;
    for (unsigned seed = 0; seed < SCHEDULES; seed++) {
        memset(&st, 0, sizeof st);
        for (int at = P; at <= B; at++)
            st.fd[at] = server_connect(servers[at]);
        st.number = seed;
        st.c = &list[seed % n_cases];
        set_up(&st);
        n_steps += (size_t)model_walk(st.c, seed, tell, &st);
        compare(&st);
        n_commands += st.n_commands;
        for (int at = P; at <= B; at++)
            close(st.fd[at]);
    }
    printf("%d schedules of %u models, %zu steps, %zu replies agree\n", SCHEDULES, n_cases, n_steps,
           n_commands);
    fflush(stdout);
    ck_assert_uint_gt(n_commands, 10 * SCHEDULES);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("replay");

    tcase_set_timeout(tests, TIMEOUT_S);
    tcase_add_loop_test(tests, schedules_agree_with_real_servers, 0, 7);
    return run_tests("models on real servers", tests);
}
