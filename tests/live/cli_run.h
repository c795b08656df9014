/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cli_run: the real mcp-cli ($MCP_CLI), run with words, an environment and an input, and what it
 * said. For the two programs that test it.
 */
#ifndef TESTS_LIVE_CLI_RUN_H
#define TESTS_LIVE_CLI_RUN_H

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/run.h"

/* What the last run came to. */
static struct {
    int status; /* exit status; -1 - signal */
    char *out;
    size_t out_len;
    char *err;
} said;

/* For the runs to come: MCPROXY_OPTIONS ("": not set), standard input, two more variables. */
static char cli_options[2048];
static const char *cli_input = "";
static size_t cli_input_len;
static const char *cli_variables[2];
static const char *cli_output; /* NULL: a file that is read into said.out */

static void
cli_spawn(const char *const *words, const char *in, const char *out, const char *err)
{
    char options[sizeof cli_options + 20];
    char path[1024];
    char *environment[5] = {path};
    size_t n = 1;
    posix_spawn_file_actions_t files;
    pid_t pid;
    int status;
    snprintf(path, sizeof path, "PATH=%s", getenv("PATH"));
    snprintf(options, sizeof options, "MCPROXY_OPTIONS=%s", cli_options);
    if (cli_options[0] != '\0')
        environment[n++] = options;
    for (size_t i = 0; i < 2; i++)
        if (cli_variables[i] != NULL)
            environment[n++] = (char *)(uintptr_t)cli_variables[i];
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, in, O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&files, 2, err, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_eq(
        posix_spawn(&pid, words[0], &files, NULL, (char *const *)(uintptr_t)words, environment), 0);
    posix_spawn_file_actions_destroy(&files);
    while (waitpid(pid, &status, 0) < 0)
        ck_assert_int_eq(errno, EINTR);
    said.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1 - WTERMSIG(status);
}

/* Runs the program with these words (the last one NULL, the first one room for its own name). */
static int
cli_run(const char **words)
{
    char in[108], out[108], err[108];
    words[0] = getenv("MCP_CLI");
    ck_assert_msg(words[0] != NULL, "MCP_CLI does not name the program");
    FILE *file = fopen(run_path(in, sizeof in, ".in"), "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(cli_input, 1, cli_input_len, file), cli_input_len);
    ck_assert_int_eq(fclose(file), 0);
    run_path(out, sizeof out, ".out");
    run_path(err, sizeof err, ".err");
    cli_spawn(words, in, cli_output != NULL ? cli_output : out, err);
    free(said.out);
    free(said.err);
    said.out_len = 0;
    said.out = cli_output != NULL ? calloc(1, 1) : run_read_file(out, &said.out_len);
    said.err = run_read_file(err, NULL);
    return said.status;
}

#define CLI(...) cli_run((const char *[]){NULL, __VA_ARGS__, NULL})

/* Runs, and wants this exit status, exactly this on standard output, and this text somewhere on
 * standard error (NULL: nothing there at all). */
#define WANT(exit, output, error, ...)                                                             \
    do {                                                                                           \
        CLI(__VA_ARGS__);                                                                          \
        cli_want(__LINE__, exit, output, error);                                                   \
    } while (0)

static void
cli_want(int line, int status, const char *out, const char *err)
{
    int good = said.status == status && strcmp(said.out, out) == 0;
    good = good && (err == NULL ? said.err[0] == '\0' : strstr(said.err, err) != NULL);
    ck_assert_msg(good, "line %d: exit status %d\noutput: %s\nerror: %s\nwanted %d\n%s\n%s", line,
                  said.status, said.out, said.err, status, out, err == NULL ? "nothing" : err);
}

static inline void
cli_take_input(const void *bytes, size_t len)
{
    cli_input = bytes;
    cli_input_len = len;
}

/* Line n (from 0) of the output as JSON; NULL when there is no such line. The caller frees it. */
static inline json_t *
cli_json(size_t n)
{
    const char *at = said.out;
    json_error_t error;
    while (n-- > 0 && at != NULL) {
        at = strchr(at, '\n');
        at = at == NULL ? NULL : at + 1;
    }
    if (at == NULL || *at == '\0')
        return NULL;
    json_t *object = json_loadb(at, strcspn(at, "\n"), JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(object != NULL, "no JSON: %s: %s", error.text, at);
    return object;
}

/* A member of it, found by a path as in "primary.index"; "(none)" where there is none. Numbers and
 * words of JSON as they are written. Lasts until the next call. */
static inline const char *
cli_member(size_t n, const char *path)
{
    static char text[512];
    json_t *object = cli_json(n);
    const json_t *at = object;
    char name[64];
    while (at != NULL && *path != '\0') {
        size_t len = strcspn(path, ".");
        snprintf(name, sizeof name, "%.*s", (int)len, path);
        at = json_object_get(at, name);
        path += len + (path[len] == '.');
    }
    char *dump = at == NULL ? NULL : json_dumps(at, JSON_ENCODE_ANY | JSON_COMPACT);
    if (json_is_string(at))
        snprintf(text, sizeof text, "%s", json_string_value(at));
    else
        snprintf(text, sizeof text, "%s", dump == NULL ? "(none)" : dump);
    free(dump);
    json_decref(object);
    return text;
}

static inline size_t
cli_lines(void)
{
    size_t n = 0;
    for (const char *at = said.out; (at = strchr(at, '\n')) != NULL; at++)
        n++;
    return n;
}

#endif
