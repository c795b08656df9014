/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What clients write for each other: read back whole, and read by a slow reader that is right at a
 * glance when strangers have been at it.
 */
#include "pair/marks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "marks_kit.h"
#include "place/pairing.h"
#include "place_kit.h"
#include "support.h"

/* ---- Short names and reserved keys -------------------------------------------------------- */

START_TEST(short_names)
{
    /* XXH3-64 of nothing is 0x2d06800538d394c2 (xxHash's own sanity test, seed 0). */
    ck_assert_uint_eq(mcp__marks_id8("", 0), 0x2d068005u);
    ck_assert_uint_ne(mcp__marks_id8("10.0.0.4:11211", 14), mcp__marks_id8("10.0.0.5:11211", 14));
    ck_assert_uint_eq(mcp__marks_id8("10.0.0.4:11211", 8), mcp__marks_id8("10.0.0.4", 8));
    for (size_t len = 0; len < 300; len++) {
        char name[300];
        memset(name, 'n', len);
        char *exact = (char *)exact_copy(name, len);
        ck_assert_uint_eq(mcp__marks_id8(exact, len), mcp__marks_id8(name, len));
        free(exact);
    }
}
END_TEST

START_TEST(reserved_keys)
{
    static const struct {
        const char *prefix, *key;
        int reserved;
    } rows[] = {
        {"mcp:", "mcp:", 1},
        {"mcp:", "mcp:s", 1},
        {"mcp:", "mcp", 0},
        {"mcp:", "m", 0},
        {"mcp:", "Mcp:s", 0},
        {"mcp:", "mcp;s", 0},
        {"mcp:", "xmcp:s", 0},
        {"a", "a", 1},
        {"a", "b", 0},
        {"mcp:", "mcp::", 1},
        {"\xff\xfe", "\xff\xfe", 1},
        {"\xff\xfe", "\xff", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = strlen(rows[i].key);
        uint8_t *key = exact_copy(rows[i].key, len);
        int reserved =
            mcp__marks_is_reserved(rows[i].prefix, strlen(rows[i].prefix), key, len) != 0;
        ck_assert_msg(reserved == rows[i].reserved, "row %zu: %s", i, rows[i].key);
        free(key);
    }
}
END_TEST

/* ---- Segments ----------------------------------------------------------------------------- */

enum { KEYS = 300000, FEWEST = 6400 };

typedef uint32_t segment_rule(const void *key, size_t len);

/* Half of the segments stay empty: what the measure below must notice. */
static uint32_t
even_segments(const void *key, size_t len)
{
    return mcp__marks_segment(key, len) & ~1u;
}

/* How many pairs with enough keys have a segment with less than half or more than 1.5 times its
 * share. */
static unsigned
count_uneven(size_t n_backups, segment_rule *rule, unsigned *n_judged)
{
    enum { SERVERS = 13, PRIMARIES = 3 };
    static uint32_t count[SERVERS][SERVERS][MCP__MARKS_SEGMENTS], total[SERVERS][SERVERS];
    kit_random r = {n_backups};
    kit_list list = {0};
    mcp__mem mem = mcp__mem_system();
    mcp__place_spec place = {.distribution = MCP__NATIVE};
    mcp__err err;
    unsigned uneven = 0;
    for (size_t i = 0; i < PRIMARIES + n_backups; i++)
        kit_add_some(&list, &r, i, 1);
    mcp__pairing *pairing = mcp__pairing_new(&mem, &place, MCP__MIRROR_BACKUP, list.servers,
                                             PRIMARIES, n_backups, &err);
    ck_assert_ptr_nonnull(pairing);
    memset(count, 0, sizeof count);
    memset(total, 0, sizeof total);
    for (unsigned i = 0; i < KEYS; i++) {
        char key[32];
        size_t len = (size_t)snprintf(key, sizeof key, "user:%u", i);
        mcp__pair pair = mcp__pairing_find(pairing, key, len);
        uint32_t segment = rule(key, len);
        if (segment >= MCP__MARKS_SEGMENTS)
            ck_abort_msg("segment %u", segment);
        count[pair.primary][pair.backup][segment]++;
        total[pair.primary][pair.backup]++;
    }
    *n_judged = 0;
    for (unsigned i = 0; i < SERVERS * SERVERS; i++) {
        uint32_t all = total[i / SERVERS][i % SERVERS], ok = 1;
        for (unsigned j = 0; j < MCP__MARKS_SEGMENTS; j++) {
            uint32_t n = count[i / SERVERS][i % SERVERS][j] * MCP__MARKS_SEGMENTS;
            ok &= n * 2 > all && n * 2 < all * 3;
        }
        *n_judged += all >= FEWEST;
        uneven += all >= FEWEST && !ok;
    }
    mcp__pairing_free(pairing);
    kit_clear(&list);
    return uneven;
}

START_TEST(segments_of_every_pair)
{
    static const size_t sizes[] = {1, 2, 10};
    unsigned judged = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        unsigned uneven = count_uneven(sizes[i], mcp__marks_segment, &judged);
        ck_assert_uint_eq(uneven, 0);
        ck_assert_uint_eq(judged, 3 * sizes[i]);
        /* The measure tells a bad rule from a good one. */
        uneven = count_uneven(sizes[i], even_segments, &judged);
        ck_assert_uint_eq(uneven, judged);
    }
    /* All clients must agree for ever: XXH3-64 of nothing begins with 0x2d, of "a" with 0xe6. */
    ck_assert_uint_eq(mcp__marks_segment("", 0), 0x2d >> 2);
    ck_assert_uint_eq(mcp__marks_segment("a", 1), 0xe6 >> 2);
}
END_TEST

