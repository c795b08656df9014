/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mcp-cli while servers go away and come back: what it shows, what it puts right, and that every
 * word of it is true of the servers themselves. Each command is a process of its own, so all that
 * one knows of another one's writes it has from the record.
 */
#include "cli_run.h"

#include <signal.h>

#include "support/server.h"
#include "support/wait.h"

/* Longer than any of these takes on a busy machine; only a failure takes so long. */
#define LONG_MS 20000

static server *p0, *b0;

static void
start(const char *more)
{
    p0 = server_unix(NULL);
    b0 = server_unix(NULL);
    snprintf(cli_options, sizeof cli_options, "server=%s name=p0 backup=%s name=b0 timeout=1s %s",
             p0->address, b0->address, more);
}

/* So that the first process that meets the servers meets both of them. */
static void
start_with(const char *key, const char *value)
{
    start("");
    WANT(0, "", NULL, "set", key, value);
    ck_assert(server_holds(p0, key, value));
    ck_assert(server_holds(b0, key, value));
}

static void
want_out(const char *text)
{
    ck_assert_msg(strstr(said.out, text) != NULL, "\"%s\" is not in\n%s%s", text, said.out,
                  said.err);
}

/* The state of a server as a new process sees it. */
static const char *
state_of(size_t number)
{
    CLI("status", "--json");
    return cli_member(number, "state");
}

/* ---- A process in the background ---------------------------------------------------------- */

typedef struct background {
    pid_t pid;
    char out[108];
    const char *text; /* waited for */
} background;

static int
has_said(void *context)
{
    const background *b = context;
    char *out = run_read_file(b->out, NULL);
    int found = strstr(out, b->text) != NULL;
    free(out);
    return found;
}

static void
wait_for_words(background *b, const char *text)
{
    b->text = text;
    if (wait_until(has_said, b, LONG_MS))
        return;
    char *out = run_read_file(b->out, NULL);
    kill(b->pid, SIGKILL);
    ck_abort_msg("never said \"%s\", but:\n%s", text, out);
}

static void
launch(background *b, const char **words)
{
    int parent = (int)getpid();
    words[0] = getenv("MCP_CLI");
    run_path(b->out, sizeof b->out, ".out");
    fclose(fopen(b->out, "w"));
    b->pid = fork();
    ck_assert_int_ge((int)b->pid, 0);
    if (b->pid != 0)
        return;
    run_die_with_parent(parent);
    setenv("MCPROXY_OPTIONS", cli_options, 1);
    if (freopen(b->out, "a", stdout) == NULL || freopen(b->out, "a", stderr) == NULL)
        _exit(99);
    execv(words[0], (char *const *)(uintptr_t)words);
    _exit(98);
}

#define LAUNCH(b, ...) launch(b, (const char *[]){NULL, __VA_ARGS__, NULL})

/* Interrupts it and returns its exit status. */
static int
interrupt(background *b)
{
    int status;
    kill(b->pid, SIGINT);
    while (waitpid(b->pid, &status, 0) < 0)
        ck_assert_int_eq(errno, EINTR);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1 - WTERMSIG(status);
}

/* ---- Missed writes ------------------------------------------------------------------------ */

