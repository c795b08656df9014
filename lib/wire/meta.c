/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/meta.h"

#include <string.h>

#include "wire/classic.h"
#include "wire/token.h"
#include "wire/usual.h"

/* ---- requests ---- */

#define PUT(out, text) MCP__USUAL_PUT(out, text)
#define put_number(out, letter, number) mcp__usual_put_flag(out, letter, number)

static uint8_t *
put_ttl(uint8_t *out, char letter, int64_t ttl)
{
    *out++ = ' ';
    *out++ = (uint8_t)letter;
    return mcp__token_put_signed(out, ttl < 0 ? -1 : ttl);
}

/* "md key O12345678": the opaque stands at a fixed distance from its reply's start, so that the
 * reader finds it without a search. */
static uint8_t *
put_start(uint8_t *out, const char *verb, const mcp__command *command)
{
    out = mcp__usual_put(out, verb, 3);
    memcpy(out, command->key.bytes, command->key.len);
    return mcp__usual_put_opaque(out + command->key.len, command->opaque);
}

static uint8_t *
put_get(uint8_t *out, const mcp__command *command)
{
    switch (command->kind) {
    case MCP__COMMAND_GET:
        return mcp__usual_put_get(out, command->key, command->opaque, command->want);
    case MCP__COMMAND_NUMBER:
        return mcp__usual_put_number(out, command->key, command->opaque);
    default:
        break;
    }
    out = mcp__usual_put_start(out, command->key, command->opaque);
    if (command->kind == MCP__COMMAND_PEEK)
        return PUT(out, " c s f");
    if (command->kind == MCP__COMMAND_LEASE) {
        out = put_ttl(out, 'N', command->ttl);
        if (command->delta != 0)
            out = put_number(out, 'R', command->delta);
    } else { /* before "t", which then shows the new one */
        out = put_ttl(out, 'T', command->ttl);
    }
    if (command->kind != MCP__COMMAND_TOUCH) {
        out = PUT(out, " v f");
        if (command->want & MCP_WANT_CAS)
            out = PUT(out, " c");
        if (command->want & MCP_WANT_TTL)
            out = PUT(out, " t");
    }
    return out;
}

static uint8_t *
put_store(uint8_t *out, const mcp__command *command)
{
    int64_t ttl = command->ttl;
    out = mcp__usual_put_set(out, command->key, command->value.len, command->opaque, command->flags,
                             ttl < 0 ? 0 : ttl);
    if (ttl < 0)
        out = put_ttl(out, 'T', ttl);
    switch (command->kind) {
    case MCP__COMMAND_ADD:
        out = PUT(out, " ME");
        break;
    case MCP__COMMAND_REPLACE:
        out = PUT(out, " MR");
        break;
    case MCP__COMMAND_APPEND:
        out = PUT(out, " MA");
        break;
    case MCP__COMMAND_PREPEND:
        out = PUT(out, " MP");
        break;
    case MCP__COMMAND_CAS:
        out = put_number(out, 'C', command->unique);
        break;
    default:
        break;
    }
    return command->want & MCP_WANT_CAS ? PUT(out, " c") : out;
}

static uint8_t *
put_count(uint8_t *out, const mcp__command *command)
{
    int is_down = command->kind == MCP__COMMAND_DECR;
    if (!command->with_initial)
        return mcp__usual_put_count(out, command->key, command->opaque, is_down, command->delta);
    out = put_ttl(put_start(out, "ma ", command), 'N', command->ttl);
    out = put_number(out, 'J', command->initial);
    if (is_down)
        out = PUT(out, " MD");
    return PUT(put_number(out, 'D', command->delta), " v");
}

size_t
mcp__meta_encode(const mcp__command *command, uint8_t *out)
{
    uint8_t *start = out;
    switch (command->kind) {
    case MCP__COMMAND_GET:
    case MCP__COMMAND_GAT:
    case MCP__COMMAND_TOUCH:
    case MCP__COMMAND_PEEK:
    case MCP__COMMAND_NUMBER:
    case MCP__COMMAND_LEASE:
        out = put_get(out, command);
        break;
    case MCP__COMMAND_DELETE:
        out = put_start(out, "md ", command);
        if (command->unique != 0)
            out = put_number(out, 'C', command->unique);
        break;
    case MCP__COMMAND_INCR:
    case MCP__COMMAND_DECR:
        out = put_count(out, command);
        break;
    case MCP__COMMAND_PING:
        out = PUT(out, "mn");
        break;
    case MCP__COMMAND_VERSION:
    case MCP__COMMAND_STATS:
    case MCP__COMMAND_FLUSH:
        return mcp__classic_encode(command, out);
    default:
        out = put_store(out, command);
        break;
    }
    if (command->is_base64)
        out = PUT(out, " b");
    out = PUT(out, "\r\n");
    return (size_t)(out - start);
}

/* ---- replies ---- */

