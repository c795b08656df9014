/* SPDX-License-Identifier: BSD-3-Clause */
/* Real servers that come back: with their memory in a file, to many clients at once, flushed. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "support/client.h"
#include "support/run.h"
#include "support/server.h"
#include "support/wait.h"

enum { N_KEYS = 200, N_CLIENTS = 120 };

static void
put_all(mcp_client *c, const char *value)
{
    char key[16];
    for (int i = 0; i < N_KEYS; i++) {
        int len = snprintf(key, sizeof key, "key%d", i);
        client_expect(c, mcp_set(c, key, (size_t)len, value, strlen(value), 0, 0), MCP_OK, key);
    }
}

static int
n_hits(mcp_client *c, const char *value)
{
    char key[16];
    int n = 0;
    for (int i = 0; i < N_KEYS; i++) {
        mcp_result r = MCP_RESULT_INIT;
        int len = snprintf(key, sizeof key, "key%d", i);
        n += mcp_get(c, key, (size_t)len, &r) == MCP_OK && r.value_len == strlen(value) &&
             memcmp(r.value, value, r.value_len) == 0;
    }
    return n;
}

struct until {
    mcp_client *c;
    const server *holder;
    const char *key, *value;
};

/* Programs that are used now and then: what is to be put right is put right beside their calls. */
static int
holds(void *context)
{
    const struct until *what = context;
    mcp_maintain(what->c);
    (void)mcp_get(what->c, "key1", 4, NULL);
    return server_holds(what->holder, what->key, what->value);
}

static mcp_state
state_of(mcp_client *c, int number)
{
    mcp_server info = MCP_SERVER_INIT;
    ck_assert_int_eq(mcp_server_info(c, number, &info), MCP_OK);
    return info.state;
}

/* Its memory is a file that outlives it: it comes back with all it had, and misses what was written
 * meanwhile. It is put right as after a pause, and nothing else is touched. */
START_TEST(fault_48_a_restart_that_keeps_the_memory)
{
    char extra[200], path[100];
    snprintf(path, sizeof path, "%s/memory", run_folder());
    snprintf(extra, sizeof extra, "-m 64 -e %s", path);
    server *p = server_unix(extra), *b = server_unix(NULL);
    mcp_client *c = client_pair(p, b, "retry_min=50ms retry_max=100ms");
    put_all(c, "one");
    kill(p->pid, SIGUSR1); /* in an orderly way: the file is written */
    ck_assert_int_eq(waitpid(p->pid, NULL, 0), p->pid);
    p->pid = 0;
    client_expect(c, mcp_set(c, "key0", 4, "two", 3, 0, 0), MCP_OK, "without the primary");
    client_expect(c, mcp_delete(c, "key2", 4), MCP_OK, "without the primary");
    wait_ms(2200); /* within the second it throws its memory away ("incompatible stop_time") */
    server_restart(p);
    ck_assert_msg(server_holds(p, "key0", "one"), "this memcached keeps no memory");
    ck_assert(server_holds(p, "key2", "one"));
    for (int i = 0; i < 50; i++) { /* while it is put right, too */
        client_reads(c, "key0", "two");
        ck_assert_int_eq(mcp_get(c, "key2", 4, NULL), MCP_NOT_FOUND);
        mcp_maintain(c);
    }
    struct until what = {c, p, "key0", "two"};
    ck_assert(wait_until(holds, &what, 8000));
    ck_assert_int_eq(server_look(p, "key2")->found, 0);
    ck_assert(server_holds(p, "key1", "one"));
    ck_assert_int_eq(n_hits(c, "one"), N_KEYS - 2);
    mcp_close(c);
    server_kill(p);
    server_kill(b);
}
END_TEST

static int n_lost_records;

static void
counts_lost_records(void *context, const mcp_event *event)
{
    (void)context;
    n_lost_records += event->kind == MCP_EVENT_RECORD_LOST && event->server == 0;
}

