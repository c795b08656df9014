/* SPDX-License-Identifier: BSD-3-Clause */
/* mcp-cli against real memcached servers: every command, and what it says when they are away. */
#include "cli_run.h"

#include "support/fault.h"
#include "support/server.h"
#include "support/wait.h"

static server *p0, *p1, *b0;

/* Two primaries and a backup, on unix sockets. */
static void
start(void)
{
    p0 = server_unix(NULL);
    p1 = server_unix(NULL);
    b0 = server_unix(NULL);
    snprintf(cli_options, sizeof cli_options,
             "server=%s name=p0 server=%s name=p1 backup=%s name=b0 timeout=2s", p0->address,
             p1->address, b0->address);
}

/* One primary and one backup: every key lives on both. */
static void
start_pair(const char *more)
{
    p0 = server_unix(NULL);
    b0 = server_unix(NULL);
    snprintf(cli_options, sizeof cli_options, "server=%s name=p0 backup=%s name=b0 %s", p0->address,
             b0->address, more);
}

/* ---- Reading and writing ------------------------------------------------------------------ */

START_TEST(values_are_mirrored_and_come_back_byte_for_byte)
{
    start_pair("timeout=2s");
    WANT(0, "", NULL, "set", "k", "hello", "--ttl", "60", "--flags", "7");
    ck_assert(server_holds(p0, "k", "hello"));
    ck_assert(server_holds(b0, "k", "hello"));
    ck_assert_uint_eq(server_look(b0, "k")->flags, 7);
    ck_assert_int_le((int)server_look(b0, "k")->ttl, 60);
    ck_assert_int_ge((int)server_look(b0, "k")->ttl, 50);
    WANT(0, "hello", NULL, "get", "k");
    WANT(0, "", NULL, "set", "minus", "--", "-17");
    WANT(0, "", NULL, "set", "dash", "--", "-");
    WANT(0, "", NULL, "set", "empty", "");
    WANT(0, "-17-hello", NULL, "get", "minus", "dash", "empty", "k");
    WANT(1, "hello", "mcp-cli: get: \"none\": not found\n", "get", "none", "k");
    WANT(1, "hello", NULL, "get", "-q", "none", "k");
    WANT(1, "", "mcp-cli: get: \"none\": not found\n", "get", "none");
}
END_TEST

START_TEST(any_bytes_pass_through_standard_input_and_output)
{
    static char bytes[300000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 7 + i / 256);
    memcpy(bytes + 1000, "\r\nEND\r\n\0\0", 9);
    start();
    cli_take_input(bytes, sizeof bytes);
    WANT(0, "", NULL, "set", "bin", "-");
    cli_take_input("", 0);
    ck_assert_int_eq(CLI("get", "bin"), 0);
    ck_assert_uint_eq(said.out_len, sizeof bytes);
    ck_assert_mem_eq(said.out, bytes, sizeof bytes);
    WANT(0, "", NULL, "set", "nothing", "-");
    WANT(0, "", NULL, "get", "nothing");
    cli_take_input("\xff\xfe\0z", 4);
    WANT(0, "", NULL, "set", "raw", "-");
    ck_assert_int_eq(CLI("get", "raw", "nothing", "--json"), 0);
    ck_assert_str_eq(cli_member(0, "value_base64"), "//4Aeg==");
    ck_assert_str_eq(cli_member(0, "value"), "(none)");
    ck_assert_str_eq(cli_member(1, "value"), "");
    /* A write that failed early counts, though there is nothing left to write at the end. */
    cli_take_input(bytes, 65536);
    WANT(0, "", NULL, "set", "blocks", "-");
    cli_output = "/dev/full";
    WANT(2, "", "get: cannot write to standard output", "get", "blocks");
    cli_output = NULL;
}
END_TEST

