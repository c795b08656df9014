/* SPDX-License-Identifier: BSD-3-Clause */
/* The list of servers changes under a client that goes on working: nothing fails, what is known of
 * the servers that stay is kept, and a wrong list changes nothing. */
#include <stdio.h>

#include "support/client.h"
#include "support/fault.h"
#include "support/run.h"
#include "support/wait.h"

#define ROUNDS 60

typedef struct places {
    server *p;
    server *q;
    server *r;
    server *b;
    char small[400]; /* p and q */
    char large[400]; /* q, r and p, so that every number is another one */
} places;

static places
begin(const char *words)
{
    places at = {
        server_unix(NULL), server_unix(NULL), server_unix(NULL), server_unix(NULL), "", ""};

    snprintf(at.small, sizeof at.small, "server=%s server=%s backup=%s %s", at.p->address,
             at.q->address, at.b->address, words);
    snprintf(at.large, sizeof at.large, "server=%s server=%s server=%s backup=%s %s", at.q->address,
             at.r->address, at.p->address, at.b->address, words);
    return at;
}

static int
number_of(mcp_client *c, const server *s)
{
    for (int i = 0; i < mcp_server_count(c); i++) {
        if (strcmp(client_info(c, i).address, s->address) == 0)
            return i;
    }
    return -1;
}

static void
reload(mcp_client *c, const char *options)
{
    client_expect(c, mcp_reload(c, options), MCP_OK, "reload");
}

/* ---- Under load --------------------------------------------------------------------------- */

START_TEST(fault_93_lists_are_exchanged_under_load)
{
    places at = begin("timeout=20s view_interval=1s");
    mcp_client *c = client_open("%s", at.small);
    uint64_t calls = 0;

    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < 20; i++) { /* third deletes and looks at both copies are under way */
            char key[32];

            snprintf(key, sizeof key, "key:%d:%d", round, i);
            client_expect(c, mcp_set(c, T(key), T(key), 0, 0), MCP_OK, "set");
            client_reads(c, key, key);
            if (i % 3 == 0)
                client_expect(c, mcp_delete(c, T(key)), MCP_OK, "delete");
        }
        ck_assert_uint_gt(client_info(c, number_of(c, at.p)).calls, calls);
        calls = client_info(c, number_of(c, at.p)).calls;
        reload(c, round % 2 == 0 ? at.large : at.small);
        ck_assert_int_eq(mcp_server_count(c), round % 2 == 0 ? 4 : 3);
        ck_assert_uint_eq(client_info(c, number_of(c, at.p)).calls >= calls, 1);
    }
    for (int i = 0; i < mcp_server_count(c); i++) {
        ck_assert_uint_eq(client_info(c, i).errors, 0);
        ck_assert_int_eq(client_info(c, i).state, MCP_STATE_UP);
        ck_assert_uint_eq(client_info(c, i).connects, 1);
    }
    /* The one that went each time was left in an orderly way each time. */
    ck_assert_uint_ge(server_stat(at.r, "total_connections"), ROUNDS / 2);
    mcp_close(c);
}
END_TEST

START_TEST(a_key_is_asked_for_where_the_new_list_has_it)
{
    places at = begin("timeout=20s");
    mcp_client *c = client_open("%s", at.small);
    mcp_client *fresh = client_open("%s", at.large);

    reload(c, at.large);
    for (int i = 0; i < 50; i++) {
        char key[32];
        mcp_location one, other;

        snprintf(key, sizeof key, "key:%d", i);
        ck_assert_int_eq(mcp_where(c, T(key), NULL, 0, &one), MCP_OK);
        ck_assert_int_eq(mcp_where(fresh, T(key), NULL, 0, &other), MCP_OK);
        ck_assert_int_eq(one.primary, other.primary);
        ck_assert_int_eq(one.backup, other.backup);
        client_expect(c, mcp_set(c, T(key), T(key), 0, 0), MCP_OK, "set");
        client_reads(fresh, key, key);
    }
    mcp_close(c);
    mcp_close(fresh);
}
END_TEST

/* ---- What is wrong ------------------------------------------------------------------------ */

START_TEST(a_wrong_list_changes_nothing)
{
    places at = begin("timeout=20s");
    mcp_client *c = client_open("%s", at.small);
    char wrong[500];

    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    snprintf(wrong, sizeof wrong, "%s nonsense=1", at.large);
    ck_assert_int_eq(mcp_reload(c, wrong), MCP_BAD_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(mcp_last_error(c)->text, "nonsense"));
    ck_assert_int_eq(mcp_reload(c, ""), MCP_BAD_ARGUMENT);
    ck_assert_int_eq(mcp_reload(c, NULL), MCP_BAD_ARGUMENT);
    ck_assert_int_eq(mcp_server_count(c), 3);
    client_reads(c, "k", "x");
    for (int i = 0; i < 3; i++)
        ck_assert_uint_le(client_info(c, i).connects, 1);
    mcp_close(c);
}
END_TEST

static void
reloads_inside(void *context, const mcp_event *event)
{
    (void)event;
    ck_assert_int_eq(mcp_reload(*(mcp_client **)context, "server=a"), MCP_BUSY);
}

START_TEST(not_from_a_callback)
{
    places at = begin("timeout=20s");
    mcp_client *c = client_open("%s", at.small);

    mcp_on_event(c, reloads_inside, &c);
    server_kill(at.p);
    ck_assert_int_lt(mcp_ping(c, 0), MCP_OK);
    ck_assert_int_eq(mcp_server_count(c), 3);
    mcp_on_event(c, NULL, NULL);
    mcp_close(c);
}
END_TEST

/* ---- What is kept ------------------------------------------------------------------------- */

