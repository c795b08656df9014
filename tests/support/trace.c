/* SPDX-License-Identifier: BSD-3-Clause */
#include "trace.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "run.h"

enum { MAX_WORDS = 24, MAX_FD = 4096 };

static const char phase_mark[] = "trace-phase";

void
trace_phase(void)
{
    prctl(PR_SET_NAME, phase_mark);
}

/* ---- Reading strace's lines --------------------------------------------------------------- */

typedef struct reader {
    trace *t;
    int phase;
    char peers[MAX_FD][128];
} reader;

static void
copy_upto(char *out, size_t size, const char *from, const char *stops)
{
    snprintf(out, size, "%.*s", (int)strcspn(from, stops), from);
}

/* The peer of a connect line, as the options write addresses. */
static void
read_peer(char *out, size_t size, const char *line)
{
    const char *path = strstr(line, "sun_path=\"");
    const char *port = strstr(line, "port=htons(");
    const char *host = strstr(line, "inet_addr(\"");
    const char *host6 = strstr(line, "AF_INET6, \"");
    char text[108];

    out[0] = '\0';
    if (path != NULL) {
        copy_upto(text, sizeof text, path + 10, "\"");
        snprintf(out, size, "unix:%s", text);
    } else if (port != NULL && host != NULL) {
        copy_upto(text, sizeof text, host + 11, "\"");
        snprintf(out, size, "%s:%d", text, atoi(port + 11));
    } else if (port != NULL && host6 != NULL) {
        copy_upto(text, sizeof text, host6 + 11, "\"");
        snprintf(out, size, "[%s]:%d", text, atoi(port + 11));
    }
}

static int
read_fd(const char *arguments)
{
    const char *in_set = strstr(arguments, "{fd=");
    int fd = -1;

    if (arguments[0] >= '0' && arguments[0] <= '9')
        fd = atoi(arguments);
    else if (in_set != NULL)
        fd = atoi(in_set + 4);
    return fd >= 0 && fd < MAX_FD ? fd : -1;
}

static void
read_error(char *out, size_t size, const char *line)
{
    const char *at = strstr(line, " = -1 E");

    out[0] = '\0';
    if (at != NULL)
        copy_upto(out, size, at + 6, " \n");
}

static void
read_line(reader *r, const char *line)
{
    const char *open = strchr(line, '(');
    trace_call *call;
    int fd;

    if (open == NULL || line[0] == '-' || line[0] == '+')
        return;
    if (strncmp(line, "prctl(", 6) == 0) {
        r->phase += strstr(line, phase_mark) != NULL;
        return;
    }
    call = &r->t->calls[r->t->n++];
    memset(call, 0, sizeof *call);
    snprintf(call->name, sizeof call->name, "%.*s", (int)(open - line), line);
    copy_upto(call->text, sizeof call->text, line, "\n");
    read_error(call->error, sizeof call->error, line);
    call->phase = r->phase;
    fd = read_fd(open + 1);
    if (fd < 0)
        return;
    if (strcmp(call->name, "connect") == 0)
        read_peer(r->peers[fd], sizeof r->peers[fd], line);
    memcpy(call->peer, r->peers[fd], sizeof call->peer);
    if (strcmp(call->name, "close") == 0)
        r->peers[fd][0] = '\0';
}

static void
read_trace(trace *t, const char *path)
{
    char *text = run_read_file(path, NULL);
    reader *r = calloc(1, sizeof *r);
    size_t lines = 1;
    char *rest;

    ck_assert_ptr_nonnull(r);
    for (const char *at = text; *at != '\0'; at++)
        lines += *at == '\n';
    t->calls = calloc(lines, sizeof *t->calls);
    ck_assert_ptr_nonnull(t->calls);
    r->t = t;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
        read_line(r, line);
    free(r);
    free(text);
}

/* ---- Running ------------------------------------------------------------------------------ */

trace *
trace_work(const char *const words[])
{
    static const char what[] = "trace=%network,read,readv,write,writev,close,poll,ppoll,select,"
                               "pselect6,epoll_wait,epoll_pwait,epoll_ctl,prctl";
    const char *argv[MAX_WORDS + 12] = {"strace", "-qq", "-s", "24", "-o", NULL, "-e", what};
    size_t n = 8;
    char path[128];
    char output[128];
    trace *t = calloc(1, sizeof *t);

    ck_assert_ptr_nonnull(t);
    argv[5] = run_path(path, sizeof path, ".trace");
    run_path(output, sizeof output, ".out");
    /* The leak checker stops a program that is traced. */
    setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
    argv[n++] = run_self();
    argv[n++] = "--work";
    for (size_t i = 0; words[i] != NULL && i < MAX_WORDS; i++)
        argv[n++] = words[i];
    argv[n] = NULL;
    t->status = run_program(argv, output);
    t->output = run_read_file(output, NULL);
    ck_assert_msg(t->status == 0, "the traced work ended with %d: %s", t->status, t->output);
    read_trace(t, path);
    ck_assert_msg(t->n > 0, "strace saw nothing: %s", t->output);
    return t;
}

void
trace_free(trace *t)
{
    free(t->calls);
    free(t->output);
    free(t);
}

/* ---- Counting ----------------------------------------------------------------------------- */

static int
is_any(const char *name, const char *const names[])
{
    for (size_t i = 0; names[i] != NULL; i++)
        if (strcmp(name, names[i]) == 0)
            return 1;
    return 0;
}

static int
is_send(const trace_call *c)
{
    static const char *const names[] = {"sendto", "sendmsg", "write", "writev", "sendmmsg", NULL};

    return is_any(c->name, names);
}

static int
is_receive(const trace_call *c)
{
    static const char *const names[] = {"recvfrom", "recvmsg", "read", "readv", NULL};

    return is_any(c->name, names);
}

static int
is_poll(const trace_call *c)
{
    static const char *const names[] = {"poll",       "ppoll",       "select", "pselect6",
                                        "epoll_wait", "epoll_pwait", NULL};

    return is_any(c->name, names);
}

static int
is_kind(const trace_call *c, const char *name)
{
    if (strcmp(name, "send") == 0)
        return is_send(c);
    if (strcmp(name, "recv") == 0)
        return is_receive(c);
    if (strcmp(name, "poll") == 0)
        return is_poll(c);
    return name[0] == '\0' || strcmp(c->name, name) == 0;
}

size_t
trace_count(const trace *t, int phase, const char *name, const char *peer)
{
    size_t n = 0;

    for (size_t i = 0; i < t->n; i++) {
        const trace_call *c = &t->calls[i];

        n += (phase < 0 || c->phase == phase) && is_kind(c, name) &&
             (peer == NULL || strcmp(c->peer, peer) == 0);
    }
    return n;
}

static char
letter(const trace_call *c)
{
    if (is_send(c))
        return 'S';
    if (is_receive(c))
        return 'R';
    if (strcmp(c->name, "connect") == 0)
        return 'C';
    return strcmp(c->name, "close") == 0 ? 'X' : '\0';
}

char *
trace_story(const trace *t, int phase, const char *const peers[2], char *out, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < t->n && n + 1 < size; i++) {
        const trace_call *c = &t->calls[i];
        char what = letter(c);

        if (c->phase != phase || what == '\0' || c->peer[0] == '\0')
            continue;
        if (strcmp(c->peer, peers[0]) == 0)
            out[n++] = what;
        else
            out[n++] = strcmp(c->peer, peers[1]) == 0 ? (char)(what | 0x20) : '!';
    }
    out[n] = '\0';
    return out;
}
