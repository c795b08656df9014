/* SPDX-License-Identifier: BSD-3-Clause */
#include "fault.h"

#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "run.h"
#include "talk.h"
#include "wait.h"

enum { MAX_RULES = 16, MAX_CONNECTIONS = 32768, MAX_LINES = 65536, MAX_LINE = 288 };

typedef struct entry {
    int connection;
    int64_t at_us;
    char line[MAX_LINE];
} entry;

typedef struct connection {
    fault *owner;
    int number;
    int fd;     /* -1: closed */
    int behind; /* connection to the real server; -1: none */
    int mute;   /* answers nothing any more */
    fault_end end;
} connection;

struct fault {
    pthread_mutex_t lock;
    const server *behind;
    char address[128];
    int listener;
    char banner[256];
    fault_rule rules[MAX_RULES];
    int seen[MAX_RULES]; /* how often each rule matched */
    size_t n_rules;
    connection *connections[MAX_CONNECTIONS];
    int n_connections;
    entry *log;
    int n_log;
};

/* ---- Ends --------------------------------------------------------------------------------- */

static void
set_end(connection *c, fault_end end)
{
    pthread_mutex_lock(&c->owner->lock);
    if (c->end == FAULT_OPEN)
        c->end = end;
    pthread_mutex_unlock(&c->owner->lock);
}

static void
abort_on_close(int fd)
{
    struct linger now = {1, 0};

    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

static void
note_failure(connection *c, ssize_t got)
{
    set_end(c, got < 0 && (errno == ECONNRESET || errno == EPIPE) ? FAULT_RST : FAULT_FIN);
}

/* ---- Answers ------------------------------------------------------------------------------ */

/* 0 when the other side is gone. */
static int
give(connection *c, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(c->fd, bytes, len, MSG_NOSIGNAL);

        /* The kernel tells of a reset once, to whoever asks first. */
        if (n < 0 && errno == ECONNRESET)
            set_end(c, FAULT_RST);
        if (n <= 0)
            return 0;
        bytes += n;
        len -= (size_t)n;
    }
    return 1;
}

/* Lets `ms` pass; 0 when the connection ended meanwhile. */
static int
linger(connection *c, int ms)
{
    struct pollfd gone = {.fd = c->fd, .events = POLLRDHUP};

    return poll(&gone, 1, ms) == 0;
}

static int
drip(connection *c, const char *bytes, size_t len, int ms)
{
    for (size_t i = 0; i < len; i++)
        if (!linger(c, ms) || !give(c, bytes + i, 1))
            return 0;
    return 1;
}

static int
close_ours(connection *c)
{
    set_end(c, FAULT_OURS);
    return 0;
}

static int
half_close(connection *c)
{
    shutdown(c->fd, SHUT_WR);
    c->mute = 1;
    return 1;
}

static void
spoil_opaque(talk_buf *reply)
{
    char *end = memchr(reply->bytes, '\n', reply->len);

    for (char *at = reply->bytes; end != NULL && at + 2 < end; at++)
        if (at[0] == ' ' && at[1] == 'O') {
            at[2] = (char)(at[2] == 'A' ? 'B' : 'A');
            return;
        }
}

static int
pass_on(connection *c, const talk_buf *request, talk_buf *reply)
{
    reply->len = 0;
    return c->behind >= 0 && talk_forward(c->behind, request, reply);
}

static int
at_most(size_t wanted, size_t there)
{
    return (int)(wanted < there ? wanted : there);
}

static int
answer_spoilt(connection *c, const fault_rule *rule, talk_buf *reply)
{
    switch (rule->what) {
    case FAULT_DELAY:
        return linger(c, rule->ms) && give(c, reply->bytes, reply->len);
    case FAULT_DRIP:
        return drip(c, reply->bytes, reply->len, rule->ms);
    case FAULT_EXTRA:
        talk_add(reply, rule->text, rule->n);
        break;
    case FAULT_CUT:
        (void)give(c, reply->bytes, (size_t)at_most(rule->n, reply->len));
        return close_ours(c);
    case FAULT_RESET:
        (void)give(c, reply->bytes, (size_t)at_most(rule->n, reply->len));
        abort_on_close(c->fd);
        return close_ours(c);
    case FAULT_HALF_CLOSE:
        (void)give(c, reply->bytes, (size_t)at_most(rule->n, reply->len));
        return half_close(c);
    case FAULT_WRONG_OPAQUE:
        spoil_opaque(reply);
        break;
    case FAULT_BAD_TAIL:
        if (reply->len >= 2)
            memcpy(reply->bytes + reply->len - 2, "XY", 2);
        break;
    default:
        break;
    }
    return give(c, reply->bytes, reply->len);
}