#define PAIR(a, b) ((uint16_t)((uint16_t)(a) << 8 | (uint8_t)(b)))

/* One flag of a reply, from behind its letter: "f7", "c12", "t-1", "O........". Returns the end of
 * it or NULL. Letters we never ask for are passed over: a newer server may add some. */
static const uint8_t *
parse_flag(const uint8_t *at, const uint8_t *end, mcp__reply *reply)
{
    uint64_t number = 0;
    switch (*at++) {
    case 'O':
        if (end - at < MCP__OPAQUE_LEN)
            return NULL;
        memcpy(&reply->opaque, at, MCP__OPAQUE_LEN);
        return at + MCP__OPAQUE_LEN;
    case 'f':
        at = mcp__token_get(at, end, &number);
        reply->flags = (uint32_t)number;
        return number > UINT32_MAX ? NULL : at;
    case 'c':
        return mcp__token_get(at, end, &reply->cas);
    case 's':
        return mcp__token_get(at, end, &reply->size);
    case 'W':
        reply->lease |= MCP__LEASE_WON;
        return at;
    case 'Z':
        reply->lease |= MCP__LEASE_TAKEN;
        return at;
    case 'X':
        reply->lease |= MCP__LEASE_STALE;
        return at;
    case 't':
        if (end - at >= 2 && at[0] == '-' && at[1] == '1') {
            reply->ttl = -1;
            return at + 2;
        }
        at = mcp__token_get(at, end, &number);
        reply->ttl = (int64_t)number;
        return number > INT64_MAX ? NULL : at;
    default:
        while (at<end && * at> ' ')
            at++;
        return at == end || *at == ' ' ? at : NULL;
    }
}

/* " O12345678 f7 c12" up to `end`, which is where the CR stands. */
static int
parse_flags(const uint8_t *at, const uint8_t *end, mcp__reply *reply)
{
    while (at < end) {
        if (*at++ != ' ')
            return 0;
        if (at == end) /* some replies end in a blank */
            return 1;
        at = parse_flag(at, end, reply);
        if (at == NULL)
            return 0;
    }
    return 1;
}

/* The value and its CR LF behind the line that ends at `line_len`. */
static ssize_t
parse_value(const uint8_t *bytes, size_t len, size_t line_len, size_t value_len, mcp__reply *reply,
            size_t *wanted)
{
    size_t all = line_len + value_len + 2;
    if (len < all) {
        *wanted = all;
        return MCP__PARSE_MORE;
    }
    const uint8_t *value = bytes + line_len;
    if (value[value_len] != '\r' || value[value_len + 1] != '\n')
        return MCP__PARSE_BAD;
    reply->value = (mcp__span){value, value_len};
    return (ssize_t)all;
}

static ssize_t
parse_va(const uint8_t *bytes, size_t len, const uint8_t *cr, size_t value_max, mcp__reply *reply,
         size_t *wanted)
{
    uint64_t value_len;
    if (bytes[2] != ' ')
        return MCP__PARSE_BAD;
    const uint8_t *at = mcp__token_get(bytes + 3, cr, &value_len);
    if (at == NULL || value_len > value_max || !parse_flags(at, cr, reply))
        return MCP__PARSE_BAD;
    reply->kind = MCP__REPLY_VALUE;
    return parse_value(bytes, len, (size_t)(cr - bytes) + 2, (size_t)value_len, reply, wanted);
}

static mcp__reply_kind
kind_of(const uint8_t *line)
{
    switch (PAIR(line[0], line[1])) {
    case PAIR('H', 'D'):
        return MCP__REPLY_DONE;
    case PAIR('E', 'N'):
        return MCP__REPLY_MISS;
    case PAIR('N', 'S'):
        return MCP__REPLY_NOT_STORED;
    case PAIR('E', 'X'):
        return MCP__REPLY_EXISTS;
    case PAIR('N', 'F'):
        return MCP__REPLY_NOT_FOUND;
    case PAIR('M', 'N'):
        return MCP__REPLY_PONG;
    default:
        return 0;
    }
}

ssize_t
mcp__meta_parse(const uint8_t *bytes, size_t len, size_t value_max, mcp__reply *reply,
                size_t *wanted)
{
    *wanted = 0;
    size_t window = len < MCP__LINE_MAX ? len : MCP__LINE_MAX;
    const uint8_t *lf = memchr(bytes, '\n', window);
    if (lf == NULL)
        return len >= MCP__LINE_MAX ? MCP__PARSE_BAD : MCP__PARSE_MORE;
    const uint8_t *cr = lf - 1;
    if (lf - bytes < 3 || *cr != '\r')
        return MCP__PARSE_BAD;
    *reply = (mcp__reply){.ttl = -1};
    if (PAIR(bytes[0], bytes[1]) == PAIR('V', 'A'))
        return parse_va(bytes, len, cr, value_max, reply, wanted);
    reply->kind = cr - bytes == 2 || bytes[2] == ' ' ? kind_of(bytes) : 0;
    if (reply->kind == 0)
        return mcp__classic_parse(bytes, len, cr, value_max, reply);
    return parse_flags(bytes + 2, cr, reply) ? lf + 1 - bytes : MCP__PARSE_BAD;
}

