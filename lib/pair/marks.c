/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE /* memmem */
#include "pair/marks.h"

#include <assert.h>
#include <string.h>

#include "place/hash.h"
#include "place/pairing.h"
#include "wire/key.h"
#include "wire/token.h"

#define HEX8 8
#define MARK_LEN (HEX8 + 1 + HEX8 + 1)            /* "01234567=89abcdef;" */
#define SEGMENT_LEN (HEX8 + 1 + 2 + 1 + HEX8 + 1) /* "01234567+63.89abcdef;" */

_Static_assert(MARK_LEN + SEGMENT_LEN <= MCP__MARKS_ENTRY_MAX, "both kinds fit");
_Static_assert(1 + MCP__KEY_MAX + 1 <= MCP__MARKS_LINE_MAX, "every key fits");

/* ---- Hashes ------------------------------------------------------------------------------- */

uint32_t
mcp__marks_id8(const char *name, size_t len)
{
    return (uint32_t)(mcp__hash_xxh3(name, len) >> 32);
}

/* The six highest bits of XXH3-64. Native placement looks at the low half, the others at other
 * hashes. */
uint32_t
mcp__marks_segment(const void *key, size_t len)
{
    _Static_assert(MCP__MARKS_SEGMENTS == 1 << 6, "six bits make a segment");
    return mcp__pairing_hash_bits(key, len) >> (32 - 6);
}

/* ---- Words -------------------------------------------------------------------------------- */

static char *
put_bytes(char *out, const void *bytes, size_t len)
{
    memcpy(out, bytes, len);
    return out + len;
}

static char *
put_hex8(char *out, uint32_t number)
{
    for (int shift = 28; shift >= 0; shift -= 4)
        *out++ = "0123456789abcdef"[number >> shift & 15];
    return out;
}

static char *
put_segment(char *out, uint32_t segment)
{
    assert(segment < MCP__MARKS_SEGMENTS);
    *out++ = (char)('0' + segment / 10);
    *out++ = (char)('0' + segment % 10);
    return out;
}

static char *
put_number(char *out, int64_t number)
{
    return (char *)mcp__token_put_signed((uint8_t *)out, number);
}

/* The readers take exactly so many bytes; 0: that is none. */
static int
get_hex8(const uint8_t *at, uint32_t *number)
{
    uint32_t sum = 0;
    for (int i = 0; i < HEX8; i++) {
        uint32_t digit = (uint32_t)at[i] - '0';
        if (digit > 9) {
            digit = (uint32_t)at[i] - 'a' + 10;
            if (digit < 10 || digit > 15)
                return 0;
        }
        sum = sum << 4 | digit;
    }
    *number = sum;
    return 1;
}

static int
get_segment(const uint8_t *at, uint8_t *segment)
{
    uint32_t tens = (uint32_t)at[0] - '0', ones = (uint32_t)at[1] - '0';
    *segment = MCP__MARKS_EVERY;
    if (at[0] == '*' && at[1] == '*')
        return 1;
    if (tens > 9 || ones > 9 || tens * 10 + ones >= MCP__MARKS_SEGMENTS)
        return 0;
    *segment = (uint8_t)(tens * 10 + ones);
    return 1;
}

/* ---- Keys of the items -------------------------------------------------------------------- */

static char *
put_prefix(char *out, mcp__span prefix, char letter)
{
    assert(prefix.len + sizeof "j:01234567:63" <= MCP__MARKS_KEY_MAX);
    out = put_bytes(out, prefix.bytes, prefix.len);
    *out++ = letter;
    return out;
}

size_t
mcp__marks_key_list(char *out, mcp__span prefix)
{
    return (size_t)(put_prefix(out, prefix, 's') - out);
}

size_t
mcp__marks_key_epoch(char *out, mcp__span prefix)
{
    return (size_t)(put_prefix(out, prefix, 'e') - out);
}

size_t
mcp__marks_key_number(char *out, mcp__span prefix)
{
    return (size_t)(put_prefix(out, prefix, 'n') - out);
}

size_t
mcp__marks_key_journal(char *out, mcp__span prefix, uint32_t id8, uint32_t segment)
{
    char *at = put_prefix(out, prefix, 'j');
    *at++ = ':';
    at = put_hex8(at, id8);
    *at++ = ':';
    return (size_t)(put_segment(at, segment) - out);
}

