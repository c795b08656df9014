/* SPDX-License-Identifier: BSD-3-Clause */
/* What a server says about itself: what is read can be written and read again, and is the same. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "pair/ledger.h"
#include "pair/marks.h"

const char fuzz_name[] = "epoch";
const unsigned fuzz_rounds = 400000;
const char *const fuzz_words[] = {
    "R ", "W ", " 00c0ffee", " 700", "2147483648", "-9223372036854775807", NULL};

static int
is_same(const mcp__epoch_item *a, const mcp__epoch_item *b)
{
    return a->is_warming == b->is_warming && a->pid == b->pid && a->start == b->start &&
           a->config8 == b->config8 && a->hold_ms == b->hold_ms && a->made == b->made;
}

static void
check_text(const uint8_t *bytes, size_t len)
{
    mcp__epoch_item epoch = {0}, again = {0};
    char text[MCP__MARKS_EPOCH_MAX];
    if (!mcp__marks_read_epoch((mcp__span){bytes, len}, &epoch))
        return;
    size_t text_len = mcp__marks_put_epoch(text, &epoch);
    FUZZ_NEED(text_len <= sizeof text && text_len <= len + 1);
    FUZZ_NEED(mcp__marks_read_epoch((mcp__span){text, text_len}, &again));
    FUZZ_NEED(is_same(&epoch, &again));
    FUZZ_NEED(epoch.is_warming == (bytes[0] == 'W'));
    FUZZ_NEED(memchr(bytes, '\n', len) == NULL && memchr(bytes, '\0', len) == NULL);
}

static void
check_ledger(const uint8_t *bytes, size_t len)
{
    mcp__ledger ledger;
    mcp__ledger_init(&ledger, fuzz_memory(), 1);
    mcp__ledger_take_epoch(&ledger, (mcp__span){bytes, len}, 7, 1000);
    FUZZ_NEED(ledger.epoch <= MCP__EPOCH_WARMING);
    mcp__ledger_fini(&ledger);
    fuzz_memory_end();
}

/* Every epoch that can be written is read. */
static void
check_written(fuzz_feed feed)
{
    mcp__epoch_item again = {0},
                    epoch = {
                        (uint8_t)(fuzz_byte(&feed) & 1),    (uint32_t)fuzz_number(&feed),
                        (int64_t)(fuzz_number(&feed) >> 1), (uint32_t)fuzz_number(&feed),
                        (uint32_t)fuzz_number(&feed),       -(int64_t)(fuzz_number(&feed) >> 1),
                        fuzz_number(&feed) & 1};
    char text[MCP__MARKS_EPOCH_MAX];
    size_t len = mcp__marks_put_epoch(text, &epoch);
    FUZZ_NEED(len <= sizeof text);
    FUZZ_NEED(mcp__marks_read_epoch((mcp__span){text, len}, &again) && is_same(&epoch, &again));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    check_text(bytes, len);
    check_ledger(bytes, len);
    check_written(fuzz_feed_of(bytes, len));
    return 0;
}
