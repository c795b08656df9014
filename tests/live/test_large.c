/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Large values, which a socket does not take or give at once: whatever the server does in the
 * middle of one, the bytes are right or the call ends at its deadline.
 */
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/client.h"
#include "support/run.h"
#include "support/talk.h"
#include "support/wait.h"

enum { MEGABYTE = 1000000, LARGEST = 4000000, MEMORY_PIECE = 36544 };

/* ---- A road on which large values are slow ------------------------------------------------ */

typedef struct pace {
    long free;  /* so many bytes pass at once, */
    long piece; /* then so many every `ms`; 0: none at all */
    int ms;
} pace;

typedef struct road {
    const server *behind;
    int listener;
    char address[128];
    _Atomic(const pace *) to_server, to_client; /* NULL: as fast as it goes */
} road;

typedef struct way {
    road *owner;
    int near, far;
} way;

static int
pass_on(int to, const char *bytes, ssize_t len)
{
    while (len > 0) {
        ssize_t n = send(to, bytes, (size_t)len, MSG_NOSIGNAL);

        if (n <= 0)
            return 0;
        bytes += n;
        len -= n;
    }
    return 1;
}

/* One look at one direction; 0: the road has ended. `*passed` counts what went. */
static int
carry(int from, int to, const pace *slow, long *passed)
{
    static _Thread_local char some[1 << 17];
    size_t most = sizeof some;

    if (slow != NULL && *passed + (long)most > slow->free) {
        if (*passed >= slow->free) {
            if (slow->piece == 0) {
                wait_ms(1);
                return 1;
            }
            wait_ms(slow->ms);
            most = (size_t)slow->piece;
        } else
            most = (size_t)(slow->free - *passed);
    }
    ssize_t got = recv(from, some, most, MSG_DONTWAIT);
    if (got < 0)
        return 1;
    *passed += got;
    return got > 0 && pass_on(to, some, got);
}

static void *
way_main(void *context)
{
    way *w = context;
    struct pollfd both[2] = {{.fd = w->near, .events = POLLIN}, {.fd = w->far, .events = POLLIN}};
    long up = 0, down = 0;
    int goes = 1;

    while (goes && poll(both, 2, -1) > 0) {
        const pace *to_server = atomic_load(&w->owner->to_server);
        const pace *to_client = atomic_load(&w->owner->to_client);

        if (to_server == NULL)
            up = 0;
        if (to_client == NULL)
            down = 0;
        if (both[0].revents != 0)
            goes = carry(w->near, w->far, to_server, &up);
        if (goes && both[1].revents != 0)
            goes = carry(w->far, w->near, to_client, &down);
    }
    close(w->near);
    close(w->far);
    free(w);
    return NULL;
}

static void *
road_main(void *context)
{
    road *r = context;

    for (;;) {
        way *w = malloc(sizeof *w);

        ck_assert_ptr_nonnull(w);
        w->owner = r;
        w->near = accept(r->listener, NULL, NULL);
        w->far = talk_connect(r->behind);
        talk_spawn(way_main, w);
    }
    return NULL;
}

static road *
road_to(const server *behind, int is_tcp)
{
    road *r = calloc(1, sizeof *r);
    int port;

    ck_assert_ptr_nonnull(r);
    r->behind = behind;
    if (is_tcp) {
        r->listener = server_listen(16, &port);
        snprintf(r->address, sizeof r->address, "127.0.0.1:%d", port);
    } else {
        struct sockaddr_un un = {.sun_family = AF_UNIX};

        snprintf(un.sun_path, sizeof un.sun_path, "%.90s.road", behind->path);
        r->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_eq(bind(r->listener, (struct sockaddr *)&un, sizeof un), 0);
        ck_assert_int_eq(listen(r->listener, 16), 0);
        snprintf(r->address, sizeof r->address, "unix:%s", un.sun_path);
    }
    talk_spawn(road_main, r);
    return r;
}

/* ---- What all have ------------------------------------------------------------------------ */

static server *s;
static road *r;
static char *value;

/* Tests run over a unix socket (0) and over TCP (1). */
static void
begin(int is_tcp)
{
    s = server_unix("-I 8m -m 256");
    r = road_to(s, is_tcp);
    value = malloc(LARGEST);
    ck_assert_ptr_nonnull(value);
    for (size_t i = 0; i < LARGEST; i++)
        value[i] = (char)(i * 2654435761u >> 11);
}

static void
finish(mcp_client *c)
{
    mcp_close(c);
    free(value);
}

/* Calls that are to succeed have the time that a busy machine needs. */
static void
stores(mcp_client *c, const char *key, size_t len)
{
    mcp_request request = client_request(MCP_SET, key);

    request.value = value;
    request.value_len = len;
    request.timeout_ms = 5000;
    client_expect(c, mcp_call(c, &request, NULL), MCP_OK, key);
}

static void
reads(mcp_client *c, const char *key, size_t len)
{
    mcp_request request = client_request(MCP_GET, key);
    mcp_result result = MCP_RESULT_INIT;

    request.timeout_ms = 5000;
    client_expect(c, mcp_call(c, &request, &result), MCP_OK, key);
    ck_assert_uint_eq(result.value_len, len);
    ck_assert(memcmp(result.value, value, len) == 0);
}

