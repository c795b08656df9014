/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/name.h"

#include <ares.h>
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test_io_dns.h"
#include "support.h"

#define ROUNDS 2000

static mcp__mem mem;
static mcp__server_spec spec[2];
static mcp__name_book book;
static dns server;

static void
open_book(const char *host)
{
    mem = mcp__mem_system();
    spec[0] = (mcp__server_spec){.host = host, .port = 11211};
    spec[1] = (mcp__server_spec){.host = "s.test", .port = 11211};
    ck_assert_int_eq(mcp__name_init(&book, &mem, spec, 2, 500), 0);
    dns_start(&server);
    mcp__name_use_server(&book, server.address);
}

static void
close_book(void)
{
    mcp__name_fini(&book);
    dns_stop(&server);
}

static int64_t
ms_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Plays the name server and the driver until server 0 is no longer pending. The book's time stands
 * still meanwhile; c-ares has a clock of its own. */
static mcp__name_state
wait_until_done(int64_t now_ms)
{
    struct pollfd fds[MCP__NAME_FDS + 2];
    mcp__name_state state = MCP__NAME_PENDING;
    for (int i = 0; i < ROUNDS && state == MCP__NAME_PENDING; i++) {
        size_t n = mcp__name_fds(&book, fds, MCP__NAME_FDS);
        int64_t wait_ms = mcp__name_timeout_ms(&book, now_ms);
        ck_assert_int_ge(wait_ms, 0);
        fds[n] = (struct pollfd){.fd = server.udp, .events = POLLIN};
        fds[n + 1] = (struct pollfd){.fd = server.tcp_peer >= 0 ? server.tcp_peer : server.tcp,
                                     .events = POLLIN};
        poll(fds, (nfds_t)n + 2, (int)wait_ms);
        dns_answer(&server);
        mcp__name_process(&book, fds, n, now_ms);
        state = mcp__name_done(&book, 0, now_ms);
    }
    return state;
}

static mcp__name_state
begin_and_wait(int64_t now_ms)
{
    mcp__name_state state = mcp__name_begin(&book, 0, now_ms);
    return state == MCP__NAME_PENDING ? wait_until_done(now_ms) : state;
}

/* Server 0's address for an attempt, as text. */
static const char *
address_text(size_t attempt)
{
    static char text[INET6_ADDRSTRLEN];
    struct sockaddr_storage at;
    socklen_t len = mcp__name_address(&book, 0, attempt, &at);
    if (len == sizeof(struct sockaddr_in)) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)&at;
        ck_assert_int_eq(v4->sin_family, AF_INET);
        ck_assert_uint_eq(ntohs(v4->sin_port), 11211);
        return inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
    }
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&at;
    ck_assert_uint_eq(len, sizeof *v6);
    ck_assert_int_eq(v6->sin6_family, AF_INET6);
    ck_assert_uint_eq(ntohs(v6->sin6_port), 11211);
    return inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
}

/* ---- no question needed ------------------------------------------------------------------- */

START_TEST(numeric_addresses)
{
    static const char *const hosts[] = {"127.0.0.1", "10.255.0.9", "::1", "2001:db8::5", "::"};
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        open_book(hosts[i]);
        ck_assert_int_eq(mcp__name_begin(&book, 0, 0), MCP__NAME_READY);
        ck_assert_int_eq(mcp__name_done(&book, 0, 0), MCP__NAME_READY);
        ck_assert_str_eq(address_text(0), hosts[i]);
        ck_assert_str_eq(address_text(7), hosts[i]);
        ck_assert_uint_eq(mcp__name_count(&book, 0), 1);
        mcp__name_stale(&book, 0);
        ck_assert_int_eq(mcp__name_begin(&book, 0, 100000), MCP__NAME_READY);
        ck_assert_ptr_null(book.channel);
        ck_assert_int_eq(mcp__name_timeout_ms(&book, 0), -1);
        close_book();
    }
}
END_TEST

static uint32_t
scope_of(const char *host)
{
    struct sockaddr_storage at;
    open_book(host);
    ck_assert_int_eq(mcp__name_begin(&book, 0, 0), MCP__NAME_READY);
    ck_assert_str_eq(address_text(0), "fe80::1");
    ck_assert_uint_eq(mcp__name_address(&book, 0, 0, &at), sizeof(struct sockaddr_in6));
    ck_assert_ptr_null(book.channel);
    close_book();
    return ((const struct sockaddr_in6 *)&at)->sin6_scope_id;
}

