/* SPDX-License-Identifier: BSD-3-Clause */
/* What no client can beat: see bench.h. Only who holds which key is asked of the library. */
#include <mcproxy/mcproxy.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../support/server.h"
#include "bench.h"

typedef struct floor_text {
    char *bytes;
    size_t len;
} floor_text;

typedef struct floor_client {
    const bench_pool *pool;
    const char *opaque, *flags; /* in the lines of mcproxy; "": without them */
    size_t done_len;            /* of "HD" and what belongs to it */
    int fds[BENCH_SERVERS_MAX + 1]; /* the backup's is the last */
    uint16_t owner[BENCH_KEYS];
    char get[BENCH_KEYS][40], erase[BENCH_KEYS][40], count[BENCH_KEYS][48];
    size_t get_len, get_answer, erase_len, count_len;
    char *sets; /* all of one length, one behind the other */
    size_t set_len;
    floor_text many[BENCH_SERVERS_MAX]; /* what one batch asks each server */
    size_t many_answer[BENCH_SERVERS_MAX];
    char *answer;
    size_t answer_len;
} floor_client;

static int
connect_to(const char *address)
{
    server at = {0};
    if (strncmp(address, "unix:", 5) == 0) {
        struct sockaddr_un *un = (struct sockaddr_un *)&at.sockaddr;
        un->sun_family = AF_UNIX;
        snprintf(un->sun_path, sizeof un->sun_path, "%s", address + 5);
        at.sockaddr_len = sizeof *un;
    } else if (server_sockaddr(&at, address) != 0)
        return -1;
    int fd = socket(at.sockaddr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&at.sockaddr, at.sockaddr_len) != 0)
        return -1;
    if (at.sockaddr.ss_family == AF_INET)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    return fd;
}

static size_t
answer_of_get(const floor_client *c)
{
    char line[60];
    int len = snprintf(line, sizeof line, "VA %zu%s%s\r\n", c->pool->value_len, c->opaque,
                       c->flags[0] != '\0' ? " f0" : "");
    return (size_t)len + c->pool->value_len + 2;
}

/* The batch from key 0 on: for each server its keys, and `mn` at the end. */
static void
bake_many(floor_client *c)
{
    const bench_pool *pool = c->pool;
    for (size_t i = 0; i < pool->n_servers; i++) {
        c->many[i].bytes = malloc(pool->batch * (c->get_len + 1) + 8);
        c->many_answer[i] = 4;
    }
    for (size_t i = 0; i < pool->batch; i++) {
        floor_text *text = &c->many[c->owner[i % BENCH_KEYS]];
        memcpy(text->bytes + text->len, c->get[i % BENCH_KEYS], c->get_len);
        text->len += c->get_len;
        c->many_answer[c->owner[i % BENCH_KEYS]] += answer_of_get(c);
    }
    for (size_t i = 0; i < pool->n_servers; i++) {
        memcpy(c->many[i].bytes + c->many[i].len, "mn\r\n", 4);
        c->many[i].len += 4;
    }
}

static void
bake(floor_client *c)
{
    const bench_pool *pool = c->pool;
    char head[60];
    c->get_answer = answer_of_get(c);
    c->done_len = strlen("HD\r\n") + strlen(c->opaque);
    size_t head_len = (size_t)snprintf(head, sizeof head, "ms %s %zu%s\r\n", bench_key(0),
                                       pool->value_len, c->opaque);
    c->set_len = head_len + pool->value_len + 2;
    size_t n_sets = pool->n_keys;
    c->sets = malloc(n_sets * c->set_len);
    for (size_t i = 0; i < n_sets; i++) {
        char *at = c->sets + i * c->set_len;
        snprintf(head, sizeof head, "ms %s %zu%s\r\n", bench_key(i), pool->value_len, c->opaque);
        memcpy(at, head, head_len);
        memcpy(at + head_len, pool->value, pool->value_len);
        memcpy(at + c->set_len - 2, "\r\n", 2);
    }
    for (size_t i = 0; i < BENCH_KEYS; i++) {
        c->get_len = (size_t)snprintf(c->get[i], sizeof c->get[i], "mg %s%s v%s\r\n", bench_key(i),
                                      c->opaque, c->flags);
        c->erase_len = (size_t)snprintf(c->erase[i], sizeof c->erase[i], "md %s%s\r\n",
                                        bench_key(i), c->opaque);
        c->count_len = (size_t)snprintf(c->count[i], sizeof c->count[i], "ma %s%s v\r\n",
                                        bench_key(i), c->opaque);
    }
}

/* Who holds which key: as the library places them. */
static int
place(floor_client *c)
{
    static _Thread_local char options[BENCH_SERVERS_MAX * 128];
    char why[160];
    size_t used = 0;
    for (size_t i = 0; i < c->pool->n_servers; i++)
        used += (size_t)snprintf(options + used, sizeof options - used, "server=%s ",
                                 c->pool->servers[i]);
    mcp_client *client = mcp_open(options, why, sizeof why);
    if (client == NULL)
        return -1;
    for (size_t i = 0; i < BENCH_KEYS; i++) {
        mcp_location location;
        mcp_where(client, bench_key(i), BENCH_KEY_LEN, NULL, 0, &location);
        c->owner[i] = (uint16_t)location.primary;
    }
    mcp_close(client);
    return 0;
}

