/* SPDX-License-Identifier: BSD-3-Clause */
#include "op_kit.h"

#include <stdio.h>
#include <string.h>

#include "ops/steps.h"

kit k;

void
kit_init(mcp_verb verb)
{
    memset(&k, 0, sizeof k);
    supply_init(&k.memory);
    mcp__buf_init(&k.op.kept, &k.memory.mem, 10000);
    mcp__ledger_init(&k.ledger[P], &k.memory.mem, P_ID8);
    mcp__ledger_init(&k.ledger[B], &k.memory.mem, B_ID8);
    kit_marks(P, "", 0);
    kit_marks(B, "", 0);
    k.promise = (mcp__promise){.keeps_record = 1,
                               .verifies = 1,
                               .waits_for_mirror = 1,
                               .view_interval_ms = 200,
                               .view_life_ms = 200,
                               .hold_ms = 700,
                               .prefix = {"mcp:", 4}};
    k.request = (mcp_request)MCP_REQUEST_INIT;
    k.request.verb = verb;
    k.request.key = "key";
    k.request.key_len = 3;
    k.request.value = "value";
    k.request.value_len = 5;
}

void
kit_marks(int leg, const char *text, uint64_t cas)
{
    mcp__span span = {text, strlen(text)};
    mcp__ledger_take_marks(&k.ledger[leg], span, cas, MCP__MARKS_FORMAT, 1000, 1000);
}

void
kit_begin(int verb)
{
    mcp__op *op = &k.op;
    mcp__op_begin(op, &k.request);
    op->verb = (uint8_t)verb;
    op->is_background = verb >= MCP__VERB_VERIFY;
    op->promise = &k.promise;
    op->now_ms = 1000;
    op->unix_now = 1800000000;
    op->deadline_ms = 1500;
    op->share_ms = 200;
    op->mark.inc8 = 0xcafe;
    for (int leg = P; leg <= B; leg++) {
        op->ledger[leg] = &k.ledger[leg];
        op->leg[leg].cas_mark = leg == P ? P_MARK : B_MARK;
        op->view.exists[leg] = op->view.is_usable[leg] = 1;
    }
    mcp__op_look(op);
}

void
kit_fini(void)
{
    mcp__buf_fini(&k.op.kept);
    mcp__ledger_fini(&k.ledger[P]);
    mcp__ledger_fini(&k.ledger[B]);
    ck_assert_uint_eq(k.memory.n_live, 0);
}

void
kit_ends(int status)
{
    expect_step("done");
    ck_assert_int_eq(k.op.status, status);
    kit_fini();
}

void
kit_gives(int status, int answered, const char *value)
{
    expect_step("done");
    ck_assert_int_eq(k.op.answered, answered);
    if (value != NULL) {
        ck_assert_uint_eq(k.op.result_value.len, strlen(value));
        if (value[0] != '\0')
            ck_assert_mem_eq(k.op.result_value.bytes, value, strlen(value));
    }
    kit_ends(status);
}

static const char *
name_of(uint8_t word)
{
    static const char *const commands[] = {
        "none",   "get",     "gat",  "touch",   "set",   "add",   "replace",
        "append", "prepend", "cas",  "delete",  "incr",  "decr",  "peek",
        "number", "lease",   "ping", "version", "stats", "flush",
    };
    static const char *const words[] = {
        [MCP__WORD_MARKS - MCP__WORD_MARKS] = "marks",
        [MCP__WORD_JOURNAL_LOOK - MCP__WORD_MARKS] = "look",
        [MCP__WORD_JOURNAL - MCP__WORD_MARKS] = "journal",
        [MCP__WORD_JOURNAL_NEW - MCP__WORD_MARKS] = "begin",
        [MCP__WORD_JOURNAL_SIZE - MCP__WORD_MARKS] = "size",
        [MCP__WORD_JOURNAL_WHOLE - MCP__WORD_MARKS] = "whole",
        [MCP__WORD_LIST - MCP__WORD_MARKS] = "list",
        [MCP__WORD_LIST_NEW - MCP__WORD_MARKS] = "list-new",
        [MCP__WORD_BUMP - MCP__WORD_MARKS] = "bump",
        [MCP__WORD_EPOCH - MCP__WORD_MARKS] = "epoch",
        [MCP__WORD_EPOCH_READY - MCP__WORD_MARKS] = "ready",
        [MCP__WORD_PEEK - MCP__WORD_MARKS] = "peek",
    };
    return word >= MCP__WORD_MARKS ? words[word - MCP__WORD_MARKS] : commands[word];
}