START_TEST(a_returning_server_is_repaired)
{
    start_with("k", "old");
    WANT(0, "", NULL, "set", "gone", "x");
    server_pause(p0);
    WANT(0, "", NULL, "set", "k", "new");
    WANT(0, "", NULL, "delete", "gone");
    WANT(0, "new", NULL, "get", "k");
    server_continue(p0);
    ck_assert(server_holds(p0, "k", "old"));

    ck_assert_int_eq(CLI("status"), 1);
    want_out("\np0 (unix:");
    want_out(": recovering");
    want_out("on record on b0");
    want_out("on record are 2 keys or more");
    want_out("mcp-cli repair p0");
    want_out("1 of 2 servers up, 1 recovering\n");
    ck_assert_int_eq(CLI("status", "--json"), 1);
    ck_assert_str_eq(cli_member(0, "state"), "recovering");
    ck_assert_str_eq(cli_member(0, "missed_on"), "b0");
    ck_assert_str_eq(cli_member(0, "missed_least"), "2");
    ck_assert_str_eq(cli_member(0, "up"), "false");
    ck_assert_str_eq(cli_member(1, "missed_on"), "null");
    ck_assert_str_eq(cli_member(1, "up"), "true");
    WANT(0, "new", NULL, "get", "k");
    WANT(1, "", "not found", "get", "gone");
    ck_assert(server_holds(p0, "k", "old")); /* nothing above has touched it */

    ck_assert_int_eq(CLI("repair"), 0);
    want_out("p0: repaired, ");
    want_out("b0: nothing to repair (");
    ck_assert(server_holds(p0, "k", "new"));
    ck_assert_int_eq(server_look(p0, "gone")->found, 0);
    ck_assert_int_eq(CLI("status"), 0);
    want_out("2 of 2 servers up\n");
    WANT(0, "new", NULL, "get", "k");
}
END_TEST

START_TEST(a_dead_server_is_shown_with_its_witness)
{
    start_with("k", "old");
    server_kill(p0);
    WANT(0, "", NULL, "set", "k", "new");
    ck_assert_int_eq(CLI("status"), 1);
    want_out(": down: ");
    want_out("on record on b0");
    ck_assert_int_eq(CLI("status", "--json"), 1);
    ck_assert_str_eq(cli_member(0, "state"), "down");
    ck_assert_str_eq(cli_member(0, "missed_on"), "b0");
}
END_TEST

START_TEST(a_backup_is_repaired_as_well)
{
    start_with("k", "old");
    server_pause(b0);
    WANT(0, "", NULL, "set", "k", "new");
    server_continue(b0);
    ck_assert_str_eq(state_of(1), "recovering");
    ck_assert_int_eq(CLI("repair", "b0", "--json"), 0);
    ck_assert_uint_eq(cli_lines(), 1);
    ck_assert_str_eq(cli_member(0, "server"), "b0");
    ck_assert_str_eq(cli_member(0, "status"), "ok");
    ck_assert_str_eq(cli_member(0, "stood"), "true");
    ck_assert_str_eq(cli_member(0, "repaired"), "1");
    ck_assert_str_eq(cli_member(0, "state"), "up");
    ck_assert(server_holds(b0, "k", "new"));
}
END_TEST

START_TEST(where_nothing_was_missed_nothing_is_repaired)
{
    start_with("k", "v");
    ck_assert_int_eq(CLI("repair", "p0"), 0);
    ck_assert_int_eq(strncmp(said.out, "p0: nothing to repair (", 23), 0);
    ck_assert_str_eq(said.err, "");
    ck_assert_int_eq(CLI("repair", "--json"), 0);
    ck_assert_uint_eq(cli_lines(), 2);
    ck_assert_str_eq(cli_member(0, "stood"), "false");
    ck_assert_str_eq(cli_member(1, "repaired"), "0");
}
END_TEST

START_TEST(repair_of_a_dead_server_ends_and_says_so)
{
    start_with("k", "v");
    server_kill(p0);
    WANT(0, "", NULL, "set", "k", "w");
    int64_t begin = now_ms();
    WANT(3, "", "repair: p0 does not answer: ", "repair", "p0");
    WANT(3, "", "repair: p0, a partner of b0, does not answer: ", "repair", "b0");
    ck_assert_int_eq(CLI("repair", "--json"), 3);
    ck_assert_uint_eq(cli_lines(), 2);
    ck_assert_str_eq(cli_member(0, "status"), "no_server");
    ck_assert_str_ne(cli_member(0, "error"), "(none)");
    ck_assert_int_lt((int)(now_ms() - begin), LONG_MS);
}
END_TEST

