/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/erase.h"

#include "ops/copies.h"
#include "wire/meta.h"

enum { FIRST = 0, SECOND, THIRD };

mcp__step
mcp__erase_begin(mcp__op *op)
{
    const mcp__view *view = &op->view;
    int backup_first = view->is_usable[MCP__BACKUP] ||
                       (view->exists[MCP__BACKUP] && !view->is_usable[MCP__PRIMARY]);
    op->phase = backup_first ? FIRST : SECOND;
    if (!backup_first)
        return mcp__copies_send_recorded(op, MCP__PRIMARY);
    if (view->is_usable[MCP__BACKUP] && !view->is_usable[MCP__PRIMARY])
        return mcp__copies_send_recorded(op, MCP__BACKUP);
    return mcp__op_send(MCP__BACKUP, MCP__COMMAND_DELETE);
}

mcp__step
mcp__erase_begin_first(mcp__op *op)
{
    op->phase = FIRST;
    return mcp__op_send(MCP__BACKUP, MCP__COMMAND_DELETE);
}

mcp__step
mcp__erase_begin_second(mcp__op *op, const mcp__reply *backup)
{
    op->phase = SECOND;
    if (backup != NULL) {
        mcp__leg *leg = &op->leg[MCP__BACKUP];
        leg->was_asked = leg->is_mutation = 1;
        leg->copy = MCP_COPY_OK;
        leg->status = (int16_t)mcp__meta_status(MCP__COMMAND_DELETE, backup);
        mcp__op_adopt(op, MCP__BACKUP, backup);
    }
    return mcp__op_send(MCP__PRIMARY, MCP__COMMAND_DELETE);
}

#ifndef MCP_MUTANT_NO_THIRD_DELETE
static int
is_being_filled(const mcp__op *op)
{
    const mcp__view *view = &op->view;
    return view->is_cold[MCP__PRIMARY] || view->is_cold[MCP__BACKUP] ||
           view->stands[MCP__PRIMARY] || view->stands[MCP__BACKUP];
}
#endif

/*
 * Both were asked, and neither has answered: a connection that the server had closed, and then the
 * other one's fault. A delete may be made twice (what it takes away too much is a miss), so it is
 * sent once more to whoever was lost, with what the other copy may have missed.
 */
static mcp__step
repeat(mcp__op *op)
{
    static const uint8_t order[] = {MCP__BACKUP, MCP__PRIMARY};
    for (int i = 0; i < 2 && mcp__op_keeps_record(op) && !op->is_hopeless; i++) {
        int leg = order[i];
        uint8_t bit = (uint8_t)(1 << leg);
        if (!mcp__op_was_lost_early(op, leg) || (op->tries & bit) != 0)
            continue;
        op->tries |= bit;
        op->phase = SECOND;
        return mcp__copies_send_recorded(op, leg);
    }
    return mcp__op_done(op, mcp__op_failure_status(op, 1));
}

/* Found on either copy is found. A set that expires at once never says "not found". */
static mcp__step
finish(mcp__op *op)
{
    const mcp__leg *primary = &op->leg[MCP__PRIMARY], *backup = &op->leg[MCP__BACKUP];
    if (primary->copy != MCP_COPY_OK && backup->copy != MCP_COPY_OK)
        return mcp__copies_left_out(op) < 0 ? repeat(op) : mcp__copies_failed(op);
    int is_found = op->verb == MCP_SET || mcp__copies_is_stored(op, MCP__PRIMARY) ||
                   mcp__copies_is_stored(op, MCP__BACKUP);
#ifndef MCP_MUTANT_NO_THIRD_DELETE
    /* While copies are being filled a client that dies before the third leaves what a fill brought
     * back: then it is waited for. */
    if (op->phase == SECOND && primary->copy == MCP_COPY_OK && backup->copy == MCP_COPY_OK &&
        is_being_filled(op)) {
        op->phase = THIRD;
        op->status = (int16_t)(is_found ? MCP_OK : MCP_NOT_FOUND);
        return mcp__op_send(MCP__BACKUP, MCP__COMMAND_DELETE);
    }
    if (primary->copy == MCP_COPY_OK && backup->copy == MCP_COPY_OK)
        op->sequel = MCP__SEQUEL_LAST_DELETE;
#endif
    return mcp__copies_done(op, is_found ? MCP_OK : MCP_NOT_FOUND);
}

mcp__step
mcp__erase_advance(mcp__op *op)
{
    if (op->phase == THIRD) { /* whether it was answered: copies know what was missed */
        op->leg[MCP__BACKUP].copy =
            op->leg[MCP__BACKUP].missed ? op->leg[MCP__BACKUP].copy : MCP_COPY_OK;
        return mcp__copies_done(op, (mcp_status)op->status);
    }
    if (op->phase == SECOND)
        return finish(op);
    op->phase = SECOND;
    int backup_is_ok = op->leg[MCP__BACKUP].copy == MCP_COPY_OK;
    int is_there = op->view.is_usable[MCP__PRIMARY] &&
                   op->leg[MCP__PRIMARY].failure == MCP__FAILURE_NONE;
    if (!is_there && backup_is_ok) {
        mcp__copies_leave_out(op, MCP__PRIMARY);
        return finish(op);
    }
    if (!backup_is_ok)
        return mcp__copies_send_recorded(op, MCP__PRIMARY);
    return mcp__op_send(MCP__PRIMARY, MCP__COMMAND_DELETE);
}
