/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What stands on servers about each other may have been written by anybody: the list of marks, a
 * segment of the journal, and what a client makes of both. What is read is well formed, and reads
 * the same once written again.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "pair/ledger.h"
#include "pair/marks.h"
#include "wire/key.h"

const char fuzz_name[] = "marks";
const unsigned fuzz_rounds = 200000;
const char *const fuzz_words[] = {
    "01234567=89abcdef;",    "01234567+63.0000000f;", ";",  "=", "+", "*",  "kkey\n", "ba2V5\n",
    "89abcdef+00.00000001;", "89abcdef=00000000;",    "\n", "k", "b", "64", NULL};

static void
check_list(const uint8_t *bytes, size_t len)
{
    const uint8_t *at = bytes, *end = bytes + len;
    char *out = fuzz_copy(NULL, len);
    mcp__mark mark, again;
    uint32_t n = 0, n_first = 0, first = 0;
    while (mcp__marks_next(&at, end, &mark)) {
        char text[MCP__MARKS_ENTRY_MAX];
        FUZZ_NEED(at > bytes && at <= end);
        FUZZ_NEED(mark.segment < MCP__MARKS_SEGMENTS || mark.segment == MCP__MARKS_EVERY);
        size_t text_len = mcp__marks_put(text, &mark);
        const uint8_t *from = (const uint8_t *)text;
        FUZZ_NEED(text_len <= sizeof text && text_len <= (size_t)(at - bytes));
        FUZZ_NEED(memcmp(text, at - text_len, text_len) == 0);
        FUZZ_NEED(mcp__marks_next(&from, from + text_len, &again));
        FUZZ_NEED(again.id8 == mark.id8 && again.inc8 == mark.inc8 && again.tag == mark.tag &&
                  again.segment == mark.segment && again.is_segment == mark.is_segment);
        if (n++ == 0)
            first = mark.id8;
        n_first += mark.id8 == first;
    }
    FUZZ_NEED(at == end);
    size_t kept = mcp__marks_without(out, (mcp__span){bytes, len}, first);
    FUZZ_NEED(kept <= len);
    at = (const uint8_t *)out;
    end = at + kept;
    while (mcp__marks_next(&at, end, &mark)) {
        FUZZ_NEED(mark.id8 != first);
        n--;
    }
    FUZZ_NEED(n == n_first);
    free(out);
}

static void
check_journal(const uint8_t *bytes, size_t len)
{
    const uint8_t *at = bytes, *end = bytes + len;
    mcp__span key, again;
    int is_base64, is_base64_again;
    while (mcp__marks_next_line(&at, end, &key, &is_base64)) {
        char text[MCP__MARKS_LINE_MAX];
        const uint8_t *first = key.bytes, *from = (const uint8_t *)text;
        FUZZ_NEED(key.len >= 1 && key.len <= MCP__KEY_MAX);
        FUZZ_NEED(first > bytes && first + key.len < end && mcp__key_is_clean(first, key.len));
        FUZZ_NEED(mcp__marks_segment(key.bytes, key.len) < MCP__MARKS_SEGMENTS);
        size_t text_len = mcp__marks_put_line(text, key.bytes, key.len, is_base64);
        FUZZ_NEED(text_len == key.len + 2);
        FUZZ_NEED(mcp__marks_next_line(&from, from + text_len, &again, &is_base64_again));
        FUZZ_NEED(is_base64 == is_base64_again && again.len == key.len &&
                  memcmp(again.bytes, key.bytes, key.len) == 0);
    }
    FUZZ_NEED(at == end);
}

/* Whoever stands in the list by an incarnation is found, and nobody else. */
static void
check_ledger(const uint8_t *bytes, size_t len)
{
    mcp__ledger ledger;
    mcp__mark mark;
    const uint8_t *at = bytes, *end = bytes + len;
    mcp__ledger_init(&ledger, fuzz_memory(), 0x01234567);
    mcp__ledger_take_marks(&ledger, (mcp__span){bytes, len}, 5, MCP__MARKS_FORMAT, 1000, 1001);
    for (uint32_t i = 0; i < ledger.n_missed; i++)
        FUZZ_NEED(mcp__ledger_find(&ledger, ledger.missed[i].id8) == &ledger.missed[i]);
    while (mcp__marks_next(&at, end, &mark)) {
        if (!mark.is_segment)
            FUZZ_NEED(mcp__ledger_lists(&ledger, mark.id8));
    }
    uint32_t n = ledger.n_missed;
    mcp__ledger_take_marks(&ledger, (mcp__span){bytes, len}, 5, MCP__MARKS_FORMAT, 2000, 2001);
    FUZZ_NEED(ledger.n_missed == n);
    mcp__ledger_take_marks(&ledger, (mcp__span){bytes, 0}, 0, 0, 3000, 3001);
    FUZZ_NEED(ledger.n_missed == 0 && !ledger.is_foreign);
    mcp__ledger_fini(&ledger);
    fuzz_memory_end();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len == 0)
        return 0;
    check_list(bytes, len);
    check_journal(bytes, len);
    check_ledger(bytes, len);
    return 0;
}