START_TEST(words_that_make_no_sense)
{
    start("");
    WANT(2, "", "no server \"x\"", "repair", "p0", "x");
    WANT(2, "", "--watch is for all servers", "repair", "p0", "--watch");
    WANT(2, "", "a word is missing", "resync");
    WANT(2, "", "one server at a time", "resync", "all");
    WANT(2, "", "--rate", "resync", "p0", "--rate", "1/s");
    WANT(2, "", "--rate", "resync", "p0", "--rate", "1000000001");
    WANT(2, "", "takes no --watch", "resync", "p0", "--watch");
    WANT(2, "", "not a token", "fill", "k", "v", "x");
    WANT(2, "", "the lease is 0", "fill", "k", "v", "0");
    WANT(2, "", "a lease lasts 1 to 3600 seconds", "lease", "k", "--lease", "3601");
    WANT(2, "", "the key is empty", "lease", "");
    ck_assert_int_eq(CLI("resync", "--help"), 0);
    want_out("examples:\n");
}
END_TEST

/* ---- Empty servers ------------------------------------------------------------------------ */

static void
store_keys(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        char key[16];
        snprintf(key, sizeof key, "key:%u", i);
        WANT(0, "", NULL, "set", key, key, "--ttl", "1000", "--flags", "7");
    }
}

static unsigned
count_keys(server *s, unsigned n)
{
    unsigned found = 0;
    for (unsigned i = 0; i < n; i++) {
        char key[16];
        snprintf(key, sizeof key, "key:%u", i);
        const held *item = server_look(s, key);
        if (!item->found)
            continue;
        ck_assert(strcmp(item->value, key) == 0 && item->flags == 7);
        ck_assert(item->ttl > 900 && item->ttl <= 1000);
        found++;
    }
    return found;
}

START_TEST(an_empty_server_is_filled)
{
    start_with("k", "v");
    store_keys(20);
    server_restart(p0);
    ck_assert_int_eq(CLI("status"), 1);
    want_out(": warming");
    want_out("mcp-cli resync p0");
    want_out("1 of 2 servers up, 1 warming\n");
    ck_assert_uint_eq(count_keys(p0, 20), 0);
    WANT(0, "key:3", NULL, "get", "key:3");
    ck_assert_int_eq(CLI("resync", "p0"), 0);
    want_out("p0: nothing to repair; ");
    want_out(" keys filled in (");
    ck_assert_uint_eq(count_keys(p0, 20), 20);
    ck_assert(server_holds(p0, "k", "v"));
    ck_assert_str_eq(state_of(0), "up");
    /* Once more: all of it is there. */
    ck_assert_int_eq(CLI("resync", "p0", "--json"), 0);
    ck_assert_str_eq(cli_member(0, "status"), "ok");
    ck_assert_str_eq(cli_member(0, "filled"), "0");
}
END_TEST

START_TEST(a_server_that_missed_writes_and_came_back_empty)
{
    start_with("k", "old");
    store_keys(5);
    server_kill(p0);
    WANT(0, "", NULL, "set", "k", "new");
    WANT(0, "", NULL, "delete", "key:0");
    server_restart(p0);
    ck_assert_str_eq(state_of(0), "recovering");
    ck_assert_int_eq(CLI("resync", "p0"), 0);
    want_out("p0: repaired, ");
    ck_assert(server_holds(p0, "k", "new"));
    ck_assert_int_eq(server_look(p0, "key:0")->found, 0);
    ck_assert_uint_eq(count_keys(p0, 5), 4);
    ck_assert_int_eq(CLI("status"), 0);
}
END_TEST