/* A call that cannot succeed ends at its deadline. */
static void
ends_in_time(mcp_client *c, mcp_verb verb, const char *key, size_t len, int timeout_ms)
{
    mcp_request request = client_request(verb, key);
    int64_t start;

    request.value = verb == MCP_SET ? value : NULL;
    request.value_len = verb == MCP_SET ? len : 0;
    start = now_us();
    mcp_status status = mcp_call(c, &request, NULL);
    int64_t took = now_us() - start;
    ck_assert_msg(status == MCP_TIMEOUT || status == MCP_UNKNOWN, "%s", mcp_strstatus(status));
    ck_assert_msg(took >= timeout_ms * 1000 - 5000, "%d us of %d ms", (int)took, timeout_ms);
    ck_assert_msg(took <= (timeout_ms + client_slack(100)) * 1000, "%d us of %d ms", (int)took,
                  timeout_ms);
}

/* ---- Values ------------------------------------------------------------------------------- */

START_TEST(values_of_every_size)
{
    static const size_t sizes[] = {1024,   1025,   16000,  16384,        16385,  40000,
                                   219200, 219300, 524288, MEGABYTE - 1, LARGEST};
    char key[20];

    begin(_i);
    mcp_client *c = client_open("server=%s timeout=5s", r->address);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        snprintf(key, sizeof key, "k%zu", i);
        stores(c, key, sizes[i]);
    }
    for (size_t i = sizeof sizes / sizeof *sizes; i-- > 0;) {
        snprintf(key, sizeof key, "k%zu", i);
        reads(c, key, sizes[i]);
    }
    finish(c);
}
END_TEST

START_TEST(mirrored_values)
{
    begin(_i);
    server *b = server_unix("-I 8m -m 256");
    mcp_client *c = client_open("server=%s backup=%s timeout=5s", r->address, b->address);
    for (int i = 0; i < 5; i++) {
        client_expect(c, mcp_set(c, T("k"), value + i, MEGABYTE, 0, 0), MCP_OK, "set");
        ck_assert(server_look(b, "k")->found);
        ck_assert_int_eq(server_look(s, "k")->value[0], value[i]);
        ck_assert_int_eq(server_look(b, "k")->value[0], value[i]);
    }
    stores(c, "k", MEGABYTE);
    reads(c, "k", MEGABYTE);
    finish(c);
}
END_TEST

/* ---- Slow roads --------------------------------------------------------------------------- */

/* Behind the beginning of an answer nothing comes, or a little now and then. */
START_TEST(answers_that_stop)
{
    static const pace paces[2] = {{5000, 0, 0}, {5000, 1000, 2}};
    int timeout_ms = _i & 2 ? 100 : 250;

    begin(_i & 1);
    mcp_client *c = client_open("server=%s timeout=%dms", r->address, timeout_ms);
    stores(c, "k", MEGABYTE);
    for (int i = 0; i < 4; i++) {
        reads(c, "k", MEGABYTE);
        atomic_store(&r->to_client, &paces[i % 2]);
        ends_in_time(c, MCP_GET, "k", 0, timeout_ms);
        atomic_store(&r->to_client, NULL);
    }
    reads(c, "k", MEGABYTE);
    finish(c);
}
END_TEST

/* The server reads no more, or so slowly that the kernel never waits long for it. */
START_TEST(servers_that_stop_reading)
{
    static const pace paces[3] = {{5000, 0, 0}, {5000, 1000, 1}, {5000, MEMORY_PIECE, 3}};
    int timeout_ms = _i & 2 ? 100 : 250;

    begin(_i & 1);
    mcp_client *c = client_open("server=%s timeout=%dms", r->address, timeout_ms);
    for (int i = 0; i < 3; i++) {
        stores(c, "k", MEGABYTE);
        atomic_store(&r->to_server, &paces[i]);
        ends_in_time(c, MCP_SET, "k", LARGEST, timeout_ms);
        atomic_store(&r->to_server, NULL);
    }
    /* Another key: what was given up may still be on the road, and come later. */
    stores(c, "end", MEGABYTE);
    reads(c, "end", MEGABYTE);
    finish(c);
}
END_TEST

/* Slow, but not too slow. */
START_TEST(slow_is_no_failure)
{
    static const pace slow = {5000, 40000, 4};

    begin(_i);
    mcp_client *c = client_open("server=%s timeout=5s", r->address);
    atomic_store(&r->to_server, &slow);
    stores(c, "k", MEGABYTE);
    atomic_store(&r->to_client, &slow);
    reads(c, "k", MEGABYTE);
    ck_assert_uint_eq(client_info(c, 0).errors, 0);
    finish(c);
}
END_TEST

/* The other copy still has its time. */
START_TEST(the_backup_answers_instead)
{
    static const pace stops = {5000, 0, 0};
    mcp_result result = MCP_RESULT_INIT;

    begin(_i);
    server *b = server_unix("-I 8m -m 256");
    mcp_client *c = client_open("server=%s backup=%s timeout=400ms", r->address, b->address);
    stores(c, "k", MEGABYTE);
    atomic_store(&r->to_client, &stops);
    int64_t start = now_ms();
    client_expect(c, mcp_get(c, T("k"), &result), MCP_OK, "get");
    ck_assert_int_le(now_ms() - start, 400 + client_slack(100));
    ck_assert_int_eq(result.from_backup, 1);
    ck_assert_uint_eq(result.value_len, MEGABYTE);
    ck_assert(memcmp(result.value, value, MEGABYTE) == 0);
    finish(c);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("large");

    tcase_add_loop_test(tests, values_of_every_size, 0, 2);
    tcase_add_loop_test(tests, mirrored_values, 0, 2);
    tcase_add_loop_test(tests, answers_that_stop, 0, 4);
    tcase_add_loop_test(tests, servers_that_stop_reading, 0, 4);
    tcase_add_loop_test(tests, slow_is_no_failure, 0, 2);
    tcase_add_loop_test(tests, the_backup_answers_instead, 0, 2);
    return run_tests("large", tests);
}
