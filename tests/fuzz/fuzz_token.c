/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers of a protocol line, read and written; opaques; cas tokens. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "wire/token.h"

const char fuzz_name[] = "token";
const unsigned fuzz_rounds = 400000;
const char *const fuzz_words[] = {"9999999999999999999", "1844674407370955161", "6", NULL};

/* Digits as they stand, without leading zeros, compared with the largest number as texts. */
static int
slow_get(const uint8_t *at, size_t n_digits, uint64_t *number)
{
    static const char most[] = "18446744073709551615";
    while (n_digits > 1 && *at == '0') {
        at++;
        n_digits--;
    }
    if (n_digits == 0 || n_digits > 20 || (n_digits == 20 && memcmp(at, most, 20) > 0))
        return 0;
    char text[21] = "";
    memcpy(text, at, n_digits);
    *number = strtoull(text, NULL, 10);
    return 1;
}

static void
check_read(const uint8_t *bytes, size_t len)
{
    uint64_t number = 0, slow = 0;
    size_t n_digits = 0;
    while (n_digits < len && bytes[n_digits] >= '0' && bytes[n_digits] <= '9')
        n_digits++;
    const uint8_t *end = mcp__token_get(bytes, bytes + len, &number);
    if (!slow_get(bytes, n_digits, &slow)) {
        FUZZ_NEED(end == NULL);
        return;
    }
    FUZZ_NEED(end == bytes + n_digits && number == slow);
}

static void
check_written(uint64_t number)
{
    uint8_t text[MCP__DECIMAL_MAX + 1];
    uint64_t again = 0;
    uint8_t *end = mcp__token_put(text, number);
    FUZZ_NEED(end > text && end <= text + MCP__DECIMAL_MAX);
    FUZZ_NEED(text[0] != '0' || end == text + 1);
    FUZZ_NEED(mcp__token_get(text, end, &again) == end && again == number);
    end = mcp__token_put_signed(text, (int64_t)number);
    int is_negative = (int64_t)number < 0;
    uint64_t size = is_negative ? 0 - number : number;
    FUZZ_NEED(!is_negative || text[0] == '-');
    FUZZ_NEED(mcp__token_get(text + is_negative, end, &again) == end && again == size);
}

static void
check_opaque(uint64_t count)
{
    const uint64_t mask = ((uint64_t)1 << 48) - 1;
    uint64_t opaque = mcp__token_opaque_at(count), back = 0;
    uint8_t text[8];
    memcpy(text, &opaque, 8);
    for (int i = 0; i < 8; i++) {
        FUZZ_NEED(text[i] >= '0' && text[i] <= 'o');
        back = back << 6 | (uint64_t)(text[i] - '0');
    }
    FUZZ_NEED(back == (count & mask));
}

static void
check_cas(uint16_t mark, uint64_t unique)
{
    uint64_t cas = mcp__token_cas(mark, unique);
    if (unique >> MCP__CAS_BITS) {
        FUZZ_NEED(cas == 0);
        return;
    }
    FUZZ_NEED(mcp__token_cas_mark(cas) == mark && mcp__token_cas_unique(cas) == unique);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    fuzz_feed feed = fuzz_feed_of(bytes, len);
    check_read(bytes, len);
    uint64_t number = fuzz_number(&feed);
    check_written(number);
    check_opaque(number);
    check_cas((uint16_t)fuzz_number(&feed), number);
    return 0;
}
