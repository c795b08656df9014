/* SPDX-License-Identifier: BSD-3-Clause */
/* What goes into the commands of a write, what is kept of its answers, and when it is given up. */
#include "ops/write.h"

#include <string.h>

#include "ops/steps.h"
#include "support.h"
#include "wire/token.h"
#include "wire/ttl.h"

enum { P = MCP__PRIMARY, B = MCP__BACKUP };

static mcp__op op;
static mcp_request request;
static supply memory;
static const mcp__promise promise = {.waits_for_mirror = 1};

static void
begin(mcp_verb verb)
{
    supply_init(&memory);
    memset(&op, 0, sizeof op);
    mcp__buf_init(&op.kept, &memory.mem, 10000);
    request = (mcp_request)MCP_REQUEST_INIT;
    request.verb = verb;
    request.key = "key";
    request.key_len = 3;
    request.value = "value";
    request.value_len = 5;
    request.flags = 8;
    request.ttl = 90;
    request.want = MCP_WANT_CAS;
}

static void
start(void)
{
    mcp__op_begin(&op, &request);
    op.view = (mcp__view){.exists = {1, 1}, .is_usable = {1, 1}};
    op.promise = &promise;
    op.leg[P].cas_mark = 100;
    op.leg[B].cas_mark = 200;
    op.unix_now = 1800000000;
}

static void
finish(void)
{
    mcp__buf_fini(&op.kept);
    ck_assert_uint_eq(memory.n_live, 0);
}

static mcp__command
command_of(mcp__command_kind kind)
{
    static mcp__scratch scratch;
    return mcp__op_command(&op, P, (uint8_t)kind, &scratch);
}

static void
is_value(const mcp__command *command, const char *value)
{
    ck_assert_uint_eq(command->value.len, strlen(value));
    ck_assert_mem_eq(command->value.bytes, value, strlen(value));
}

START_TEST(the_request_goes_into_the_command)
{
    begin(MCP_SET);
    start();
    mcp__command command = command_of(MCP__COMMAND_SET);
    is_value(&command, "value");
    ck_assert_uint_eq(command.key.len, 3);
    ck_assert_uint_eq(command.flags, 8);
    ck_assert_int_eq(command.ttl, 90);
    ck_assert_uint_eq(command.want, MCP_WANT_CAS);
    finish();
}
END_TEST

static mcp__step
answer(int leg, mcp__reply_kind kind, const char *value, int64_t ttl, uint64_t cas)
{
    mcp__reply reply = {.kind = kind,
                        .flags = 5,
                        .cas = cas,
                        .ttl = ttl,
                        .value = {value, value == NULL ? 0 : strlen(value)}};
    op.leg[leg].state = MCP__LEG_IDLE;
    return mcp__steps_answer(&op, leg, op.leg[leg].bundle[0], &reply, MCP_OK);
}

START_TEST(the_token_comes_from_the_copy_that_decided)
{
    static const mcp_verb verbs[] = {MCP_ADD, MCP_REPLACE, MCP_CAS};
    static const mcp__command_kind kinds[] = {MCP__COMMAND_ADD, MCP__COMMAND_REPLACE,
                                              MCP__COMMAND_CAS};
    for (size_t i = 0; i < 3; i++) {
        begin(verbs[i]);
        request.cas = mcp__token_cas(100, 77);
        start();
        mcp__command command = command_of(kinds[i]);
        ck_assert_uint_eq(command.want, MCP_WANT_CAS);
        ck_assert_uint_eq(command.unique, 77);
        command = command_of(MCP__COMMAND_SET);
        is_value(&command, "value");
        ck_assert_uint_eq(command.flags, 8);
        ck_assert_int_eq(command.ttl, 90);
        mcp__step step = mcp__steps_begin(&op);
        op.leg[P].bundle[0] = step.send[P][0];
        step = answer(P, MCP__REPLY_DONE, NULL, -1, 55);
        op.leg[B].bundle[0] = step.send[B][0];
        step = answer(B, MCP__REPLY_DONE, NULL, -1, 66);
        ck_assert(step.is_done);
        ck_assert_uint_eq(op.result_cas, mcp__token_cas(100, 55));
        finish();
    }
}
END_TEST

