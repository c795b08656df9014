/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/op.h"

#include <string.h>

#include "wire/token.h"
#include "wire/ttl.h"

static void
clear_leg(mcp__op *op, uint8_t index)
{
    memset(&op->leg[index], 0, sizeof op->leg[index]);
    op->leg[index].index = index;
}

void
mcp__op_begin(mcp__op *op, const mcp_request *request)
{
    op->verb = (uint8_t)request->verb;
    op->phase = 0;
    op->is_direct = 0;
    op->is_mirrored = 1;
    op->is_hopeless = 0;
    op->with_initial = request->with_initial != 0;
    op->want = request->want;
    op->key = (mcp__span){request->key, request->key_len};
    op->value = (mcp__span){request->value, request->value_len};
    op->ttl = request->ttl;
    op->flags = request->flags;
    op->cas = request->cas;
    op->delta = request->delta;
    op->initial = request->initial;
    clear_leg(op, MCP__PRIMARY);
    clear_leg(op, MCP__BACKUP);
    op->status = MCP_OK;
    op->answered = -1;
    op->has_view = 0;
    op->result_flags = 0;
    op->result_ttl = -1;
    op->result_cas = 0;
    op->number = 0;
    op->result_value = (mcp__span){NULL, 0};
}

/* The value that an append left, as it goes to the other copy. */
static void
use_kept(const mcp__op *op, mcp__command *command)
{
    command->value = (mcp__span){mcp__buf_bytes(&op->kept), mcp__buf_len(&op->kept)};
    command->flags = op->result_flags;
    command->ttl = mcp__ttl_of_copy(op->result_ttl, op->unix_now);
}

mcp__command
mcp__op_command(const mcp__op *op, mcp__command_kind kind)
{
    mcp__command command = {
        .kind = kind,
        .flags = op->flags,
        .want = op->want,
        .with_initial = op->with_initial,
        .key = op->key,
        .value = op->value,
        .ttl = op->ttl,
        .unique = mcp__token_cas_unique(op->cas),
        .delta = op->delta,
        .initial = op->initial,
    };
    int is_append = op->verb == MCP_APPEND || op->verb == MCP_PREPEND;
    if (is_append && kind == MCP__COMMAND_GET)
        command.want = MCP_WANT_TTL;
    if (is_append && kind == MCP__COMMAND_SET)
        use_kept(op, &command);
    if (kind == MCP__COMMAND_SET && op->verb != MCP_SET)
        command.want = 0; /* the token comes from the copy that decided */
    return command;
}

int
mcp__op_keep(mcp__op *op, const mcp__reply *reply)
{
    mcp__buf_clear(&op->kept);
    uint8_t *room = mcp__buf_room(&op->kept, reply->value.len);
    if (room == NULL && reply->value.len > 0)
        return -1;
    if (reply->value.len > 0)
        memcpy(room, reply->value.bytes, reply->value.len);
    mcp__buf_filled(&op->kept, reply->value.len);
    op->result_value = (mcp__span){mcp__buf_bytes(&op->kept), reply->value.len};
    op->has_view = 0;
    return 0;
}

static uint64_t
number_of(const mcp__span *value)
{
    uint64_t number = 0;
    const uint8_t *bytes = value->bytes;
    mcp__token_get(bytes, bytes + value->len, &number);
    return number;
}

void
mcp__op_adopt(mcp__op *op, int leg, const mcp__reply *reply)
{
    op->answered = (int8_t)leg;
    op->has_view = 0;
    op->result_flags = reply->flags;
    op->result_ttl = reply->ttl;
    op->result_cas = reply->cas != 0 ? mcp__token_cas(op->leg[leg].cas_mark, reply->cas) : 0;
    if (op->verb == MCP_INCR || op->verb == MCP_DECR) {
        if (reply->kind == MCP__REPLY_VALUE)
            op->number = number_of(&reply->value);
        return;
    }
    if (reply->kind != MCP__REPLY_VALUE && reply->kind != MCP__REPLY_VERSION &&
        reply->kind != MCP__REPLY_STATS)
        return;
    op->result_value = reply->value;
    op->has_view = reply->value.len > 0;
}

static mcp_status
status_of_failure(mcp__failure failure)
{
    switch (failure) {
    case MCP__FAILURE_TIMEOUT:
        return MCP_TIMEOUT;
    case MCP__FAILURE_PROTOCOL:
        return MCP_PROTOCOL;
    case MCP__FAILURE_TOO_OLD:
        return MCP_UNSUPPORTED;
    case MCP__FAILURE_SERVER:
        return MCP_SERVER_ERROR;
    case MCP__FAILURE_LOCAL:
        return MCP_NO_RESOURCE;
    case MCP__FAILURE_MEMORY:
        return MCP_NO_MEMORY;
    case MCP__FAILURE_AUTH:
        return MCP_REFUSED;
    default:
        return MCP_NO_SERVER;
    }
}

mcp_status
mcp__op_failure_status(const mcp__op *op, int is_mutation)
{
    const mcp__leg *primary = &op->leg[MCP__PRIMARY], *backup = &op->leg[MCP__BACKUP];
    if (is_mutation && (primary->copy == MCP_COPY_UNKNOWN || backup->copy == MCP_COPY_UNKNOWN))
        return MCP_UNKNOWN;
    if (primary->failure == MCP__FAILURE_TIMEOUT || backup->failure == MCP__FAILURE_TIMEOUT)
        return MCP_TIMEOUT;
    mcp_status status = status_of_failure(primary->failure);
    if (status == MCP_NO_SERVER && backup->failure != MCP__FAILURE_NONE)
        status = status_of_failure(backup->failure);
    return status;
}

mcp__step
mcp__op_done(mcp__op *op, mcp_status status)
{
    op->status = (int16_t)status;
    mcp__step step = mcp__op_wait();
    step.is_done = 1;
    return step;
}

/* The other copy makes it worth giving up early: it has answered, or is there to be asked. */
static int
has_other_chance(const mcp__op *op, int leg)
{
    int other = MCP__OTHER(leg);
    if (!op->view.exists[other])
        return 0;
    if (op->leg[other].was_asked)
        return op->leg[other].copy == MCP_COPY_OK && !mcp__op_is_waiting(op, other);
    return op->leg[other].failure == MCP__FAILURE_NONE &&
           (op->view.is_usable[other] || !op->view.is_usable[leg]);
}

int64_t
mcp__op_limit(const mcp__op *op, int leg)
{
    if (op->leg[leg].state != MCP__LEG_WAITING && op->leg[leg].state != MCP__LEG_SENT)
        return INT64_MAX;
#ifdef MCP_MUTANT_DEADLINE_PER_COPY
    return op->leg[leg].started_ms + op->share_ms * 2;
#endif
    int64_t limit_ms = op->leg[leg].started_ms + op->share_ms;
    return limit_ms < op->deadline_ms && has_other_chance(op, leg) ? limit_ms : op->deadline_ms;
}
