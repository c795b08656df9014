/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What calls cost, counted: system calls and their order under strace, with 3 servers and with
 * 300, and allocations once everything is warm, through the client's allocator and through malloc.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/client.h"
#include "support/run.h"
#include "support/trace.h"
#include "support/wait.h"

/* ---- Counting allocations ----------------------------------------------------------------- */

static size_t n_allocations; /* through the allocator that the client was given */

static void *
count_new(void *context, size_t size)
{
    (void)context;
    n_allocations++;
    return malloc(size);
}

static void *
count_resize(void *context, void *old, size_t size)
{
    (void)context;
    n_allocations++;
    return realloc(old, size);
}

static void
count_free(void *context, void *block)
{
    (void)context;
    free(block);
}

/*
 * Behind the library's back: the process's own malloc, so that what goes past the allocator is
 * seen, too. A sanitizer brings a malloc of its own and must keep it.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OWN_MALLOC 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OWN_MALLOC 0
#endif
#endif
#if !defined(OWN_MALLOC) && defined(__GLIBC__)
#define OWN_MALLOC 1
#elif !defined(OWN_MALLOC)
#define OWN_MALLOC 0
#endif

static size_t n_mallocs;

#if OWN_MALLOC
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *old, size_t size);

void *
malloc(size_t size)
{
    n_mallocs++;
    return __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
    n_mallocs++;
    return __libc_calloc(n, size);
}

void *
realloc(void *old, size_t size)
{
    n_mallocs++;
    return __libc_realloc(old, size);
}
#endif

/* ---- Options for n servers of which few are real ------------------------------------------ */

/* What is counted does not depend on how long a call takes under slow tools. */
static int
view_interval_ms(void)
{
    return (int)client_slack(200);
}

/*
 * n primaries and one backup. All primaries are names of one memcached: links to its socket. What
 * is asked is the path to it, which must not depend on how many there are.
 */
static char *
many_servers(const server *p, const server *b, int n)
{
    size_t size = (size_t)n * 100 + 400;
    char *options = malloc(size);
    char path[108];
    int at;

    ck_assert_ptr_nonnull(options);
    at = snprintf(options, size, "timeout=5s view_interval=%dms backup=%s", view_interval_ms(),
                  b->address);
    for (int i = 0; i < n; i++) {
        run_path(path, sizeof path, ".link");
        ck_assert_int_eq(symlink(p->path, path), 0);
        at += snprintf(options + at, size - (size_t)at, " server=unix:%s", path);
    }
    return options;
}

enum { N_WARM_KEYS = 3000, N_TRACED_KEYS = 100 };

static void
warm_up(mcp_client *c, int n_keys)
{
    char key[32];

    for (int i = 0; i < n_keys; i++) {
        snprintf(key, sizeof key, "warm%d", i);
        (void)mcp_set(c, T(key), T("1"), 0, 0);
        (void)mcp_get(c, T(key), NULL);
        (void)mcp_incr(c, T(key), 1, NULL);
        (void)mcp_delete(c, T(key));
    }
    (void)mcp_set(c, T("k"), T("value"), 0, 0);
    (void)mcp_set(c, T("n"), T("1"), 0, 0);
    (void)mcp_get(c, T("k"), NULL);
    (void)mcp_get(c, T("n"), NULL);
}

/* ---- Allocations -------------------------------------------------------------------------- */

static void
no_allocation_in_10000_calls(int n_servers)
{
    const mcp_allocator counting = {count_new, count_resize, count_free, NULL};
    server *p = server_unix("-c 2048");
    server *b = server_unix(NULL);
    char *options = many_servers(p, b, n_servers);
    char why[200] = "";
    mcp_client *c = mcp_open_with(options, &counting, why, sizeof why);
    mcp_result r = MCP_RESULT_INIT;
    size_t by_client;
    size_t by_process;
    int bad = 0;

    ck_assert_msg(c != NULL, "%s", why);
    ck_assert_uint_gt(n_allocations, 0);
    warm_up(c, N_WARM_KEYS);
    by_client = n_allocations;
    by_process = n_mallocs;
    for (int i = 0; i < 10000; i++) {
        bad += mcp_set(c, "k", 1, "value", 5, 0, 0) != MCP_OK;
        bad += mcp_get(c, "k", 1, &r) != MCP_OK;
        bad += mcp_incr(c, "n", 1, 1, NULL) != MCP_OK;
        bad += mcp_delete(c, "k", 1) != MCP_OK;
    }
    by_client = n_allocations - by_client;
    by_process = n_mallocs - by_process;
    ck_assert_int_eq(bad, 0);
    ck_assert_msg(by_client == 0, "%zu allocations by the client", by_client);
    ck_assert_msg(by_process == 0, "%zu allocations by the process", by_process);
    mcp_close(c);
    free(options);
}