START_TEST(an_append_is_copied_as_it_stands)
{
    /* What is left of the original, and the ttl that the copy is stored with. */
    static const int64_t ttls[][2] = {{-1, 0},
                                      {1, 1},
                                      {2592000, 2592000},
                                      {2592001, 1800000000 + 2592001},
                                      {INT32_MAX, INT32_MAX}};
    for (size_t i = 0; i < 5; i++) {
        begin(i % 2 ? MCP_APPEND : MCP_PREPEND);
        start();
        mcp__step step = mcp__steps_begin(&op);
        op.leg[P].bundle[0] = step.send[P][0];
        step = answer(P, MCP__REPLY_DONE, NULL, -1, 55);
        ck_assert_int_eq(step.send[P][0], MCP__COMMAND_GET);
        mcp__command command = command_of(MCP__COMMAND_GET);
        ck_assert_uint_eq(command.want & MCP_WANT_TTL, MCP_WANT_TTL);
        char value[] = "head and tail";
        step = answer(P, MCP__REPLY_VALUE, value, ttls[i][0], 0);
        memset(value, '?', sizeof value - 1); /* the buffer of that link moves on */
        ck_assert_int_eq(step.send[B][0], MCP__COMMAND_SET);
        command = command_of(MCP__COMMAND_SET);
        is_value(&command, "head and tail");
        ck_assert_uint_eq(command.flags, 5);
        ck_assert_int_eq(command.ttl, ttls[i][1]);
        step = answer(B, MCP__REPLY_DONE, NULL, -1, 0);
        ck_assert(step.is_done);
        ck_assert_int_eq(op.status, MCP_OK);
        ck_assert_uint_eq(op.result_cas, mcp__token_cas(100, 55));
        finish();
    }
}
END_TEST

START_TEST(an_append_that_cannot_be_kept_is_dropped_there)
{
    begin(MCP_APPEND);
    start();
    mcp__steps_begin(&op);
    answer(P, MCP__REPLY_DONE, NULL, -1, 0);
    memory.fail_at = 1;
    mcp__step step = answer(P, MCP__REPLY_VALUE, "head and tail", -1, 0);
    ck_assert_int_eq(step.send[B][0], MCP__COMMAND_DELETE);
    ck_assert_int_eq(step.send[P][0], MCP__COMMAND_NONE);
    step = answer(B, MCP__REPLY_DONE, NULL, -1, 0);
    ck_assert(step.is_done);
    ck_assert_int_eq(op.status, MCP_OK);
    ck_assert_int_eq(op.leg[B].copy, MCP_COPY_FAILED);
    finish();
}
END_TEST