START_TEST(an_interrupted_resync_goes_on)
{
    background resync;
    start_with("k", "v");
    store_keys(30);
    server_restart(p0);
    LAUNCH(&resync, "resync", "p0", "--rate", "5");
    wait_for_words(&resync, " keys");
    ck_assert_int_eq(interrupt(&resync), 1);
    wait_for_words(&resync, "the same command goes on from here");
    unsigned before = count_keys(p0, 30);
    ck_assert_uint_lt(before, 30);
    ck_assert_int_eq(CLI("resync", "p0", "--rate", "0"), 0);
    ck_assert_uint_eq(count_keys(p0, 30), 30);
}
END_TEST

/* `flush_all` typed into one server: it was meant. */
START_TEST(a_flushed_server_stays_flushed)
{
    static const char flush[] = "flush_all\r\nmn\r\n";
    size_t len;
    start_with("k", "v");
    free(server_ask(p0, flush, sizeof flush - 1, &len));
    ck_assert_str_eq(state_of(0), "up");
    WANT(1, "", "not found", "get", "k");
    ck_assert_int_eq(server_look(p0, "k")->found, 0);
    ck_assert(server_holds(b0, "k", "v"));
    /* But by the tool, and for all servers, it reaches both. */
    WANT(0, "", NULL, "flush");
    ck_assert_int_eq(server_look(b0, "k")->found, 0);
}
END_TEST

START_TEST(fresh_servers_are_up)
{
    start("");
    ck_assert_int_eq(CLI("status"), 0);
    ck_assert_int_eq(CLI("status", "--json"), 0);
    ck_assert_str_eq(cli_member(0, "state"), "up");
    ck_assert_str_eq(cli_member(1, "state"), "up");
    ck_assert_str_eq(cli_member(1, "counters.repaired"), "0");
}
END_TEST

/* ---- Watching ----------------------------------------------------------------------------- */

START_TEST(status_watches)
{
    background watch;
    start_with("k", "old");
    LAUNCH(&watch, "status", "--watch");
    wait_for_words(&watch, "2 of 2 servers up\n");
    server_pause(p0);
    wait_for_words(&watch, " p0: up -> suspect: ");
    wait_for_words(&watch, " -> down: ");
    WANT(0, "", NULL, "set", "k", "new");
    wait_for_words(&watch, " p0: missed writes, on record on b0: ");
    server_continue(p0);
    wait_for_words(&watch, " -> recovering");
    ck_assert_int_eq(CLI("repair"), 0);
    wait_for_words(&watch, " p0: nothing is on record against it on b0 any more");
    wait_for_words(&watch, " p0: recovering -> up");
    ck_assert_int_eq(interrupt(&watch), 0);
}
END_TEST

START_TEST(status_watches_in_json)
{
    background watch;
    start_with("k", "old");
    LAUNCH(&watch, "status", "--watch", "--json");
    wait_for_words(&watch, "\"server\":\"b0\"");
    server_kill(p0);
    wait_for_words(&watch, "\"event\":\"state\"");
    wait_for_words(&watch, "\"state\":\"down\"");
    ck_assert_int_eq(interrupt(&watch), 0);
}
END_TEST

START_TEST(repair_watches)
{
    background watch;
    start_with("k", "old");
    LAUNCH(&watch, "repair", "--watch");
    server_pause(p0);
    WANT(0, "", NULL, "set", "k", "new");
    server_continue(p0);
    wait_for_words(&watch, "p0: repaired, 1 key made good (");
    ck_assert(server_holds(p0, "k", "new"));
    server_pause(b0);
    WANT(0, "", NULL, "set", "k", "newer");
    server_continue(b0);
    wait_for_words(&watch, "b0: repaired, 1 key made good (");
    ck_assert(server_holds(b0, "k", "newer"));
    ck_assert_int_eq(interrupt(&watch), 0);
}
END_TEST

/* ---- Leases ------------------------------------------------------------------------------- */

