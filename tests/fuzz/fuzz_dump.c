/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines of a dump, all of an input one after the other: keys within bounds, the same answer for
 * less of it, and a key that is written as memcached writes it is read back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "wire/dump.h"
#include "wire/key.h"
#include "wire/reply.h"

const char fuzz_name[] = "dump";
const unsigned fuzz_rounds = 200000;
const char *const fuzz_words[] = {"key=",  " exp=", "-1", " la=1 cas=2 fetch=no cls=1 size=64\n",
                                  "%20",   "%",     "%0", "END",
                                  "\r\n",  "\n",    "OK", "BUSY ",
                                  "ERROR", NULL};

/* "key=..." as crawler.c of memcached writes it. */
static void
check_written(const uint8_t *key, size_t len)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    uint8_t text[1024];
    mcp__dump_line line;
    size_t at = (size_t)snprintf((char *)text, sizeof text, "key=");
    for (size_t i = 0; i < len; i++) {
        int is_plain = key[i] != '\0' && strchr(plain, key[i]) != NULL;
        at += (size_t)snprintf((char *)text + at, 4, is_plain ? "%c" : "%%%02X", key[i]);
    }
    at += (size_t)snprintf((char *)text + at, 64, " exp=1767225600 la=1 cas=5 fetch=no\n");
    FUZZ_NEED(mcp__dump_parse(text, at, &line) == (ssize_t)at);
    FUZZ_NEED(line.kind == MCP__DUMP_KEY && line.expires == 1767225600);
    FUZZ_NEED(line.key.len == len && memcmp(line.key.bytes, key, len) == 0);
}

static int
wants_more(uint8_t *bytes, size_t len)
{
    mcp__dump_line line;
    return mcp__dump_parse(bytes, len, &line) == MCP__PARSE_MORE;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    uint8_t *copy = fuzz_copy(bytes, len);
    size_t at = 0;
    while (at < len) {
        mcp__dump_line line = {0};
        ssize_t used = mcp__dump_parse(copy + at, len - at, &line);
        FUZZ_NEED(used >= MCP__PARSE_BAD && used <= (ssize_t)(len - at));
        FUZZ_NEED(used != MCP__PARSE_MORE || len - at < MCP__LINE_MAX);
        if (used <= 0)
            break;
        FUZZ_NEED(used <= MCP__LINE_MAX);
        FUZZ_NEED(line.kind >= MCP__DUMP_KEY && line.kind <= MCP__DUMP_REFUSED);
        fuzz_beginnings(bytes + at, (size_t)used, wants_more);
        if (line.kind == MCP__DUMP_KEY) {
            const uint8_t *key = line.key.bytes;
            FUZZ_NEED(line.key.len >= 1 && line.key.len <= MCP__KEY_MAX && line.expires >= -1);
            FUZZ_NEED(key >= copy + at && key + line.key.len < copy + at + used);
            check_written(key, line.key.len);
        }
        at += (size_t)used;
    }
    free(copy);
    return 0;
}