/* Returns 0 when the connection is to end. */
static int
answer(connection *c, const fault_rule *rule, const talk_buf *request, talk_buf *reply)
{
    if (rule->what == FAULT_HANG || (rule->what == FAULT_PASS && c->behind < 0)) {
        c->mute = 1;
        return 1;
    }
    if (rule->what == FAULT_TEXT)
        return give(c, rule->text, rule->n);
    if (rule->what == FAULT_TEXT_CLOSE) {
        (void)give(c, rule->text, rule->n);
        return close_ours(c);
    }
    if (rule->what == FAULT_DRIP && rule->text != NULL)
        return drip(c, rule->text, rule->n, rule->ms);
    if (!pass_on(c, request, reply))
        return close_ours(c);
    if (rule->what == FAULT_SKIP)
        return 1;
    c->mute = rule->what == FAULT_SWALLOW;
    return c->mute || answer_spoilt(c, rule, reply);
}

/* ---- Requests ----------------------------------------------------------------------------- */

static int
begins(const char *line, const char *match)
{
    return strncmp(line, match, strlen(match)) == 0;
}

/* Writes the request down and finds the rule for it. */
static fault_rule
note(connection *c, const talk_buf *request)
{
    fault *f = c->owner;
    fault_rule found = {.what = FAULT_PASS};
    entry *e;

    pthread_mutex_lock(&f->lock);
    e = &f->log[f->n_log < MAX_LINES - 1 ? f->n_log++ : f->n_log];
    e->connection = c->number;
    e->at_us = now_us();
    snprintf(e->line, sizeof e->line, "%.*s", (int)talk_line_len(request), request->bytes);
    for (size_t i = 0; i < f->n_rules; i++) {
        const fault_rule *rule = &f->rules[i];

        if (!begins(e->line, rule->match))
            continue;
        f->seen[i]++;
        if (f->seen[i] > rule->skip && (rule->times == 0 || f->seen[i] <= rule->skip + rule->times))
            found = *rule;
        break;
    }
    pthread_mutex_unlock(&f->lock);
    if (found.text != NULL && found.n == 0)
        found.n = strlen(found.text);
    return found;
}

static void
serve(connection *c)
{
    talk_buf in = {0};
    talk_buf request = {0};
    talk_buf reply = {0};
    int going = 1;

    if (c->owner->banner[0] != '\0')
        going = give(c, c->owner->banner, strlen(c->owner->banner));
    while (going) {
        if (talk_next_request(&in, &request)) {
            fault_rule rule = note(c, &request);

            going = c->mute || answer(c, &rule, &request, &reply);
            continue;
        }
        ssize_t got = talk_receive(c->fd, &in);

        if (got <= 0) {
            note_failure(c, got);
            break;
        }
    }
    /* The library went while we were giving: how, the next receive tells. */
    while (c->end == FAULT_OPEN) {
        ssize_t got = talk_receive(c->fd, &in);

        if (got <= 0)
            note_failure(c, got);
        in.len = 0;
    }
    talk_free(&in);
    talk_free(&request);
    talk_free(&reply);
}

static void *
connection_main(void *context)
{
    connection *c = context;

    serve(c);
    pthread_mutex_lock(&c->owner->lock);
    close(c->fd);
    c->fd = -1;
    if (c->behind >= 0)
        close(c->behind);
    pthread_mutex_unlock(&c->owner->lock);
    return NULL;
}

/* ---- Connections -------------------------------------------------------------------------- */

static void
take(fault *f, int fd)
{
    connection *c = calloc(1, sizeof *c);
    int one = 1;

    if (c == NULL)
        abort();
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    c->owner = f;
    c->fd = fd;
    c->behind = f->behind == NULL ? -1 : talk_connect(f->behind);
    pthread_mutex_lock(&f->lock);
    c->number = f->n_connections;
    if (f->n_connections == MAX_CONNECTIONS) {
        fputs("fault: more connections than one road has room for\n", stderr);
        abort();
    }
    f->connections[f->n_connections++] = c;
    pthread_mutex_unlock(&f->lock);
    talk_spawn(connection_main, c);
}

static void *
listener_main(void *context)
{
    fault *f = context;

    for (;;) {
        int fd = accept4(f->listener, NULL, NULL, SOCK_CLOEXEC);

        if (fd >= 0)
            take(f, fd);
        else if (errno != EINTR && errno != ECONNABORTED)
            return NULL;
    }
}

static fault *
new_fault(const server *behind)
{
    fault *f = calloc(1, sizeof *f);

    ck_assert_ptr_nonnull(f);
    f->log = calloc(MAX_LINES, sizeof *f->log);
    ck_assert_ptr_nonnull(f->log);
    pthread_mutex_init(&f->lock, NULL);
    f->behind = behind;
    return f;
}

fault *
fault_tcp(const server *behind)
{
    fault *f = new_fault(behind);
    int port;

    f->listener = server_listen(64, &port);
    snprintf(f->address, sizeof f->address, "127.0.0.1:%d", port);
    talk_spawn(listener_main, f);
    return f;
}

fault *
fault_unix(const server *behind)
{
    fault *f = new_fault(behind);
    struct sockaddr_un un = {.sun_family = AF_UNIX};

    run_path(un.sun_path, sizeof un.sun_path, ".fault");
    f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(f->listener, (struct sockaddr *)&un, sizeof un), 0);
    ck_assert_int_eq(listen(f->listener, 64), 0);
    snprintf(f->address, sizeof f->address, "unix:%.*s", (int)sizeof un.sun_path, un.sun_path);
    talk_spawn(listener_main, f);
    return f;
}