START_TEST(no_allocation_once_warm)
{
    no_allocation_in_10000_calls(3);
}
END_TEST

START_TEST(no_allocation_once_warm_with_300_servers)
{
    no_allocation_in_10000_calls(300);
}
END_TEST

static size_t n_living;

static void *
living_new(void *context, size_t size)
{
    (void)context;
    n_living++;
    return malloc(size);
}

static void *
living_resize(void *context, void *old, size_t size)
{
    (void)context;
    n_living += old == NULL;
    return realloc(old, size);
}

static void
living_free(void *context, void *block)
{
    (void)context;
    n_living -= block != NULL;
    free(block);
}

START_TEST(all_memory_comes_from_the_allocator_and_goes_back)
{
    const mcp_allocator living = {living_new, living_resize, living_free, NULL};
    server *p = server_unix(NULL);
    char options[200];
    mcp_client *c;
    mcp_result r = MCP_RESULT_INIT;

    snprintf(options, sizeof options, "server=%s", p->address);
    c = mcp_open_with(options, &living, NULL, 0);
    ck_assert_ptr_nonnull(c);
    ck_assert_uint_gt(n_living, 0);
    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    client_expect(c, mcp_get(c, T("k"), &r), MCP_OK, "get");
    ck_assert_int_eq(mcp_result_take(c, &r), MCP_OK);
    mcp_release(c, r.value);
    mcp_close(c);
    ck_assert_uint_eq(n_living, 0);
    ck_assert_ptr_null(mcp_open_with("server=", &living, NULL, 0));
    ck_assert_ptr_null(mcp_open_with("server=a backup=b timeout=1", &living, NULL, 0));
    ck_assert_uint_eq(n_living, 0);
}
END_TEST

/* ---- System calls ------------------------------------------------------------------------- */

enum {
    OPEN,
    WARM,
    ONE_GET,
    BEFORE_SET,
    ONE_SET,
    ONE_DELETE,
    AFTER_DELETE,
    ONE_INCR,
    ONE_TOUCH,
    ONE_ADD,
    MANY_GETS,
    BEFORE_SETS,
    MANY_SETS,
    CLOSE,
    N_PHASES
};
enum { MANY = 2000 };

/* The traced work; words: NAME, file with the options. A phase for each thing that is counted. */
static int
work(char **words)
{
    FILE *file = fopen(words[1], "r");
    static char options[65536];
    mcp_client *c;
    int64_t start;
    int64_t gets_ms;
    int bad = 0;

    if (file == NULL)
        return 2;
    options[fread(options, 1, sizeof options - 1, file)] = '\0';
    fclose(file);
    c = mcp_open(options, NULL, 0);
    trace_phase();
    warm_up(c, N_TRACED_KEYS);
    trace_phase();
    bad += mcp_get(c, T("k"), NULL) != MCP_OK;
    trace_phase();
    bad +=
        mcp_set(c, T("k"), T("other"), 0, 0) != MCP_OK; /* marks that are too old are read first */
    trace_phase();
    bad += mcp_set(c, T("k"), T("other"), 0, 0) != MCP_OK;
    trace_phase();
    bad += mcp_delete(c, T("k")) != MCP_OK;
    trace_phase();
    bad += mcp_get(c, T("k"), NULL) != MCP_NOT_FOUND;
    bad += mcp_set(c, T("k"), T("value"), 0, 0) != MCP_OK;
    bad += mcp_get(c, T("k"), NULL) != MCP_OK;
    trace_phase();
    bad += mcp_incr(c, T("n"), 1, NULL) != MCP_OK;
    trace_phase();
    bad += mcp_touch(c, T("n"), 1000) != MCP_OK;
    trace_phase();
    bad += mcp_add(c, T("a"), T("x"), 0, 0) != MCP_OK;
    trace_phase();
    start = now_ms();
    for (int i = 0; i < MANY; i++)
        bad += mcp_get(c, T("k"), NULL) != MCP_OK;
    gets_ms = now_ms() - start;
    trace_phase();
    bad += mcp_set(c, T("k"), T("x"), 0, 0) != MCP_OK; /* the primary's marks are read first */
    trace_phase();
    for (int i = 0; i < MANY; i++)
        bad += mcp_set(c, T("k"), T("x"), 0, 0) != MCP_OK;
    trace_phase();
    mcp_close(c);
    printf("%d calls failed, gets took %d ms\n", bad, (int)gets_ms);
    return bad != 0;
}