START_TEST(scopes)
{
    ck_assert_uint_eq(scope_of("fe80::1"), 0);
    ck_assert_uint_eq(scope_of("fe80::1%7"), 7);
    ck_assert_uint_eq(scope_of("fe80::1%lo"), if_nametoindex("lo"));
    ck_assert_uint_ne(if_nametoindex("lo"), 0);
    open_book("fe80::1%nowhere0");
    ck_assert_int_eq(mcp__name_begin(&book, 0, 0), MCP__NAME_FAILED);
    ck_assert_str_eq(mcp__name_why(&book, 0), "no such network interface");
    close_book();
}
END_TEST

START_TEST(unix_paths)
{
    char path[200];
    struct sockaddr_storage at;
    const struct sockaddr_un *to = (const struct sockaddr_un *)&at;
    memset(path, 'p', sizeof path);
    path[0] = '/';
    path[107] = '\0'; /* the longest that fits, unix(7) */
    open_book(path);
    spec[0].is_unix = 1;
    mcp__name_fini(&book);
    ck_assert_int_eq(mcp__name_init(&book, &mem, spec, 2, 500), 0);
    ck_assert_int_eq(mcp__name_begin(&book, 0, 0), MCP__NAME_READY);
    ck_assert_uint_eq(mcp__name_count(&book, 0), 1);
    ck_assert_uint_eq(mcp__name_address(&book, 0, 3, &at),
                      offsetof(struct sockaddr_un, sun_path) + 108);
    ck_assert_int_eq(to->sun_family, AF_UNIX);
    ck_assert_str_eq(to->sun_path, path);
    mcp__name_fini(&book);
    path[107] = 'p';
    path[108] = '\0';
    ck_assert_int_eq(mcp__name_init(&book, &mem, spec, 2, 500), 0);
    ck_assert_int_eq(mcp__name_begin(&book, 0, 0), MCP__NAME_FAILED);
    ck_assert_uint_eq(mcp__name_address(&book, 0, 0, &at), 0);
    ck_assert_str_eq(mcp__name_why(&book, 0), "the path of the unix socket is too long");
    close_book();
}
END_TEST

START_TEST(localhost_needs_no_name_server)
{
    open_book("localhost");
    ck_assert_ptr_null(book.channel);
    ck_assert_int_eq(mcp__name_begin(&book, 0, 0), MCP__NAME_READY);
    const char *text = address_text(0);
    ck_assert(strcmp(text, "127.0.0.1") == 0 || strcmp(text, "::1") == 0);
    dns_answer(&server);
    ck_assert_int_eq(server.n_questions, 0);
    close_book();
}
END_TEST

/* ---- questions ---------------------------------------------------------------------------- */

START_TEST(one_address)
{
    open_book("a.test");
    ck_assert_int_eq(mcp__name_begin(&book, 0, 0), MCP__NAME_PENDING);
    ck_assert_int_eq(mcp__name_begin(&book, 0, 0), MCP__NAME_PENDING);
    ck_assert_uint_eq(book.n_asking, 1);
    ck_assert_int_eq(wait_until_done(0), MCP__NAME_READY);
    ck_assert_str_eq(address_text(0), "127.0.0.1");
    ck_assert_int_eq(server.n_questions, 2); /* A and AAAA, once each */
    ck_assert_int_eq(mcp__name_begin(&book, 0, 1000), MCP__NAME_READY);
    ck_assert_uint_eq(book.n_asking, 0);
    ck_assert_uint_eq(mcp__name_fds(&book, NULL, 0), 0);
    ck_assert_int_eq(mcp__name_timeout_ms(&book, 1000), -1);
    close_book();
}
END_TEST

START_TEST(only_v6)
{
    open_book("c.test");
    ck_assert_int_eq(begin_and_wait(0), MCP__NAME_READY);
    ck_assert_uint_eq(mcp__name_count(&book, 0), 1);
    ck_assert_str_eq(address_text(0), "::1");
    close_book();
}
END_TEST

START_TEST(several_addresses_take_turns)
{
    open_book("b.test");
    ck_assert_int_eq(begin_and_wait(0), MCP__NAME_READY);
    ck_assert_uint_eq(mcp__name_count(&book, 0), 2);
    ck_assert_str_eq(address_text(0), "127.0.0.2");
    ck_assert_str_eq(address_text(1), "127.0.0.3");
    ck_assert_str_eq(address_text(2), "127.0.0.2");
    mcp__name_worked(&book, 0, 1);
    ck_assert_str_eq(address_text(0), "127.0.0.3");
    ck_assert_str_eq(address_text(1), "127.0.0.2");
    /* asked again, the one that worked is still the first */
    mcp__name_stale(&book, 0);
    ck_assert_int_eq(mcp__name_begin(&book, 0, 2000), MCP__NAME_PENDING);
    ck_assert_int_eq(wait_until_done(2000), MCP__NAME_READY);
    ck_assert_str_eq(address_text(0), "127.0.0.3");
    close_book();
}
END_TEST