/* ---- meaning ---- */

static int
is_error(mcp__reply_kind reply)
{
    return reply == MCP__REPLY_ERROR || reply == MCP__REPLY_CLIENT_ERROR ||
           reply == MCP__REPLY_SERVER_ERROR;
}

#define BIT(kind) (1u << (kind))

int
mcp__meta_fits(mcp__command_kind command, mcp__reply_kind reply)
{
    static const uint16_t stores = BIT(MCP__REPLY_DONE) | BIT(MCP__REPLY_NOT_STORED) |
                                   BIT(MCP__REPLY_EXISTS) | BIT(MCP__REPLY_NOT_FOUND);
    static const uint16_t fitting[] = {
        [MCP__COMMAND_GET] = BIT(MCP__REPLY_VALUE) | BIT(MCP__REPLY_MISS),
        [MCP__COMMAND_GAT] = BIT(MCP__REPLY_VALUE) | BIT(MCP__REPLY_MISS),
        [MCP__COMMAND_TOUCH] = BIT(MCP__REPLY_DONE) | BIT(MCP__REPLY_MISS),
        [MCP__COMMAND_PEEK] = BIT(MCP__REPLY_DONE) | BIT(MCP__REPLY_MISS),
        [MCP__COMMAND_NUMBER] = BIT(MCP__REPLY_DONE) | BIT(MCP__REPLY_MISS),
        [MCP__COMMAND_LEASE] = BIT(MCP__REPLY_VALUE) | BIT(MCP__REPLY_MISS),
        [MCP__COMMAND_DELETE] =
            BIT(MCP__REPLY_DONE) | BIT(MCP__REPLY_NOT_FOUND) | BIT(MCP__REPLY_EXISTS),
        [MCP__COMMAND_INCR] =
            BIT(MCP__REPLY_VALUE) | BIT(MCP__REPLY_NOT_FOUND) | BIT(MCP__REPLY_NOT_STORED),
        [MCP__COMMAND_DECR] =
            BIT(MCP__REPLY_VALUE) | BIT(MCP__REPLY_NOT_FOUND) | BIT(MCP__REPLY_NOT_STORED),
        [MCP__COMMAND_PING] = BIT(MCP__REPLY_PONG),
        [MCP__COMMAND_VERSION] = BIT(MCP__REPLY_VERSION),
        [MCP__COMMAND_STATS] = BIT(MCP__REPLY_STATS) | BIT(MCP__REPLY_OK),
        [MCP__COMMAND_FLUSH] = BIT(MCP__REPLY_OK),
    };
    if (is_error(reply))
        return 1;
    return ((mcp__command_has_value(command) ? stores : fitting[command]) & BIT(reply)) != 0;
}

static int
says(const mcp__reply *reply, const char *text)
{
    size_t len = strlen(text);
    return reply->value.len >= len && memcmp(reply->value.bytes, text, len) == 0;
}

/* The same words mean different things: "out of memory" to a get says nothing about the value. */
static mcp_status
status_of_error(mcp__command_kind command, const mcp__reply *reply)
{
    if (reply->kind == MCP__REPLY_ERROR)
        return MCP_UNSUPPORTED;
    if (reply->kind == MCP__REPLY_CLIENT_ERROR) {
        int counts = command == MCP__COMMAND_INCR || command == MCP__COMMAND_DECR;
        if (counts && says(reply, "cannot increment or decrement non-numeric value"))
            return MCP_NOT_NUMBER;
        return says(reply, "unauthenticated") ? MCP_REFUSED : MCP_SERVER_ERROR;
    }
    if (!mcp__command_has_value(command))
        return MCP_SERVER_ERROR;
    if (says(reply, "object too large for cache"))
        return MCP_TOO_BIG;
    return says(reply, "out of memory") ? MCP_SERVER_FULL : MCP_SERVER_ERROR;
}

mcp_status
mcp__meta_status(mcp__command_kind command, const mcp__reply *reply)
{
    switch (reply->kind) {
    case MCP__REPLY_MISS:
    case MCP__REPLY_NOT_FOUND:
        return command == MCP__COMMAND_REPLACE || command == MCP__COMMAND_APPEND ||
                       command == MCP__COMMAND_PREPEND
                   ? MCP_NOT_STORED
                   : MCP_NOT_FOUND;
    case MCP__REPLY_NOT_STORED:
        return MCP_NOT_STORED;
    case MCP__REPLY_EXISTS:
        return MCP_EXISTS;
    case MCP__REPLY_ERROR:
    case MCP__REPLY_CLIENT_ERROR:
    case MCP__REPLY_SERVER_ERROR:
        return status_of_error(command, reply);
    default:
        return MCP_OK;
    }
}