START_TEST(health_goes_with_the_server)
{
    places at = begin("timeout=20s retry_min=20s");
    mcp_client *c = client_open("%s", at.small);
    mcp_server before, after;

    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    server_kill(at.p);
    ck_assert_int_lt(mcp_ping(c, 0), MCP_OK);
    before = client_info(c, 0);
    ck_assert_int_eq(before.state, MCP_STATE_DOWN);
    reload(c, at.large);
    after = client_info(c, number_of(c, at.p));
    ck_assert_int_eq(after.state, MCP_STATE_DOWN);
    ck_assert_str_eq(after.why, before.why);
    ck_assert_uint_ge(after.since_ms, before.since_ms);
    ck_assert_uint_gt(after.next_probe_ms, 0);
    ck_assert_uint_eq(after.errors, before.errors);
    ck_assert_int_eq(client_info(c, number_of(c, at.r)).contacted, 0);
    mcp_close(c);
}
END_TEST

/* A primary missed a write that its backup has on record: the record is known after the exchange,
 * and its witness cannot be taken out of the list before it is repaired. */
START_TEST(what_is_on_record_is_not_left_behind)
{
    server *p = server_unix(NULL);
    server *b = server_unix(NULL);
    server *other = server_unix(NULL);
    fault *road = fault_unix(p);
    const fault_rule lost = {.match = "ms k ", .what = FAULT_HANG, .times = 1};
    char options[300];
    mcp_client *c =
        client_open("server=%s backup=%s timeout=2s repair=off", fault_address(road), b->address);

    client_expect(c, mcp_set(c, T("k"), T("old"), 0, 0), MCP_OK, "set");
    fault_rule_one(road, &lost);
    client_expect(c, mcp_set(c, T("k"), T("new"), 0, 0), MCP_OK, "set");
    ck_assert(client_wait_state(c, 0, MCP_STATE_RECOVERING, 20000));
    snprintf(options, sizeof options, "server=%s backup=%s timeout=2s repair=off",
             fault_address(road), other->address);
    ck_assert_int_eq(mcp_reload(c, options), MCP_REFUSED);
    ck_assert_ptr_nonnull(strstr(mcp_last_error(c)->text, b->address));
    client_reads(c, "k", "new");
    snprintf(options, sizeof options, "server=%s backup=%s backup=%s timeout=2s repair=off",
             fault_address(road), other->address, b->address);
    reload(c, options);
    ck_assert_int_eq(client_info(c, 0).state, MCP_STATE_RECOVERING);
    ck_assert_int_eq(client_info(c, 0).missed_on, 2);
    snprintf(options, sizeof options, "server=%s backup=%s timeout=2s", fault_address(road),
             b->address);
    reload(c, options);
    ck_assert(client_wait_state(c, 0, MCP_STATE_UP, 30000)); /* by itself, now that it may */
    client_reads(c, "k", "new");
    ck_assert(server_holds(p, "k", "new") || !server_look(p, "k")->found);
    mcp_close(c);
}
END_TEST

/* A resync is under way when the list changes: it is taken up again. */
START_TEST(a_job_is_taken_up_again)
{
    places at = begin("timeout=5s");
    mcp_client *c = client_open("%s", at.small);

    for (int i = 0; i < 200; i++) {
        char key[32];

        snprintf(key, sizeof key, "key:%d", i);
        client_expect(c, mcp_set(c, T(key), T(key), 0, 0), MCP_OK, "set");
    }
    wait_ms(2100); /* epochs tell lives apart by the second */
    server_kill(at.p);
    client_reads(c, "key:1", "key:1");
    server_restart(at.p);
    ck_assert(client_wait_state(c, 0, MCP_STATE_WARMING, 30000));
    reload(c, at.large);
    ck_assert(client_wait_state(c, number_of(c, at.p), MCP_STATE_UP, 60000));
    mcp_close(c);
}
END_TEST

/* Clients of one pool change their lists one after the other: who has not yet is told, and once all
 * have, nobody complains. */
static int n_other_list;

static void
counts_other_list(void *context, const mcp_event *event)
{
    (void)context;
    n_other_list += event->kind == MCP_EVENT_OTHER_LIST;
}

START_TEST(the_servers_know_the_new_list)
{
    places at = begin("timeout=5s view_interval=50ms config_skew=refuse");
    mcp_client *c = client_open("%s", at.small);
    mcp_client *fresh;

    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    for (int i = 0; i < 3; i++)
        client_expect(c, mcp_ping(c, i), MCP_OK, "ping");
    reload(c, at.large);
    for (int i = 0; i < 4; i++)
        client_expect(c, mcp_ping(c, i), MCP_OK, "ping");
    client_expect(c, mcp_set(c, T("k"), T("y"), 0, 0), MCP_OK, "set");
    fresh = client_open("%s", at.large);
    mcp_on_event(fresh, counts_other_list, NULL);
    for (int i = 0; i < 4; i++)
        client_expect(fresh, mcp_ping(fresh, i), MCP_OK, "ping");
    client_expect(fresh, mcp_set(fresh, T("k"), T("z"), 0, 0), MCP_OK, "set");
    ck_assert_int_eq(n_other_list, 0);
    mcp_close(c);
    mcp_close(fresh);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("reload");

    tcase_add_test(tests, fault_93_lists_are_exchanged_under_load);
    tcase_add_test(tests, a_key_is_asked_for_where_the_new_list_has_it);
    tcase_add_test(tests, a_wrong_list_changes_nothing);
    tcase_add_test(tests, not_from_a_callback);
    tcase_add_test(tests, health_goes_with_the_server);
    tcase_add_test(tests, what_is_on_record_is_not_left_behind);
    tcase_add_test(tests, a_job_is_taken_up_again);
    tcase_add_test(tests, the_servers_know_the_new_list);
    return run_tests("reload", tests);
}
