/* SPDX-License-Identifier: BSD-3-Clause */
/* The examples do what they say. They stand where they were built, in $MCP_BUILD/examples. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/client.h"
#include "support/fault.h"
#include "support/run.h"
#include "support/server.h"

static const char *
example(char *path, size_t size, const char *name)
{
    const char *build = getenv("MCP_BUILD");

    snprintf(path, size, "%s/examples/%s", build == NULL ? "." : build, name);
    ck_assert_msg(access(path, X_OK) == 0, "%s is not built (is MCP_BUILD set?)", path);
    return path;
}

static int
run_example(const char *name, const char *options, char **output)
{
    char path[512];
    char out[128];
    const char *const argv[] = {example(path, sizeof path, name), options, NULL};
    int status = run_program(argv, run_path(out, sizeof out, ".out"));

    *output = run_read_file(out, NULL);
    return status;
}

START_TEST(first_prints_what_it_stored)
{
    server *p = server_unix(NULL);
    server *b = server_tcp(NULL);
    char options[400];
    char *output;

    snprintf(options, sizeof options, "server=%s backup=%s", p->address, b->address);
    ck_assert_int_eq(run_example("first", options, &output), 0);
    ck_assert_str_eq(output, "Ada\n");
    free(output);
    ck_assert(server_holds(p, "user:1", "Ada"));
    ck_assert(server_holds(b, "user:1", "Ada"));
}
END_TEST

START_TEST(first_tells_why_not)
{
    char nobody[40];
    char options[80];
    char *output;

    snprintf(options, sizeof options, "server=%s", server_nobody(nobody, sizeof nobody));
    ck_assert_int_eq(run_example("first", options, &output), 1);
    ck_assert_ptr_nonnull(strstr(output, nobody));
    free(output);
    ck_assert_int_eq(run_example("first", "server=a nonsense", &output), 2);
    ck_assert_ptr_nonnull(strstr(output, "nonsense"));
    free(output);
}
END_TEST

START_TEST(pool_serves_eight_workers_with_three_clients)
{
    server *p = server_unix(NULL);
    server *b = server_unix(NULL);
    char options[400];
    char *output;

    snprintf(options, sizeof options, "server=%s backup=%s timeout=5s", p->address, b->address);
    ck_assert_int_eq(run_example("pool", options, &output), 0);
    ck_assert_ptr_nonnull(strstr(output, "worker 7 counted to 100\n"));
    ck_assert_ptr_nonnull(strstr(output, "800 times borrowed, "));
    ck_assert_ptr_nonnull(strstr(output, " clients, 0 failed\n"));
    free(output);
    ck_assert(server_holds(b, "worker:0", "100"));
    ck_assert_int_eq(run_example("pool", "server=a nonsense", &output), 2);
    ck_assert_ptr_nonnull(strstr(output, "nonsense"));
    free(output);
}
END_TEST

START_TEST(pool_goes_over_to_another_list)
{
    server *p = server_unix(NULL);
    server *b = server_unix(NULL);
    server *other = server_unix(NULL);
    char path[512], options[400], next[400], out[128];
    const char *const good[] = {example(path, sizeof path, "pool"), options, next, NULL};
    const char *const bad[] = {path, options, "server=a nonsense", NULL};
    char *output;

    snprintf(options, sizeof options, "server=%s backup=%s timeout=5s", p->address, b->address);
    snprintf(next, sizeof next, "server=%s backup=%s timeout=5s", p->address, other->address);
    mcp_client *first = client_pair(p, b, ""); /* in a pool that is not of this very second */
    client_expect(first, mcp_set(first, T("k"), T("v"), 0, 0), MCP_OK, "set");
    mcp_close(first);
    ck_assert_int_eq(run_program(good, run_path(out, sizeof out, ".out")), 0);
    output = run_read_file(out, NULL);
    ck_assert_ptr_nonnull(strstr(output, "worker 7 counted to 100\n"));
    ck_assert_ptr_nonnull(strstr(output, " clients, 0 failed\n"));
    free(output);
    ck_assert_int_eq(run_program(bad, run_path(out, sizeof out, ".out")), 1);
    output = run_read_file(out, NULL);
    ck_assert_ptr_nonnull(strstr(output, "the list stays: "));
    ck_assert_ptr_nonnull(strstr(output, "nonsense"));
    free(output);
}
END_TEST