static void
copy_file(const char *from, const char *to, const char *ending)
{
    char source[120], target[120];
    snprintf(source, sizeof source, "%s%s", from, ending);
    snprintf(target, sizeof target, "%s%s", to, ending);
    const char *const argv[] = {"cp", "--sparse=always", source, target, NULL};
    ck_assert_int_eq(run_program(argv, NULL), 0);
}

static void
stop_with_memory(server *s)
{
    kill(s->pid, SIGUSR1);
    ck_assert_int_eq(waitpid(s->pid, NULL, 0), s->pid);
    s->pid = 0;
}

/* Its memory file is one of some time ago, put back by hand: what it missed since then is on record
 * nowhere. Whoever knew it by then sees it count from further back, and does not believe it. */
START_TEST(fault_48_an_old_picture_of_its_memory)
{
    char extra[200], path[100], old[100];
    snprintf(path, sizeof path, "%s/memory", run_folder());
    snprintf(old, sizeof old, "%s/old", run_folder());
    snprintf(extra, sizeof extra, "-m 64 -e %s", path);
    server *p = server_unix(extra), *b = server_unix(NULL);
    mcp_client *c = client_pair(p, b, "retry_min=50ms retry_max=100ms");
    n_lost_records = 0;
    mcp_on_event(c, counts_lost_records, NULL);
    put_all(c, "one");
    stop_with_memory(p);
    copy_file(path, old, "");
    copy_file(path, old, ".meta");
    wait_ms(2200);
    server_restart(p);
    ck_assert_msg(server_holds(p, "key0", "one"), "this memcached keeps no memory");
    ck_assert(client_wait_state(c, 0, MCP_STATE_UP, 8000));
    client_expect(c, mcp_set(c, "key0", 4, "two", 3, 0, 0), MCP_OK, "with both");
    client_expect(c, mcp_delete(c, "key2", 4), MCP_OK, "with both");
    ck_assert(server_holds(p, "key0", "two"));
    ck_assert_int_eq(n_lost_records, 0);
    stop_with_memory(p);
    copy_file(old, path, "");
    copy_file(old, path, ".meta");
    wait_ms(2200);
    server_restart(p);
    ck_assert_msg(server_holds(p, "key0", "one"), "the old file is not what it came back with");
    ck_assert(server_holds(p, "key2", "one"));
    for (int i = 0; i < 50; i++) {
        client_reads(c, "key0", "two");
        ck_assert_int_eq(mcp_get(c, "key2", 4, NULL), MCP_NOT_FOUND);
        mcp_maintain(c);
    }
    ck_assert_int_ge(n_lost_records, 1);
    struct until what = {c, p, "key0", "two"};
    ck_assert(wait_until(holds, &what, 8000));
    ck_assert(client_wait_state(c, 0, MCP_STATE_UP, 8000));
    ck_assert_int_eq(server_look(p, "key2")->found, 0);
    ck_assert_int_eq(n_hits(c, "one"), N_KEYS - 2);
    mcp_close(c);
    server_kill(p);
    server_kill(b);
}
END_TEST

/* Many clients meet the same server that has just come back empty: none of them misses, each makes
 * a connection or two, and it is filled once, not by each. */
START_TEST(fault_55_everybody_meets_a_server_that_is_back)
{
    static mcp_client *clients[N_CLIENTS];
    server *p = server_unix(NULL), *b = server_unix(NULL);
    for (int i = 0; i < N_CLIENTS; i++)
        clients[i] = client_pair(p, b, "");
    put_all(clients[0], "v");
    for (int i = 0; i < N_CLIENTS; i++)
        client_reads(clients[i], "key1", "v");
    server_restart(p);
    uint64_t dumps = server_stat(b, "lru_crawler_starts");
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < N_CLIENTS; i++) {
            char key[16];
            snprintf(key, sizeof key, "key%d", (round * 31 + i) % N_KEYS);
            client_reads(clients[i], key, "v");
            mcp_maintain(clients[i]);
        }
    }
    struct until what = {clients[0], p, "key7", "v"};
    ck_assert(wait_until(holds, &what, 5000));
    ck_assert_uint_le(server_stat(p, "total_connections"), 3 * N_CLIENTS);
    dumps = server_stat(b, "lru_crawler_starts") - dumps;
    ck_assert_msg(dumps <= 4, "the backup was dumped %llu times", (unsigned long long)dumps);
    ck_assert_int_eq(n_hits(clients[1], "v"), N_KEYS);
    for (int i = 0; i < N_CLIENTS; i++)
        mcp_close(clients[i]);
    server_kill(p);
    server_kill(b);
}
END_TEST

