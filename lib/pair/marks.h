/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * marks: the words that the clients of a pool leave for each other on the servers themselves. Every
 * such item has a key that begins with the `prefix=` (default "mcp:"), which is why users' keys may
 * not. All of it is text, and may have been written by anybody who can write to the cache: readers
 * take what is well formed and pass over the rest. Pure.
 *
 *     item                 on            holds
 *     <prefix>s            any server    who missed writes that are here: "<id8>=<inc8>;", and
 *                                        which journal segments were begun: "<id8>+<seg>.<tag>;",
 *                                        or all of them under one tag: "<id8>+**.<tag>;"
 *     <prefix>j:<id8>:<n>  the survivor  keys that <id8> missed, one a line: "k<key>" or, for a
 *                                        key that goes over the wire in base64, "b<base64>"; a
 *                                        segment that begins with "*" means all keys of it
 *     <prefix>e            any server    about itself: "R" or "W" and
 *                                        " <pid> <start> <cfg8> <hold> <made>"
 *     <prefix>l:<id8>      any server    who repairs or fills <id8> at the moment
 *
 * id8, inc8 and cfg8 are eight lower-case hex digits; a segment is two decimal digits, 00 to 63.
 * The items' client flags are the format version.
 */
#ifndef MCPROXY_PAIR_MARKS_H
#define MCPROXY_PAIR_MARKS_H

#include <stddef.h>
#include <stdint.h>

#include "wire/span.h"

#define MCP__MARKS_FORMAT 1u
/* Client flags of a journal segment: the format in the low 4 bits, above it its tag: a random
 * number that tells this beginning of the segment from others. Never 0. */
#define MCP__MARKS_TAG_FLAGS(tag) (MCP__MARKS_FORMAT | (uint32_t)(tag) << 4)
#define MCP__MARKS_TAG(flags) ((uint32_t)(flags) >> 4)
#define MCP__MARKS_SEGMENTS 64
/* Stands for all of them in an entry of the marks. */
#define MCP__MARKS_EVERY 255
/* A segment larger than this is replaced by "*": it would answer appends ever more slowly. */
#define MCP__MARKS_SEGMENT_MAX 65536
/* Room for the key of any item: a prefix of at most 64 bytes and "j:01234567:63". */
#define MCP__MARKS_KEY_MAX 80
/* Room for one entry of the marks: "01234567=01234567;" and for both kinds at once. */
#define MCP__MARKS_ENTRY_MAX 40
#define MCP__MARKS_EPOCH_MAX 96
#define MCP__MARKS_LINE_MAX 256

/* The short name of a server: the top 32 bits of the XXH3-64 of its name as configured. Two servers
 * of one pool must not share it. */
uint32_t mcp__marks_id8(const char *name, size_t len);

/* Which journal segment a key belongs to: bits of a hash that no placement uses, so that the keys
 * of one pair spread over all segments. `key` is the key as it goes over the wire. */
uint32_t mcp__marks_segment(const void *key, size_t len);

/* ---- keys of the items; each writes at most MCP__MARKS_KEY_MAX bytes, no NUL, and returns how
 * many. The prefix has at most 64 bytes. */

size_t mcp__marks_key_list(char *out, mcp__span prefix);
size_t mcp__marks_key_epoch(char *out, mcp__span prefix);
size_t mcp__marks_key_number(char *out, mcp__span prefix);
size_t mcp__marks_key_journal(char *out, mcp__span prefix, uint32_t id8, uint32_t segment);
size_t mcp__marks_key_lock(char *out, mcp__span prefix, uint32_t id8);

/* ---- the list */

typedef struct mcp__mark {
    uint32_t id8;
    uint32_t inc8;   /* the incarnation of "id8=inc8;" */
    uint32_t tag;    /* of "id8+segment.tag;", 28 bits */
    uint8_t segment; /* of "id8+segment.tag;", or MCP__MARKS_EVERY */
    uint8_t is_segment;
} mcp__mark;

/* The next well-formed entry from `*at` on, whatever stands in front of it; moves `*at` behind it.
 * 0: there is none up to `end`. */
int mcp__marks_next(const uint8_t **at, const uint8_t *end, mcp__mark *mark);

/* Whether this very entry of a segment is in the list; whether an incarnation of this server is. */
int mcp__marks_has(mcp__span list, const mcp__mark *mark);
int mcp__marks_lists(mcp__span list, uint32_t id8);

/* Whether an entry says that this segment was begun. */
static inline int
mcp__marks_is_about(const mcp__mark *mark, uint32_t segment)
{
    return mark->is_segment && (mark->segment == segment || mark->segment == MCP__MARKS_EVERY);
}

/* Writes one entry and returns its length. */
size_t mcp__marks_put(char *out, const mcp__mark *mark);

/*
 * The list without anything about `id8`, into `out` (at least `len` bytes; malformed entries are
 * dropped, too). Returns the new length.
 */
size_t mcp__marks_without(char *out, mcp__span list, uint32_t id8);

/* ---- the journal */

/* Writes the line for a key, "k<key>\n" ("b<key>\n" when it goes over the wire in base64), and
 * returns its length: at most MCP__MARKS_LINE_MAX. */
size_t mcp__marks_put_line(char *out, const void *key, size_t len, int is_base64);

/* The next well-formed line: a clean key of 1 to 250 bytes, or base64 that memcached takes. 0:
 * there is none up to `end` (a line without its line end is none: appends are whole). Reserved keys
 * are for the caller to look for, also behind base64: the prefix is not known here. */
int mcp__marks_next_line(const uint8_t **at, const uint8_t *end, mcp__span *key, int *is_base64);

/* Whether a segment means all its keys. */
static inline int
mcp__marks_is_whole(mcp__span segment)
{
    return segment.len > 0 && *(const char *)segment.bytes == '*';
}

/* ---- the epoch */

typedef struct mcp__epoch_item {
    uint8_t is_warming; /* W: it came back empty and is being filled */
    uint32_t pid;
    int64_t start;    /* Unix time at which the server started */
    uint32_t config8; /* hash of the pool's server list */
    uint32_t hold_ms; /* H of the pool */
    int64_t made;     /* Unix time by its own clock when it was made */
    uint8_t has_routes; /* "g" at its end: some client places keys by group keys */
} mcp__epoch_item;

size_t mcp__marks_put_epoch(char *out, const mcp__epoch_item *epoch);
/* 0: it is not well formed. */
int mcp__marks_read_epoch(mcp__span text, mcp__epoch_item *epoch);

/* ---- reserved keys */

/* Whether a key is one of ours. */
int mcp__marks_begins(const char *prefix, size_t prefix_len, const void *key, size_t key_len);

/* The first byte decides nearly always, without a call. `prefix_len` and `key_len` are at least 1.
 */
static inline int
mcp__marks_is_reserved(const char *prefix, size_t prefix_len, const void *key, size_t key_len)
{
    return *(const char *)key == *prefix && mcp__marks_begins(prefix, prefix_len, key, key_len);
}

#endif