START_TEST(many_addresses_are_cut)
{
    open_book("w.test");
    ck_assert_int_eq(begin_and_wait(0), MCP__NAME_READY);
    ck_assert_uint_eq(mcp__name_count(&book, 0), MCP__NAME_ADDRESSES);
    close_book();
}
END_TEST

/* c-ares sends over TCP what was cut short; its socket is ours, so the loop drives it, too. */
START_TEST(answers_over_tcp)
{
    open_book("t.test");
    ck_assert_int_eq(begin_and_wait(0), MCP__NAME_READY);
    ck_assert_str_eq(address_text(0), "127.0.0.1");
    ck_assert_int_ge(server.tcp_peer, 0);
    close_book();
}
END_TEST

static void
fails_with(const char *host, const char *why)
{
    open_book(host);
    ck_assert_int_eq(begin_and_wait(0), MCP__NAME_FAILED);
    ck_assert_str_eq(mcp__name_why(&book, 0), why);
    ck_assert_uint_eq(mcp__name_count(&book, 0), 0);
    int asked = server.n_questions;
    /* the failure is remembered for a while */
    ck_assert_int_eq(mcp__name_begin(&book, 0, MCP__NAME_AGAIN_MS), MCP__NAME_FAILED);
    dns_answer(&server);
    ck_assert_int_eq(server.n_questions, asked);
    ck_assert_int_eq(mcp__name_begin(&book, 0, MCP__NAME_AGAIN_MS + 1), MCP__NAME_PENDING);
    dns_answer(&server);
    ck_assert_int_gt(server.n_questions, asked);
    close_book();
}

START_TEST(failures_are_told)
{
    fails_with("n.test", "no such name");
    fails_with("e.test", "the name has no address");
    fails_with("f.test", "no name server could be reached or would answer");
    fails_with("s.test", "no name server answered");
}
END_TEST

/* No call waits for a name server that never answers: each is back long before its patience ends.
 */
START_TEST(silence_holds_nobody)
{
    const char *slow = getenv("MCP_SLOW"); /* under valgrind everything takes longer */
    int64_t longest = 0, began, patience = 200 * (slow != NULL ? atoi(slow) : 1);
    open_book("s.test");
    for (int i = 0; i < 50; i++) {
        began = ms_now();
        ck_assert_int_eq(mcp__name_begin(&book, (size_t)i % 2, 0), MCP__NAME_PENDING);
        mcp__name_process(&book, NULL, 0, 0);
        ck_assert_int_eq(mcp__name_done(&book, 0, 0), MCP__NAME_PENDING);
        if (ms_now() - began > longest)
            longest = ms_now() - began;
        if (ms_now() - began > patience)
            break;
    }
    ck_assert_int_lt(longest, patience);
    ck_assert_int_gt(mcp__name_timeout_ms(&book, 0), 0);
    ck_assert_int_le(mcp__name_timeout_ms(&book, 0), 251);
    close_book(); /* with both questions open */
}
END_TEST

START_TEST(half_an_answer_will_do)
{
    open_book("o.test");
    ck_assert_int_eq(begin_and_wait(0), MCP__NAME_READY);
    ck_assert_str_eq(address_text(0), "127.0.0.9");
    close_book();
}
END_TEST

/* Until c-ares would give up the try. */
static void
wait_until_overdue(void)
{
    for (int i = 0; i < ROUNDS && mcp__name_timeout_ms(&book, 0) > 0; i++)
        poll(NULL, 0, (int)mcp__name_timeout_ms(&book, 0));
    ck_assert_int_eq(mcp__name_timeout_ms(&book, 0), 0);
}

/* An answer that lay in the socket beyond all of c-ares' patience still counts. */
START_TEST(late_look_finds_the_answer)
{
    struct pollfd one;
    open_book("a.test");
    ck_assert_int_eq(mcp__name_begin(&book, 0, 0), MCP__NAME_PENDING);
    one = (struct pollfd){.fd = server.udp, .events = POLLIN};
    ck_assert_int_eq(poll(&one, 1, 1000), 1);
    dns_answer(&server);
    wait_until_overdue();
    ck_assert_int_eq(mcp__name_begin(&book, 0, 900), MCP__NAME_READY);
    ck_assert_str_eq(address_text(0), "127.0.0.1");
    close_book();
}
END_TEST