static void
stores_and_reads(const char *name)
{
    server *p = server_unix(NULL);
    server *q = server_tcp(NULL);
    server *b = server_tcp(NULL);
    char options[600];
    char *output;

    snprintf(options, sizeof options, "server=%s server=%s backup=%s timeout=5s", p->address,
             q->address, b->address);
    ck_assert_int_eq(run_example(name, options, &output), 0);
    ck_assert_str_eq(output, "1000 stored and read, 0 failed\n");
    free(output);
    ck_assert(server_holds(b, "example:999", "example:999"));
}

START_TEST(async_poll_stores_and_reads)
{
    stores_and_reads("async_poll");
}
END_TEST

START_TEST(mget_prints_what_there_is)
{
    server *p = server_unix(NULL);
    server *q = server_tcp(NULL);
    char options[400];
    char *output;

    snprintf(options, sizeof options, "server=%s server=%s timeout=5s", p->address, q->address);
    ck_assert_int_eq(run_example("mget", options, &output), 0);
    ck_assert_str_eq(output, "user:1 Ada\nuser:2 Grace\nuser:3 not found\nuser:1 Ada\n11 bytes\n");
    free(output);
}
END_TEST

START_TEST(first_finds_a_server_by_its_name_and_tells_it_a_password)
{
    char auth[108], extra[128], options[400];
    char *output;
    run_path(auth, sizeof auth, ".auth");
    FILE *file = fopen(auth, "w");

    ck_assert_ptr_nonnull(file);
    fputs("me:secret\n", file);
    fclose(file);
    snprintf(extra, sizeof extra, "-Y %s", auth);
    server *s = server_login(extra, "me secret");
    server *named = server_tcp(NULL);
    snprintf(options, sizeof options, "server=%s auth=file:%s timeout=2s", s->address, auth);
    ck_assert_int_eq(run_example("first", options, &output), 0);
    ck_assert_str_eq(output, "Ada\n");
    free(output);
    snprintf(options, sizeof options, "server=localhost:%d timeout=2s", named->port);
    ck_assert_int_eq(run_example("first", options, &output), 0);
    ck_assert_str_eq(output, "Ada\n");
    free(output);
    ck_assert(server_holds(named, "user:1", "Ada"));
}
END_TEST

/* Those are built where their library, or a compiler of C++, was found. */
static int
is_built(const char *name)
{
    const char *build = getenv("MCP_BUILD");
    char path[512];

    snprintf(path, sizeof path, "%s/examples/%s", build == NULL ? "." : build, name);
    return access(path, X_OK) == 0;
}

START_TEST(async_libevent_stores_and_reads)
{
    stores_and_reads("async_libevent");
}
END_TEST

START_TEST(async_libuv_stores_and_reads)
{
    stores_and_reads("async_libuv");
}
END_TEST

START_TEST(plus_is_a_program_in_another_language)
{
    server *p = server_unix(NULL);
    char options[400], nobody[40];
    char *output;

    snprintf(options, sizeof options, "server=%s timeout=2s", p->address);
    ck_assert_int_eq(run_example("plus", options, &output), 0);
    ck_assert_str_eq(output, "Ada\nnot found\n");
    free(output);
    snprintf(options, sizeof options, "server=%s", server_nobody(nobody, sizeof nobody));
    ck_assert_int_eq(run_example("plus", options, &output), 1);
    ck_assert_ptr_nonnull(strstr(output, nobody));
    free(output);
}
END_TEST

/* A child whose standard input and output are ours. */
typedef struct dialog {
    pid_t pid;
    FILE *in;
    FILE *out;
} dialog;

