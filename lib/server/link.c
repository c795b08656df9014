/* SPDX-License-Identifier: BSD-3-Clause */
#include "server/link.h"

#include <string.h>

#include "server/link_parts.h"
#include "wire/token.h"
#include "wire/usual.h"

/* One receive takes what fits: 16 kB hold a hundred small values and cost no second call. */
#define IN_SIZE 16384
#define OUT_FIRST 2048 /* a few commands: quiet ones are queued without any memory */
#define OUT_MAX (64 * 1024 * 1024)
#define PENDING_FIRST 16
#define PENDING_MAX (1u << 24)
#define NOTES_MAX ((size_t)1 << 30)

void
mcp__link_init(mcp__link *link, const mcp__mem *mem, size_t value_max)
{
    memset(link, 0, sizeof *link);
    link->mem = mem;
    link->value_max = value_max;
    size_t largest = value_max > MCP__STATS_MAX ? value_max : MCP__STATS_MAX;
    mcp__buf_init(&link->in, mem, largest + IN_SIZE);
    mcp__buf_init(&link->out, mem, OUT_MAX);
    mcp__buf_init(&link->notes, mem, NOTES_MAX);
}

void
mcp__link_login(mcp__link *link, const mcp__login *login)
{
    link->login = *login;
}

/* Nobody is to find the password in what is left of the greeting. */
static void
wipe_login(mcp__link *link)
{
    mcp__buf *out = &link->out;
    if (link->login.auth.len > 0 && out->block != NULL && mcp__buf_len(out) == 0)
        memset(out->block, 0, out->capacity);
}

void
mcp__link_fini(mcp__link *link)
{
    mcp__buf_clear(&link->out);
    wipe_login(link);
    mcp__buf_fini(&link->in);
    mcp__buf_fini(&link->out);
    mcp__buf_fini(&link->notes);
    mcp__mem_free(link->mem, link->splices);
    mcp__mem_free(link->mem, link->pending);
}

int
mcp__link_connected(mcp__link *link)
{
    mcp__greeting greeting = mcp__link_greeting(link);
    if (mcp__buf_room(&link->in, IN_SIZE) == NULL ||
        mcp__buf_room(&link->out, OUT_FIRST) == NULL ||
        mcp__hello_write(&link->out, &link->login, greeting) != 0)
        return -1;
    link->queued = link->due = mcp__buf_len(&link->out);
    link->state = MCP__LINK_GREETING;
    link->is_known = 0;
    link->is_stranger = link->login.auth.len > 0;
    link->is_plain = greeting == MCP__GREETING_PLAIN;
    link->is_classic = link->is_plain || greeting == MCP__GREETING_CLASSIC;
    link->is_probing = greeting == MCP__GREETING_META || greeting == MCP__GREETING_CLASSIC;
    link->tries_gat = greeting == MCP__GREETING_CLASSIC;
    link->has_stubs = 0;
    link->classic_from = 0;
    return 0;
}

/* ---- what goes out ---- */

static int
grow_pending(mcp__link *link)
{
    uint32_t old_capacity = link->pending == NULL ? 0 : link->pending_mask + 1;
    uint32_t capacity = old_capacity == 0 ? PENDING_FIRST : old_capacity * 2;
    if (capacity > PENDING_MAX)
        return -1;
    mcp__pending *ring = mcp__mem_new(link->mem, capacity * sizeof *ring);
    if (ring == NULL)
        return -1;
    for (uint32_t i = 0; i < link->pending_count; i++)
        ring[i] = link->pending[(link->pending_head + i) & link->pending_mask];
    mcp__mem_free(link->mem, link->pending);
    link->pending = ring;
    link->pending_head = 0;
    link->pending_mask = capacity - 1;
    return 0;
}

/* One more is to find room: at the front, where others have gone, or in a larger block. */
static int
grow_splices(mcp__link *link)
{
    if (link->first_splice > 0) {
        memmove(link->splices, link->splices + link->first_splice,
                link->n_splices * sizeof *link->splices);
        link->first_splice = 0;
        return 0;
    }
    size_t capacity = link->splice_capacity == 0 ? 4 : link->splice_capacity * 2;
    mcp__splice *splices = mcp__mem_resize(link->mem, link->splices, capacity * sizeof *splices);
    if (splices == NULL)
        return -1;
    link->splices = splices;
    link->splice_capacity = capacity;
    return 0;
}