static void *
open_with(const bench_pool *pool, const char *opaque, const char *flags)
{
    floor_client *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->pool = pool;
    c->opaque = opaque;
    c->flags = flags;
    c->answer_len = 1 << 21;
    c->answer = malloc(c->answer_len);
    if (c->answer == NULL || place(c) != 0)
        return NULL;
    for (size_t i = 0; i < pool->n_servers; i++)
        c->fds[i] = connect_to(pool->servers[i]);
    if (pool->backup != NULL)
        c->fds[pool->n_servers] = connect_to(pool->backup);
    bake(c);
    if (pool->batch > 0)
        bake_many(c);
    return c;
}

static void *
floor_open(const bench_pool *pool)
{
    return open_with(pool, "", "");
}

/* What mcproxy sends of one copy: with what ties an answer to its question, and the flags. */
static void *
same_open(const bench_pool *pool)
{
    return pool->backup == NULL ? open_with(pool, " O01234567", " f") : NULL;
}

static int
send_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
        if (n <= 0)
            return -1;
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Each piece behind the one before it, for as long as there is room: a client whose user wants the
 * value cannot let one piece overwrite another, which a cache would take for a gift. */
static int
receive_all(floor_client *c, int fd, size_t len)
{
    size_t at = 0;
    while (len > 0) {
        size_t room = c->answer_len - at;
        ssize_t n = recv(fd, c->answer + at, len < room ? len : room, 0);
        if (n <= 0)
            return -1;
        len -= (size_t)n;
        at = at + (size_t)n < c->answer_len ? at + (size_t)n : 0;
    }
    return 0;
}

static int
ask(floor_client *c, int fd, const char *bytes, size_t len, size_t answer_len)
{
    return send_all(fd, bytes, len) != 0 || receive_all(c, fd, answer_len) != 0 ? -1 : 0;
}

static int
floor_get(void *client, size_t number)
{
    floor_client *c = client;
    return ask(c, c->fds[c->owner[number]], c->get[number], c->get_len, c->get_answer);
}

/* To both copies before either is awaited. */
static int
floor_set(void *client, size_t number)
{
    floor_client *c = client;
    int fd = c->fds[c->owner[number]], backup = c->fds[c->pool->n_servers];
    const char *text = c->sets + number * c->set_len;
    if (c->pool->backup == NULL)
        return ask(c, fd, text, c->set_len, c->done_len);
    if (c->pool->is_degraded)
        return ask(c, backup, text, c->set_len, c->done_len);
    if (send_all(fd, text, c->set_len) != 0 || send_all(backup, text, c->set_len) != 0)
        return -1;
    return receive_all(c, fd, c->done_len) != 0 || receive_all(c, backup, c->done_len) != 0 ? -1 : 0;
}

/* One copy after the other, as a client does that waits for each answer. */
static int
serial_set(void *client, size_t number)
{
    floor_client *c = client;
    const char *text = c->sets + number * c->set_len;
    return ask(c, c->fds[c->owner[number]], text, c->set_len, c->done_len) != 0 ||
                   ask(c, c->fds[c->pool->n_servers], text, c->set_len, c->done_len) != 0
               ? -1
               : 0;
}

static void *
serial_open(const bench_pool *pool)
{
    return pool->sets_pairs ? floor_open(pool) : NULL;
}

/* Backup, then primary. */
static int
floor_erase(void *client, size_t number)
{
    floor_client *c = client;
    int fd = c->fds[c->owner[number]], backup = c->fds[c->pool->n_servers];
    if (c->pool->backup != NULL && ask(c, backup, c->erase[number], c->erase_len, c->done_len) != 0)
        return -1;
    return ask(c, fd, c->erase[number], c->erase_len, c->done_len);
}

/* Each answer has one more digit at times: not counted by bytes, but by its line. */
static int
floor_count(void *client, size_t number)
{
    floor_client *c = client;
    int fd = c->fds[c->owner[number]];
    if (send_all(fd, c->count[number], c->count_len) != 0)
        return -1;
    return recv(fd, c->answer, c->answer_len, 0) > 0 ? 0 : -1;
}

static int
floor_get_many(void *client, size_t number)
{
    floor_client *c = client;
    (void)number;
    for (size_t i = 0; i < c->pool->n_servers; i++)
        if (send_all(c->fds[i], c->many[i].bytes, c->many[i].len) != 0)
            return -1;
    for (size_t i = 0; i < c->pool->n_servers; i++)
        if (receive_all(c, c->fds[i], c->many_answer[i]) != 0)
            return -1;
    return 0;
}

static void
floor_close(void *client)
{
    floor_client *c = client;
    for (size_t i = 0; i < c->pool->n_servers; i++) {
        close(c->fds[i]);
        free(c->many[i].bytes);
    }
    if (c->pool->backup != NULL)
        close(c->fds[c->pool->n_servers]);
    free(c->sets);
    free(c->answer);
    free(c);
}

/* They differ in how they are opened, and how they set. */
#define FLOOR(its_name, its_open, its_set)                                                         \
    {                                                                                              \
        .name = its_name, .open = its_open, .get = floor_get, .set = its_set,                      \
        .erase = floor_erase, .count = floor_count, .get_many = floor_get_many,                    \
        .close = floor_close,                                                                      \
    }

const bench_client bench_floor = FLOOR("floor", floor_open, floor_set);
const bench_client bench_serial = FLOOR("serial", serial_open, serial_set);
const bench_client bench_same = FLOOR("same", same_open, floor_set);