static void
begin(dialog *d, const char *path, const char *options)
{
    int in[2];
    int out[2];
    pid_t parent = getpid();

    ck_assert_int_eq(pipe(in), 0);
    ck_assert_int_eq(pipe(out), 0);
    d->pid = fork();
    ck_assert_int_ge(d->pid, 0);
    if (d->pid == 0) {
        run_die_with_parent(parent);
        dup2(in[0], 0);
        dup2(out[1], 1);
        close(in[1]);
        close(out[0]);
        execl(path, path, options, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    d->in = fdopen(in[1], "w");
    d->out = fdopen(out[0], "r");
}

/* The next line that holds this text; lines before it are passed over. */
static void
find(dialog *d, const char *text, char *line, size_t size)
{
    do {
        ck_assert_msg(fgets(line, (int)size, d->out) != NULL, "no line says \"%s\"", text);
    } while (strstr(line, text) == NULL);
}

static void
press_enter(dialog *d)
{
    fputs("\n", d->in);
    fflush(d->in);
}

START_TEST(failover_shows_a_failover)
{
    server *p = server_unix(NULL);
    server *q = server_unix(NULL);
    server *b = server_unix(NULL);
    char options[600];
    char path[512];
    char line[300];
    dialog d;
    int first;
    int second;
    int status;

    snprintf(options, sizeof options, "server=%s server=%s backup=%s", p->address, q->address,
             b->address);
    begin(&d, example(path, sizeof path, "failover"), options);
    find(&d, "100 keys stored, 0 failed", line, sizeof line);
    press_enter(&d);
    find(&d, "100 from primaries, 0 from backups, 0 misses, 0 errors", line, sizeof line);
    server_kill(p);
    press_enter(&d);
    find(&d, " from primaries", line, sizeof line);
    ck_assert_int_eq(
        sscanf(line, "%d from primaries, %d from backups, 0 misses, 0 err", &first, &second), 2);
    ck_assert_int_eq(first + second, 100);
    ck_assert_int_gt(second, 10);
    find(&d, "down", line, sizeof line);
    ck_assert_ptr_nonnull(strstr(line, p->address));
    server_pause(q);
    press_enter(&d);
    find(&d, "0 from primaries, 100 from backups, 0 misses, 0 errors", line, sizeof line);
    fclose(d.in);
    ck_assert_int_eq(waitpid(d.pid, &status, 0), d.pid);
    ck_assert_int_eq(status, 0);
    fclose(d.out);
}
END_TEST

/* Each says on standard output what it shows. _i 1: over connections without the meta commands. */
START_TEST(each_shows_its_feature)
{
    static const struct {
        const char *name;
        const char *says;
    } examples[] = {
        {"cas", "one two\nan old token: "},
        {"counters", "without a value: not found\n1\n11\n21\nnot below 0\n"},
        {"lease", "the first one computes it\nanother one: "},
        {"batch", "0 failed\n0 failed\none: one\ntwo: two\nthree: three\nmissing: not found\n"},
        {"stats", " items\n"},
        {"binary_keys", "binary\ntext\n"},
        {"dump", "\n"},
        {"log", ": connected, memcached 1."},
        {"fork", "child: 1000 rounds, 0 failed\n"},
        {"async_own", "9 done, 1 cancelled, 0 failed\n"},
        {"latency", ": 1000 gets (1000 hits), 1000 sets, 0 errors; half of "},
    };
    server *p = server_unix(NULL);
    server *b = server_unix(NULL);
    char options[400];

    snprintf(options, sizeof options, "server=%s backup=%s timeout=2s%s", p->address, b->address,
             _i == 1 ? " protocol=classic" : "");
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        char *output;

        ck_assert_msg(run_example(examples[i].name, options, &output) == 0, "%s: %s",
                      examples[i].name, output);
        ck_assert_msg(strstr(output, examples[i].says) != NULL, "%s says %s", examples[i].name,
                      output);
        if (strcmp(examples[i].name, "lease") == 0)
            ck_assert_ptr_nonnull(strstr(output, "\nthen: 42\n"));
        if (strcmp(examples[i].name, "stats") == 0)
            ck_assert_ptr_nonnull(strstr(output, "\nbackup "));
        if (strcmp(examples[i].name, "dump") == 0) /* what the others have left */
            ck_assert_msg(strstr(output, "report: ") != NULL &&
                              strstr(output, "\n7 keys\n") != NULL,
                          "%s", output);
        free(output);
    }
}
END_TEST

START_TEST(events_tells_of_an_outage)
{
    server *p = server_unix(NULL);
    server *b = server_unix(NULL);
    char options[400];
    char path[512];
    char line[300];
    dialog d;
    int status;

    snprintf(options, sizeof options, "server=%s backup=%s timeout=2s", p->address, b->address);
    begin(&d, example(path, sizeof path, "events"), options);
    press_enter(&d);
    find(&d, "get: not found", line, sizeof line);
    server_kill(p);
    press_enter(&d);
    find(&d, ": state, up to down", line, sizeof line);
    ck_assert_ptr_nonnull(strstr(line, p->address));
    find(&d, "get: not found", line, sizeof line);
    fclose(d.in);
    ck_assert_int_eq(waitpid(d.pid, &status, 0), d.pid);
    ck_assert_int_eq(status, 0);
    fclose(d.out);
}
END_TEST

static void
write_list(const char *path, const server *one, const server *other)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fprintf(file, "# the cache of this test; timeout=1ms\nserver=%s # first\n", one->address);
    if (other != NULL)
        fprintf(file, "server=%s\n", other->address);
    fputs("timeout=5s", file);
    fclose(file);
}

