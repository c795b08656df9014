/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/op.h"

#include <string.h>

#include "pair/marks.h"
#include "wire/token.h"
#include "wire/ttl.h"
#include "wire/usual.h"

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
    op->is_looking = 0;
    op->has_looked = 0;
    op->has_looked_again = 0;
    op->is_background = 0;
    op->is_filling = 0;
    op->may_stand = 0;
    op->tries = 0;
    op->sequel = MCP__SEQUEL_NONE;
    op->authority = MCP__PRIMARY;
    op->with_initial = request->with_initial != 0;
    op->want = request->want;
    op->is_base64 = 0;
    op->key = (mcp__span){request->key, request->key_len};
    op->value = (mcp__span){request->value, request->value_len};
    op->ttl = request->ttl;
    op->flags = request->flags;
    op->cas = request->cas;
    op->unique = mcp__token_cas_unique(request->cas);
    op->drop_unique = 0;
    op->delta = request->delta;
    op->initial = request->initial;
    clear_leg(op, MCP__PRIMARY);
    clear_leg(op, MCP__BACKUP);
    op->ledger[MCP__PRIMARY] = op->ledger[MCP__BACKUP] = NULL;
    op->copy_cas[MCP__PRIMARY] = op->copy_cas[MCP__BACKUP] = 0;
    op->mark.is_active = 0;
    op->mark.has = 0;
    op->mark.is_second = 0;
    op->hold_ms = 0;
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

/* ---- words of the record ---- */

/* The marks lack the server's entry, or that its segment was begun, or both. */
static size_t
put_list(char *out, const mcp__op *op, uint32_t id8)
{
    mcp__mark entry = {.id8 = id8, .inc8 = op->mark.inc8};
    mcp__mark begun = {
        .id8 = id8,
        .segment = op->mark.is_whole ? MCP__MARKS_EVERY : op->mark.segment,
        .tag = op->mark.tag,
        .is_segment = 1,
    };
    size_t len = 0;
    if (op->mark.lists & MCP__MARK_SEGMENT)
        len += mcp__marks_put(out, &begun);
    if (op->mark.lists & MCP__MARK_ENTRY)
        len += mcp__marks_put(out + len, &entry);
    return len;
}

static mcp__command_kind
kind_of_word(uint8_t word)
{
    switch (word) {
    case MCP__WORD_MARKS:
    case MCP__WORD_EPOCH:
        return MCP__COMMAND_GET;
    case MCP__WORD_JOURNAL:
    case MCP__WORD_LIST:
    case MCP__WORD_BUMP:
        return MCP__COMMAND_APPEND;
    case MCP__WORD_JOURNAL_NEW:
    case MCP__WORD_LIST_NEW:
        return MCP__COMMAND_ADD;
    case MCP__WORD_JOURNAL_WHOLE:
    case MCP__WORD_EPOCH_READY:
        return MCP__COMMAND_SET;
    case MCP__WORD_PEEK:
        return MCP__COMMAND_NUMBER;
    default:
        return MCP__COMMAND_PEEK;
    }
}

static size_t
put_value(const mcp__op *op, int leg, uint8_t word, uint32_t missed, char *out)
{
    switch (word) {
    case MCP__WORD_JOURNAL:
    case MCP__WORD_JOURNAL_NEW:
        return mcp__marks_put_line(out, op->key.bytes, op->key.len, op->is_base64);
    case MCP__WORD_JOURNAL_WHOLE:
        out[0] = '*';
        return 1;
    case MCP__WORD_LIST:
    case MCP__WORD_LIST_NEW:
        return put_list(out, op, missed);
    case MCP__WORD_EPOCH_READY: {
        mcp__epoch_item epoch = op->ledger[leg]->epoch_item;
        epoch.is_warming = 0;
        return mcp__marks_put_epoch(out, &epoch);
    }
    default:
        return 0;
    }
}