START_TEST(stores_that_depend_on_what_is_there)
{
    start();
    WANT(1, "", "replace: \"k\": not ", "replace", "k", "x");
    WANT(1, "", "append: \"k\": not ", "append", "k", "x");
    WANT(1, "", "prepend: \"k\": not ", "prepend", "k", "x");
    WANT(0, "", NULL, "add", "k", "b");
    WANT(1, "", "add: \"k\": not ", "add", "k", "x");
    WANT(0, "", NULL, "append", "k", "c");
    cli_take_input("a", 1);
    WANT(0, "", NULL, "prepend", "k", "-");
    WANT(0, "abc", NULL, "get", "k");
    WANT(0, "", NULL, "replace", "k", "new");
    WANT(0, "new", NULL, "get", "k");
    WANT(2, "", "append: takes no --ttl", "append", "k", "x", "--ttl", "1");
}
END_TEST

START_TEST(cas_takes_a_token_of_gets)
{
    char token[32];
    start_pair("timeout=2s");
    WANT(0, "", NULL, "set", "k", "one", "--flags", "3", "--ttl", "100");
    ck_assert_int_eq(CLI("gets", "k", "--json"), 0);
    ck_assert_str_eq(cli_member(0, "value"), "one");
    ck_assert_str_eq(cli_member(0, "flags"), "3");
    ck_assert_int_ge(atoi(cli_member(0, "ttl")), 90);
    snprintf(token, sizeof token, "%s", cli_member(0, "cas"));
    ck_assert_int_eq(CLI("gets", "k"), 0);
    ck_assert_int_eq(strncmp(said.out, "k: 3 bytes, flags 3, cas ", 25), 0);
    ck_assert_ptr_nonnull(strstr(said.out, " s\none\n"));
    WANT(0, "", NULL, "cas", "k", "two", token);
    WANT(1, "", "cas: \"k\": ", "cas", "k", "three", token);
    ck_assert_int_eq(CLI("cas", "k", "three", "--cas", token, "--json"), 1);
    ck_assert_str_eq(cli_member(0, "status"), "exists");
    WANT(1, "", "cas: \"none\": not found", "cas", "none", "x", token);
    ck_assert_int_eq(CLI("gets", "k", "--json"), 0);
    snprintf(token, sizeof token, "%s", cli_member(0, "cas"));
    WANT(0, "", NULL, "cas", "k", "three", "--cas", token);
    WANT(0, "three", NULL, "get", "k");
    ck_assert_int_eq(CLI("gets", "k"), 0);
    ck_assert_ptr_nonnull(strstr(said.out, ", never expires\nthree\n"));
}
END_TEST

START_TEST(deletes_and_touches_many_keys)
{
    start_pair("timeout=2s");
    WANT(0, "", NULL, "set", "a", "1");
    WANT(0, "", NULL, "set", "b", "2");
    WANT(1, "", "touch: \"none\": not found", "touch", "a", "none", "b", "--ttl", "100");
    ck_assert_int_ge((int)server_look(p0, "a")->ttl, 90);
    ck_assert_int_ge((int)server_look(b0, "b")->ttl, 90);
    WANT(0, "12", NULL, "gat", "a", "b", "--ttl", "1000");
    ck_assert_int_ge((int)server_look(p0, "b")->ttl, 990);
    WANT(1, "1", "gat: \"none\": not found", "gat", "none", "a", "--ttl", "0");
    ck_assert_int_eq((int)server_look(p0, "a")->ttl, -1);
    WANT(1, "", "delete: \"none\": not found", "delete", "a", "none", "b");
    ck_assert_int_eq(server_look(p0, "a")->found, 0);
    ck_assert_int_eq(server_look(b0, "b")->found, 0);
    WANT(0, "", NULL, "set", "a", "1");
    WANT(0, "", NULL, "delete", "a");
    WANT(0, "", NULL, "set", "gone", "1", "--ttl", "-1");
    WANT(1, "", "not found", "get", "gone");
}
END_TEST

START_TEST(counts)
{
    start();
    WANT(1, "", "incr: \"n\": not found", "incr", "n");
    WANT(0, "10\n", NULL, "incr", "n", "--initial", "10", "--ttl", "100");
    WANT(0, "11\n", NULL, "incr", "n");
    WANT(0, "16\n", NULL, "incr", "n", "5", "--initial", "10");
    WANT(0, "0\n", NULL, "decr", "n", "99");
    WANT(0, "18446744073709551615\n", NULL, "incr", "n", "18446744073709551615");
    ck_assert_int_eq(CLI("decr", "n", "0", "--json"), 0);
    ck_assert_str_eq(cli_member(0, "number"), "18446744073709551615");
    WANT(0, "", NULL, "set", "word", "abc");
    WANT(1, "", "incr: \"word\": ", "incr", "word");
    ck_assert_int_eq(CLI("incr", "word", "--json"), 1);
    ck_assert_str_eq(cli_member(0, "status"), "not_number");
}
END_TEST

