/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The simulated memcached answers as the real one does. Every pair below was measured on memcached
 * 1.6.18 (Debian 12), in this order, over one connection; requests are fed whole and byte by byte.
 */
#include <check.h>
#include <stdio.h>

#include "sim/server.h"
#include "unit/support.h"

typedef struct talk {
    const char *request, *reply;
} talk;

static const talk measured[] = {
    {"version\r\n", "VERSION 1.6.18\r\n"},
    {"mn\r\n", "MN\r\n"},
    {"mg k O12345678 v f\r\n", "EN O12345678\r\n"},
    {"ms k 3 O12345678 F7 c\r\nabc\r\n", "HD O12345678 c1\r\n"},
    {"mg k O1 v f c t\r\n", "VA 3 O1 f7 c1 t-1\r\nabc\r\n"},
    {"mg k O1 v f c t T100\r\n", "VA 3 O1 f7 c1 t-1\r\nabc\r\n"},
    {"mg k O1 T100\r\n", "HD O1\r\n"},
    {"mg k O1 t v T-1\r\n", "VA 3 O1 t100\r\nabc\r\n"},
    {"mg k O1 v\r\n", "EN O1\r\n"},
    {"ms k 2 O1 MA\r\nxy\r\n", "NS O1\r\n"},
    {"ms k 2 O1 MR\r\nxy\r\n", "NS O1\r\n"},
    {"ms k 2 O1 ME c\r\nxy\r\n", "HD O1 c2\r\n"},
    {"ms k 2 O1 ME c\r\nxy\r\n", "NS O1 c0\r\n"},
    {"ms k 2 O1 MA F9 T5 c\r\nzz\r\n", "HD O1 c3\r\n"},
    {"mg k v f t c\r\n", "VA 4 f0 t-1 c3\r\nxyzz\r\n"},
    {"ms k 2 O1 C999\r\nxy\r\n", "EX O1\r\n"},
    {"ms kk 2 O1 C999\r\nxy\r\n", "NF O1\r\n"},
    {"ms k 0 O1\r\n\r\n", "HD O1\r\n"},
    {"mg k O1 v f\r\n", "VA 0 O1 f0\r\n\r\n"},
    {"md k O1\r\n", "HD O1\r\n"},
    {"md k O1\r\n", "NF O1\r\n"},
    {"ma n O1 D1 v\r\n", "NF O1\r\n"},
    {"ma n O1 N0 J100 D1 v\r\n", "VA 3 O1\r\n100\r\n"},
    {"ma n O1 D1 v\r\n", "VA 3 O1\r\n101\r\n"},
    {"ma n O1 MD D2 v\r\n", "VA 2 O1\r\n99\r\n"},
    {"mg n v\r\n", "VA 3\r\n99 \r\n"},
    {"ma n O1 MD D200 v\r\n", "VA 1 O1\r\n0\r\n"},
    {"mg n v\r\n", "VA 3\r\n0  \r\n"},
    {"ma n O1 D18446744073709551615 v\r\n", "VA 20 O1\r\n18446744073709551615\r\n"},
    {"ma n O1 N-1 J5 D1 v\r\n", "VA 1 O1\r\n0\r\n"},
    {"ma z O1 N-1 J5 D1 v\r\n", "VA 1 O1\r\n5\r\n"},
    {"mg z v t\r\n", "EN\r\n"},
    {"ms t 1 \r\nx\r\n", "HD\r\n"},
    {"ma t O1 D1 v\r\n", "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n"},
    {"flush_all\r\n", "OK\r\n"},
    {"flush_all x\r\n", "CLIENT_ERROR invalid exptime argument\r\n"},
    {"stats reset\r\n", "RESET\r\n"},
    {"stats nonsense\r\n", "ERROR\r\n"},
    {"foo\r\n", "ERROR\r\n"},
    {"mg\r\n", "ERROR\r\n"},
    {"ms k\r\n", "CLIENT_ERROR bad command line format\r\n"},
    {"ms k abc\r\n", "CLIENT_ERROR bad command line format\r\n"},
    {"md k C5 O1\r\n", "NF O1\r\n"},
    {"ms k 1 T-1 O1\r\nx\r\n", "HD O1\r\n"},
    {"mg k v O1\r\n", "EN O1\r\n"},
    {"ms k 1 O1 T2592001\r\nx\r\n", "HD O1\r\n"},
    {"mg k v O1\r\n", "EN O1\r\n"},
    {"ma k D1 O1 T5 t v c\r\n", "NF O1\r\n"},
    {"ms k 1 O1 T50 F5 k s\r\n1\r\n", "HD O1 kk\r\n"},
    {"ma k D1 O1 T5 t v\r\n", "VA 1 O1 t5\r\n2\r\n"},
    {"mg k s k t f O1 v q\r\n", "VA 1 s1 kk t5 f5 O1\r\n2\r\n"},
    {"\r\n", "ERROR\r\n"},
    {"ma k Dx\r\n", "CLIENT_ERROR invalid or duplicate flag\r\n"},
    {"ms k 1 C\r\nx\r\n", "CLIENT_ERROR bad token in command line format\r\n"},
    {"md k\r\n", "HD\r\n"},
    {"mg k v N30\r\n", "VA 0 W\r\n\r\n"},
    {"mg k v N30\r\n", "VA 0 Z\r\n\r\n"},
};

