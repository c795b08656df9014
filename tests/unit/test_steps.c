/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every operation against every way its servers can answer: each verb, with and without a backup,
 * each view of the pair, each outcome of each command. What has to happen is told a second time in
 * story.c; both must send the same commands in the same order and end the same way.
 */
#include "ops/steps.h"

#include <stdio.h>
#include <string.h>

#include "story.h"
#include "support.h"
#include "wire/token.h"

/* ---- all choices, one after the other ---- */

static struct {
    int of, taken;
} choices[64];
static size_t n_choices, choice_at;

static int
choose(int of)
{
    if (choice_at == n_choices) {
        ck_assert_uint_lt(n_choices, sizeof choices / sizeof choices[0]);
        choices[n_choices].of = of;
        choices[n_choices++].taken = 0;
    }
    ck_assert_int_eq(choices[choice_at].of, of);
    return choices[choice_at++].taken;
}

/* The next of all courses; 0: that was the last. */
static int
next_course(void)
{
    choice_at = 0;
    while (n_choices > 0) {
        if (++choices[n_choices - 1].taken < choices[n_choices - 1].of)
            return 1;
        n_choices--;
    }
    return 0;
}

/* ---- one course ---- */

static mcp__op op;
static mcp_request request;
static supply memory;
static story told;
static char log_of_op[sizeof told.log];

static int
choose_outcome(int kind)
{
    static const int failures[] = {REFUSED, ERROR, HOPELESS, SILENT, LOST};
    int possible[N_OUTCOMES], n = 0;
    int stores = kind >= MCP__COMMAND_SET && kind <= MCP__COMMAND_CAS;
    int counts = kind == MCP__COMMAND_INCR || kind == MCP__COMMAND_DECR;
    possible[n++] = YES;
    if (kind == MCP__COMMAND_GET)
        possible[n++] = DYING;
    if (kind <= MCP__COMMAND_TOUCH || kind == MCP__COMMAND_DELETE || counts ||
        kind == MCP__COMMAND_CAS)
        possible[n++] = MISS;
    if (kind >= MCP__COMMAND_ADD && kind <= MCP__COMMAND_PREPEND)
        possible[n++] = NOT_STORED;
    if (kind == MCP__COMMAND_CAS)
        possible[n++] = CHANGED;
    if (counts)
        possible[n++] = NO_NUMBER;
    if (stores) {
        possible[n++] = TOO_BIG;
        possible[n++] = FULL;
    }
    for (int i = 0; i < 5; i++)
        possible[n++] = failures[i];
    return possible[choose(n)];
}

/* ---- the library's side: what the engine would do with its steps ---- */

static void
carry_out(const mcp__step *step)
{
    for (int leg = P; leg <= B; leg++) {
        if (!step->send[leg])
            continue;
        if (step->is_done) {
            ck_assert(step->owe_backup && leg == B);
            story_note(log_of_op, sizeof log_of_op, "owed ", leg, step->send[leg]);
            continue;
        }
        ck_assert_msg(op.view.exists[leg], "a command for a server that is not there");
        ck_assert_msg(op.leg[leg].state == MCP__LEG_IDLE, "a second command on a busy leg");
        op.leg[leg].state = MCP__LEG_SENT;
        op.leg[leg].was_asked = 1;
        op.leg[leg].command = step->send[leg];
        story_note(log_of_op, sizeof log_of_op, "", leg, step->send[leg]);
        told.outcome[leg][told.n_outcomes[leg]++] = choose_outcome(step->send[leg]);
    }
}

static mcp__step
answer(int leg, int what)
{
    static const mcp__reply_kind kinds[] = {
        [YES] = MCP__REPLY_DONE,
        [DYING] = MCP__REPLY_VALUE,
        [MISS] = MCP__REPLY_MISS,
        [NOT_STORED] = MCP__REPLY_NOT_STORED,
        [CHANGED] = MCP__REPLY_EXISTS,
        [NO_NUMBER] = MCP__REPLY_CLIENT_ERROR,
        [TOO_BIG] = MCP__REPLY_SERVER_ERROR,
        [FULL] = MCP__REPLY_SERVER_ERROR,
    };
    int kind = op.leg[leg].command;
    mcp__reply reply = {.kind = kinds[what], .ttl = what == DYING ? 0 : -1};
    int brings = kind == MCP__COMMAND_GET || kind == MCP__COMMAND_GAT ||
                 kind == MCP__COMMAND_INCR || kind == MCP__COMMAND_DECR;
    if (what == YES && brings)
        reply.kind = MCP__REPLY_VALUE;
    reply.value = (mcp__span){leg == P ? "11" : "22", reply.kind == MCP__REPLY_VALUE ? 2 : 0};
    return mcp__steps_answer(&op, leg, &reply, (mcp_status)story_statuses[what]);
}

static mcp__step
settle(int leg)
{
    static const mcp__failure failures[] = {
        [REFUSED] = MCP__FAILURE_REFUSED, [ERROR] = MCP__FAILURE_SERVER,
        [HOPELESS] = MCP__FAILURE_SERVER, [SILENT] = MCP__FAILURE_TIMEOUT,
        [LOST] = MCP__FAILURE_BROKEN,
    };
    int what = told.outcome[leg][told.n_outcomes[leg] - 1];
    op.leg[leg].state = MCP__LEG_IDLE;
    if (what < REFUSED)
        return answer(leg, what);
    op.is_hopeless = op.is_hopeless || what == HOPELESS;
    return mcp__steps_failed(&op, leg, failures[what], what >= SILENT);
}