START_TEST(json_tells_what_happened_to_each_copy)
{
    start_pair("timeout=2s");
    ck_assert_int_eq(CLI("set", "k", "v", "--json"), 0);
    ck_assert_str_eq(cli_member(0, "key"), "k");
    ck_assert_str_eq(cli_member(0, "status"), "ok");
    ck_assert_str_eq(cli_member(0, "server"), "p0");
    ck_assert_str_eq(cli_member(0, "copies.primary"), "ok");
    ck_assert_str_eq(cli_member(0, "copies.backup"), "ok");
    ck_assert_int_eq(CLI("get", "k", "none", "--json"), 1);
    ck_assert_uint_eq(cli_lines(), 2);
    ck_assert_str_eq(cli_member(0, "value"), "v");
    ck_assert_str_eq(cli_member(0, "from_backup"), "false");
    ck_assert_str_eq(cli_member(1, "status"), "not_found");
    ck_assert_str_eq(said.err, "");
    WANT(0, "v", "get: \"k\": answer of p0 (primary p0: ok, backup b0: ", "get", "k", "-v");
    ck_assert_int_eq(CLI("delete", "k", "--json"), 0);
    ck_assert_str_eq(cli_member(0, "copies.backup"), "ok");
}
END_TEST

START_TEST(a_value_too_large_is_a_no)
{
    static char large[3 * 1024 * 1024];
    memset(large, 'x', sizeof large);
    start();
    cli_take_input(large, sizeof large);
    WANT(1, "", "set: \"k\": ", "set", "k", "-");
    ck_assert_int_eq(CLI("set", "k", "-", "--json"), 1);
    ck_assert_str_eq(cli_member(0, "status"), "too_big");
}
END_TEST

/* ---- Servers ------------------------------------------------------------------------------ */

START_TEST(flush_reaches_one_or_all)
{
    start_pair("timeout=2s");
    WANT(0, "", NULL, "set", "k", "v");
    WANT(0, "", NULL, "flush", "p0");
    ck_assert_int_eq(server_look(p0, "k")->found, 0);
    ck_assert(server_holds(b0, "k", "v"));
    WANT(0, "", NULL, "set", "k", "v");
    WANT(0, "", NULL, "flush", "1");
    ck_assert_int_eq(server_look(b0, "k")->found, 0);
    ck_assert(server_holds(p0, "k", "v"));
    WANT(0, "", NULL, "flush", "--delay", "1000");
    ck_assert(server_holds(p0, "k", "v"));
    ck_assert_int_eq(CLI("flush", "all", "--json"), 0);
    ck_assert_uint_eq(cli_lines(), 2);
    ck_assert_str_eq(cli_member(0, "server"), "b0");
    ck_assert_str_eq(cli_member(1, "server"), "p0");
    ck_assert_int_eq(server_look(p0, "k")->found, 0);
    server_kill(b0);
    WANT(3, "", "flush: b0: ", "flush");
}
END_TEST

START_TEST(dump_lists_keys)
{
    start_pair("timeout=2s keys=base64");
    WANT(0, "", NULL, "set", "two\twords", "x");
    WANT(0, "two\\x09words\t-\tprimary\tp0\n", NULL, "dump", "p0");
    WANT(0, "two\\x09words\t-\tprimary\tp0\ntwo\\x09words\t-\tbackup\tb0\n", NULL, "dump");
    WANT(0, "x", NULL, "get", "two\twords");
    WANT(0, "", NULL, "set", "two\twords", "x", "--ttl", "1000");
    ck_assert_int_eq(CLI("dump", "b0", "--json"), 0);
    ck_assert_uint_eq(cli_lines(), 1);
    ck_assert_str_eq(cli_member(0, "key"), "two\twords");
    ck_assert_str_eq(cli_member(0, "server"), "b0");
    ck_assert_str_eq(cli_member(0, "copy"), "backup");
    ck_assert_int_ge(atoi(cli_member(0, "ttl")), 900);
    ck_assert_str_ne(cli_member(0, "bytes"), "(none)");
    WANT(2, "", "no server", "dump", "elsewhere");
    server_kill(b0);
    WANT(3, "", "b0", "dump", "b0");
}
END_TEST

