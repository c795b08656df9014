/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists of servers as a configuration endpoint tells them: every split, and nothing half right. */
#include "wire/cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "wire/reply.h"

#define BAD MCP__PARSE_BAD
#define MORE MCP__PARSE_MORE

static ssize_t
parse(const char *text, mcp__cluster *cluster)
{
    uint8_t *copy = exact_copy(text, strlen(text));
    ssize_t used = mcp__cluster_parse(copy, strlen(text), cluster);
    free(copy);
    return used;
}

/* A reply with the right length in front. */
static const char *
reply(const char *text)
{
    static char whole[2000];
    snprintf(whole, sizeof whole, "CONFIG cluster 0 %zu\r\n%s\r\nEND\r\n", strlen(text), text);
    return whole;
}

static void
is_node(mcp__span *left, const char *host, unsigned port)
{
    mcp__cluster_node node;
    ck_assert_int_eq(mcp__cluster_next(left, &node), 1);
    ck_assert_uint_eq(node.host.len, strlen(host));
    ck_assert_mem_eq(node.host.bytes, host, node.host.len);
    ck_assert_uint_eq(node.port, port);
}

START_TEST(the_nodes_in_their_order)
{
    const char *text = reply("12\na-1.cache_x.example|10.0.0.1|11211 |10.0.0.2|1 b||65535 "
                             "|fe80::1|11212\n");
    mcp__cluster cluster;
    mcp__cluster_node node;
    ck_assert_int_eq(mcp__cluster_parse((const uint8_t *)text, strlen(text), &cluster),
                     (ssize_t)strlen(text));
    ck_assert_int_eq(cluster.kind, MCP__CLUSTER_LIST);
    ck_assert_uint_eq(cluster.version, 12);
    ck_assert_uint_eq(cluster.n_nodes, 4);
    mcp__span left = cluster.nodes;
    is_node(&left, "a-1.cache_x.example", 11211);
    is_node(&left, "10.0.0.2", 1);
    is_node(&left, "b", 65535);
    is_node(&left, "fe80::1", 11212);
    ck_assert_int_eq(mcp__cluster_next(&left, &node), 0);
}
END_TEST

START_TEST(both_ways_of_asking)
{
    static const char old[] = "VALUE AmazonElastiCache:cluster 0 11\r\n"
                              "7\nh|1|1121\n\r\nEND\r\n";
    mcp__cluster cluster;
    ck_assert_int_eq(parse(old, &cluster), (ssize_t)sizeof old - 1);
    ck_assert_int_eq(cluster.kind, MCP__CLUSTER_LIST);
    ck_assert_uint_eq(cluster.version, 7);
}
END_TEST

START_TEST(error_lines_say_that_it_is_unknown)
{
    static const char *const lines[] = {"ERROR\r\n", "END\r\n", "CLIENT_ERROR bad\r\n",
                                        "SERVER_ERROR out of memory\r\n"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        mcp__cluster cluster;
        ck_assert_int_eq(parse(lines[i], &cluster), (ssize_t)strlen(lines[i]));
        ck_assert_int_eq(cluster.kind, MCP__CLUSTER_UNKNOWN);
        ck_assert_uint_eq(cluster.nodes.len, strlen(lines[i]) - 2);
    }
}
END_TEST

START_TEST(every_split)
{
    const char *text = reply("18446744073709551615\nhost.example|10.0.0.1|11211 b||1\n");
    size_t len = strlen(text);
    for (size_t part = 0; part < len; part++) {
        mcp__cluster cluster;
        uint8_t *copy = exact_copy(text, part);
        ck_assert_msg(mcp__cluster_parse(copy, part, &cluster) == MORE, "%zu of %zu", part, len);
        free(copy);
    }
    /* What comes behind it belongs to somebody else. */
    char more[2100];
    mcp__cluster cluster;
    snprintf(more, sizeof more, "%sVERSION 1\r\n", text);
    ck_assert_int_eq(parse(more, &cluster), (ssize_t)len);
    ck_assert_uint_eq(cluster.version, UINT64_MAX);
}
END_TEST

