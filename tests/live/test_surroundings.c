/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What surrounds a client: a road on which only small packets come through, servers that say
 * anything at all, a clock that somebody sets, a thread with a small stack, a sandbox.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/client.h"
#include "support/fault.h"
#include "support/run.h"
#include "support/wait.h"

/* ---- The road ----------------------------------------------------------------------------- */

/* Packets of full size vanish: whoever asks for little notices nothing, and what is large ends
 * within its deadline. */
START_TEST(fault_39_only_small_packets_come_through)
{
    static char large[100000];
    server *p = server_unix(NULL), *b = server_unix(NULL);
    fault *road = fault_tcp(p);
    const fault_rule stuck = {.match = "ms large ", .what = FAULT_HANG};
    char options[300];
    mcp_client *c = client_open("server=%s backup=%s timeout=2s", fault_address(road), b->address);
    mcp_server info;

    memset(large, 'x', sizeof large);
    client_expect(c, mcp_set(c, T("small"), T("v"), 0, 0), MCP_OK, "set");
    fault_rule_one(road, &stuck);
    uint64_t timeouts = client_info(c, 0).timeouts;
    client_expect(c, mcp_set(c, T("large"), large, sizeof large, 0, 0), MCP_OK, "large set");
    info = client_info(c, 0);
    ck_assert_uint_eq(info.timeouts, timeouts + 1);
    ck_assert_int_ne(info.state, MCP_STATE_DOWN); /* a soft error */
    ck_assert_uint_eq(server_look(b, "large")->len, sizeof large);
    ck_assert_int_eq(fault_ended(road, 0), FAULT_RST);
    client_reads(c, "small", "v");
    client_expect(c, mcp_set(c, T("small"), T("w"), 0, 0), MCP_OK, "small set");
    client_reads(c, "small", "w");
    fault_rule_one(road, NULL);
    ck_assert(client_wait_state(c, 0, MCP_STATE_UP, 60000));
    client_reads(c, "small", "w");
    mcp_close(c);
    /* Without a backup it is an error, which says that it may have been done. */
    snprintf(options, sizeof options, "server=%s timeout=300ms", fault_address(road));
    c = client_open("%s", options);
    client_expect(c, mcp_set(c, T("small"), T("w"), 0, 0), MCP_OK, "small set");
    fault_rule_one(road, &stuck);
    int64_t begin = now_ms();
    ck_assert_int_eq(mcp_set(c, T("large"), large, sizeof large, 0, 0), MCP_UNKNOWN);
    ck_assert_int_lt(now_ms() - begin, 300 + client_slack(1000));
    mcp_close(c);
}
END_TEST

/* ---- Anything at all ---------------------------------------------------------------------- */

static uint64_t state = 88172645463325252u;

static uint64_t
next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Random bytes are an error or, now and then, an answer that means nothing; never another value,
 * and never a crash. The next call is served by the truth. */
START_TEST(fault_31_random_bytes_instead_of_an_answer)
{
    server *p = server_unix(NULL);
    fault *road = fault_unix(p);
    static char noises[200][300]; /* each stays: the road may still be sending it */
    fault_rule rule = {.match = "mg k ", .what = FAULT_TEXT, .times = 1};
    mcp_client *c =
        client_open("server=%s timeout=2s retry_min=1ms retry_max=1ms", fault_address(road));

    client_expect(c, mcp_set(c, T("k"), T("the truth"), 0, 0), MCP_OK, "set");
    for (int round = 0; round < 200; round++) {
        mcp_result r = MCP_RESULT_INIT;
        char *noise = noises[round];

        rule.text = noise;
        rule.n = 1 + next_random() % sizeof noises[round];
        for (size_t i = 0; i < rule.n; i++)
            noise[i] = (char)next_random();
        noise[rule.n - 1] = '\n'; /* else it may be the beginning of an answer, and is waited for */
        fault_rule_one(road, &rule);
        mcp_status status = mcp_get(c, T("k"), &r);
        ck_assert_msg(status < MCP_OK, "round %d: %s", round, mcp_strstatus(status));
        ck_assert_ptr_null(strpbrk(mcp_last_error(c)->text, "\r\n\033"));
        fault_rule_one(road, NULL);
        ck_assert(client_wait_state(c, 0, MCP_STATE_UP, 20000));
        client_reads(c, "k", "the truth");
    }
    ck_assert_int_ge(fault_connections(road), 200);
    mcp_close(c);
}
END_TEST

/* ---- The clock ---------------------------------------------------------------------------- */

static int64_t jump_s;

