/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/ride.h"

#include <stdio.h>

#include "engine/line.h"

int
mcp__ride_ask(mcp__engine *engine, mcp__server *server, mcp__check *check, int leg, uint8_t word)
{
    int is_marks = word == MCP__WORD_MARKS;
    mcp__command command = {.kind = is_marks ? MCP__COMMAND_GET : MCP__COMMAND_NUMBER,
                            .want = MCP_WANT_CAS,
                            .key = {check->key, check->key_len},
                            .is_base64 = check->is_base64};
    mcp__asker asker = {.op = check,
                        .leg = (uint8_t)leg,
                        .word = word,
                        .is_check = 1,
                        .is_rider = server->link.pending_count < MCP__RIDERS_MAX};
    if (is_marks) {
        server->ledger.queued_ms = engine->now_ms;
        command.key = mcp__pool_marks_key(engine);
        command.is_base64 = 0;
    }
    if (mcp__line_put_command(engine, server, &command, &asker) != 0)
        return -1;
    if (is_marks)
        mcp__line_note_marks(server);
    return 0;
}

/*
 * The timer of riders that have gone, and may be late. It is not set for when they are: what is put
 * there meanwhile finds it running, and would wait for company as long. (Without a record there is no
 * interval, and nothing waits for company.)
 */
static void
watch(mcp__engine *engine, mcp__server *server, int64_t late_ms)
{
    uint32_t interval_ms = engine->settings.promise.view_interval_ms;
    int64_t next_ms = engine->now_ms + interval_ms;
    mcp__timer_set(&engine->timers, &server->ride,
                   late_ms < next_ms || interval_ms == 0 ? late_ms : next_ms);
}

size_t
mcp__ride_hasten(mcp__engine *engine, mcp__server *server)
{
    mcp__link *link = &server->link;
    if (link->state != MCP__LINK_OPEN || !mcp__link_has_riders(link))
        return 0;
    uint64_t rode_from = link->due;
    mcp__link_hasten(link);
    mcp__timer_stop(&engine->timers, &server->ride);
    for (uint32_t i = 0; i < link->pending_count; i++) { /* from now on they can be late */
        const mcp__pending *pending = &link->pending[(link->pending_head + i) & link->pending_mask];
        if (pending->op == NULL || pending->first_byte < rode_from)
            continue;
        if (pending->is_check) {
            watch(engine, server, engine->now_ms + engine->settings.timeout_ms);
            continue;
        }
        mcp__task *task = mcp__task_of(pending->op);
        task->op.deadline_ms = engine->now_ms + engine->settings.timeout_ms;
        mcp__timer_set(&engine->timers, &task->timer, task->op.deadline_ms);
    }
    uint8_t look = engine->now_ms - link->used_ms > MCP__REST_MS ? MCP__WISH_LOOK : 0;
    mcp__pool_wish(engine, server, MCP__WISH_SEND | look);
    mcp__line_watch(engine, server);
    return link->pending_count;
}

void
mcp__ride_over(mcp__engine *engine, mcp__server *server)
{
    char why[96];
    const mcp__pending *oldest = mcp__link_oldest(&server->link);
    int64_t timeout_ms = engine->settings.timeout_ms;
    int64_t until_ms = server->mounted_ms + engine->settings.promise.view_interval_ms;
    if (oldest == NULL || server->link.state != MCP__LINK_OPEN)
        return;
    int waits_for_company = mcp__link_has_riders(&server->link);
    if (waits_for_company && engine->now_ms >= until_ms) {
        mcp__ride_hasten(engine, server);
        return;
    }
    int64_t late_ms = oldest->asked_ms + timeout_ms;
    if (!oldest->is_check || mcp__link_has_output(&server->link))
        late_ms = engine->now_ms + timeout_ms;
    if (late_ms > engine->now_ms) {
        watch(engine, server, waits_for_company ? until_ms : late_ms);
        return;
    }
    snprintf(why, sizeof why, "no answer within %lld ms", (long long)timeout_ms);
    server->tally.timeouts++;
    mcp__line_lost(engine, server, MCP__FAILURE_TIMEOUT, 0, 0, why);
}