/* ---- what is kept ------------------------------------------------------------------------- */

START_TEST(old_answers_are_refreshed_beside)
{
    open_book("a.test");
    ck_assert_int_eq(begin_and_wait(0), MCP__NAME_READY);
    server.last = 7;
    ck_assert_int_eq(mcp__name_begin(&book, 0, MCP__NAME_FRESH_MS), MCP__NAME_READY);
    ck_assert_uint_eq(book.n_asking, 0);
    ck_assert_int_eq(mcp__name_begin(&book, 0, MCP__NAME_FRESH_MS + 1), MCP__NAME_READY);
    ck_assert_uint_eq(book.n_asking, 1);
    ck_assert_str_eq(address_text(0), "127.0.0.1");
    for (int i = 0; i < ROUNDS && book.n_asking > 0; i++) {
        struct pollfd fds[MCP__NAME_FDS];
        dns_answer(&server);
        size_t n = mcp__name_fds(&book, fds, MCP__NAME_FDS);
        poll(fds, (nfds_t)n, 10);
        mcp__name_process(&book, fds, n, MCP__NAME_FRESH_MS + 2);
    }
    ck_assert_str_eq(address_text(0), "127.0.0.7");
    close_book();
}
END_TEST

START_TEST(after_a_failure_the_new_answer_is_awaited)
{
    open_book("a.test");
    ck_assert_int_eq(begin_and_wait(0), MCP__NAME_READY);
    server.last = 8;
    mcp__name_stale(&book, 0);
    ck_assert_int_eq(mcp__name_begin(&book, 0, MCP__NAME_AGAIN_MS), MCP__NAME_READY);
    ck_assert_uint_eq(book.n_asking, 0); /* the answer is too young */
    ck_assert_int_eq(mcp__name_begin(&book, 0, 2000), MCP__NAME_PENDING);
    ck_assert_int_eq(wait_until_done(2000), MCP__NAME_READY);
    ck_assert_str_eq(address_text(0), "127.0.0.8");
    close_book();
}
END_TEST

START_TEST(last_good_answer_stays)
{
    open_book("a.test");
    ck_assert_int_eq(begin_and_wait(0), MCP__NAME_READY);
    server.silent = 1;
    mcp__name_stale(&book, 0);
    ck_assert_int_eq(mcp__name_begin(&book, 0, 2000), MCP__NAME_PENDING);
    ck_assert_int_le(mcp__name_timeout_ms(&book, 2000), MCP__NAME_PATIENCE_MS);
    /* patience is over before c-ares gives up */
    ck_assert_int_eq(mcp__name_done(&book, 0, 2000 + MCP__NAME_PATIENCE_MS - 1), MCP__NAME_PENDING);
    ck_assert_int_eq(mcp__name_done(&book, 0, 2000 + MCP__NAME_PATIENCE_MS), MCP__NAME_READY);
    ck_assert_int_eq(wait_until_done(2000), MCP__NAME_READY); /* and when c-ares has given up */
    ck_assert_uint_eq(book.n_asking, 0);
    ck_assert_str_eq(mcp__name_why(&book, 0), "no name server answered");
    ck_assert_str_eq(address_text(0), "127.0.0.1");
    close_book();
}
END_TEST

/* The system's list of name servers is read anew when the channel is idle and old. */
START_TEST(old_channel_is_made_anew)
{
    open_book("a.test");
    ck_assert_int_eq(begin_and_wait(0), MCP__NAME_READY);
    dns_stop(&server);
    dns_start(&server);
    server.last = 5;
    mcp__name_use_server(&book, server.address);
    ck_assert_int_eq(mcp__name_begin(&book, 0, MCP__NAME_FRESH_MS + 1), MCP__NAME_READY);
    mcp__name_stale(&book, 0);
    ck_assert_int_eq(wait_until_done(MCP__NAME_FRESH_MS + 1), MCP__NAME_READY);
    ck_assert_str_eq(address_text(0), "127.0.0.5");
    close_book();
}
END_TEST

/* ---- fork and memory ---------------------------------------------------------------------- */

