/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A key is put on record among others who write, evict and repair at any time between two commands:
 * what was acknowledged is found by a repair.
 */
#include "ops/mark.h"

#include <string.h>

#include "op_kit.h"
#include "ops/write.h"

static uint32_t
segment(void)
{
    return mcp__marks_segment("key", 3);
}

/* The witness: the segment, the list, and whether the change is there. */
static struct {
    char list[2000];
    size_t list_len;
    uint64_t list_cas; /* 0: there is none */
    uint32_t tag;      /* of the segment; 0: there is none */
    int has_line, has_change;
} witness;
static uint64_t cas_count;

/* Who repairs: what it read, what it deleted itself, and whether the key is right by now. */
static struct {
    uint64_t read_cas; /* of the list, before it saw the segment absent; 0: it has not */
    uint32_t deleted[20];
    size_t n_deleted;
    int is_right;
} repairer;

static uint64_t state;

static uint32_t
draw(uint32_t of)
{
    return (uint32_t)(next_random(&state) >> 20) % of;
}

static void
append_list(const char *text, size_t len, int may_create)
{
    if ((witness.list_cas == 0) != may_create)
        return;
    memcpy(witness.list + witness.list_len, text, len);
    witness.list_len += len;
    witness.list_cas = ++cas_count;
}

static void
other_lists(uint32_t tag)
{
    char text[MCP__MARKS_ENTRY_MAX];
    mcp__mark mark = {
        .id8 = P_ID8, .inc8 = 5, .tag = tag, .segment = (uint8_t)segment(), .is_segment = tag != 0};
    append_list(text, mcp__marks_put(text, &mark), witness.list_cas == 0);
}

/* What stands there says that a segment was evicted: everything of it is put right. */
static int
lists_evicted(int *is_listed)
{
    const uint8_t *at = (const uint8_t *)witness.list, *end = at + witness.list_len;
    mcp__mark mark;
    int evicted = 0;
    *is_listed = 0;
    while (at < end && mcp__marks_next(&at, end, &mark)) {
        *is_listed |= !mark.is_segment && mark.id8 == P_ID8;
        int known = !mark.is_segment || mark.tag == witness.tag;
        for (size_t i = 0; i < repairer.n_deleted; i++)
            known |= repairer.deleted[i] == mark.tag;
        evicted |= !known && mark.segment == segment();
    }
    return evicted;
}

/* One round of a repair without waiting: the segment is replayed and deleted, or seen absent. */
static void
repair_round(void)
{
    int is_listed, evicted = lists_evicted(&is_listed);
    if (!is_listed)
        return;
    repairer.read_cas = 0;
    if ((evicted || witness.has_line) && witness.has_change)
        repairer.is_right = 1;
    if (witness.tag != 0 && repairer.n_deleted < 20) {
        repairer.deleted[repairer.n_deleted++] = witness.tag;
        witness.tag = 0;
        witness.has_line = 0;
        return;
    }
    repairer.read_cas = witness.list_cas;
}

static void
repair_clear(void)
{
    if (repairer.read_cas == 0 || repairer.read_cas != witness.list_cas)
        return;
    mcp__span list = {witness.list, witness.list_len};
    static char shorter[sizeof witness.list];
    witness.list_len = mcp__marks_without(shorter, list, P_ID8);
    memcpy(witness.list, shorter, witness.list_len);
    witness.list_cas = ++cas_count;
    repairer.read_cas = 0;
    repairer.n_deleted = 0; /* of the incarnation that is over */
}

/* Something that others may do at any time. */
static void
others_act(void)
{
    switch (draw(16)) {
    case 0:
        if (witness.tag == 0)
            witness.tag = 0x1000 + (uint32_t)++cas_count;
        break;
    case 1: /* evicted */
        witness.tag = 0;
        witness.has_line = 0;
        break;
    case 2:
        other_lists(0);
        break;
    case 3:
        if (witness.tag != 0)
            other_lists(witness.tag);
        break;
    case 4:
    case 5:
        repair_round();
        break;
    case 6:
        repair_clear();
        break;
    default:
        break;
    }
}

static void
serve_journal(const mcp__command *command)
{
    mcp__reply there = {.kind = MCP__REPLY_DONE,
                        .flags = MCP__MARKS_TAG_FLAGS(witness.tag),
                        .size = 100,
                        .ttl = -1};
    if (command->kind == MCP__COMMAND_PEEK) {
        witness.tag != 0 ? kit_reply(B, there, MCP_OK) : kit_miss(B);
        return;
    }
    if ((witness.tag == 0) != (command->kind == MCP__COMMAND_ADD)) {
        kit_no(B, MCP_NOT_STORED);
        return;
    }
    if (command->kind == MCP__COMMAND_ADD)
        witness.tag = MCP__MARKS_TAG(command->flags);
    witness.has_line = 1;
    kit_done(B, 0);
}

static void
serve_list(const mcp__command *command)
{
    if (command->kind != MCP__COMMAND_GET) {
        uint64_t before = witness.list_cas;
        append_list(command->value.bytes, command->value.len, command->kind == MCP__COMMAND_ADD);
        before != witness.list_cas ? kit_done(B, 0) : kit_no(B, MCP_NOT_STORED);
        return;
    }
    mcp__reply reply = {.kind = witness.list_cas != 0 ? MCP__REPLY_VALUE : MCP__REPLY_MISS,
                        .cas = witness.list_cas,
                        .ttl = -1,
                        .value = {witness.list, witness.list_len}};
    kit_reply(B, reply, witness.list_cas != 0 ? MCP_OK : MCP_NOT_FOUND);
}

static void
serve_word(void)
{
    const mcp__leg *leg = &k.op.leg[B];
    mcp__scratch scratch;
    mcp__command command = mcp__op_command(&k.op, B, leg->bundle[leg->n_answered], &scratch);
    if (command.key.len == 3) {
        witness.has_change = 1;
        repairer.is_right = 0; /* what was copied before is old now */
        kit_done(B, 9);
    } else if (command.key.len == 5) {
        serve_list(&command);
    } else {
        serve_journal(&command);
    }
}

/* Whatever others did: when the write is acknowledged, a repair puts the key right. */
static int
one_course(uint64_t seed)
{
    memset(&witness, 0, sizeof witness);
    memset(&repairer, 0, sizeof repairer);
    state = seed;
    kit_init(MCP_SET);
    kit_begin(MCP_SET);
    k.op.view.is_usable[P] = 0;
    k.step = mcp__write_begin(&k.op);
    (void)kit_words();
    while (!k.step.is_done) {
        while (k.op.leg[B].state == MCP__LEG_SENT && !k.step.is_done) {
            others_act();
            serve_word();
        }
        (void)kit_words();
    }
    int is_acknowledged = k.op.status == MCP_OK;
    repair_clear(); /* with what it knew before */
    for (int i = 0; i < 4; i++) {
        repair_round();
        repair_clear();
    }
    ck_assert_msg(!is_acknowledged || repairer.is_right,
                  "course %llu: acknowledged, and no repair finds it", (unsigned long long)seed);
    kit_fini();
    return is_acknowledged;
}

START_TEST(a_repair_finds_what_was_acknowledged)
{
    int n_acknowledged = 0;
    for (uint64_t seed = 1; seed <= 40000; seed++)
        n_acknowledged += one_course(seed);
    ck_assert_int_gt(n_acknowledged, 30000);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("mark_race");
    TCase *all = tcase_create("race");
    tcase_set_timeout(all, 120);
    tcase_add_test(all, a_repair_finds_what_was_acknowledged);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
