/* SPDX-License-Identifier: BSD-3-Clause */
/* What waits to be told: in order, 64 at most, the oldest give way. */
#include "engine/news.h"

#include <string.h>

#include "support.h"

static mcp__news news;

static void
put(int server)
{
    mcp__news_item item = {.kind = MCP_EVENT_MARKED, .server = server, .partner = -1};
    mcp__news_put(&news, &item);
}

static void
takes(int server)
{
    mcp__news_item item;
    ck_assert(mcp__news_take(&news, &item));
    ck_assert_int_eq(item.server, server);
    ck_assert_int_eq(item.kind, MCP_EVENT_MARKED);
    ck_assert_int_eq(item.partner, -1);
}

START_TEST(in_order)
{
    mcp__news_item item;
    memset(&news, 0, sizeof news);
    ck_assert(!mcp__news_take(&news, &item));
    for (int round = 0; round < 100; round++) { /* all around the ring */
        put(round);
        put(round + 1000);
        takes(round);
        takes(round + 1000);
        ck_assert(!mcp__news_take(&news, &item));
    }
}
END_TEST

START_TEST(the_oldest_give_way)
{
    mcp__news_item item;
    for (int before = 0; before < 70; before += 23) {
        memset(&news, 0, sizeof news);
        for (int i = 0; i < before; i++) {
            put(i);
            takes(i);
        }
        for (int i = 0; i < MCP__NEWS_MAX + 5; i++)
            put(i);
        for (int i = 5; i < MCP__NEWS_MAX + 5; i++)
            takes(i);
        ck_assert(!mcp__news_take(&news, &item));
    }
}
END_TEST

START_TEST(words_are_copied)
{
    mcp__news_item item = {.kind = MCP_EVENT_STATE, .why = "first"}, taken;
    memset(&news, 0, sizeof news);
    mcp__news_put(&news, &item);
    memcpy(item.why, "other", 6);
    ck_assert(mcp__news_take(&news, &taken));
    ck_assert_str_eq(taken.why, "first");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("news");
    TCase *all = tcase_create("news");
    tcase_add_test(all, in_order);
    tcase_add_test(all, the_oldest_give_way);
    tcase_add_test(all, words_are_copied);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