START_TEST(one_computes_and_the_others_wait)
{
    char token[32];
    start("");
    ck_assert_int_eq(CLI("lease", "k", "--json"), 1);
    ck_assert_str_eq(cli_member(0, "status"), "not_found");
    snprintf(token, sizeof token, "%s", cli_member(0, "lease"));
    ck_assert_str_ne(token, "(none)");
    WANT(1, "", "lease: \"k\": missing; somebody else is computing it", "lease", "k");
    ck_assert_int_eq(CLI("lease", "k", "--json"), 1);
    ck_assert_str_eq(cli_member(0, "status"), "leased");
    ck_assert_str_eq(cli_member(0, "lease"), "(none)");
    WANT(1, "", "not found", "get", "k");
    WANT(0, "", NULL, "fill", "k", "computed", token, "--ttl", "100", "--flags", "3");
    ck_assert(server_holds(p0, "k", "computed"));
    ck_assert(server_holds(b0, "k", "computed"));
    ck_assert_uint_eq(server_look(b0, "k")->flags, 3);
    WANT(0, "computed", NULL, "lease", "k");
    WANT(1, "", "the lease is over", "fill", "k", "late", token);
    ck_assert(server_holds(p0, "k", "computed"));
}
END_TEST

START_TEST(a_delete_ends_a_lease)
{
    char token[32];
    start_with("other", "v");
    ck_assert_int_eq(CLI("lease", "k", "--json"), 1);
    snprintf(token, sizeof token, "%s", cli_member(0, "lease"));
    CLI("delete", "k");
    ck_assert_int_eq(CLI("fill", "k", "old", token, "--json"), 1);
    ck_assert_str_eq(cli_member(0, "status"), "exists");
    WANT(1, "", "not found", "get", "k");
    ck_assert_int_eq(server_look(b0, "k")->found, 0);
}
END_TEST

START_TEST(an_early_one_computes_while_the_others_go_on)
{
    char token[32];
    start("");
    WANT(0, "", NULL, "set", "k", "old", "--ttl", "20");
    WANT(0, "old", NULL, "lease", "k", "--early", "5");
    ck_assert_int_eq(CLI("lease", "k", "--early", "60", "--json"), 0);
    ck_assert_str_eq(cli_member(0, "value"), "old");
    snprintf(token, sizeof token, "%s", cli_member(0, "lease"));
    ck_assert_str_ne(token, "(none)");
    ck_assert_int_eq(CLI("lease", "k", "--early", "60", "--json"), 0);
    ck_assert_str_eq(cli_member(0, "value"), "old");
    ck_assert_str_eq(cli_member(0, "lease"), "(none)");
    cli_take_input("new", 3);
    WANT(0, "", NULL, "fill", "k", "-", token, "--ttl", "100");
    WANT(0, "new", NULL, "get", "k");
    ck_assert(server_holds(b0, "k", "new"));
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("mcp-cli recovery");
    tcase_set_timeout(tests, 90);
    tcase_add_test(tests, a_returning_server_is_repaired);
    tcase_add_test(tests, a_dead_server_is_shown_with_its_witness);
    tcase_add_test(tests, a_backup_is_repaired_as_well);
    tcase_add_test(tests, where_nothing_was_missed_nothing_is_repaired);
    tcase_add_test(tests, repair_of_a_dead_server_ends_and_says_so);
    tcase_add_test(tests, words_that_make_no_sense);
    tcase_add_test(tests, an_empty_server_is_filled);
    tcase_add_test(tests, a_server_that_missed_writes_and_came_back_empty);
    tcase_add_test(tests, an_interrupted_resync_goes_on);
    tcase_add_test(tests, a_flushed_server_stays_flushed);
    tcase_add_test(tests, fresh_servers_are_up);
    tcase_add_test(tests, status_watches);
    tcase_add_test(tests, status_watches_in_json);
    tcase_add_test(tests, repair_watches);
    tcase_add_test(tests, one_computes_and_the_others_wait);
    tcase_add_test(tests, a_delete_ends_a_lease);
    tcase_add_test(tests, an_early_one_computes_while_the_others_go_on);
    return run_tests("cli_recovery", tests);
}