START_TEST(stats_and_version_name_their_server)
{
    start();
    ck_assert_int_eq(CLI("version"), 0);
    ck_assert_int_eq(strncmp(said.out, "p0: ", 4), 0);
    ck_assert_ptr_nonnull(strstr(said.out, "\nb0: "));
    ck_assert_int_eq(CLI("version", "b0", "--json"), 0);
    ck_assert_str_eq(cli_member(0, "role"), "backup");
    ck_assert_str_eq(cli_member(0, "number"), "2");
    ck_assert_str_ne(cli_member(0, "version"), "(none)");
    ck_assert_int_eq(CLI("stats", "0"), 0);
    char pid[32];
    snprintf(pid, sizeof pid, "pid %d\n", (int)p0->pid);
    ck_assert_int_eq(strncmp(said.out, pid, strlen(pid)), 0);
    ck_assert_int_eq(CLI("stats", "all", "settings"), 0);
    ck_assert_ptr_nonnull(strstr(said.out, "p1:\n  maxbytes "));
    ck_assert_int_eq(CLI("stats", p1->address, "--json"), 0);
    ck_assert_uint_eq(cli_lines(), 1);
    ck_assert_int_eq(atoi(cli_member(0, "stats.pid")), (int)p1->pid);
    server_kill(p1);
    ck_assert_int_eq(CLI("version"), 3);
    ck_assert_ptr_nonnull(strstr(said.out, "\nb0: "));
    ck_assert_ptr_nonnull(strstr(said.err, "version: p1: "));
}
END_TEST

START_TEST(ping_asks_every_server)
{
    start();
    ck_assert_int_eq(CLI("ping"), 0);
    ck_assert_uint_eq(cli_lines(), 3);
    ck_assert_int_eq(strncmp(said.out, "p0: ok ", 7), 0);
    server_kill(p0);
    ck_assert_int_eq(CLI("ping"), 3);
    ck_assert_ptr_null(strstr(said.out, "p0: ok "));
    ck_assert_ptr_nonnull(strstr(said.out, "\np1: ok "));
    ck_assert_int_eq(CLI("ping", "--json"), 3);
    ck_assert_uint_eq(cli_lines(), 3);
    ck_assert_str_eq(cli_member(0, "ms"), "(none)");
    ck_assert_str_ne(cli_member(0, "status"), "ok");
    ck_assert_str_ne(cli_member(1, "ms"), "(none)");
    ck_assert_int_eq(CLI("ping", "b0"), 0);
}
END_TEST

START_TEST(verbose_is_a_log)
{
    start_pair("timeout=2s");
    WANT(0, "", "mcp-cli: set: info: p0: connected, memcached 1.", "set", "k", "v", "-v");
    WANT(0, "", NULL, "set", "k", "v");
    ck_assert_str_eq(said.err, "");
    server_kill(p0);
    WANT(0, "v", "mcp-cli: get: warning: p0: up -> down: ", "get", "k", "-v");
    ck_assert_ptr_null(strstr(said.err, "debug: "));
    server_kill(b0);
    WANT(3, "", "mcp-cli: get: debug: key \"k\": p0: ", "get", "k", "-v", "-v");
    WANT(3, "", NULL, "get", "k", "-vv", "-q");
    ck_assert_str_eq(said.err, "");
}
END_TEST