START_TEST(texts_that_are_no_list)
{
    static const char *const wrong[] = {"",
                                        "\n",
                                        "1",
                                        "1\n",
                                        "1\n\n",
                                        "1\n \n",
                                        "\nh||1\n",
                                        "x\nh||1\n",
                                        "-1\nh||1\n",
                                        "1 \nh||1\n",
                                        "18446744073709551616\nh||1\n",
                                        "1\nh||1",
                                        "1\nh||1 \n",
                                        "1\n h||1\n",
                                        "1\nh||1  g||1\n",
                                        "1\nh||0\n",
                                        "1\nh||65536\n",
                                        "1\nh||\n",
                                        "1\nh|1\n",
                                        "1\nh\n",
                                        "1\n||1\n",
                                        "1\nh||1|\n",
                                        "1\nh||1x\n",
                                        "1\nh\t||1\n",
                                        "1\nh||1\ng||1\n",
                                        "1\nh||1\r\n",
                                        "1\n\"h\"||1\n",
                                        "1\nh;||1\n",
                                        "1\nh=||1\n",
                                        "1\nh|a/b|1\n",
                                        "1\n[::1]||1\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        mcp__cluster cluster;
        ck_assert_msg(parse(reply(wrong[i]), &cluster) == BAD, "\"%s\"", wrong[i]);
    }
}
END_TEST

START_TEST(frames_that_are_none)
{
    static const char *const wrong[] = {"CONFIG cluster 0 7\n1\nh||1\n\r\nEND\r\n",
                                        "CONFIG cluster 7\r\n1\nh||1\n\r\nEND\r\n",
                                        "CONFIG cluster  0 7\r\n1\nh||1\n\r\nEND\r\n",
                                        "CONFIG cluster 0 7 \r\n1\nh||1\n\r\nEND\r\n",
                                        "CONFIG other 0 7\r\n1\nh||1\n\r\nEND\r\n",
                                        "VALUE key 0 7\r\n1\nh||1\n\r\nEND\r\n",
                                        "CONFIG cluster 0 6\r\n1\nh||1\n\r\nEND\r\n",
                                        "CONFIG cluster 0 8\r\n1\nh||1\n\r\nEND\r\n",
                                        "CONFIG cluster 0 7\r\n1\nh||1\n\r\nEND\n",
                                        "CONFIG cluster 0 65537\r\n",
                                        "CONFIG cluster 0 18446744073709551616\r\n",
                                        "\n",
                                        "\r\n",
                                        "VERSION 1.6\r\n",
                                        "HTTP/1.1 200 OK\r\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        mcp__cluster cluster;
        ck_assert_msg(parse(wrong[i], &cluster) == BAD, "\"%s\"", wrong[i]);
    }
}
END_TEST

START_TEST(lengths_at_their_limits)
{
    char text[700], host[400];
    mcp__cluster cluster;
    for (int len = MCP__CLUSTER_HOST_MAX; len <= MCP__CLUSTER_HOST_MAX + 1; len++) {
        memset(host, 'h', sizeof host);
        snprintf(text, sizeof text, "1\n%.*s||1\n", len, host);
        ck_assert_int_eq(parse(reply(text), &cluster) > 0, len == MCP__CLUSTER_HOST_MAX);
    }
    uint8_t line[MCP__LINE_MAX];
    memset(line, 'x', sizeof line);
    ck_assert_int_eq(mcp__cluster_parse(line, sizeof line - 1, &cluster), MORE);
    ck_assert_int_eq(mcp__cluster_parse(line, sizeof line, &cluster), BAD);
    ck_assert_int_eq(mcp__cluster_parse(line, 0, &cluster), MORE);
    ck_assert_int_eq(parse("CONFIG cluster 0 65536\r\n", &cluster), MORE);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("cluster");
    TCase *tests = tcase_create("cluster");
    tcase_add_test(tests, the_nodes_in_their_order);
    tcase_add_test(tests, both_ways_of_asking);
    tcase_add_test(tests, error_lines_say_that_it_is_unknown);
    tcase_add_test(tests, every_split);
    tcase_add_test(tests, texts_that_are_no_list);
    tcase_add_test(tests, frames_that_are_none);
    tcase_add_test(tests, lengths_at_their_limits);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