/* Stands before libc's: the wall clock as this test sets it. */
time_t
time(time_t *to)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec += (time_t)jump_s;
    if (to != NULL)
        *to = now.tv_sec;
    return now.tv_sec;
}

/* Deadlines, probes and views go by a clock that nobody sets; times to live are the server's. */
START_TEST(fault_67_the_clock_jumps)
{
    static const int64_t jumps[] = {86400, -86400, 86400 * 365, -86400 * 365};
    server *p = server_unix(NULL), *b = server_unix(NULL);
    fault *road = fault_unix(p);
    const fault_rule silent = {.match = "mg hang ", .what = FAULT_HANG};
    mcp_client *c = client_open("server=%s backup=%s timeout=500ms view_interval=100ms",
                                fault_address(road), b->address);

    for (size_t i = 0; i < sizeof jumps / sizeof jumps[0]; i++) {
        char key[20];
        mcp_result r = MCP_RESULT_INIT;

        snprintf(key, sizeof key, "key:%zu", i);
        client_expect(c, mcp_set(c, T(key), T("v"), 1000, 0), MCP_OK, "set");
        client_expect(c, mcp_set(c, T("hang"), T("h"), 0, 0), MCP_OK, "set");
        jump_s = jumps[i];
        client_reads(c, key, "v");
        client_expect(c, mcp_gets(c, T(key), &r), MCP_OK, "gets");
        ck_assert_int_gt(r.ttl, 900);
        ck_assert_int_le(r.ttl, 1000);
        fault_rule_one(road, &silent);
        int64_t begin = now_ms();
        client_reads(c, "hang", "h"); /* its share, then the backup */
        ck_assert_int_ge(now_ms() - begin, 150);
        ck_assert_int_lt(now_ms() - begin, 500 + client_slack(500));
        fault_rule_one(road, NULL);
        ck_assert(client_wait_state(c, 0, MCP_STATE_UP, 20000));
        ck_assert_uint_lt(client_info(c, 0).since_ms, 60000);
        jump_s = 0;
        client_reads(c, key, "v");
    }
    mcp_close(c);
}
END_TEST

/* ---- A small stack ------------------------------------------------------------------------ */

typedef struct errand {
    char options[400];
    char list[108];
    server *p;
} errand;

static int
count_stats(mcp_client *c)
{
    mcp_result r = MCP_RESULT_INIT;
    mcp_stat stat;
    size_t position = 0;
    int n = 0;

    if (mcp_stats(c, 0, NULL, &r) != MCP_OK)
        return 0;
    while (mcp_stat_next(&r, &position, &stat))
        n++;
    return n;
}

/* A bit of everything; how much went wrong. */
static int
everything(mcp_client *c)
{
    const void *keys[] = {"a", "b", "missing"};
    mcp_result results[3] = {MCP_RESULT_INIT, MCP_RESULT_INIT, MCP_RESULT_INIT};
    uint64_t number = 0;
    int bad = 0;

    bad += mcp_set(c, T("a"), T("1"), 0, 0) != MCP_OK;
    bad += mcp_add(c, T("b"), T("2"), 0, 0) != MCP_OK;
    bad += mcp_append(c, T("b"), T("2")) != MCP_OK;
    bad += mcp_incr(c, T("a"), 1, &number) != MCP_OK || number != 2;
    bad += mcp_mget(c, keys, NULL, 3, results) != 0;
    bad += mcp_touch(c, T("a"), 100) != MCP_OK;
    bad += mcp_delete(c, T("a")) != MCP_OK;
    bad += count_stats(c) < 10;
    bad += mcp_ping(c, 0) != MCP_OK;
    bad += mcp_flush(c, -1, 0) != MCP_OK;
    mcp_maintain(c);
    return bad;
}

static void *
small_thread(void *context)
{
    errand *e = context;
    char why[160];
    char *text;
    static int bad;
    mcp_client *c = mcp_open(e->options, why, sizeof why);

    bad = c == NULL;
    if (c == NULL)
        return &bad;
    bad += everything(c);
    bad += mcp_reload(c, e->options) != MCP_OK;
    bad += mcp_repair(c, -1, 20000, NULL, NULL) != MCP_OK;
    bad += mcp_resync(c, 0, 0, 20000, NULL, NULL) != MCP_OK;
    server_kill(e->p);
    bad += mcp_set(c, T("k"), T("v"), 0, 0) != MCP_OK; /* on record, now */
    bad += mcp_get(c, T("k"), NULL) != MCP_OK;
    bad += mcp_get(c, "\n", 1, NULL) != MCP_BAD_KEY;
    mcp_close(c);
    text = mcp_options_explain(e->options, why, sizeof why);
    bad += text == NULL;
    free(text);
    return &bad;
}

