/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_WORDS = 16 };

typedef struct words {
    char text[512];
    char *at[MAX_WORDS];
    int n;
} words;

void
talk_add(talk_buf *buf, const void *bytes, size_t len)
{
    if (buf->room - buf->len < len + 1) {
        buf->room = (buf->len + len) * 2 + 4096;
        buf->bytes = realloc(buf->bytes, buf->room);
        if (buf->bytes == NULL)
            abort();
    }
    if (len > 0)
        memcpy(buf->bytes + buf->len, bytes, len);
    buf->len += len;
    buf->bytes[buf->len] = '\0';
}

void
talk_free(talk_buf *buf)
{
    free(buf->bytes);
    memset(buf, 0, sizeof *buf);
}

ssize_t
talk_receive(int fd, talk_buf *buf)
{
    char some[16384];
    ssize_t got;

    do {
        got = recv(fd, some, sizeof some, 0);
    } while (got < 0 && errno == EINTR);
    if (got > 0)
        talk_add(buf, some, (size_t)got);
    return got;
}

void
talk_spawn(void *(*run)(void *), void *context)
{
    pthread_attr_t attr;
    pthread_t thread;
    sigset_t all;
    sigset_t before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, 256 * 1024);
    if (pthread_create(&thread, &attr, run, context) != 0)
        abort();
    pthread_attr_destroy(&attr);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int
talk_connect(const server *s)
{
    int fd = socket(s->sockaddr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (const struct sockaddr *)&s->sockaddr, s->sockaddr_len) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

size_t
talk_line_len(const talk_buf *buf)
{
    const char *end = buf->len == 0 ? NULL : memchr(buf->bytes, '\n', buf->len);
    size_t len = end == NULL ? buf->len : (size_t)(end - buf->bytes);

    return len > 0 && buf->bytes[len - 1] == '\r' ? len - 1 : len;
}

static void
split(words *w, const talk_buf *buf)
{
    char *rest;

    snprintf(w->text, sizeof w->text, "%.*s", (int)talk_line_len(buf), buf->bytes);
    w->n = 0;
    for (char *word = strtok_r(w->text, " ", &rest); word != NULL && w->n < MAX_WORDS;
         word = strtok_r(NULL, " ", &rest))
        w->at[w->n++] = word;
}

static int
is_word(const words *w, int i, const char *text)
{
    return i < w->n && strcmp(w->at[i], text) == 0;
}

/* Position of the payload's length in the line of a storing command; 0: it has no payload. */
static int
length_word(const words *w)
{
    static const char *const classic[] = {"set", "add", "replace", "append", "prepend", "cas"};

    if (is_word(w, 0, "ms"))
        return 2;
    for (size_t i = 0; i < sizeof classic / sizeof *classic; i++)
        if (is_word(w, 0, classic[i]))
            return 4;
    return 0;
}

int
talk_next_request(talk_buf *in, talk_buf *request)
{
    char *end = in->len == 0 ? NULL : memchr(in->bytes, '\n', in->len);
    size_t whole;
    words w;
    int at;

    if (end == NULL)
        return 0;
    whole = (size_t)(end - in->bytes) + 1;
    split(&w, in);
    at = length_word(&w);
    if (at > 0 && at < w.n)
        whole += strtoull(w.at[at], NULL, 10) + 2;
    if (in->len < whole)
        return 0;
    request->len = 0;
    talk_add(request, in->bytes, whole);
    memmove(in->bytes, in->bytes + whole, in->len - whole);
    in->len -= whole;
    return 1;
}

/* ---- Answers ------------------------------------------------------------------------------ */

static int
begins(const talk_buf *buf, size_t from, const char *text)
{
    size_t len = strlen(text);

    return buf->len - from >= len && memcmp(buf->bytes + from, text, len) == 0;
}

/* Bytes of the line at `from` with the value behind it; 0: not whole yet. */
static size_t
piece_len(const talk_buf *reply, size_t from)
{
    const char *start = reply->bytes + from;
    const char *end = memchr(start, '\n', reply->len - from);
    size_t line;
    size_t value = 0;

    if (end == NULL)
        return 0;
    line = (size_t)(end - start) + 1;
    if (begins(reply, from, "VA "))
        value = strtoull(start + 3, NULL, 10) + 2;
    else if (begins(reply, from, "VALUE ") && sscanf(start, "VALUE %*s %*s %zu", &value) == 1)
        value += 2;
    return reply->len - from < line + value ? 0 : line + value;
}

/* Where the whole answer ends; 0: not yet. */
static size_t
answer_end(const talk_buf *reply, int many, int quiet)
{
    size_t at = 0;

    while (at < reply->len) {
        size_t piece = piece_len(reply, at);
        int more = quiet ? !begins(reply, at, "MN\r")
                         : many && (begins(reply, at, "VALUE ") || begins(reply, at, "STAT ") ||
                                    begins(reply, at, "ITEM "));

        if (piece == 0)
            return 0;
        at += piece;
        if (!more)
            return at;
    }
    return 0;
}

static int
send_whole(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

        if (n <= 0)
            return 0;
        bytes += n;
        len -= (size_t)n;
    }
    return 1;
}

int
talk_forward(int fd, const talk_buf *request, talk_buf *reply)
{
    words w;
    int many;
    int quiet = 0;
    size_t end;

    split(&w, request);
    many = w.n > 0 && (w.at[0][0] == 'g' || is_word(&w, 0, "stats"));
    for (int i = 2; i < w.n && w.at[0][0] == 'm'; i++)
        quiet |= is_word(&w, i, "q");
    if (!send_whole(fd, request->bytes, request->len))
        return 0;
    if (is_word(&w, w.n - 1, "noreply"))
        return 1;
    if (quiet && !send_whole(fd, "mn\r\n", 4))
        return 0;
    while ((end = answer_end(reply, many, quiet)) == 0)
        if (talk_receive(fd, reply) <= 0)
            return 0;
    reply->len = quiet ? end - 4 : end;
    return 1;
}
