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
static mcp__promise promise;
static mcp__ledger ledgers[2];
static char log_of_op[sizeof told.log];
static int record_outcome; /* of the bundle that is on its way */

static int
choose_outcome(int kind)
{
    static const int failures[] = {REFUSED, ERROR, HOPELESS, SILENT, LOST};
    int possible[N_OUTCOMES], n = 0;
    int stores = kind >= MCP__COMMAND_SET && kind <= MCP__COMMAND_CAS;
    int counts = kind == MCP__COMMAND_INCR || kind == MCP__COMMAND_DECR;
    int is_look = kind == MCP__COMMAND_GET &&
                  (request.verb == MCP_INCR || request.verb == MCP_DECR); /* a text is there */
    possible[n++] = YES;
    if (kind == MCP__COMMAND_GET && !is_look)
        possible[n++] = DYING;
    if ((kind <= MCP__COMMAND_TOUCH && !is_look) || kind == MCP__COMMAND_DELETE || counts ||
        kind == MCP__COMMAND_CAS || kind == MCP__WORD_PEEK)
        possible[n++] = MISS;
    if (kind >= MCP__COMMAND_ADD && kind <= MCP__COMMAND_PREPEND)
        possible[n++] = NOT_STORED;
    if (kind == MCP__COMMAND_CAS || kind == MCP__WORD_PEEK)
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

static int
is_of_record(uint8_t word)
{
    return word >= MCP__WORD_MARKS && word != MCP__WORD_PEEK;
}

/* What becomes of the whole bundle: of the change in it, and of the record behind that. A record
 * that goes on over several bundles is one event. */
static void
choose_for(int leg)
{
    static const int records[] = {RECORDED, NO_RECORD, LOST_RECORD};
    const mcp__leg *asked = &op.leg[leg];
    int has_change = !is_of_record(asked->bundle[0]), what = YES;
    int has_record = is_of_record(asked->bundle[asked->n_bundle - 1]);
    if (has_change) {
        story_note(log_of_op, sizeof log_of_op, "", leg, asked->bundle[0]);
        what = choose_outcome(asked->bundle[0]);
        told.outcome[leg][told.n_outcomes[leg]++] = what;
    }
    if (!has_record || (!has_change && op.mark.rounds > 0))
        return;
    story_note(log_of_op, sizeof log_of_op, "", leg, MCP__WORD_JOURNAL);
    record_outcome = RECORDED;
    if (what < REFUSED) {
        record_outcome = records[choose(3)];
        told.outcome[leg][told.n_outcomes[leg]++] = record_outcome;
    }
}

static void
carry_out(const mcp__step *step)
{
    for (int leg = P; leg <= B; leg++) {
        mcp__leg *asked = &op.leg[leg];
        if (!step->send[leg][0])
            continue;
        ck_assert(!step->is_done);
        ck_assert_msg(op.view.exists[leg], "a command for a server that is not there");
        ck_assert_msg(asked->state == MCP__LEG_IDLE, "a second command on a busy leg");
        asked->state = MCP__LEG_SENT;
        asked->was_asked = 1;
        asked->is_mutation = 0;
        for (asked->n_bundle = 0;
             asked->n_bundle < MCP__BUNDLE_MAX && step->send[leg][asked->n_bundle];
             asked->n_bundle++) {
            uint8_t word = step->send[leg][asked->n_bundle];
            asked->bundle[asked->n_bundle] = word;
            asked->is_mutation |= word < MCP__WORD_MARKS && word != MCP__COMMAND_GET;
        }
        choose_for(leg);
    }
}

static mcp__step
answer_change(int leg, int kind, int what)
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
    mcp__scratch scratch;
    mcp__command command = mcp__op_command(&op, leg, (uint8_t)kind, &scratch);
    mcp__reply reply = {.kind = kinds[what], .ttl = what == DYING ? 0 : -1};
    int brings = kind == MCP__COMMAND_GET || kind == MCP__COMMAND_GAT ||
                 kind == MCP__COMMAND_INCR || kind == MCP__COMMAND_DECR;
    if (what == YES && brings)
        reply.kind = MCP__REPLY_VALUE;
    if (what == YES && (command.want & MCP_WANT_CAS))
        reply.cas = leg == P ? 11 : 22;
    if (kind == MCP__WORD_PEEK) {
        reply.kind = what == MISS ? MCP__REPLY_MISS : MCP__REPLY_DONE;
        reply.cas = what == MISS ? 0 : what == YES ? op.copy_cas[leg] : 99;
    }
    reply.value = (mcp__span){leg == P ? "11" : "22", reply.kind == MCP__REPLY_VALUE ? 2 : 0};
    if (kind == MCP__COMMAND_GET && (op.verb == MCP_INCR || op.verb == MCP_DECR))
        reply.value = (mcp__span){"it is a text", 12};
    int status = kind == MCP__WORD_PEEK && what == CHANGED ? MCP_OK : story_statuses[what];
    return mcp__steps_answer(&op, leg, (uint8_t)kind, &reply, (mcp_status)status);
}