uint8_t *
mcp__link_prepare(mcp__link *link, size_t len, int is_spliced)
{
    int is_full = link->pending == NULL || link->pending_count > link->pending_mask;
    if (is_full && grow_pending(link) != 0)
        return NULL;
    if (link->first_splice + link->n_splices == link->splice_capacity && is_spliced &&
        grow_splices(link) != 0)
        return NULL;
    return mcp__buf_room(&link->out, len);
}

uint8_t *
mcp__link_put_large(mcp__link *link, uint8_t *out, mcp__span value)
{
    uint64_t at = link->out_taken + (uint64_t)(out - mcp__buf_bytes(&link->out));
    link->splices[link->first_splice + link->n_splices++] = (mcp__splice){at, value};
    link->queued += value.len;
    return out;
}

int
mcp__link_put(mcp__link *link, const mcp__command *command, void *op, uint8_t leg)
{
    mcp__asker asker = {.op = op, .leg = leg, .is_awaited = op != NULL};
    return mcp__link_ask(link, command, &asker);
}

int
mcp__link_ask(mcp__link *link, const mcp__command *command, const mcp__asker *asker)
{
    if (link->is_classic)
        return mcp__link_ask_classic(link, command, asker);
    int has_value = mcp__command_has_value(command->kind);
    size_t copied_len =
        has_value && command->value.len <= MCP__LINK_COPY_MAX ? command->value.len : 0;
    uint8_t *room = mcp__link_prepare(link, MCP__HEAD_MAX(command->key.len) + copied_len + 2,
                                      command->value.len > copied_len);
    if (room == NULL)
        return -1;
    uint64_t first_byte = link->queued;
    uint8_t *out = room + mcp__meta_encode(command, room);
    if (has_value)
        out = mcp__link_put_value(link, out, command->value);
    mcp__buf_filled(&link->out, (size_t)(out - room));
    link->queued += (uint64_t)(out - room);
    *mcp__link_slot(link) = (mcp__pending){.op = asker->op,
                                           .opaque = command->opaque,
                                           .first_byte = first_byte,
                                           .asked_ms = asker->now_ms,
                                           .leg = asker->leg,
                                           .kind = (uint8_t)command->kind,
                                           .word = asker->word,
                                           .is_awaited = asker->is_awaited,
                                           .is_check = asker->is_check};
    mcp__link_push(link, asker->is_awaited);
    if (!asker->is_rider)
        link->due = link->queued;
    return 0;
}

int
mcp__link_put_raw(mcp__link *link, const void *bytes, size_t len)
{
    uint8_t *room = mcp__buf_room(&link->out, len);
    if (room == NULL)
        return -1;
    memcpy(room, bytes, len);
    mcp__buf_filled(&link->out, len);
    link->queued += len;
    link->due = link->queued;
    link->is_raw = 1;
    return 0;
}

size_t
mcp__link_output(const mcp__link *link, mcp__span *spans, size_t max)
{
    size_t n = 0, at = 0, len = mcp__buf_len(&link->out);
    const uint8_t *bytes = mcp__buf_bytes(&link->out);
    if (link->n_splices == 0) {
        spans[0] = (mcp__span){bytes, len};
        return len > 0;
    }
    for (size_t i = 0; i < link->n_splices && n < max; i++) {
        const mcp__splice *splice = &link->splices[link->first_splice + i];
        size_t before = (size_t)(splice->at - link->out_taken) - at;
        if (before > 0)
            spans[n++] = (mcp__span){bytes + at, before};
        at += before;
        size_t gone = i == 0 ? link->splice_sent : 0;
        if (n < max)
            spans[n++] =
                (mcp__span){(const uint8_t *)splice->view.bytes + gone, splice->view.len - gone};
        else
            return n;
    }
    if (at < len && n < max)
        spans[n++] = (mcp__span){bytes + at, len - at};
    return n;
}

/* Up to `len` bytes of the first splice, when it is its turn. */
static size_t
take_splice(mcp__link *link, size_t len)
{
    const mcp__splice *splice = &link->splices[link->first_splice];
    size_t left = splice->view.len - link->splice_sent;
    size_t taken = len < left ? len : left;
    link->splice_sent += taken;
    if (taken == left) {
        link->splice_sent = 0;
        link->first_splice++;
        if (--link->n_splices == 0)
            link->first_splice = 0;
    }
    return taken;
}

