/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/payer.h"

#include "engine/debts.h"
#include "engine/tasks.h"

static int
can_be_paid(const mcp__engine *engine, const mcp__debt *debt)
{
    return engine->now_ms >= debt->rests_until_ms &&
           mcp__health_is_usable(&engine->servers[debt->witness].health);
}

int
mcp__payer_owes(const mcp__engine *engine, uint32_t missed)
{
    if (engine->n_recording > 0)
        return 1;
    for (uint32_t i = 0; mcp__debts_any(engine) && i < engine->debts->n; i++) {
        const mcp__debt *debt = &engine->debts->list[i];
        if (debt->missed == missed && can_be_paid(engine, debt))
            return 1;
    }
    return 0;
}

void
mcp__payer_run(mcp__engine *engine, int is_last)
{
    for (uint32_t i = mcp__debts_any(engine) ? engine->debts->n : 0; i-- > 0;) {
        const mcp__debt *owed = &engine->debts->list[i];
        int rests = !is_last && engine->now_ms < owed->rests_until_ms;
        if (rests || !mcp__health_is_usable(&engine->servers[owed->witness].health))
            continue;
        mcp__debt debt = mcp__debts_take(engine, i);
        mcp__background wanted = {
            .verb = debt.is_whole ? MCP__VERB_WHOLE : MCP__VERB_MARK,
            .authority = MCP__BACKUP,
            .server = {debt.missed, debt.witness},
            .key = {debt.key, debt.key_len},
            .is_base64 = debt.is_base64,
        };
        if (mcp__tasks_begin_background(engine, &wanted) == NULL)
            (void)mcp__debts_put(engine, &debt);
    }
    if (mcp__debts_any(engine))
        engine->wants_chores = 1;
}