static void
check_reply(sim_session *session, const talk *t)
{
    size_t len = sim_bytes_len(&session->out);
    const char *got = len == 0 ? "" : (const char *)session->out.block + session->out.start;
    ck_assert_msg(len == strlen(t->reply) && memcmp(got, t->reply, len) == 0,
                  "%s answered \"%.*s\" instead of \"%s\"", t->request, (int)len, got, t->reply);
    sim_bytes_clear(&session->out);
}

START_TEST(answers_as_measured)
{
    sim_server server;
    sim_session session = {0};
    sim_server_init(&server, 0, 0);
    for (size_t i = 0; i < sizeof measured / sizeof measured[0]; i++) {
        const char *at = measured[i].request;
        size_t len = strlen(at), step = _i == 0 ? len : 1;
        for (; len > 0; at += step, len -= step) {
            sim_bytes_put(&session.in, at, step);
            sim_server_feed(&server, &session, 0);
        }
        check_reply(&session, &measured[i]);
    }
    sim_session_fini(&session);
    sim_server_fini(&server);
}
END_TEST

static void
ask(sim_server *server, sim_session *session, const talk *t, int64_t now_ms)
{
    sim_bytes_text(&session->in, t->request);
    sim_server_feed(server, session, now_ms);
    check_reply(session, t);
}

/* A value that is too large drops the old one in every mode; only a sum that is too large does not
 * (measured). The refusal is said when the value has been swallowed. */
START_TEST(too_large)
{
    static const char *const modes[] = {"", " ME", " MR", " MA", " MP", " C1"};
    static char request[10100];
    sim_server server;
    sim_session session = {0};
    sim_server_init(&server, 0, 0);
    for (size_t i = 0; i < 6; i++) {
        ask(&server, &session, &(talk){"ms big 3\r\nold\r\n", "HD\r\n"}, 0);
        int head = snprintf(request, sizeof request, "ms big 9000 O1%s\r\n", modes[i]);
        memset(request + head, 'x', 9000);
        memcpy(request + head + 9000, "\r\n", 3);
        ask(&server, &session, &(talk){request, "SERVER_ERROR object too large for cache\r\n"}, 0);
        ask(&server, &session, &(talk){"mg big v\r\n", "EN\r\n"}, 0);
    }
    int head = snprintf(request, sizeof request, "ms big 5000\r\n");
    memset(request + head, 'x', 5000);
    memcpy(request + head + 5000, "\r\n", 3);
    ask(&server, &session, &(talk){request, "HD\r\n"}, 0);
    head = snprintf(request, sizeof request, "ms big 5000 MA\r\n");
    memset(request + head, 'x', 5000);
    memcpy(request + head + 5000, "\r\n", 3);
    ask(&server, &session, &(talk){request, "NS\r\n"}, 0);
    ask(&server, &session, &(talk){"mg big s\r\n", "HD s5000\r\n"}, 0);
    sim_session_fini(&session);
    sim_server_fini(&server);
}
END_TEST

START_TEST(time_passes)
{
    sim_server server;
    sim_session session = {0};
    sim_server_init(&server, 0, 0);
    ask(&server, &session, &(talk){"ms a 1 T2\r\nx\r\n", "HD\r\n"}, 500);
    ask(&server, &session, &(talk){"mg a t\r\n", "HD t2\r\n"}, 999);
    ask(&server, &session, &(talk){"mg a t\r\n", "HD t1\r\n"}, 1999);
    ask(&server, &session, &(talk){"mg a t\r\n", "EN\r\n"}, 2000);
    /* A flush with a delay also takes what is stored before it happens (measured). */
    ask(&server, &session, &(talk){"flush_all 2\r\n", "OK\r\n"}, 3000);
    ask(&server, &session, &(talk){"ms a 1\r\nx\r\n", "HD\r\n"}, 4000);
    ask(&server, &session, &(talk){"mg a v\r\n", "VA 1\r\nx\r\n"}, 4900);
    ask(&server, &session, &(talk){"mg a v\r\n", "EN\r\n"}, 5000);
    /* A restart: empty, and cas numbers from the beginning. */
    sim_server_restart(&server, 6000);
    ask(&server, &session, &(talk){"ms a 1 c\r\nx\r\n", "HD c1\r\n"}, 6000);
    sim_session_fini(&session);
    sim_server_fini(&server);
}
END_TEST

/* A line of a wrong length is an error, and its data is then run as a command (measured). */
START_TEST(bad_chunk)
{
    sim_server server;
    sim_session session = {0};
    sim_server_init(&server, 0, 0);
    ask(&server, &session,
        &(talk){"ms k 3\r\nabcde\r\n", "CLIENT_ERROR bad data chunk\r\nERROR\r\n"}, 0);
    server.has_meta = 0;
    ask(&server, &session, &(talk){"mg k v\r\n", "ERROR\r\n"}, 0);
    server.has_meta = 1;
    server.echoes_misses = 0;
    ask(&server, &session, &(talk){"mg k v O1\r\n", "EN\r\n"}, 0);
    sim_session_fini(&session);
    sim_server_fini(&server);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("sim_server");
    TCase *tests = tcase_create("sim_server");
    tcase_add_loop_test(tests, answers_as_measured, 0, 2);
    tcase_add_test(tests, too_large);
    tcase_add_test(tests, time_passes);
    tcase_add_test(tests, bad_chunk);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