void
mcp__link_sent_slow(mcp__link *link, size_t len)
{
    link->sent += len;
    while (len > 0) {
        size_t taken = mcp__buf_len(&link->out);
        if (link->n_splices > 0)
            taken = (size_t)(link->splices[link->first_splice].at - link->out_taken);
        if (taken > len)
            taken = len;
        mcp__buf_take(&link->out, taken);
        link->out_taken += taken;
        len -= taken;
        if (len > 0)
            len -= take_splice(link, len);
    }
}

/* ---- what comes in ---- */

uint8_t *
mcp__link_room_slow(mcp__link *link, size_t *len)
{
    if (link->n_pinned > 0)
        return NULL;
    mcp__buf *in = &link->in;
    if (in->capacity > MCP__LINK_IN_KEPT_MAX)
        mcp__buf_trim(in, IN_SIZE);
    if (in->capacity - in->end == 0 || (in->start > 0 && in->capacity - in->end < IN_SIZE / 4)) {
        if (mcp__buf_room(in, in->capacity > IN_SIZE ? in->capacity / 4 : IN_SIZE / 4) == NULL &&
            mcp__buf_room(in, 1) == NULL)
            return NULL;
    }
    *len = in->capacity - in->end;
    return in->block + in->end;
}

static int
matches(const mcp__link *link, const mcp__pending *pending, const mcp__reply *reply)
{
    if (!mcp__meta_fits(pending->kind, reply->kind))
        return 0;
    if (reply->kind >= MCP__REPLY_PONG) /* these never carry an opaque */
        return 1;
#ifdef MCP_MUTANT_OPAQUE_IGNORED
    return 1;
#endif
    if (reply->opaque == pending->opaque)
        return 1;
    int is_miss = reply->kind == MCP__REPLY_MISS || reply->kind == MCP__REPLY_NOT_FOUND;
    return reply->opaque == 0 && is_miss && !link->hello.echoes_misses;
}

int
mcp__link_is_all_sent(const mcp__link *link)
{
    const mcp__pending *oldest = mcp__link_oldest(link);
    uint64_t end = link->queued;
    if (oldest != NULL && oldest->next_kind != MCP__COMMAND_NONE)
        end = oldest->first_byte + oldest->next_at;
    else if (link->pending_count > 1)
        end = link->pending[(link->pending_head + 1) & link->pending_mask].first_byte;
    return end <= link->sent;
}

static mcp__link_answer
open_up(mcp__link *link)
{
    wipe_login(link);
    link->state = MCP__LINK_OPEN;
    link->has_answered = 0;
    link->has_left = 0;
    link->knew_meta = !link->is_classic;
    return MCP__LINK_GREETED;
}

/* Its version. What else was asked is answered behind it, and only then the link is open. */
static mcp__link_answer
greeted(mcp__link *link, const mcp__reply *reply)
{
    int is_lost = link->dialect == MCP__DIALECT_META && reply->kind == MCP__REPLY_ERROR;
    if (is_lost || mcp__hello_read(&link->hello, reply) != 0)
        return MCP__LINK_WRONG_PEER;
    link->is_known = 1;
    mcp__link_hear_version(link);
    return link->pending_count > 0 || link->is_probing ? MCP__LINK_VERSION : open_up(link);
}

/* The reply to our login: a server that asks for none says the same, or cannot store it. */
static int
take_login(mcp__link *link, const uint8_t *bytes, size_t len)
{
    size_t used = mcp__hello_read_login(bytes, len);
    if (used == 0)
        return 0;
    link->is_stranger = 0;
    mcp__buf_take(&link->in, used);
    return 1;
}

mcp__link_answer
mcp__link_not_protocol(const mcp__link *link, mcp__reply *reply)
{
    size_t len = mcp__buf_len(&link->in);
    const uint8_t *bytes = mcp__buf_bytes(&link->in);
    const uint8_t *end = memchr(bytes, '\n', len);
    reply->value = (mcp__span){bytes, end == NULL ? len : (size_t)(end - bytes)};
    return link->state == MCP__LINK_GREETING ? MCP__LINK_WRONG_PEER : MCP__LINK_MISMATCH;
}

/* What belongs to the greeting alone, and is not a request's. */
static mcp__link_answer
next_of_greeting(mcp__link *link, mcp__reply *reply, int *is_over)
{
    *is_over = 1;
    if (link->is_known && link->is_probing)
        return mcp__link_take_probe(link, reply);
    if (link->is_known && link->pending_count == 0)
        return open_up(link);
    if (!link->is_known && link->is_plain && !link->is_stranger)
        return mcp__link_take_plain(link, reply);
    *is_over = 0;
    return MCP__LINK_NOTHING;
}