size_t
mcp__marks_key_lock(char *out, mcp__span prefix, uint32_t id8)
{
    char *at = put_prefix(out, prefix, 'l');
    *at++ = ':';
    return (size_t)(put_hex8(at, id8) - out);
}

/* ---- The list ----------------------------------------------------------------------------- */

/* The entry that ends with the ';' at `stop`. Whatever else stands between `from` and it does not
 * matter: an append is whole, and rubbish in front of it must not hide it. */
static int
get_entry(const uint8_t *from, const uint8_t *stop, mcp__mark *mark)
{
    size_t len = (size_t)(stop - from) + 1;
    *mark = (mcp__mark){0};
    if (len >= MARK_LEN && stop[-HEX8 - 1] == '=')
        return get_hex8(stop - HEX8 - 1 - HEX8, &mark->id8) && get_hex8(stop - HEX8, &mark->inc8);
    if (len < SEGMENT_LEN)
        return 0;
    const uint8_t *dot = stop - HEX8 - 1; /* "<id8>+<seg>.<tag>;" */
    if (dot[-3] != '+' || *dot != '.')
        return 0;
    mark->is_segment = 1;
    return get_hex8(dot - 3 - HEX8, &mark->id8) && get_segment(dot - 2, &mark->segment) &&
           get_hex8(dot + 1, &mark->tag);
}

int
mcp__marks_next(const uint8_t **at, const uint8_t *end, mcp__mark *mark)
{
    while (*at < end) {
        const uint8_t *from = *at, *stop = memchr(from, ';', (size_t)(end - from));
        *at = stop != NULL ? stop + 1 : end;
        if (stop != NULL && get_entry(from, stop, mark))
            return 1;
    }
    return 0;
}

size_t
mcp__marks_put(char *out, const mcp__mark *mark)
{
    char *at = put_hex8(out, mark->id8);
    *at++ = mark->is_segment ? '+' : '=';
    if (mark->is_segment) {
        at = mark->segment == MCP__MARKS_EVERY ? put_bytes(at, "**", 2)
                                               : put_segment(at, mark->segment);
        *at++ = '.';
    }
    at = put_hex8(at, mark->is_segment ? mark->tag : mark->inc8);
    *at++ = ';';
    return (size_t)(at - out);
}

/* These two look for bytes: reading the whole list would be most of what a write costs while the
 * other server is away, 190 instructions for each of 65 entries. */
int
mcp__marks_has(mcp__span list, const mcp__mark *mark)
{
    char entry[MCP__MARKS_ENTRY_MAX];
    return list.len > 0 && memmem(list.bytes, list.len, entry, mcp__marks_put(entry, mark)) != NULL;
}

int
mcp__marks_lists(mcp__span list, uint32_t id8)
{
    char start[HEX8 + 1];
    uint32_t inc8;
    const uint8_t *at = list.bytes, *end = list.len > 0 ? at + list.len : at;
    *put_hex8(start, id8) = '=';
    while (at < end && (at = memmem(at, (size_t)(end - at), start, sizeof start)) != NULL) {
        if (end - at >= MARK_LEN && at[MARK_LEN - 1] == ';' && get_hex8(at + HEX8 + 1, &inc8))
            return 1;
        at++;
    }
    return 0;
}

size_t
mcp__marks_without(char *out, mcp__span list, uint32_t id8)
{
    const uint8_t *at = list.bytes, *end = list.len > 0 ? at + list.len : at;
    mcp__mark mark;
    size_t len = 0;
    while (mcp__marks_next(&at, end, &mark)) {
        if (mark.id8 != id8)
            len += mcp__marks_put(out + len, &mark);
    }
    return len;
}

/* ---- The journal -------------------------------------------------------------------------- */

size_t
mcp__marks_put_line(char *out, const void *key, size_t len, int is_base64)
{
    assert(len >= 1 && len <= MCP__KEY_MAX);
    char *at = out;
    *at++ = is_base64 ? 'b' : 'k';
    at = put_bytes(at, key, len);
    *at++ = '\n';
    return (size_t)(at - out);
}

static int
is_base64_digit(uint8_t byte)
{
    uint8_t letter = (uint8_t)((byte | 0x20) - 'a');
    return letter < 26 || (uint8_t)(byte - '0') <= 9 || byte == '+' || byte == '/';
}