/* ---- Keys of the items -------------------------------------------------------------------- */

/* Written into a block of just that size, and nothing behind it. */
static void
expect_key(const char *written, size_t len, const char *expected)
{
    ck_assert_msg(len == strlen(expected) && memcmp(written, expected, len) == 0, "%.*s, not %s",
                  (int)len, written, expected);
    ck_assert_int_eq(written[len], '#');
}

START_TEST(keys_of_the_items)
{
    char long_prefix[64], out[MCP__MARKS_KEY_MAX];
#define KEY(call, expected) (memset(out, '#', sizeof out), expect_key(out, call, expected))
    KEY(mcp__marks_key_list(out, SPAN("mcp:")), "mcp:s");
    KEY(mcp__marks_key_epoch(out, SPAN("mcp:")), "mcp:e");
    KEY(mcp__marks_key_journal(out, SPAN("mcp:"), 0x0123abcd, 0), "mcp:j:0123abcd:00");
    KEY(mcp__marks_key_journal(out, SPAN("~"), 0xffffffff, 63), "~j:ffffffff:63");
    KEY(mcp__marks_key_journal(out, SPAN("mcp:"), 0, 9), "mcp:j:00000000:09");
    KEY(mcp__marks_key_lock(out, SPAN("mcp:"), 0x0123abcd), "mcp:l:0123abcd");
#undef KEY
    memset(long_prefix, 'p', sizeof long_prefix);
    mcp__span prefix = {long_prefix, sizeof long_prefix};
    ck_assert_uint_eq(mcp__marks_key_journal(out, prefix, 1, 63), 77);
    ck_assert_mem_eq(out + 64, "j:00000001:63", 13);
}
END_TEST

/* ---- The list ----------------------------------------------------------------------------- */

/* Length of the entry that begins at `text`; 0: none does. */
static size_t
slow_entry(const char *text, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    if (len < 18 || !is_digits(text, 8, hex))
        return 0;
    if (text[8] == '=' && is_digits(text + 9, 8, hex) && text[17] == ';')
        return 18;
    if (len < 21 || text[8] != '+' || text[11] != '.' || text[20] != ';')
        return 0;
    if (!is_digits(text + 12, 8, hex))
        return 0;
    if (text[9] == '*' && text[10] == '*')
        return 21;
    if (!is_digits(text + 9, 2, "0123456789"))
        return 0;
    return atoi(text + 9) < 64 ? 21 : 0;
}