START_TEST(reload_reads_its_file_again)
{
    server *p = server_unix(NULL);
    server *q = server_unix(NULL);
    char list[108], options[128], path[512], line[300];
    dialog d;
    int status;

    run_path(list, sizeof list, ".conf");
    snprintf(options, sizeof options, "file=%s", list);
    write_list(list, p, NULL);
    begin(&d, example(path, sizeof path, "reload"), options);
    find(&d, "1 servers", line, sizeof line);
    write_list(list, q, p);
    press_enter(&d);
    find(&d, p->address, line, sizeof line); /* the same connection */
    ck_assert_ptr_nonnull(strstr(line, ", connected 1 times\n"));
    find(&d, "2 servers", line, sizeof line);
    remove(list);
    press_enter(&d);
    find(&d, "as before: ", line, sizeof line);
    find(&d, "2 servers", line, sizeof line);
    fclose(d.in);
    ck_assert_int_eq(waitpid(d.pid, &status, 0), d.pid);
    ck_assert_int_eq(status, 0);
    fclose(d.out);
}
END_TEST

START_TEST(discovery_finds_its_servers)
{
    server *p = server_tcp(NULL);
    server *q = server_tcp(NULL);
    fault *endpoint = fault_tcp(p);
    char list[100], text[200], options[128], path[512], line[300];
    dialog d;
    int status;
    int len = snprintf(list, sizeof list, "1\n127.0.0.1||%d 127.0.0.1||%d\n", p->port, q->port);

    snprintf(text, sizeof text, "CONFIG cluster 0 %d\r\n%s\r\nEND\r\n", len, list);
    fault_rule_one(endpoint, &(fault_rule){
                                 .match = "config get cluster", .what = FAULT_TEXT, .text = text});
    snprintf(options, sizeof options, "discovery=%s timeout=5s", fault_address(endpoint));
    begin(&d, example(path, sizeof path, "discovery"), options);
    find(&d, p->address, line, sizeof line);
    find(&d, q->address, line, sizeof line);
    find(&d, "greeting: hello", line, sizeof line);
    fclose(d.in);
    ck_assert_int_eq(waitpid(d.pid, &status, 0), d.pid);
    ck_assert_int_eq(status, 0);
    fclose(d.out);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("examples");

    tcase_add_test(tests, first_prints_what_it_stored);
    tcase_add_test(tests, first_tells_why_not);
    tcase_add_test(tests, pool_serves_eight_workers_with_three_clients);
    tcase_add_test(tests, pool_goes_over_to_another_list);
    tcase_add_test(tests, first_finds_a_server_by_its_name_and_tells_it_a_password);
    tcase_add_test(tests, async_poll_stores_and_reads);
    tcase_add_test(tests, mget_prints_what_there_is);
    if (is_built("async_libevent"))
        tcase_add_test(tests, async_libevent_stores_and_reads);
    if (is_built("async_libuv"))
        tcase_add_test(tests, async_libuv_stores_and_reads);
    if (is_built("plus"))
        tcase_add_test(tests, plus_is_a_program_in_another_language);
    tcase_add_test(tests, failover_shows_a_failover);
    tcase_add_loop_test(tests, each_shows_its_feature, 0, 2);
    tcase_add_test(tests, events_tells_of_an_outage);
    tcase_add_test(tests, reload_reads_its_file_again);
    tcase_add_test(tests, discovery_finds_its_servers);
    return run_tests("examples", tests);
}