static mcp__command
word_command(const mcp__op *op, int leg, uint8_t word, mcp__scratch *scratch)
{
    mcp__command command = {.kind = kind_of_word(word), .key = {scratch->key, 0}};
    mcp__span prefix = op->promise->prefix;
    int other = MCP__OTHER(leg);
    uint32_t missed = op->ledger[other] != NULL ? op->ledger[other]->id8 : 0;
    switch (word) {
    case MCP__WORD_MARKS:
    case MCP__WORD_LIST:
    case MCP__WORD_LIST_NEW:
    case MCP__WORD_BUMP:
        command.key.len = mcp__marks_key_list(scratch->key, prefix);
        break;
    case MCP__WORD_EPOCH:
    case MCP__WORD_EPOCH_READY:
        command.key.len = mcp__marks_key_epoch(scratch->key, prefix);
        break;
    case MCP__WORD_PEEK:
        command.key = op->key;
        command.is_base64 = op->is_base64;
        break;
    default:
        command.key.len = mcp__marks_key_journal(scratch->key, prefix, missed, op->mark.segment);
        break;
    }
    if (command.kind == MCP__COMMAND_GET)
        command.want = MCP_WANT_CAS;
    if (mcp__command_has_value(command.kind)) {
        int begins = word == MCP__WORD_JOURNAL_NEW || word == MCP__WORD_JOURNAL_WHOLE;
        command.flags = begins ? MCP__MARKS_TAG_FLAGS(op->mark.new_tag) : MCP__MARKS_FORMAT;
        command.value =
            (mcp__span){scratch->value, put_value(op, leg, word, missed, scratch->value)};
    }
    if (word == MCP__WORD_JOURNAL_WHOLE && op->mark.unique != 0) {
        command.kind = MCP__COMMAND_CAS;
        command.unique = op->mark.unique;
        command.flags = MCP__MARKS_TAG_FLAGS(op->mark.tag);
    }
    return command;
}

/* It is to expire at once, is decided here first, and is removed when the backup has been emptied. Until
 * then it stays: whoever fills this copy would bring back what the backup has. */
static int
is_to_go(const mcp__op *op, int leg, mcp__command_kind kind)
{
    int is_decided = kind == MCP__COMMAND_ADD || kind == MCP__COMMAND_REPLACE ||
                     kind == MCP__COMMAND_CAS;
    return op->ttl < 0 && is_decided && leg == MCP__PRIMARY && op->authority == MCP__PRIMARY &&
           !op->mark.is_active && mcp__op_keeps_record(op);
}