/* Everything that is an entry, wherever it begins, without those of `id8` (8 digits). */
static size_t
slow_without(char *out, const char *text, size_t len, const char *id8)
{
    size_t written = 0;
    for (size_t at = 0; at < len; at++) {
        size_t entry = slow_entry(text + at, len - at);
        if (entry > 0 && memcmp(text + at, id8, 8) != 0) {
            memcpy(out + written, text + at, entry);
            written += entry;
        }
    }
    return written;
}

/* Is this found where it stands, and only there? */
static void
compare_searches(const char *text, size_t len, uint32_t id8)
{
    mcp__span list = {text, len};
    const uint8_t *at = (const uint8_t *)text, *end = at + len;
    mcp__mark mark;
    int is_listed = 0;
    while (mcp__marks_next(&at, end, &mark)) {
        char entry[MCP__MARKS_ENTRY_MAX];
        is_listed |= !mark.is_segment && mark.id8 == id8;
        if (!mark.is_segment)
            continue;
        ck_assert(mcp__marks_has(list, &mark));
        mark.tag ^= 1;
        int is_other = 0;
        size_t entry_len = mcp__marks_put(entry, &mark);
        for (size_t i = 0; i + entry_len <= len; i++)
            is_other |= memcmp(text + i, entry, entry_len) == 0;
        ck_assert_int_eq(mcp__marks_has(list, &mark), is_other);
    }
    if (mcp__marks_lists(list, id8) != is_listed)
        ck_abort_msg("%08" PRIx32 " in \"%.*s\": %d", id8, (int)len, text, !is_listed);
}

/* Both readers on the same text; returns how much they let pass. */
static size_t
compare_lists(const char *text, size_t len, uint32_t id8)
{
    char digits[9];
    snprintf(digits, sizeof digits, "%08" PRIx32, id8);
    char *exact = (char *)exact_copy(text, len), *out = (char *)exact_copy(text, len);
    char *expected = (char *)exact_copy(text, len);
    size_t expected_len = slow_without(expected, exact, len, digits);
    size_t out_len = mcp__marks_without(out, (mcp__span){exact, len}, id8);
    if (out_len != expected_len || memcmp(out, expected, out_len) != 0)
        ck_abort_msg("\"%.*s\" became \"%.*s\"", (int)len, text, (int)out_len, out);
    compare_searches(exact, len, id8);
    free(exact);
    free(out);
    free(expected);
    return out_len;
}

START_TEST(lists_of_strangers)
{
    const mcp__span letters = SPAN("00123456789abcdef=+.;;;gAF**\n \xff\0");
    uint64_t state = 21;
    size_t passed = 0;
    for (int i = 0; i < 60000; i++) {
        char text[1024];
        size_t len = 0;
        for (size_t n = below(&state, 6); n > 0; n--) {
            uint64_t bits = next_random(&state);
            mcp__mark mark = {.id8 = (uint32_t)bits % 3, .is_segment = bits >> 10 & 1};
            mark.inc8 = mark.tag = (uint32_t)(bits >> 32);
            mark.segment = bits >> 26 & 7 ? bits >> 20 & 63 : MCP__MARKS_EVERY;
            len += mcp__marks_put(text + len, &mark);
            size_t noise = below(&state, 3) == 0 ? below(&state, 20) : 0;
            scribble(&state, text + len, noise, letters);
            len += noise;
        }
        len = mutate(&state, text, len, letters);
        passed += compare_lists(text, len, (uint32_t)below(&state, 4));
    }
    ck_assert_uint_gt(passed, 1000000);
}
END_TEST