START_TEST(counters)
{
    static const struct {
        const char *value;
        uint64_t number;
    } rows[] = {{"0", 0}, {"99 ", 99}, {"18446744073709551615", UINT64_MAX}, {"007", 7}, {"", 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(MCP_DECR);
        start();
        mcp__step step = mcp__steps_begin(&op);
        ck_assert_int_eq(step.send[P][0], MCP__COMMAND_DECR);
        op.leg[B].state = MCP__LEG_SENT;
        answer(P, MCP__REPLY_VALUE, rows[i].value, -1, 0);
        step = answer(B, MCP__REPLY_VALUE, "555", -1, 0); /* the primary's counts */
        ck_assert(step.is_done);
        ck_assert_uint_eq(op.number, rows[i].number);
        finish();
    }
}
END_TEST

START_TEST(tokens_name_their_server)
{
    for (int leg = P; leg <= B; leg++) {
        begin(MCP_GET);
        start();
        answer(leg, MCP__REPLY_VALUE, "v", -1, 77);
        ck_assert_uint_eq(op.result_cas, mcp__token_cas(leg == P ? 100 : 200, 77));
        finish();
    }
    begin(MCP_CAS);
    request.cas = 0; /* no server hands that out */
    start();
    op.leg[P].cas_mark = 0;
    mcp__step step = mcp__steps_begin(&op);
    ck_assert(step.is_done);
    ck_assert_int_eq(op.status, MCP_EXISTS);
    finish();
}
END_TEST

START_TEST(ttl_rules)
{
    ck_assert(mcp__ttl_is_valid(INT64_MIN));
    ck_assert(mcp__ttl_is_valid(0));
    ck_assert(mcp__ttl_is_valid(2147483647));
    ck_assert(!mcp__ttl_is_valid(2147483648));
    ck_assert_int_eq(mcp__ttl_of_copy(-1, 1800000000), 0);
    ck_assert_int_eq(mcp__ttl_of_copy(30 * 86400, 1800000000), 30 * 86400);
    ck_assert_int_eq(mcp__ttl_of_copy(30 * 86400 + 1, 1800000000), 1800000000 + 30 * 86400 + 1);
    ck_assert_int_eq(mcp__ttl_of_copy(INT64_MAX, 1800000000), INT32_MAX);
}
END_TEST

/* ---- when to give up ---- */

/* The limit of a leg that was sent at 1000, of an op with the deadline 1500 and a share of 200. */
static int64_t
limit_of(mcp_verb verb, int leg, mcp__view view, int other_asked, int other_copy, int other_failure)
{
    begin(verb);
    start();
    op.view = view;
    op.deadline_ms = 1500;
    op.share_ms = 200;
    op.leg[leg].state = MCP__LEG_SENT;
    op.leg[leg].started_ms = 1000;
    op.leg[1 - leg].was_asked = (uint8_t)other_asked;
    op.leg[1 - leg].copy = (uint8_t)other_copy;
    op.leg[1 - leg].failure = (uint8_t)other_failure;
    op.leg[1 - leg].state = other_asked && other_copy == 0 && !other_failure ? MCP__LEG_SENT : 0;
    return mcp__op_limit(&op, leg);
}

static int64_t
limit(int leg, mcp__view view, int other_asked, int other_copy, int other_failure)
{
    return limit_of(MCP_SET, leg, view, other_asked, other_copy, other_failure);
}

START_TEST(limits)
{
    static const mcp__view both = {.exists = {1, 1}, .is_usable = {1, 1}},
                           alone = {.exists = {1, 0}, .is_usable = {1, 0}},
                           backup_away = {.exists = {1, 1}, .is_usable = {1, 0}},
                           neither = {.exists = {1, 1}},
                           backup_stands = {
                               .exists = {1, 1}, .is_usable = {1, 1}, .stands = {0, 1}};
    /* Alone: all the time there is. */
    ck_assert_int_eq(limit(P, alone, 0, 0, 0), 1500);
    /* The other could still be asked, or has answered: the share. */
    ck_assert_int_eq(limit(P, both, 0, 0, 0), 1200);
    ck_assert_int_eq(limit(P, both, 1, MCP_COPY_OK, 0), 1200);
    ck_assert_int_eq(limit(B, both, 1, MCP_COPY_OK, 0), 1200);
    ck_assert_int_eq(limit(P, neither, 0, 0, 0), 1200);
    /* The other is on its way, has failed or is away: no use in giving up early. */
    ck_assert_int_eq(limit(P, both, 1, 0, 0), 1500);
    ck_assert_int_eq(limit(P, both, 1, MCP_COPY_FAILED, MCP__FAILURE_REFUSED), 1500);
    ck_assert_int_eq(limit(B, both, 1, MCP_COPY_UNKNOWN, MCP__FAILURE_TIMEOUT), 1500);
    ck_assert_int_eq(limit(P, backup_away, 0, 0, 0), 1500);
    /* A read is never answered by who missed writes, so it need not hurry for that one. */
    ck_assert_int_eq(limit_of(MCP_GET, P, both, 0, 0, 0), 1200);
    ck_assert_int_eq(limit_of(MCP_GET, P, backup_stands, 0, 0, 0), 1500);
    ck_assert_int_eq(limit_of(MCP_SET, P, backup_stands, 0, 0, 0), 1200);
    /* Nobody waits for what is done behind a call. */
    limit(P, both, 0, 0, 0);
    op.is_background = 1;
    ck_assert_int_eq(mcp__op_limit(&op, P), 1500);
    /* Never later than the deadline; and nothing waits that was not sent. */
    limit(P, both, 0, 0, 0);
    op.leg[P].started_ms = 1400;
    ck_assert_int_eq(mcp__op_limit(&op, P), 1500);
    for (int state = MCP__LEG_IDLE; state <= MCP__LEG_FALLEN; state++) {
        op.leg[P].state = (uint8_t)state;
        int runs = state == MCP__LEG_WAITING || state == MCP__LEG_SENT;
        ck_assert(runs == (mcp__op_limit(&op, P) != INT64_MAX));
    }
}
END_TEST

START_TEST(what_nobody_answered_means)
{
    static const struct {
        int failure, copy, status;
    } rows[] = {
        {MCP__FAILURE_AWAY, MCP_COPY_FAILED, MCP_NO_SERVER},
        {MCP__FAILURE_REFUSED, MCP_COPY_FAILED, MCP_NO_SERVER},
        {MCP__FAILURE_BROKEN, MCP_COPY_FAILED, MCP_NO_SERVER},
        {MCP__FAILURE_TIMEOUT, MCP_COPY_FAILED, MCP_TIMEOUT},
        {MCP__FAILURE_PROTOCOL, MCP_COPY_FAILED, MCP_PROTOCOL},
        {MCP__FAILURE_TOO_OLD, MCP_COPY_FAILED, MCP_UNSUPPORTED},
        {MCP__FAILURE_SERVER, MCP_COPY_FAILED, MCP_SERVER_ERROR},
        {MCP__FAILURE_LOCAL, MCP_COPY_FAILED, MCP_NO_RESOURCE},
        {MCP__FAILURE_MEMORY, MCP_COPY_FAILED, MCP_NO_MEMORY},
        {MCP__FAILURE_AUTH, MCP_COPY_FAILED, MCP_REFUSED},
    };
    begin(MCP_SET);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int leg = P; leg <= B; leg++) { /* the other one is away, or is not there */
            start();
            op.leg[leg].failure = (uint8_t)rows[i].failure;
            op.leg[leg].copy = (uint8_t)rows[i].copy;
            if (leg == B)
                op.leg[P].failure = MCP__FAILURE_AWAY;
            ck_assert_int_eq(mcp__op_failure_status(&op, 1), rows[i].status);
            ck_assert_int_eq(mcp__op_failure_status(&op, 0), rows[i].status);
            op.leg[leg].copy = MCP_COPY_UNKNOWN;
            ck_assert_int_eq(mcp__op_failure_status(&op, 1), MCP_UNKNOWN);
            ck_assert_int_eq(mcp__op_failure_status(&op, 0), rows[i].status);
        }
    }
    finish();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("write");
    TCase *all = tcase_create("write");
    tcase_add_test(all, the_request_goes_into_the_command);
    tcase_add_test(all, the_token_comes_from_the_copy_that_decided);
    tcase_add_test(all, an_append_is_copied_as_it_stands);
    tcase_add_test(all, an_append_that_cannot_be_kept_is_dropped_there);
    tcase_add_test(all, counters);
    tcase_add_test(all, tokens_name_their_server);
    tcase_add_test(all, ttl_rules);
    tcase_add_test(all, limits);
    tcase_add_test(all, what_nobody_answered_means);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