/* What memcached would refuse as a base64 key would hold up everything behind it. */
static int
is_base64_text(const uint8_t *text, size_t len)
{
    size_t digits = 0;
    while (digits < len && is_base64_digit(text[digits]))
        digits++;
    size_t padding = len - digits;
    return len % 4 == 0 && padding <= 2 && (padding < 1 || text[len - 1] == '=') &&
           (padding < 2 || text[len - 2] == '=');
}

static int
get_line(const uint8_t *from, const uint8_t *stop, mcp__span *key, int *is_base64)
{
    size_t len = (size_t)(stop - from);
    if (len < 2 || len > 1 + MCP__KEY_MAX || (*from != 'k' && *from != 'b'))
        return 0;
    *is_base64 = *from == 'b';
    *key = (mcp__span){from + 1, len - 1};
    return *is_base64 ? is_base64_text(from + 1, len - 1) : mcp__key_is_clean(from + 1, len - 1);
}

int
mcp__marks_next_line(const uint8_t **at, const uint8_t *end, mcp__span *key, int *is_base64)
{
    while (*at < end) {
        const uint8_t *from = *at, *stop = memchr(from, '\n', (size_t)(end - from));
        *at = stop != NULL ? stop + 1 : end;
        if (stop != NULL && get_line(from, stop, key, is_base64))
            return 1;
    }
    return 0;
}

/* ---- The epoch ---------------------------------------------------------------------------- */

size_t
mcp__marks_put_epoch(char *out, const mcp__epoch_item *epoch)
{
    char *at = put_bytes(out, epoch->is_warming ? "W " : "R ", 2);
    at = put_number(at, epoch->pid);
    *at++ = ' ';
    at = put_number(at, epoch->start);
    *at++ = ' ';
    at = put_hex8(at, epoch->config8);
    *at++ = ' ';
    at = put_number(at, epoch->hold_ms);
    *at++ = ' ';
    at = put_number(at, epoch->made);
    if (epoch->has_routes)
        at = put_bytes(at, " g", 2);
    return (size_t)(at - out);
}

/* A number with a sign, at most 2^63 - 1 either way; NULL: there is none. */
static const uint8_t *
get_signed(const uint8_t *at, const uint8_t *end, int64_t *number)
{
    int negative = at < end && *at == '-';
    uint64_t size = 0;
    at = mcp__token_get(at + negative, end, &size);
    if (at == NULL || size > INT64_MAX)
        return NULL;
    *number = negative ? -(int64_t)size : (int64_t)size;
    return at;
}

static const uint8_t *
get_number(const uint8_t *at, const uint8_t *end, uint32_t *number)
{
    uint64_t size = 0;
    at = mcp__token_get(at, end, &size);
    *number = (uint32_t)size;
    return at != NULL && size <= UINT32_MAX ? at : NULL;
}

static const uint8_t *
get_config8(const uint8_t *at, const uint8_t *end, uint32_t *number)
{
    return end - at >= HEX8 && get_hex8(at, number) ? at + HEX8 : NULL;
}

/* The blank between two words; NULL as soon as anything was wrong. */
static const uint8_t *
skip_blank(const uint8_t *at, const uint8_t *end)
{
    return at != NULL && at < end && *at == ' ' ? at + 1 : NULL;
}

int
mcp__marks_read_epoch(mcp__span text, mcp__epoch_item *epoch)
{
    const uint8_t *at = text.bytes;
    if (text.len == 0 || (*at != 'R' && *at != 'W'))
        return 0;
    const uint8_t *end = at + text.len;
    *epoch = (mcp__epoch_item){.is_warming = *at == 'W'};
    if ((at = skip_blank(at + 1, end)) != NULL)
        at = get_number(at, end, &epoch->pid);
    if ((at = skip_blank(at, end)) != NULL)
        at = get_signed(at, end, &epoch->start);
    if ((at = skip_blank(at, end)) != NULL)
        at = get_config8(at, end, &epoch->config8);
    if ((at = skip_blank(at, end)) != NULL)
        at = get_number(at, end, &epoch->hold_ms);
    if ((at = skip_blank(at, end)) != NULL)
        at = get_signed(at, end, &epoch->made);
    epoch->has_routes = at != NULL && end - at == 2 && memcmp(at, " g", 2) == 0;
    return at != NULL && at + 2 * epoch->has_routes == end;
}

/* ---- Reserved keys ------------------------------------------------------------------------ */

int
mcp__marks_begins(const char *prefix, size_t prefix_len, const void *key, size_t key_len)
{
    return key_len >= prefix_len && memcmp(prefix, key, prefix_len) == 0;
}