static mcp__link_answer
next(mcp__link *link, mcp__pending *pending, mcp__reply *reply)
{
    size_t len = mcp__buf_len(&link->in);
    int is_unknown = link->state == MCP__LINK_GREETING && !link->is_known;
    if (link->state == MCP__LINK_GREETING) {
        int is_over;
        mcp__link_answer answer = next_of_greeting(link, reply, &is_over);
        if (is_over)
            return answer;
    }
    if (len == 0)
        return MCP__LINK_NOTHING;
    const uint8_t *bytes = mcp__buf_bytes(&link->in);
    const mcp__pending *oldest = is_unknown ? NULL : mcp__link_oldest(link);
    ssize_t used = MCP__PARSE_MORE;
    size_t wanted;
    if (is_unknown && mcp__hello_is_tls(bytes, len)) /* it will never be a line */
        return mcp__link_not_protocol(link, reply);
    if (is_unknown && link->is_stranger && take_login(link, bytes, len))
        return MCP__LINK_VERSION;
    if (oldest != NULL && oldest->is_convoy)
        return MCP__LINK_CONVOY;
    if (oldest == NULL && link->state == MCP__LINK_OPEN) /* nobody asked, not even half a line */
        return mcp__link_not_protocol(link, reply);
    if (link->is_classic && oldest != NULL && oldest->first_byte >= link->classic_from)
        return mcp__link_next_classic(link, pending, reply);
    if (oldest != NULL)
        used = mcp__usual_parse(bytes, len, link->value_max, oldest->opaque, reply);
    if (used == MCP__PARSE_MORE)
        used = mcp__meta_parse(bytes, len, link->value_max, reply, &wanted);
    if (used == MCP__PARSE_MORE)
        return MCP__LINK_NOTHING;
    if (used < 0)
        return mcp__link_not_protocol(link, reply);
    if (is_unknown) {
        mcp__link_answer answer = greeted(link, reply);
        mcp__buf_take(&link->in, (size_t)used);
        return answer;
    }
    if (!matches(link, oldest, reply))
        return MCP__LINK_MISMATCH;
    if (link->state == MCP__LINK_GREETING)
        mcp__link_hear_error(link, reply);
    if (!mcp__link_is_all_sent(link)) {
        if (reply->kind < MCP__REPLY_ERROR)
            return MCP__LINK_MISMATCH;
        link->is_spoiled = 1;
    }
    mcp__buf_take(&link->in, (size_t)used);
    mcp__link_drop(link, pending);
    link->has_answered = 1;
    return MCP__LINK_REPLY;
}

mcp__link_answer
mcp__link_next(mcp__link *link, mcp__pending *pending, mcp__reply *reply)
{
    mcp__link_answer answer = next(link, pending, reply);
    while (answer == MCP__LINK_VERSION) /* at most the login and the version */
        answer = next(link, pending, reply);
    return answer;
}

int
mcp__link_drop(mcp__link *link, mcp__pending *pending)
{
    if (link->pending_count == 0)
        return 0;
    mcp__pending *oldest = &link->pending[link->pending_head & link->pending_mask];
    *pending = *oldest;
    if (oldest->next_kind != MCP__COMMAND_NONE) { /* the second question is the oldest now */
        oldest->kind = oldest->next_kind;
        oldest->word = oldest->next_word;
        oldest->first_byte += oldest->next_at;
        oldest->next_kind = MCP__COMMAND_NONE;
        return 1;
    }
    if (link->is_classic && pending->first_byte >= link->classic_from)
        mcp__link_forget(link);
    mcp__link_pop(link, pending->is_awaited);
    return 1;
}

void
mcp__link_closed(mcp__link *link)
{
    mcp__buf_clear(&link->in);
    mcp__buf_clear(&link->out);
    wipe_login(link);
    link->state = MCP__LINK_CLOSED;
    link->has_answered = 0;
    link->is_spoiled = 0;
    link->is_raw = 0;
    link->is_classic = link->is_plain = link->is_probing = 0;
    mcp__buf_clear(&link->notes);
    link->queued = link->due = link->sent = link->out_taken = 0;
    link->first_splice = link->n_splices = link->splice_sent = 0;
    link->pending_head = link->pending_count = 0;
    link->n_awaited = 0;
}