mcp__command
mcp__op_command(const mcp__op *op, int leg, uint8_t word, mcp__scratch *scratch)
{
    if (word >= MCP__WORD_MARKS)
        return word_command(op, leg, word, scratch);
    mcp__command_kind kind = (mcp__command_kind)word;
    mcp__command command = {
        .kind = kind,
        .flags = op->flags,
        .want = op->want,
        .with_initial = op->with_initial,
        .is_base64 = op->is_base64,
        .key = op->key,
        .value = op->value,
        .ttl = op->ttl,
        .unique = kind == MCP__COMMAND_DELETE ? op->drop_unique : op->unique,
        .delta = op->delta,
        .initial = op->initial,
    };
    if (is_to_go(op, leg, kind))
        command.ttl = 1;
    int is_append = op->verb == MCP_APPEND || op->verb == MCP_PREPEND;
    if (is_append && kind == MCP__COMMAND_GET)
        command.want = MCP_WANT_TTL | MCP_WANT_CAS;
    if (is_append && kind == MCP__COMMAND_SET)
        use_kept(op, &command);
    if (op->is_filling) {
        if (kind == MCP__COMMAND_GET)
            command.want = op->want | MCP_WANT_TTL | MCP_WANT_CAS;
        else if (kind == MCP__COMMAND_LEASE) {
            command.want = op->want | MCP_WANT_CAS;
            command.ttl = op->verb == MCP_LEASE ? op->ttl : MCP__LEASE_SECONDS;
        } else if (mcp__command_has_value(kind))
            use_kept(op, &command);
    }
    if (kind == MCP__COMMAND_LEASE) /* the token is what a lease is won for */
        command.want |= MCP_WANT_CAS;
    /* Behind a store both copies are compared by the numbers that their servers gave them. */
    if (kind >= MCP__COMMAND_SET && kind <= MCP__COMMAND_CAS && mcp__op_keeps_record(op) &&
        (op->promise->verifies || op->view.stands[0] || op->view.stands[1]))
        command.want |= MCP_WANT_CAS;
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

uint64_t
mcp__op_number(const mcp__span *value)
{
    uint64_t number = 0;
    const uint8_t *bytes = value->bytes, *end = bytes + value->len;
    if (value->len > 0 && mcp__usual_number(bytes, end, &number) == NULL)
        mcp__token_get(bytes, end, &number); /* a longer one */
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
            op->number = mcp__op_number(&reply->value);
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
    int is_done = (primary->copy == MCP_COPY_OK && primary->is_mutation) ||
                  (backup->copy == MCP_COPY_OK && backup->is_mutation);
    if (is_mutation &&
        (is_done || primary->copy == MCP_COPY_UNKNOWN || backup->copy == MCP_COPY_UNKNOWN))
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
    int is_read = op->verb == MCP_GET || op->verb == MCP_LEASE;
    if (is_read && !mcp__view_is_trusted(&op->view, other)) /* it will not be asked */
        return 0;
    int is_there = op->view.is_usable[other] && op->leg[other].failure == MCP__FAILURE_NONE;
    return is_there || !op->view.is_usable[leg];
}

/*
 * Strict: behind a copy that does not answer there has to be time for the record and the life of a view.
 * One share leaves it, unless the same copy has taken most of another one for its question.
 */
static int64_t
latest_ms(const mcp__op *op, int leg)
{
    const mcp__leg *asked = &op->leg[leg];
    int64_t least_ms = asked->started_ms + op->share_ms / 2;
    int64_t last_ms = op->deadline_ms - op->promise->view_life_ms - op->share_ms / 8;
    int is_write = op->verb != MCP_GET && op->verb != MCP_LEASE && mcp__op_keeps_record(op);
    if (!is_write || op->is_looking || !op->promise->is_strict || asked->looked_ms <= op->share_ms / 2)
        return op->deadline_ms;
    return last_ms > least_ms ? last_ms : least_ms;
}

int64_t
mcp__op_limit(const mcp__op *op, int leg)
{
    if (op->leg[leg].state != MCP__LEG_WAITING && op->leg[leg].state != MCP__LEG_SENT)
        return INT64_MAX;
    if (op->is_background)
        return op->deadline_ms;
#ifdef MCP_MUTANT_DEADLINE_PER_COPY
    return op->leg[leg].started_ms + op->share_ms * 2;
#endif
    int64_t limit_ms = op->leg[leg].started_ms + op->share_ms;
    int may_hurry = op->is_looking || has_other_chance(op, leg);
    if (may_hurry && latest_ms(op, leg) < limit_ms)
        limit_ms = latest_ms(op, leg);
    return limit_ms < op->deadline_ms && may_hurry ? limit_ms : op->deadline_ms;
}

int
mcp__op_is_outdated(const mcp__op *op, int leg)
{
    int other = MCP__OTHER(leg);
    uint8_t word = op->leg[leg].bundle[0];
    int depends = word == MCP__COMMAND_GET || word == MCP__COMMAND_GAT ||
                  word == MCP__COMMAND_LEASE ||
                  (word >= MCP__COMMAND_ADD && word <= MCP__COMMAND_CAS);
    return depends && !op->is_background && !op->is_direct && !op->view.stands[leg] &&
           mcp__op_keeps_record(op) && mcp__ledger_lists(op->ledger[other], op->ledger[leg]->id8);
}