static void
run_op(void)
{
    mcp__step step = mcp__steps_begin(&op);
    for (int rounds = 0; !step.is_done; rounds++) {
        carry_out(&step);
        int p = op.leg[P].state != MCP__LEG_IDLE, b = op.leg[B].state != MCP__LEG_IDLE;
        ck_assert_msg(p || b, "not done, and nothing on its way");
        ck_assert_int_lt(rounds, 10);
        step = settle(p && b ? choose(2) : p ? P : B);
    }
    carry_out(&step);
}

/* ---- both ---- */

static size_t n_courses;
static char first_wrong[600];
static size_t n_wrong;

static void
begin_course(const mcp__view *view, int is_mirrored)
{
    mcp__op_begin(&op, &request);
    op.view = *view;
    op.is_mirrored = (uint8_t)is_mirrored;
    op.leg[P].cas_mark = 100;
    op.leg[B].cas_mark = 200;
    memset(&told, 0, sizeof told);
    told.request = &request;
    told.view = *view;
    told.is_mirrored = is_mirrored;
    told.cas_mark[P] = op.leg[P].cas_mark;
    told.cas_mark[B] = op.leg[B].cas_mark;
    log_of_op[0] = '\0';
}

/* What the user is handed must be the answer of the copy that it is said to be of. */
static void
check_answer(void)
{
    int brings = request.verb == MCP_GET || request.verb == MCP_GAT;
    if (op.status != MCP_OK || !brings)
        return;
    ck_assert_int_ge(op.answered, 0);
    const char *expected = op.answered == P ? "11" : "22";
    ck_assert_uint_eq(op.result_value.len, 2);
    ck_assert_mem_eq(op.result_value.bytes, expected, 2);
}

static void
compare_course(void)
{
    n_courses++;
    check_answer();
    if (strcmp(log_of_op, told.log) == 0 && op.status == told.status &&
        op.leg[P].copy == told.copy[P] && op.leg[B].copy == told.copy[B])
        return;
    if (n_wrong++ > 0)
        return;
    int used =
        snprintf(first_wrong, sizeof first_wrong,
                 "verb %d, ttl %lld, mark %u, usable %d%d%s: sent %s-> %d, copies %d %d; "
                 "should send %s-> %d, copies %d %d; outcomes",
                 (int)request.verb, (long long)request.ttl, mcp__token_cas_mark(request.cas),
                 op.view.is_usable[P], op.view.is_usable[B], op.is_mirrored ? "" : ", not mirrored",
                 log_of_op, op.status, op.leg[P].copy, op.leg[B].copy, told.log, told.status,
                 told.copy[P], told.copy[B]);
    for (int leg = P; leg <= B; leg++) {
        for (int i = 0; i < told.n_outcomes[leg]; i++)
            used += snprintf(first_wrong + used, sizeof first_wrong - (size_t)used, " %c:%d",
                             leg == P ? 'P' : 'B', told.outcome[leg][i]);
    }
}

static void
all_courses(const mcp__view *view, int is_mirrored)
{
    n_choices = choice_at = 0;
    do {
        begin_course(view, is_mirrored);
        run_op();
        story_tell(&told);
        compare_course();
    } while (next_course());
}

static void
all_views(void)
{
    for (int usable = 0; usable < 2; usable++)
        all_courses(&(mcp__view){{1, 0}, {(uint8_t)usable, 0}}, 1);
    for (int usable = 0; usable < 4; usable++) {
        mcp__view view = {{1, 1}, {usable & 1, (usable >> 1) & 1}};
        all_courses(&view, 1);
        all_courses(&view, 0);
    }
}

static void
check_verb(mcp_verb verb, int64_t ttl, uint64_t cas)
{
    supply_init(&memory);
    memset(&op, 0, sizeof op);
    mcp__buf_init(&op.kept, &memory.mem, 100);
    request = (mcp_request)MCP_REQUEST_INIT;
    request.verb = verb;
    request.key = "key";
    request.key_len = 3;
    request.value = "value";
    request.value_len = 5;
    request.ttl = ttl;
    request.cas = cas;
    n_courses = n_wrong = 0;
    all_views();
    mcp__buf_fini(&op.kept);
    ck_assert_uint_eq(memory.n_live, 0);
    ck_assert_uint_ge(n_courses, 10);
    ck_assert_msg(n_wrong == 0, "%zu of %zu courses are wrong, first: %s", n_wrong, n_courses,
                  first_wrong);
}

START_TEST(every_verb)
{
    check_verb((mcp_verb)_i, 60, 0);
}
END_TEST

START_TEST(every_verb_that_expires_at_once)
{
    check_verb((mcp_verb)_i, -1, 0);
}
END_TEST

START_TEST(cas_with_every_token)
{
    check_verb(MCP_CAS, 0, mcp__token_cas(100, 5));
    check_verb(MCP_CAS, 0, mcp__token_cas(200, 5));
    check_verb(MCP_CAS, 0, mcp__token_cas(300, 5));
    check_verb(MCP_CAS, -1, mcp__token_cas(100, 5));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("steps");
    TCase *courses = tcase_create("courses");
    tcase_set_timeout(courses, 120);
    tcase_add_loop_test(courses, every_verb, MCP_GET, MCP_DECR + 1);
    tcase_add_loop_test(courses, every_verb_that_expires_at_once, MCP_GET, MCP_DECR + 1);
    tcase_add_test(courses, cas_with_every_token);
    suite_add_tcase(suite, courses);
    return run_suite(suite);
}