static trace *
trace_with(const server *p, const server *b, int n)
{
    char path[128];
    const char *const words[] = {"calls", run_path(path, sizeof path, ".options"), NULL};
    char *options = n == 0 ? malloc(400) : many_servers(p, b, n);
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(options);
    ck_assert_ptr_nonnull(file);
    if (n == 0)
        snprintf(options, 400, "timeout=5s view_interval=%dms server=%s backup=%s",
                 view_interval_ms(), p->address, b->address);
    fputs(options, file);
    fclose(file);
    free(options);
    return trace_work(words);
}

/* The whole of a phase, for messages. */
static const char *
text_of(const trace *t, int phase)
{
    static char text[4000];
    size_t at = 0;

    text[0] = '\0';
    for (size_t i = 0; i < t->n && at < sizeof text - 200; i++)
        if (t->calls[i].phase == phase)
            at += (size_t)snprintf(text + at, sizeof text - at, "\n  %s", t->calls[i].text);
    return text;
}

static void
story_is(const trace *t, int phase, const char *const peers[2], const char *wanted)
{
    char story[64];

    trace_story(t, phase, peers, story, sizeof story);
    ck_assert_msg(strcmp(story, wanted) == 0, "%s instead of %s:%s", story, wanted,
                  text_of(t, phase));
    ck_assert_msg(trace_count(t, phase, "", NULL) == strlen(wanted), "more than %s:%s", wanted,
                  text_of(t, phase));
}

/* S, R: primary; s, r: backup. */
START_TEST(strace_order_of_sends_and_receives)
{
    server *p = _i == 0 ? server_unix(NULL) : server_tcp(NULL);
    server *b = _i == 0 ? server_unix(NULL) : server_tcp(NULL);
    trace *t = trace_with(p, b, 0);
    const char *const peers[2] = {p->address, b->address};
    char story[64];

    story_is(t, ONE_GET, peers, "SR");
    story_is(t, ONE_SET, peers, "SsRr");
    story_is(t, ONE_INCR, peers, "SsRr");
    story_is(t, ONE_TOUCH, peers, "SsRr");
    story_is(t, ONE_ADD, peers, "SRsr");
    /* B, P, B; the last reply is read by then or by a later call that goes there. */
    trace_story(t, ONE_DELETE, peers, story, sizeof story);
    ck_assert_msg(strcmp(story, "srSRs") == 0 || strcmp(story, "srSRsr") == 0, "%s:%s", story,
                  text_of(t, ONE_DELETE));
    trace_free(t);
}
END_TEST

START_TEST(mcp_open_makes_no_system_call_on_the_network)
{
    server *p = server_unix(NULL);
    server *b = server_unix(NULL);
    trace *t = trace_with(p, b, 0);

    ck_assert_msg(trace_count(t, OPEN, "connect", NULL) == 0, "%s", text_of(t, OPEN));
    ck_assert_msg(trace_count(t, OPEN, "socket", NULL) == 0, "%s", text_of(t, OPEN));
    ck_assert_msg(trace_count(t, OPEN, "poll", NULL) == 0, "%s", text_of(t, OPEN));
    ck_assert_uint_eq(trace_count(t, WARM, "connect", p->address), 1);
    ck_assert_uint_eq(trace_count(t, WARM, "connect", b->address), 1);
    trace_free(t);
}
END_TEST

/*
 * Two system calls for a get, four for a mirrored set that is verified, with 3 servers and with
 * 300. Beside the gets the backup is asked for its marks about once in a view interval; between
 * sets everything else rides with them.
 */