const char *
fault_address(const fault *f)
{
    return f->address;
}

/* ---- Orders ------------------------------------------------------------------------------- */

void
fault_rules(fault *f, const fault_rule *rules, size_t n)
{
    ck_assert_uint_le(n, MAX_RULES);
    pthread_mutex_lock(&f->lock);
    if (n > 0)
        memcpy(f->rules, rules, n * sizeof *rules);
    memset(f->seen, 0, sizeof f->seen);
    f->n_rules = n;
    pthread_mutex_unlock(&f->lock);
}

void
fault_rule_one(fault *f, const fault_rule *rule)
{
    fault_rules(f, rule, rule == NULL ? 0 : 1);
}

void
fault_banner(fault *f, const char *text)
{
    pthread_mutex_lock(&f->lock);
    snprintf(f->banner, sizeof f->banner, "%s", text == NULL ? "" : text);
    pthread_mutex_unlock(&f->lock);
}

static void
end_all(fault *f, int reset)
{
    pthread_mutex_lock(&f->lock);
    for (int i = 0; i < f->n_connections; i++) {
        connection *c = f->connections[i];

        if (c->fd < 0 || c->end != FAULT_OPEN)
            continue;
        c->end = FAULT_OURS;
        if (reset)
            abort_on_close(c->fd);
        /* Only the thread closes; a reset goes out with its close. */
        shutdown(c->fd, reset ? SHUT_RD : SHUT_RDWR);
    }
    pthread_mutex_unlock(&f->lock);
}

void
fault_close_all(fault *f)
{
    end_all(f, 0);
}

void
fault_reset_all(fault *f)
{
    end_all(f, 1);
}

void
fault_say_all(fault *f, const char *text)
{
    pthread_mutex_lock(&f->lock);
    for (int i = 0; i < f->n_connections; i++)
        if (f->connections[i]->fd >= 0)
            (void)send(f->connections[i]->fd, text, strlen(text), MSG_NOSIGNAL);
    pthread_mutex_unlock(&f->lock);
}

/* ---- The record --------------------------------------------------------------------------- */

int
fault_connections(fault *f)
{
    int n;

    pthread_mutex_lock(&f->lock);
    n = f->n_connections;
    pthread_mutex_unlock(&f->lock);
    return n;
}

fault_end
fault_ended(fault *f, int i)
{
    fault_end end;

    pthread_mutex_lock(&f->lock);
    ck_assert_int_lt(i, f->n_connections);
    end = f->connections[i]->end;
    pthread_mutex_unlock(&f->lock);
    return end;
}

int
fault_is_open(fault *f)
{
    int n = fault_connections(f);

    for (int i = 0; i < n; i++)
        if (fault_ended(f, i) == FAULT_OPEN)
            return 1;
    return 0;
}

struct waiting {
    fault *f;
    const char *match;
    int n;
};

static int
has_ended(void *context)
{
    struct waiting *w = context;

    return fault_connections(w->f) > w->n && fault_ended(w->f, w->n) != FAULT_OPEN;
}

fault_end
fault_wait_end(fault *f, int i, int ms)
{
    struct waiting w = {f, NULL, i};

    return wait_until(has_ended, &w, ms) ? fault_ended(f, i) : FAULT_OPEN;
}

/* Index in the log of the n-th line that matches; -1: there is none. */
static int
find_line(fault *f, const char *match, int n)
{
    int found = -1;

    pthread_mutex_lock(&f->lock);
    for (int i = 0; i < f->n_log && found < 0; i++)
        if (begins(f->log[i].line, match) && n-- == 0)
            found = i;
    pthread_mutex_unlock(&f->lock);
    return found;
}

int
fault_count(fault *f, const char *match)
{
    int n = 0;

    pthread_mutex_lock(&f->lock);
    for (int i = 0; i < f->n_log; i++)
        n += begins(f->log[i].line, match);
    pthread_mutex_unlock(&f->lock);
    return n;
}

static int
has_counted(void *context)
{
    struct waiting *w = context;

    return fault_count(w->f, w->match) >= w->n;
}

int
fault_wait_count(fault *f, const char *match, int n, int ms)
{
    struct waiting w = {f, match, n};

    return wait_until(has_counted, &w, ms);
}

const char *
fault_line(fault *f, const char *match, int i)
{
    int at = find_line(f, match, i);

    return at < 0 ? NULL : f->log[at].line;
}

int64_t
fault_time_us(fault *f, const char *match, int i)
{
    int at = find_line(f, match, i);

    ck_assert_int_ge(at, 0);
    return f->log[at].at_us;
}

int
fault_line_connection(fault *f, const char *match, int i)
{
    int at = find_line(f, match, i);

    return at < 0 ? -1 : f->log[at].connection;
}