START_TEST(status_tells_who_is_down_and_why)
{
    start();
    ck_assert_int_eq(CLI("status"), 0);
    ck_assert_ptr_nonnull(strstr(said.out, "3 of 3 servers up\n"));
    ck_assert_int_eq(CLI("status", "--json"), 0);
    ck_assert_uint_eq(cli_lines(), 3);
    ck_assert_str_eq(cli_member(2, "role"), "backup");
    ck_assert_str_eq(cli_member(2, "up"), "true");
    ck_assert_str_eq(cli_member(0, "address"), p0->address);
    ck_assert_str_ne(cli_member(0, "stats.uptime"), "(none)");
    ck_assert_str_eq(cli_member(0, "counters.gets"), "0");
    ck_assert_str_eq(cli_member(0, "counters.others"), "1"); /* its version */
    ck_assert_str_eq(cli_member(0, "latency.timed"), "1");
    ck_assert_int_gt(atoi(cli_member(0, "latency.max_us")), 0);
    server_kill(p1);
    ck_assert_int_eq(CLI("status"), 1);
    ck_assert_ptr_nonnull(strstr(said.out, "2 of 3 servers up\n"));
    ck_assert_ptr_nonnull(strstr(said.out, "\np1 (unix:"));
    ck_assert_int_eq(CLI("status", "--json"), 1);
    ck_assert_str_eq(cli_member(1, "state"), "down");
    ck_assert_str_eq(cli_member(1, "up"), "false");
    ck_assert_str_ne(cli_member(1, "why"), "");
    server_kill(p0);
    server_kill(b0);
    ck_assert_int_eq(CLI("status"), 3);
    ck_assert_ptr_nonnull(strstr(said.out, "0 of 3 servers up\n"));
}
END_TEST

/* ---- Away --------------------------------------------------------------------------------- */

START_TEST(the_backup_answers_for_a_dead_primary)
{
    start_pair("timeout=2s");
    WANT(0, "", NULL, "set", "k", "v");
    server_kill(p0);
    WANT(0, "v", NULL, "get", "k");
    WANT(0, "v", "answer of b0 (primary p0: ", "get", "k", "--verbose");
    ck_assert_ptr_nonnull(strstr(said.err, ", backup b0: ok)"));
    ck_assert_int_eq(CLI("gets", "k", "--json"), 0);
    ck_assert_str_eq(cli_member(0, "from_backup"), "true");
    ck_assert_str_eq(cli_member(0, "server"), "b0");
    WANT(0, "", NULL, "set", "k", "w");
    ck_assert(server_holds(b0, "k", "w"));
    WANT(0, "k\tp0\tb0\n", NULL, "where", "k");
}
END_TEST

START_TEST(with_both_dead_the_exit_status_is_3)
{
    start_pair("timeout=2s");
    server_kill(p0);
    server_kill(b0);
    WANT(3, "", "get: \"k\": ", "get", "k");
    WANT(3, "", "get: \"k2\": ", "get", "k", "k2");
    WANT(3, "", "set: \"k\": ", "set", "k", "v");
    WANT(3, "", "incr: \"k\": ", "incr", "k");
    WANT(3, "", NULL, "get", "k", "-q");
    ck_assert_int_eq(CLI("get", "k", "--json"), 3);
    ck_assert_str_eq(cli_member(0, "status"), "no_server");
    ck_assert_str_ne(cli_member(0, "error"), "(none)");
    ck_assert_str_eq(cli_member(0, "server"), "null");
    ck_assert_str_eq(cli_member(0, "copies.primary"), "failed");
}
END_TEST

/*
 * A paused server takes connections (the kernel does) and never answers. A program that starts
 * afresh is not even greeted, so it has sent no change and knows that.
 */
START_TEST(paused_servers_end_the_call_at_its_deadline_with_3)
{
    static const char *const calls[][4] = {{"get", "k"}, {"set", "k", "w"}, {"delete", "k"}};
    start_pair("timeout=300ms");
    WANT(0, "", NULL, "set", "k", "v");
    server_pause(p0);
    server_pause(b0);
    for (size_t i = 0; i < 3; i++) {
        int64_t begin = now_ms();
        CLI(calls[i][0], calls[i][1], calls[i][2]);
        int64_t took = now_ms() - begin;
        cli_want(__LINE__, 3, "", ": \"k\": ");
        ck_assert_int_ge((int)took, 295);
        ck_assert_int_le((int)took, 1500);
    }
    ck_assert_int_eq(CLI("get", "k", "--json"), 3);
    ck_assert_str_eq(cli_member(0, "status"), "timeout");
    ck_assert_int_eq(CLI("status"), 3);
    server_continue(p0);
    server_continue(b0);
    WANT(0, "v", NULL, "get", "k");
}
END_TEST