START_TEST(strace_nothing_depends_on_the_number_of_servers)
{
    server *p = server_unix("-c 2048");
    server *b = server_unix(NULL);
    trace *t = trace_with(p, b, _i == 0 ? 3 : 300);
    size_t n_polls;
    size_t n_rides;
    int gets_ms = 0;

    ck_assert_uint_eq(trace_count(t, ONE_GET, "", NULL), 2);
    ck_assert_uint_eq(trace_count(t, ONE_SET, "", NULL), 4);
    ck_assert_uint_le(trace_count(t, ONE_DELETE, "", NULL), 6);
    ck_assert_int_eq(sscanf(t->output, "%*d calls failed, gets took %d ms", &gets_ms), 1);
    n_polls = trace_count(t, MANY_GETS, "send", b->address);
    n_rides = trace_count(t, MANY_GETS, "send", NULL) - MANY - n_polls;
    ck_assert_uint_le(n_rides, 3); /* what rode behind k, n and a found no company in time */
    ck_assert_uint_le(n_polls, (size_t)gets_ms / ((size_t)view_interval_ms() * 3 / 4) + 1);
    ck_assert_uint_le(trace_count(t, MANY_GETS, "recv", NULL), MANY + n_polls + n_rides);
    ck_assert_uint_le(trace_count(t, MANY_GETS, "", NULL),
                      2 * MANY + 3 * (n_polls + n_rides) + MANY / 100);
    ck_assert_uint_ge(trace_count(t, MANY_SETS, "send", NULL), 2 * MANY);
    /* Only where the machine stood still: a view that is too old is asked for before the set, a
     * poll stands in front of a receive. */
    ck_assert_uint_le(trace_count(t, MANY_SETS, "send", NULL), 2 * MANY + 4);
    ck_assert_uint_le(trace_count(t, MANY_SETS, "recv", NULL), 2 * MANY + 4);
    ck_assert_uint_le(trace_count(t, MANY_SETS, "", NULL), 4 * MANY + MANY / 100);
    trace_free(t);
}
END_TEST

/* Zeros would be taken for MCP_OK: nothing is done, and it is told. */
START_TEST(structs_of_zeros_are_refused)
{
    server *p = server_unix(NULL);
    mcp_client *c = client_open("server=%s", p->address);
    mcp_request set[2] = {client_request(MCP_SET, "k"), client_request(MCP_SET, "l")};
    const void *keys[2] = {"k", "l"};
    mcp_result zeros[2], r[2] = {MCP_RESULT_INIT, MCP_RESULT_INIT};
    mcp_request nothing;
    mcp_server info;

    memset(zeros, 0, sizeof zeros);
    memset(&nothing, 0, sizeof nothing);
    memset(&info, 0, sizeof info);
    ck_assert_int_eq(mcp_call(c, &set[0], zeros), MCP_BAD_ARGUMENT);
    ck_assert_str_eq(mcp_last_error(c)->text, "the result is not MCP_RESULT_INIT");
    ck_assert_uint_eq(mcp_batch(c, set, zeros, 2), 2);
    ck_assert_str_eq(mcp_last_error(c)->text, "the result is not MCP_RESULT_INIT");
    ck_assert_uint_eq(mcp_batch(c, set, NULL, 2), 2);
    ck_assert(!server_look(p, "k")->found && !server_look(p, "l")->found);
    ck_assert_uint_eq(mcp_mget(c, keys, NULL, 2, zeros), 2);
    ck_assert_str_eq(mcp_last_error(c)->text, "the result is not MCP_RESULT_INIT");
    ck_assert_int_eq(mcp_call(c, &nothing, r), MCP_BAD_ARGUMENT);
    ck_assert_str_eq(mcp_last_error(c)->text, "the request is not MCP_REQUEST_INIT");
    ck_assert_int_eq(mcp_call(c, NULL, r), MCP_BAD_ARGUMENT);
    ck_assert_int_eq(r[0].status, MCP_BAD_ARGUMENT);
    ck_assert_uint_eq(mcp_batch(c, NULL, r, 2), 2);
    ck_assert_str_eq(mcp_last_error(c)->text, "the requests are NULL");
    ck_assert_uint_eq(mcp_batch(c, &nothing, r, 2), 2);
    ck_assert_int_eq(r[1].status, MCP_BAD_ARGUMENT);
    ck_assert_int_eq(mcp_server_info(c, 0, &info), MCP_BAD_ARGUMENT);
    client_expect(c, mcp_call(c, &set[0], NULL), MCP_OK, "set without a result");
    mcp_close(c);
}
END_TEST

int
main(int argc, char **argv)
{
    TCase *tests = tcase_create("calls");

    if (argc > 2 && strcmp(argv[1], "--work") == 0)
        return work(argv + 2);
    tcase_add_test(tests, no_allocation_once_warm);
    tcase_add_test(tests, no_allocation_once_warm_with_300_servers);
    tcase_add_test(tests, all_memory_comes_from_the_allocator_and_goes_back);
    tcase_add_loop_test(tests, strace_order_of_sends_and_receives, 0, 2);
    tcase_add_test(tests, mcp_open_makes_no_system_call_on_the_network);
    tcase_add_loop_test(tests, strace_nothing_depends_on_the_number_of_servers, 0, 2);
    tcase_add_test(tests, structs_of_zeros_are_refused);
    return run_tests("calls", tests);
}