/* As the engine loads a leg. */
static void
load(int leg)
{
    mcp__leg *asked = &k.op.leg[leg];
    if (!k.step.send[leg][0])
        return;
    ck_assert(asked->state == MCP__LEG_IDLE);
    asked->state = MCP__LEG_SENT;
    asked->was_asked = 1;
    asked->n_bundle = asked->n_answered = asked->is_mutation = 0;
    while (asked->n_bundle < MCP__BUNDLE_MAX && k.step.send[leg][asked->n_bundle]) {
        uint8_t word = k.step.send[leg][asked->n_bundle];
        asked->is_mutation |= word < MCP__WORD_MARKS && word != MCP__COMMAND_GET &&
                              word != MCP__COMMAND_PEEK && word != MCP__COMMAND_LEASE;
        asked->bundle[asked->n_bundle++] = word;
    }
}

const char *
kit_words(void)
{
    static char text[200];
    size_t used = 0;
    text[0] = '\0';
    if (k.step.is_done)
        return "done";
    for (int leg = P; leg <= B; leg++) {
        for (int i = 0; i < MCP__BUNDLE_MAX && k.step.send[leg][i]; i++) {
            const char *before = i > 0 ? " " : leg == P ? "P:" : used > 0 ? " B:" : "B:";
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", before,
                                     name_of(k.step.send[leg][i]));
        }
        load(leg);
        k.step.send[leg][0] = 0;
    }
    return used > 0 ? text : "wait";
}

void
kit_reply(int leg, mcp__reply reply, mcp_status status)
{
    mcp__leg *asked = &k.op.leg[leg];
    ck_assert(asked->state == MCP__LEG_SENT);
    ck_assert(k.step.is_done == 0);
    uint8_t word = asked->bundle[asked->n_answered++];
    if (asked->n_answered == asked->n_bundle)
        asked->state = MCP__LEG_IDLE;
    if (word == MCP__WORD_MARKS && reply.kind <= MCP__REPLY_MISS) /* the engine does that */
        mcp__ledger_take_marks(k.op.ledger[leg], reply.value, reply.cas, MCP__MARKS_FORMAT,
                               k.op.now_ms, k.op.now_ms);
    mcp__op_look(&k.op);
    k.step = mcp__steps_answer(&k.op, leg, word, &reply, status);
}

void
kit_done(int leg, uint64_t cas)
{
    kit_reply(leg, (mcp__reply){.kind = MCP__REPLY_DONE, .cas = cas, .ttl = -1}, MCP_OK);
}

void
kit_stub(int leg)
{
    kit_reply(leg, (mcp__reply){.kind = MCP__REPLY_DONE, .lease = MCP__LEASE_TAKEN}, MCP_OK);
}

void
kit_value(int leg, const char *value, uint64_t cas)
{
    kit_lease(leg, value, cas, 0);
}

void
kit_lease(int leg, const char *value, uint64_t cas, uint8_t lease)
{
    mcp__reply reply = {.kind = MCP__REPLY_VALUE,
                        .flags = 5,
                        .cas = cas,
                        .ttl = -1,
                        .lease = lease,
                        .value = {value, strlen(value)}};
    kit_reply(leg, reply, MCP_OK);
}

void
kit_miss(int leg)
{
    kit_reply(leg, (mcp__reply){.kind = MCP__REPLY_MISS, .ttl = -1}, MCP_NOT_FOUND);
}

void
kit_no(int leg, mcp_status status)
{
    mcp__reply_kind kind = status == MCP_NOT_STORED ? MCP__REPLY_NOT_STORED
                           : status == MCP_EXISTS   ? MCP__REPLY_EXISTS
                                                    : MCP__REPLY_SERVER_ERROR;
    kit_reply(leg, (mcp__reply){.kind = kind, .ttl = -1}, status);
}

void
kit_fail(int leg, mcp__failure failure, int was_sent)
{
    ck_assert(k.op.leg[leg].state == MCP__LEG_SENT);
    k.op.leg[leg].state = MCP__LEG_IDLE;
    mcp__op_look(&k.op);
    k.step = mcp__steps_failed(&k.op, leg, failure, was_sent);
}