START_TEST(a_change_that_was_sent_and_not_answered_ends_with_4)
{
    /* Of users' keys: what the library writes for itself arrives. */
    static const fault_rule hang[] = {{.match = "ms k", .what = FAULT_HANG},
                                      {.match = "md k", .what = FAULT_HANG},
                                      {.match = "ma k", .what = FAULT_HANG}};
    start_pair("");
    fault *primary = fault_unix(p0);
    fault *backup = fault_unix(b0);
    fault_rules(primary, hang, 3);
    fault_rules(backup, hang, 3);
    snprintf(cli_options, sizeof cli_options, "server=%s backup=%s timeout=300ms",
             fault_address(primary), fault_address(backup));
    WANT(4, "", "set: \"k\": ", "set", "k", "v");
    WANT(4, "", "incr: \"k\": ", "incr", "k");
    WANT(4, "", "delete: \"k2\": ", "delete", "k1", "k2");
    ck_assert_int_eq(CLI("delete", "k", "--json"), 4);
    ck_assert_str_eq(cli_member(0, "status"), "unknown");
    ck_assert_str_eq(cli_member(0, "copies.primary"), "unknown");
    WANT(1, "", "get: \"k\": not found", "get", "k");
}
END_TEST

START_TEST(servers_are_found_at_an_endpoint)
{
    server *p = server_tcp(NULL);
    server *q = server_tcp(NULL);
    fault *endpoint = fault_tcp(p);
    char list[100], text[200];
    int len = snprintf(list, sizeof list, "1\n127.0.0.1||%d 127.0.0.1||%d\n", p->port, q->port);
    snprintf(text, sizeof text, "CONFIG cluster 0 %d\r\n%s\r\nEND\r\n", len, list);
    fault_rule_one(endpoint,
                   &(fault_rule){.match = "config get cluster", .what = FAULT_TEXT, .text = text});
    snprintf(cli_options, sizeof cli_options, "discovery=%s timeout=5s", fault_address(endpoint));
    WANT(0, "", NULL, "set", "k", "hello");
    WANT(0, "hello", NULL, "get", "k");
    ck_assert_int_eq(CLI("status"), 0);
    ck_assert_msg(strstr(said.out, p->address) != NULL && strstr(said.out, q->address) != NULL,
                  "%s", said.out);
    fault_rule_one(
        endpoint,
        &(fault_rule){.match = "config get cluster", .what = FAULT_TEXT, .text = "x\r\n"});
    ck_assert_msg(CLI("get", "k") == 3, "%d: %s", said.status, said.err);
    ck_assert_msg(strstr(said.err, "no list of servers from") != NULL, "%s", said.err);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("mcp-cli");
    tcase_add_test(tests, values_are_mirrored_and_come_back_byte_for_byte);
    tcase_add_test(tests, any_bytes_pass_through_standard_input_and_output);
    tcase_add_test(tests, stores_that_depend_on_what_is_there);
    tcase_add_test(tests, cas_takes_a_token_of_gets);
    tcase_add_test(tests, deletes_and_touches_many_keys);
    tcase_add_test(tests, counts);
    tcase_add_test(tests, json_tells_what_happened_to_each_copy);
    tcase_add_test(tests, a_value_too_large_is_a_no);
    tcase_add_test(tests, flush_reaches_one_or_all);
    tcase_add_test(tests, dump_lists_keys);
    tcase_add_test(tests, stats_and_version_name_their_server);
    tcase_add_test(tests, ping_asks_every_server);
    tcase_add_test(tests, verbose_is_a_log);
    tcase_add_test(tests, status_tells_who_is_down_and_why);
    tcase_add_test(tests, the_backup_answers_for_a_dead_primary);
    tcase_add_test(tests, with_both_dead_the_exit_status_is_3);
    tcase_add_test(tests, paused_servers_end_the_call_at_its_deadline_with_3);
    tcase_add_test(tests, servers_are_found_at_an_endpoint);
    tcase_add_test(tests, a_change_that_was_sent_and_not_answered_ends_with_4);
    return run_tests("cli", tests);
}