static int n_other_lists;

static void
counts_other_lists(void *context, const mcp_event *event)
{
    (void)context;
    n_other_lists += event->kind == MCP_EVENT_OTHER_LIST;
}

/* Two clients of the same servers that place keys otherwise: told, or refused. */
START_TEST(fault_92_another_list_of_servers)
{
    server *p = server_unix(NULL), *b = server_unix(NULL);
    mcp_client *one = client_pair(p, b, "");
    client_expect(one, mcp_set(one, "k", 1, "v", 1, 0, 0), MCP_OK, "set");
    for (int refuses = 0; refuses < 2; refuses++) {
        mcp_client *other = client_open("server=%s backup=%s distribution=modula %s", p->address,
                                        b->address, refuses ? "config_skew=refuse" : "");
        n_other_lists = 0;
        mcp_on_event(other, counts_other_lists, NULL);
        mcp_ping(other, 0);
        mcp_ping(other, 1);
        mcp_status status = mcp_set(other, "k", 1, "w", 1, 0, 0);
        ck_assert_int_eq(status, refuses ? MCP_REFUSED : MCP_OK);
        ck_assert_int_ge(n_other_lists, 1);
        mcp_close(other);
    }
    ck_assert(server_holds(p, "k", "w"));
    ck_assert_int_ne(state_of(one, 0), MCP_STATE_DOWN);
    mcp_close(one);
    server_kill(p);
    server_kill(b);
}
END_TEST

/* One client places keys by group keys; another one, which does not, must not copy from dumps: a
 * key that is copied to where its own name points is never written or deleted there again. */
START_TEST(group_keys_of_one_client_are_known_to_all)
{
    mcp_request request = MCP_REQUEST_INIT;
    server *p = server_unix(NULL), *b = server_unix(NULL);
    mcp_client *one = client_pair(p, b, ""), *other = client_pair(p, b, "resync=off");
    put_all(other, "v");
    ck_assert_int_eq(mcp_resync(other, 0, 0, 3000, NULL, NULL), MCP_OK);
    request.verb = MCP_SET;
    request.key = "routed";
    request.key_len = 6;
    request.route = "group";
    request.route_len = 5;
    ck_assert_int_eq(mcp_call(one, &request, NULL), MCP_OK);
    client_expect(one, mcp_set(one, "k", 1, "v", 1, 0, 0), MCP_OK, "set");
    ck_assert_ptr_nonnull(strstr(server_look(p, "mcp:e")->value, " g"));
    ck_assert_ptr_nonnull(strstr(server_look(b, "mcp:e")->value, " g"));
    mcp_client *third = client_pair(p, b, "resync=off");
    client_reads(third, "key1", "v");
    ck_assert_int_eq(mcp_resync(third, 0, 0, 3000, NULL, NULL), MCP_UNSUPPORTED);
    mcp_close(one);
    mcp_close(other);
    mcp_close(third);
    server_kill(p);
    server_kill(b);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("returns");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, fault_48_a_restart_that_keeps_the_memory);
    tcase_add_test(tests, fault_48_an_old_picture_of_its_memory);
    tcase_add_test(tests, fault_55_everybody_meets_a_server_that_is_back);
    tcase_add_test(tests, group_keys_of_one_client_are_known_to_all);
    tcase_add_test(tests, fault_92_another_list_of_servers);
    return run_tests("returns", tests);
}
