/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The simulated memcached and a real one are told the same random commands, those that the library
 * sends: every reply has to be the same to the last byte. Times to live are left out of the
 * replies, because the two clocks do not tick together; numbers that become shorter are pinned by
 * test_sim_server.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sim/random.h"
#include "sim/server.h"
#include "support/run.h"
#include "support/server.h"
#include "support/talk.h"

#define COMMANDS 4000
#define KEYS 6

typedef struct twins {
    sim_server simulated;
    sim_session session;
    sim_random random;
    server *real;
    int fd;
} twins;

static uint32_t
below(twins *t, uint32_t n)
{
    return sim_random_below(&t->random, n);
}

/* Now and then the number that an item really has. */
static unsigned long long
draw_cas(twins *t, const char *key)
{
    const sim_item *item = sim_server_find(&t->simulated, key, strlen(key), 0);
    return item != NULL && below(t, 3) > 0 ? item->cas : below(t, 40) + 1;
}

static size_t
put_flags(twins *t, char *out, const char *letters)
{
    size_t len = 0;
    for (; *letters != '\0'; letters++) {
        if (below(t, 2) == 0)
            len += (size_t)sprintf(out + len, *letters == 'O' ? " O12345678" : " %c", *letters);
    }
    out[len] = '\0';
    return len;
}

static size_t
put_get(twins *t, char *out, const char *key)
{
    static const char *const leases[] = {"", "", "", " N10", " N10", " T500", " N30 R20"};
    size_t len = (size_t)sprintf(out, "mg %s", key);
    len += put_flags(t, out + len, "Ovfcsk");
    return len + (size_t)sprintf(out + len, "%s\r\n", leases[below(t, 7)]);
}

static size_t
put_store(twins *t, char *out, const char *key)
{
    static const char *const modes[] = {"", "", " ME", " MR", " MA", " MA", " MP", " T500"};
    static const char *const values[] = {"", "", "7", "123", "abc", "kt5\n", "abcdefghij"};
    const char *value = values[below(t, 7)];
    size_t len = (size_t)sprintf(out, "ms %s %zu", key, strlen(value));
    len += put_flags(t, out + len, "Ock");
    if (below(t, 2) == 0)
        len += (size_t)sprintf(out + len, " F%u", below(t, 100));
    if (below(t, 4) == 0)
        len += (size_t)sprintf(out + len, " C%llu", draw_cas(t, key));
    else
        len += (size_t)sprintf(out + len, "%s", modes[below(t, 8)]);
    return len + (size_t)sprintf(out + len, "\r\n%s\r\n", value);
}

static size_t
put_other(twins *t, char *out, const char *key)
{
    size_t len = 0;
    switch (below(t, 9)) {
    case 0:
    case 1:
    case 2:
        len = (size_t)sprintf(out, "md %s", key);
        len += put_flags(t, out + len, "Ok");
        return len + (size_t)sprintf(out + len, "\r\n");
    case 3:
    case 4:
        return (size_t)sprintf(out, "md %s O12345678 C%llu\r\n", key, draw_cas(t, key));
    case 5:
        return (size_t)sprintf(out, "ma n%s O12345678 D%u v\r\n", key, below(t, 200));
    case 6:
        return (size_t)sprintf(out, "ms n%s 3 c\r\n%u\r\n", key, 100 + below(t, 900));
    case 7:
        return (size_t)sprintf(out, below(t, 20) == 0 ? "flush_all\r\n" : "mn\r\n");
    default:
        return (size_t)sprintf(out, "ma n%s N0 J%u D1 v c\r\n", key, below(t, 90));
    }
}

static size_t
put_command(twins *t, char *out)
{
    char key[24];
    sprintf(key, "k%u", below(t, KEYS));
    uint32_t draw = below(t, 10);
    return draw < 4   ? put_get(t, out, key)
           : draw < 8 ? put_store(t, out, key)
                      : put_other(t, out, key);
}

static void
compare(twins *t, const char *command, size_t len)
{
    talk_buf request = {0}, reply = {0};
    talk_add(&request, command, len);
    ck_assert_int_eq(talk_forward(t->fd, &request, &reply), 1);
    sim_bytes_put(&t->session.in, command, len);
    sim_server_feed(&t->simulated, &t->session, 0);
    size_t out_len = sim_bytes_len(&t->session.out);
    const char *out = (const char *)t->session.out.block + t->session.out.start;
    ck_assert_msg(out_len == reply.len && memcmp(out, reply.bytes, out_len) == 0,
                  "%.*s is answered \"%.*s\" by the simulated server, \"%.*s\" by the real one",
                  (int)len, command, (int)out_len, out, (int)reply.len, reply.bytes);
    sim_bytes_clear(&t->session.out);
    talk_free(&request);
    talk_free(&reply);
}

START_TEST(same_replies)
{
    static char command[400];
    twins t = {.random = {(uint64_t)_i + 1}, .real = server_unix(NULL)};
    t.fd = talk_connect(t.real);
    sim_server_init(&t.simulated, 0, 0);
    for (int i = 0; i < COMMANDS; i++)
        compare(&t, command, put_command(&t, command));
    close(t.fd);
    sim_session_fini(&t.session);
    sim_server_fini(&t.simulated);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("sim_twin");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, same_replies, 0, 4);
    return run_tests("sim_twin", tests);
}