START_TEST(fault_72_a_stack_of_64_kilobytes)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    enum { STACK = 1024 * 1024 }; /* theirs are larger frames */
#else
    enum { STACK = 64 * 1024 };
#endif
    errand e = {.p = server_unix(NULL)};
    server *b = server_tcp(NULL);
    pthread_attr_t attributes;
    pthread_t thread;
    void *bad;
    FILE *file = fopen(run_path(e.list, sizeof e.list, ".conf"), "w");

    ck_assert_ptr_nonnull(file);
    fprintf(file, "# a file, too\nbackup=%s timeout=10s\n", b->address);
    fclose(file);
    snprintf(e.options, sizeof e.options, "server=%s file=%s", e.p->address, e.list);
    ck_assert_int_eq(pthread_attr_init(&attributes), 0);
    ck_assert_int_eq(pthread_attr_setstacksize(&attributes, STACK), 0);
    ck_assert_int_eq(pthread_create(&thread, &attributes, small_thread, &e), 0);
    ck_assert_int_eq(pthread_join(thread, &bad), 0);
    ck_assert_int_eq(*(int *)bad, 0);
    pthread_attr_destroy(&attributes);
}
END_TEST

/* ---- A sandbox ---------------------------------------------------------------------------- */

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define ALLOW(name)                                                                                \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##name, 0, 1),                                        \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* From now on whatever is no socket, wait, clock, memory or getpid ends this process. */
static void
lock_in(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ALLOW(socket),
        ALLOW(connect),
        ALLOW(close),
        ALLOW(shutdown),
        ALLOW(sendto),
        ALLOW(sendmsg),
        ALLOW(recvfrom),
        ALLOW(recvmsg),
        ALLOW(read),
        ALLOW(write),
        ALLOW(setsockopt),
        ALLOW(getsockopt),
        ALLOW(getsockname),
        ALLOW(fcntl),
        ALLOW(clock_gettime),
        ALLOW(getrandom),
        ALLOW(getpid),
        ALLOW(getpeername),
#ifdef __NR_poll
        ALLOW(poll),
#endif
        ALLOW(ppoll),
        ALLOW(brk),
        ALLOW(mmap),
        ALLOW(munmap),
        ALLOW(mremap),
        ALLOW(madvise),
        ALLOW(exit_group),
        ALLOW(rt_sigreturn),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    const struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        _exit(99);
}

/* In a child: a whole life of a client, with a dead server, behind the filter. */
static int
live_locked_in(const char *options, int breaks_out)
{
    int status;
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        lock_in();
        if (breaks_out)
            (void)getuid();
        mcp_client *c = mcp_open(options, NULL, 0);
        int bad = c == NULL ? 98 : everything(c);
        mcp_close(c);
        _exit(bad);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

START_TEST(fault_73_a_sandbox_that_kills)
{
    server *p = server_tcp(NULL), *b = server_unix(NULL), *road = server_unix(NULL);
    char options[400], nobody[40];
    mcp_client *c;

    snprintf(options, sizeof options, "server=%s backup=%s timeout=5s", p->address, b->address);
    ck_assert_int_eq(live_locked_in(options, 1), -SIGSYS); /* the filter does what it is for */
    ck_assert_int_eq(live_locked_in(options, 0), 0);
    /* A primary that is not there: every key is the backup's, with a record. */
    snprintf(options, sizeof options, "server=%s backup=%s timeout=5s",
             server_nobody(nobody, sizeof nobody), road->address);
    ck_assert_int_gt(live_locked_in(options, 0), 0); /* pings and figures of nobody, no more */
    c = client_open("server=%s backup=%s timeout=5s", p->address, b->address);
    client_expect(c, mcp_set(c, T("k"), T("v"), 0, 0), MCP_OK, "set"); /* nothing is left behind */
    mcp_close(c);
}
END_TEST
#endif

int
main(void)
{
    TCase *tests = tcase_create("surroundings");

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, fault_39_only_small_packets_come_through);
    tcase_add_test(tests, fault_31_random_bytes_instead_of_an_answer);
    tcase_add_test(tests, fault_67_the_clock_jumps);
    tcase_add_test(tests, fault_72_a_stack_of_64_kilobytes);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    tcase_add_test(tests, fault_73_a_sandbox_that_kills);
#endif
    return run_tests("surroundings", tests);
}