/* A witness on which all is in order already, or that has no memory for a record. */
static mcp__step
answer_word(int leg, uint8_t word)
{
    static char marks[100];
    mcp__mark entry = {.id8 = ledgers[1 - leg].id8, .inc8 = 1};
    mcp__mark begun = {
        .id8 = entry.id8, .segment = op.mark.segment, .tag = op.mark.tag, .is_segment = 1};
    mcp__reply reply = {.kind = MCP__REPLY_DONE, .ttl = -1, .flags = MCP__MARKS_TAG_FLAGS(77)};
    if (record_outcome == NO_RECORD) {
        reply.kind = MCP__REPLY_SERVER_ERROR;
        return mcp__steps_answer(&op, leg, word, &reply, MCP_SERVER_FULL);
    }
    if (word == MCP__WORD_MARKS) {
        reply.kind = MCP__REPLY_VALUE;
        reply.value.len = mcp__marks_put(marks, &entry);
        reply.value.len += mcp__marks_put(marks + reply.value.len, &begun);
        reply.value.bytes = marks;
    }
    return mcp__steps_answer(&op, leg, word, &reply, MCP_OK);
}

static const mcp__failure failures[] = {
    [REFUSED] = MCP__FAILURE_REFUSED, [ERROR] = MCP__FAILURE_SERVER,
    [HOPELESS] = MCP__FAILURE_SERVER, [SILENT] = MCP__FAILURE_TIMEOUT,
    [LOST] = MCP__FAILURE_BROKEN,
};

static mcp__step
settle(int leg)
{
    mcp__leg *asked = &op.leg[leg];
    mcp__step step = mcp__op_wait();
    int n_outcomes = told.n_outcomes[leg], at = 0;
    int has_change = !is_of_record(asked->bundle[0]);
    int has_record = is_of_record(asked->bundle[asked->n_bundle - 1]);
    int what = YES;
    if (has_change) {
        what = told.outcome[leg][n_outcomes - 1];
        if (what >= RECORDED)
            what = told.outcome[leg][n_outcomes - 2];
        at = 1;
    }
    if (what >= REFUSED) {
        asked->state = MCP__LEG_IDLE;
        op.is_hopeless = op.is_hopeless || what == HOPELESS;
        return mcp__steps_failed(&op, leg, failures[what], what >= SILENT);
    }
    if (!has_record)
        asked->state = MCP__LEG_IDLE;
    if (has_change)
        step = answer_change(leg, asked->bundle[0], what);
    if (!has_record)
        return step;
    for (; at < asked->n_bundle && record_outcome != LOST_RECORD; at++) {
        ck_assert(!step.is_done && !step.send[P][0] && !step.send[B][0]);
        asked->state = at + 1 < asked->n_bundle ? MCP__LEG_SENT : MCP__LEG_IDLE;
        step = answer_word(leg, asked->bundle[at]);
    }
    if (record_outcome != LOST_RECORD)
        return step;
    asked->state = MCP__LEG_IDLE;
    return mcp__steps_failed(&op, leg, MCP__FAILURE_BROKEN, 1);
}

static void
note_sequel(void)
{
    size_t used = strlen(log_of_op);
    switch (op.sequel) {
    case MCP__SEQUEL_LAST_DELETE:
        story_note(log_of_op, sizeof log_of_op, "owed ", B, MCP__COMMAND_DELETE);
        break;
    case MCP__SEQUEL_MIRROR:
        story_note(log_of_op, sizeof log_of_op, "owed ", B, op.ask);
        break;
    case MCP__SEQUEL_COPY:
        story_note(log_of_op, sizeof log_of_op, "copied ", 1 - op.authority, MCP__COMMAND_SET);
        break;
    case MCP__SEQUEL_VERIFY:
        snprintf(log_of_op + used, sizeof log_of_op - used, "verify ");
        break;
    default:
        break;
    }
}

static void
run_op(void)
{
    mcp__step step = mcp__steps_begin(&op);
    for (int rounds = 0; !step.is_done; rounds++) {
        carry_out(&step);
        int p = op.leg[P].state != MCP__LEG_IDLE, b = op.leg[B].state != MCP__LEG_IDLE;
        ck_assert_msg(p || b, "not done, and nothing on its way");
        ck_assert_msg(rounds < 20, "no end: %s", log_of_op);
        step = settle(p && b ? choose(2) : p ? P : B);
    }
    note_sequel();
}

/* ---- both ---- */

static size_t n_courses;
static char first_wrong[800];
static size_t n_wrong;