START_TEST(list_rows)
{
    static const struct {
        const char *list, *without_2;
    } rows[] = {
        {"", ""},
        {";", ""},
        {";;;;", ""},
        {"00000001=0000000a;", "00000001=0000000a;"},
        {"00000001=0000000a", ""}, /* no end: appends are whole */
        {"00000001=0000000a;00000001=0000000b;", "00000001=0000000a;00000001=0000000b;"},
        {"00000002=0000000a;00000002+00.0000000c;00000002+63.0000000d;", ""},
        {"00000002+**.0000000c;00000003+**.0000000d;", "00000003+**.0000000d;"},
        {"00000003+*0.0000000c;00000003+0*.0000000d;00000003+*.0000000d;", ""},
        {"00000002=0000000a;00000003=0000000b;00000002+07.0000000c;00000003+07.0000000d;",
         "00000003=0000000b;00000003+07.0000000d;"},
        {"00000001+00.00000001;00000001+63.0fffffff;",
         "00000001+00.00000001;00000001+63.0fffffff;"},
        /* The same segment begun twice: both tags stay. */
        {"00000001+05.0000000c;00000001+05.0000000d;",
         "00000001+05.0000000c;00000001+05.0000000d;"},
        {"00000001+05.0000000c", ""},
        {"0000001+05.0000000c;", ""}, /* nothing is read in front of the text */
        {"00001+05.0000000c;000001+05.0000000c;", ""},
        {"00000001+64.0000000c;00000001+99.0000000c;", ""},
        {"00000001+7.0000000c;00000001+007.0000000c;", ""},
        {"00000001+7a.0000000c;00000001+-1.0000000c;", ""},
        /* Without a tag it does not say which beginning of the segment it means. */
        {"00000001+05;00000003+06.0000000c;", "00000003+06.0000000c;"},
        {"00000003+06.0000000c;00000001+05;00000001=0000000a;",
         "00000003+06.0000000c;00000001=0000000a;"},
        {"00000001+05.;00000001+05.000000c;00000001+05.00000000c;", ""},
        {"00000001+05.0000000C;00000001+05.0000000g;00000001+05.-000000c;", ""},
        {"00000001+05=0000000c;00000001+05:0000000c;00000001+050000000c;", ""},
        {"00000001=05.0000000c;00000001.0000000c;00000001+0000000c;", ""},
        {"0000000A=00000001;", ""},
        {"0000000a=0000000B;", ""},
        {"0000001=0000000a;", ""},
        {"00000001=000000a;", ""},
        {"00000001:0000000a;", ""},
        {"00000001=0000000g;00000003=00000000;", "00000003=00000000;"},
        {"00000001=00000;00000003=00000000;", "00000003=00000000;"},
        /* What strangers append does not hide what comes behind it. */
        {"x00000001=0000000a;", "00000001=0000000a;"},
        {"00000002=00000003=0000000a;", "00000003=0000000a;"},
        {"\r\n00000001+63.0000000c;", "00000001+63.0000000c;"},
        {"00000001=00000003+05.0000000c;", "00000003+05.0000000c;"},
        {"00000001+05.00000003=0000000a;", "00000003=0000000a;"},
        {"00000002+05.00000003+06.0000000c;", "00000003+06.0000000c;"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[256];
        mcp__span list = {rows[i].list, strlen(rows[i].list)};
        size_t len = mcp__marks_without(out, list, 2);
        ck_assert_msg(len == strlen(rows[i].without_2) && memcmp(out, rows[i].without_2, len) == 0,
                      "row %zu: \"%s\" became \"%.*s\"", i, rows[i].list, (int)len, out);
        compare_lists(rows[i].list, strlen(rows[i].list), 2);
    }
}
END_TEST

/* Every byte at every place of both kinds of entries. */
START_TEST(list_bytes)
{
    for (int byte = 0; byte < 256; byte++) {
        for (size_t at = 0; at < 39; at++) {
            char list[] = "01abcdef=89abcd01;01abcdef+47.0a1b2c3d;";
            list[at] = (char)byte;
            compare_lists(list, sizeof list - 1, 0x01abcdef);
            compare_lists(list, sizeof list - 1, 0);
        }
    }
}
END_TEST

START_TEST(entries_go_round)
{
    uint64_t state = 22;
    for (int i = 0; i < 3000; i++) {
        uint64_t bits = next_random(&state);
        mcp__mark mark = {.id8 = (uint32_t)bits, .is_segment = i & 1}, back;
        mark.inc8 = mark.is_segment ? 0 : (uint32_t)(bits >> 32);
        mark.tag = mark.is_segment ? MCP__MARKS_TAG(bits >> 32) : 0;
        mark.segment = mark.is_segment ? (uint8_t)(next_random(&state) >> 40 & 63) : 0;
        if (i % 8 == 1)
            mark.segment = MCP__MARKS_EVERY;
        char text[MCP__MARKS_ENTRY_MAX];
        size_t len = mcp__marks_put(text, &mark);
        ck_assert_uint_eq(len, mark.is_segment ? 21 : 18);
        uint8_t *exact = exact_copy(text, len);
        const uint8_t *at = exact;
        ck_assert(mcp__marks_next(&at, exact + len, &back));
        ck_assert_ptr_eq(at, exact + len);
        ck_assert(back.id8 == mark.id8 && back.inc8 == mark.inc8 && back.tag == mark.tag &&
                  back.segment == mark.segment && back.is_segment == mark.is_segment);
        ck_assert(!mcp__marks_next(&at, exact + len, &back));
        for (size_t cut = 0; cut < len; cut++) {
            uint8_t *part = exact_copy(text, cut);
            at = part;
            ck_assert(!mcp__marks_next(&at, part + cut, &back));
            free(part);
        }
        free(exact);
    }
}
END_TEST

/* What an entry says and what the segment's own flags say are compared: no bit may get lost. */
START_TEST(tags_and_flags)
{
    static const struct {
        uint32_t tag, flags;
        const char *entry;
    } rows[] = {
        {1, 0x11, "0000000a+63.00000001;"},
        {0x0123abcd, 0x123abcd1, "0000000a+63.0123abcd;"},
        {0x0fffffff, 0xfffffff1, "0000000a+63.0fffffff;"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[MCP__MARKS_ENTRY_MAX];
        mcp__mark mark = {.id8 = 10, .tag = rows[i].tag, .segment = 63, .is_segment = 1};
        ck_assert_uint_eq(MCP__MARKS_TAG_FLAGS(rows[i].tag), rows[i].flags);
        ck_assert_uint_eq(MCP__MARKS_TAG(rows[i].flags), rows[i].tag);
        ck_assert_uint_eq(mcp__marks_put(text, &mark), 21);
        ck_assert_mem_eq(text, rows[i].entry, 21);
    }
    /* Begun by who knows no tags: the format alone. */
    ck_assert_uint_eq(MCP__MARKS_TAG(MCP__MARKS_FORMAT), 0);
}
END_TEST

/* ---- The epoch ---------------------------------------------------------------------------- */

static int
read_epoch(const char *text, size_t len, mcp__epoch_item *epoch)
{
    uint8_t *exact = exact_copy(text, len);
    int is_read = mcp__marks_read_epoch((mcp__span){exact, len}, epoch);
    free(exact);
    return is_read;
}

static void
epoch_goes_round(const mcp__epoch_item *epoch)
{
    char text[MCP__MARKS_EPOCH_MAX], expected[128];
    size_t len = mcp__marks_put_epoch(text, epoch);
    int n = snprintf(expected, sizeof expected,
                     "%c %" PRIu32 " %" PRId64 " %08" PRIx32 " %" PRIu32 " %" PRId64 "%s",
                     epoch->is_warming ? 'W' : 'R', epoch->pid, epoch->start, epoch->config8,
                     epoch->hold_ms, epoch->made, epoch->has_routes ? " g" : "");
    ck_assert_msg((size_t)n == len && memcmp(text, expected, len) == 0, "%.*s, not %s", (int)len,
                  text, expected);
    mcp__epoch_item back;
    ck_assert_msg(read_epoch(text, len, &back), "%s is not read", expected);
    ck_assert(back.is_warming == epoch->is_warming && back.pid == epoch->pid &&
              back.start == epoch->start && back.config8 == epoch->config8 &&
              back.hold_ms == epoch->hold_ms && back.made == epoch->made &&
              back.has_routes == epoch->has_routes);
    if (epoch->has_routes)
        *strrchr(expected, ' ') = '\0';
    /* Cut anywhere before the last number it is none. */
    for (size_t cut = 0; cut <= (size_t)(strrchr(expected, ' ') + 1 - expected); cut++)
        ck_assert(!read_epoch(text, cut, &back));
}

START_TEST(epochs_go_round)
{
    uint64_t state = 24;
    epoch_goes_round(&(mcp__epoch_item){0, 4711, 1795373584, 0x0123abcd, 700, 1795373600, 0});
    epoch_goes_round(
        &(mcp__epoch_item){1, UINT32_MAX, INT64_MAX, UINT32_MAX, UINT32_MAX, -INT64_MAX, 1});
    epoch_goes_round(
        &(mcp__epoch_item){1, UINT32_MAX, -INT64_MAX, UINT32_MAX, UINT32_MAX, INT64_MAX, 0});
    for (unsigned i = 0; i < 3000; i++) {
        uint64_t bits = next_random(&state), more = next_random(&state);
        epoch_goes_round(&(mcp__epoch_item){
            i & 1, (uint32_t)bits >> i % 32, (int64_t)(more >> 1) >> i % 63, (uint32_t)(bits >> 32),
            (uint32_t)more >> i % 31, (int64_t)(bits ^ more) >> i % 61,
            (uint8_t)(i % 2)});
    }
}
END_TEST

START_TEST(epochs_of_strangers)
{
    static const char *const refused[] = {
        "",
        "R",
        "R ",
        "X 1 2 01234567 700 9",
        "r 1 2 01234567 700 9",
        " R 1 2 01234567 700 9",
        "R1 2 01234567 700 9",
        "R  1 2 01234567 700 9",
        "R 1 2 01234567 700 9 ",
        "R 1 2 01234567 700 9\n",
        "R 1 2 01234567 700 9 9",
        "R 1 2 01234567 700",
        "R 1 2 01234567 700 ",
        "R 1 2 01234567 700 x",
        "R 1 2 01234567 700 9223372036854775808",
        "R 1 2 01234567 ",
        "R 1 2 01234567  7 9",
        "R 1 2 01234567",
        "R 1 2 0123456 700 9",
        "R 1 2 012345678 700 9",
        "R 1 2 0123456G 700 9",
        "R 1 2 0123456A 700 9",
        "R -1 2 01234567 700 9",
        "R +1 2 01234567 700 9",
        "R 1 - 01234567 700 9",
        "R 1 --2 01234567 700 9",
        "R 1 2 01234567 -700 9",
        "R 4294967296 2 01234567 700 9",
        "R 1 2 01234567 4294967296 9",
        "R 1 9223372036854775808 01234567 700 9",
        "R 1 -9223372036854775808 01234567 700 9",
        "R 1 18446744073709551616 01234567 700 9",
        "R 1 2,01234567 700 9",
    };
    mcp__epoch_item epoch;
    ck_assert(read_epoch("R 1 2 01234567 700 9", 20, &epoch));
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        ck_assert_msg(!read_epoch(refused[i], strlen(refused[i]), &epoch), "\"%s\"", refused[i]);
    ck_assert(!read_epoch("R 1\0002 01234567 700 9", 20, &epoch));
    ck_assert(!mcp__marks_read_epoch((mcp__span){NULL, 0}, &epoch));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("marks");
    TCase *marks = tcase_create("marks");
    tcase_set_timeout(marks, 60);
    tcase_add_test(marks, short_names);
    tcase_add_test(marks, reserved_keys);
    tcase_add_test(marks, segments_of_every_pair);
    tcase_add_test(marks, keys_of_the_items);
    tcase_add_test(marks, lists_of_strangers);
    tcase_add_test(marks, list_rows);
    tcase_add_test(marks, list_bytes);
    tcase_add_test(marks, entries_go_round);
    tcase_add_test(marks, tags_and_flags);
    tcase_add_test(marks, epochs_go_round);
    tcase_add_test(marks, epochs_of_strangers);
    suite_add_tcase(suite, marks);
    return run_suite(suite);
}