/* Exit codes: 0 fine, else which step went wrong. */
static int
child_starts_over(void)
{
    struct pollfd parents[MCP__NAME_FDS];
    size_t n = mcp__name_fds(&book, parents, MCP__NAME_FDS);
    if (n == 0)
        return 1;
    mcp__name_child(&book);
    for (size_t i = 0; i < n; i++)
        if (fcntl(parents[i].fd, F_GETFD) != -1)
            return 2;
    if (book.n_asking != 0 || mcp__name_timeout_ms(&book, 0) != -1)
        return 3;
    if (mcp__name_done(&book, 0, 0) != MCP__NAME_FAILED)
        return 4;
    if (mcp__name_begin(&book, 0, 0) != MCP__NAME_PENDING)
        return 5;
    mcp__name_fini(&book);
    return 0;
}

START_TEST(child_drops_the_question_and_parent_keeps_it)
{
    int status;
    open_book("a.test");
    ck_assert_int_eq(mcp__name_begin(&book, 0, 0), MCP__NAME_PENDING);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(child_starts_over());
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    ck_assert_int_eq(wait_until_done(0), MCP__NAME_READY);
    ck_assert_str_eq(address_text(0), "127.0.0.1");
    close_book();
}
END_TEST

START_TEST(child_keeps_answers)
{
    open_book("a.test");
    ck_assert_int_eq(begin_and_wait(0), MCP__NAME_READY);
    mcp__name_child(&book);
    ck_assert_ptr_null(book.channel);
    ck_assert_int_eq(mcp__name_begin(&book, 0, 5), MCP__NAME_READY);
    ck_assert_str_eq(address_text(0), "127.0.0.1");
    close_book();
}
END_TEST

/* Forked while another thread was inside c-ares: its channel is not touched. */
START_TEST(child_leaves_a_busy_channel_alone)
{
    open_book("a.test");
    ck_assert_int_eq(begin_and_wait(0), MCP__NAME_READY);
    ares_channel busy = book.channel;
    book.inside = 1;
    mcp__name_child(&book);
    ck_assert_ptr_null(book.channel);
    ck_assert_int_eq(book.inside, 0);
    ares_destroy(busy); /* still whole: a second destruction would crash */
    close_book();
}
END_TEST

static void *
nothing_to_be_had(void *context, size_t size)
{
    (void)context;
    (void)size;
    return NULL;
}

START_TEST(no_memory)
{
    mcp__mem none = mcp__mem_system();
    none.allocate = nothing_to_be_had;
    ck_assert_int_eq(mcp__name_init(&book, &none, spec, 2, 500), -1);
    open_book("a.test");
    mem.allocate = nothing_to_be_had; /* from now on */
    ck_assert_int_eq(mcp__name_begin(&book, 0, 0), MCP__NAME_FAILED);
    ck_assert_str_eq(mcp__name_why(&book, 0), "no memory to look the name up");
    mem = mcp__mem_system();
    ck_assert_int_eq(mcp__name_begin(&book, 0, 2000), MCP__NAME_PENDING);
    ck_assert_int_eq(wait_until_done(2000), MCP__NAME_READY);
    close_book();
}
END_TEST

static TCase *
asking(void)
{
    TCase *cases = tcase_create("asking");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, one_address);
    tcase_add_test(cases, only_v6);
    tcase_add_test(cases, several_addresses_take_turns);
    tcase_add_test(cases, many_addresses_are_cut);
    tcase_add_test(cases, answers_over_tcp);
    tcase_add_test(cases, failures_are_told);
    tcase_add_test(cases, silence_holds_nobody);
    tcase_add_test(cases, half_an_answer_will_do);
    tcase_add_test(cases, late_look_finds_the_answer);
    return cases;
}

static TCase *
keeping(void)
{
    TCase *cases = tcase_create("keeping");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, old_answers_are_refreshed_beside);
    tcase_add_test(cases, after_a_failure_the_new_answer_is_awaited);
    tcase_add_test(cases, last_good_answer_stays);
    tcase_add_test(cases, old_channel_is_made_anew);
    tcase_add_test(cases, child_drops_the_question_and_parent_keeps_it);
    tcase_add_test(cases, child_keeps_answers);
    tcase_add_test(cases, child_leaves_a_busy_channel_alone);
    tcase_add_test(cases, no_memory);
    return cases;
}

int
main(void)
{
    Suite *suite = suite_create("io/name");
    TCase *known = tcase_create("known");
    tcase_add_test(known, numeric_addresses);
    tcase_add_test(known, scopes);
    tcase_add_test(known, unix_paths);
    tcase_add_test(known, localhost_needs_no_name_server);
    suite_add_tcase(suite, known);
    suite_add_tcase(suite, asking());
    suite_add_tcase(suite, keeping());
    return run_suite(suite);
}