/* What stands on each server is in its ledger, as if it had just been read. */
static void
write_ledgers(const mcp__view *view)
{
    for (int leg = P; leg <= B; leg++) {
        char text[40];
        mcp__mark mark = {.id8 = leg == P ? 0xbbbbbbbb : 0xaaaaaaaa, .inc8 = 5};
        mcp__span list = {text, view->stands[1 - leg] ? mcp__marks_put(text, &mark) : 0};
        mcp__ledger_init(&ledgers[leg], &memory.mem, leg == P ? 0xaaaaaaaa : 0xbbbbbbbb);
        mcp__ledger_take_marks(&ledgers[leg], list, list.len > 0 ? 9 : 0, MCP__MARKS_FORMAT, 1000,
                               1000);
        ledgers[leg].epoch = view->is_cold[leg] ? MCP__EPOCH_WARMING : MCP__EPOCH_READY;
    }
}

static void
begin_course(const mcp__view *view, int is_mirrored)
{
    mcp__op_begin(&op, &request);
    op.view = *view;
    op.is_mirrored = (uint8_t)is_mirrored;
    op.promise = &promise;
    op.now_ms = 1000;
    op.deadline_ms = 1500;
    op.share_ms = 200;
    op.leg[P].cas_mark = 100;
    op.leg[B].cas_mark = 200;
    op.ledger[P] = &ledgers[P];
    op.ledger[B] = view->exists[B] ? &ledgers[B] : NULL;
    memset(&told, 0, sizeof told);
    told.request = &request;
    told.view = *view;
    told.is_mirrored = is_mirrored;
    told.keeps_record = view->exists[B] && is_mirrored && promise.keeps_record;
    told.verifies = promise.verifies;
    told.is_late = !promise.waits_for_mirror;
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
describe_wrong(void)
{
    const mcp__view *view = &told.view;
    int used = snprintf(
        first_wrong, sizeof first_wrong,
        "verb %d, ttl %lld, mark %u, usable %d%d, stands %d%d, cold %d%d%s%s%s: sent %s-> "
        "%d, copies %d %d; should send %s-> %d, copies %d %d; outcomes",
        (int)request.verb, (long long)request.ttl, mcp__token_cas_mark(request.cas),
        view->is_usable[P], view->is_usable[B], view->stands[P], view->stands[B], view->is_cold[P],
        view->is_cold[B], told.is_mirrored ? "" : ", not mirrored",
        told.keeps_record ? ", record" : "", told.is_late ? ", late" : "", log_of_op, op.status,
        op.leg[P].copy, op.leg[B].copy, told.log, told.status, told.copy[P], told.copy[B]);
    for (int leg = P; leg <= B; leg++) {
        for (int i = 0; i < told.n_outcomes[leg]; i++)
            used += snprintf(first_wrong + used, sizeof first_wrong - (size_t)used, " %c:%d",
                             leg == P ? 'P' : 'B', told.outcome[leg][i]);
    }
}

static void
compare_course(void)
{
    n_courses++;
    check_answer();
    if (strcmp(log_of_op, told.log) == 0 && op.status == told.status &&
        op.leg[P].copy == told.copy[P] && op.leg[B].copy == told.copy[B])
        return;
    if (n_wrong++ == 0)
        describe_wrong();
}

static void
all_courses(const mcp__view *view, int is_mirrored)
{
    n_choices = choice_at = 0;
    write_ledgers(view);
    do {
        begin_course(view, is_mirrored);
        run_op();
        story_tell(&told);
        compare_course();
    } while (next_course());
    mcp__ledger_fini(&ledgers[P]);
    mcp__ledger_fini(&ledgers[B]);
}

/* Without a record, with it, with ack=primary; nobody stands, one does, one is cold. (Where
 * both stand both are asked first: see test_agree.) */
static void
all_views(void)
{
    for (int usable = 0; usable < 2; usable++)
        all_courses(&(mcp__view){.exists = {1, 0}, .is_usable = {(uint8_t)usable, 0}}, 1);
    for (int usable = 0; usable < 4; usable++) {
        mcp__view view = {.exists = {1, 1}, .is_usable = {usable & 1, (usable >> 1) & 1}};
        promise = (mcp__promise){.waits_for_mirror = 1, .view_interval_ms = 200, .view_life_ms = 200};
        all_courses(&view, 1);
        all_courses(&view, 0);
        promise.keeps_record = promise.verifies = 1;
        promise.prefix = (mcp__span){"mcp:", 4};
        all_courses(&view, 1);
        for (int leg = P; leg <= B; leg++) {
            view.stands[leg] = 1;
            all_courses(&view, 1);
            view.stands[leg] = 0;
        }
        view.is_cold[P] = request.verb != MCP_GET; /* a get would fill it: see test_fill */
        all_courses(&view, 1);
        promise.waits_for_mirror = 0;
        all_courses(&view, 1);
        view.is_cold[P] = 0;
        all_courses(&view, 1);
        view.is_cold[B] = 1;
        all_courses(&view, 1);
        promise.waits_for_mirror = 1;
        all_courses(&view, 1);
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
    promise = (mcp__promise){.waits_for_mirror = 1, .view_interval_ms = 200, .view_life_ms = 200};
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
