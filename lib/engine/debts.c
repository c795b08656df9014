/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/debts.h"

#include <string.h>

/* ---- which copy ---- */

/* What nobody waited for. A verification orders the copies by what the backup has; the rest was to
 * reach the backup. -1: it leaves nothing. */
static int
missed_behind(const mcp__op *op)
{
    switch (op->verb) {
    case MCP__VERB_MARK:
    case MCP__VERB_WHOLE:
        return MCP__OTHER(op->authority);
    case MCP__VERB_VERIFY:
        return MCP__PRIMARY;
    case MCP__VERB_MIRROR:
    case MCP_DELETE:
        return MCP__BACKUP;
    default:
        return -1;
    }
}

/* The copy that may have the change, late or unseen; or that lacks what the other one has. */
static int
missed_by(const mcp__op *op)
{
    for (int leg = MCP__PRIMARY; leg <= MCP__BACKUP; leg++) {
        if (op->leg[leg].missed && op->leg[leg].copy == MCP_COPY_UNKNOWN)
            return leg;
    }
    for (int leg = MCP__PRIMARY; leg <= MCP__BACKUP; leg++) {
        if (op->leg[leg].missed && op->leg[MCP__OTHER(leg)].copy == MCP_COPY_OK)
            return leg;
    }
    return -1;
}

/* The witness has refused it, or there was no memory here, and it would be the same at once. Where it is
 * away the debt is paid as soon as it is back. */
static int64_t
rest_of(const mcp__engine *engine, const mcp__op *op, const mcp__debt *debt)
{
    int was_tried = op->verb == MCP__VERB_MARK || op->verb == MCP__VERB_WHOLE;
    int is_there = mcp__health_is_usable(&engine->servers[debt->witness].health);
    return was_tried && is_there ? engine->now_ms + MCP__DEBTS_REST_MS : 0;
}

void
mcp__debts_note(mcp__engine *engine, const mcp__op *op)
{
#ifdef MCP_MUTANT_NO_DEBTS
    return;
#endif
    mcp__debt debt = {.is_base64 = op->is_base64, .is_whole = op->verb == MCP__VERB_WHOLE};
    if (op->ledger[MCP__BACKUP] == NULL || op->mark.has != 0 || !op->promise->keeps_record ||
        op->key.len > sizeof debt.key)
        return;
    int missed = op->is_background ? missed_behind(op) : missed_by(op);
    if (missed < 0 || (!op->is_background && !op->is_mirrored))
        return;
    debt.missed = op->leg[missed].server;
    debt.witness = op->leg[MCP__OTHER(missed)].server;
    debt.rests_until_ms = rest_of(engine, op, &debt);
    debt.key_len = (uint8_t)op->key.len;
    if (!debt.is_whole)
        memcpy(debt.key, op->key.bytes, op->key.len);
    (void)mcp__debts_put(engine, &debt);
}

/* ---- the list ---- */

static int
is_same_pair(const mcp__debt *one, const mcp__debt *other)
{
    return one->missed == other->missed && one->witness == other->witness;
}

static int
covers(const mcp__debt *known, const mcp__debt *debt)
{
    return is_same_pair(known, debt) &&
           (known->is_whole || (!debt->is_whole && known->key_len == debt->key_len &&
                                memcmp(known->key, debt->key, debt->key_len) == 0));
}

/* Everything, in the place of what is known of these two. Returns how many it was. */
static uint32_t
make_whole(mcp__debts *debts, mcp__debt pair)
{
    uint32_t n = 0, before = debts->n;
    for (uint32_t i = 0; i < before; i++) {
        if (!is_same_pair(&debts->list[i], &pair))
            debts->list[n++] = debts->list[i];
    }
    debts->n = n;
    if (n < MCP__DEBTS_MAX) {
        pair.is_whole = 1;
        pair.key_len = 0;
        debts->list[debts->n++] = pair;
    }
    return before - n;
}

/* There is none left of 64 keys: 64 pairs of servers in doubt at once are more than can be kept. */
static int
make_room(mcp__debts *debts)
{
    for (uint32_t i = 0; i < debts->n && debts->n == MCP__DEBTS_MAX; i++)
        (void)make_whole(debts, debts->list[i]);
    return debts->n < MCP__DEBTS_MAX;
}

int
mcp__debts_put(mcp__engine *engine, const mcp__debt *debt)
{
    if (engine->debts == NULL)
        engine->debts = mcp__mem_new_zeroed(&engine->mem, 1, sizeof *engine->debts);
    mcp__debts *debts = engine->debts;
    if (debts == NULL)
        return 0;
    engine->wants_chores = 1;
    for (uint32_t i = 0; i < debts->n; i++) {
        if (covers(&debts->list[i], debt))
            return 0;
    }
    if (debts->n == MCP__DEBTS_MAX && make_whole(debts, *debt) > 0)
        return 1;
    if (debts->n == MCP__DEBTS_MAX && !make_room(debts))
        return 0;
    debts->list[debts->n++] = *debt;
    if (debt->is_whole)
        (void)make_whole(debts, *debt);
    return 1;
}

mcp__debt
mcp__debts_take(mcp__engine *engine, uint32_t at)
{
    mcp__debts *debts = engine->debts;
    mcp__debt debt = debts->list[at];
    debts->list[at] = debts->list[--debts->n];
    return debt;
}
