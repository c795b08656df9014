/* SPDX-License-Identifier: BSD-3-Clause */
/* The format of questions and answers: RFC 1035 4. */
#include "test_io_dns.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD 12
#define TYPE_A 1
#define TYPE_AAAA 28
#define SERVFAIL 2
#define NXDOMAIN 3

void
dns_start(dns *server)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    *server = (dns){.tcp_peer = -1, .last = 1};
    server->udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    server->tcp = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(server->tcp, (struct sockaddr *)&at, len), 0);
    ck_assert_int_eq(listen(server->tcp, 4), 0);
    ck_assert_int_eq(getsockname(server->tcp, (struct sockaddr *)&at, &len), 0);
    ck_assert_int_eq(bind(server->udp, (struct sockaddr *)&at, len), 0);
    snprintf(server->address, sizeof server->address, "127.0.0.1:%u", ntohs(at.sin_port));
}

void
dns_stop(dns *server)
{
    close(server->udp);
    close(server->tcp);
    if (server->tcp_peer >= 0)
        close(server->tcp_peer);
}

/* One more record, which points to the name at the start of the question. */
static size_t
put_record(uint8_t *out, size_t at, int type, const void *data, uint16_t len)
{
    const uint8_t head[12] = {0xc0, HEAD, 0, (uint8_t)type, 0, 1, 0, 0, 0, 60, 0, (uint8_t)len};
    memcpy(out + at, head, sizeof head);
    memcpy(out + at + sizeof head, data, len);
    out[7]++; /* answers */
    return at + sizeof head + len;
}

static size_t
put_a(uint8_t *out, size_t at, int last)
{
    const uint8_t ip[4] = {127, 0, 0, (uint8_t)last};
    return put_record(out, at, TYPE_A, ip, sizeof ip);
}

static size_t
put_all(const dns *server, uint8_t *out, size_t at, int how, int type)
{
    if (how == 'c' && type == TYPE_AAAA)
        return put_record(out, at, type, &in6addr_loopback, 16);
    if (type != TYPE_A)
        return at;
    if (how == 'a' || how == 't')
        return put_a(out, at, server->last);
    if (how == 'o')
        return put_a(out, at, 9);
    if (how == 'b')
        return put_a(out, put_a(out, at, 2), 3);
    for (int i = 0; how == 'w' && i < 20; i++)
        at = put_a(out, at, 100 + i);
    return at;
}

/* The answer's length; 0: none is given. */
static size_t
answer_to(const dns *server, const uint8_t *in, size_t len, uint8_t *out, int by_tcp)
{
    size_t at = HEAD;
    while (at < len && in[at] != 0)
        at += in[at] + 1u;
    ck_assert_uint_le(at + 5, len);
    int how = in[HEAD + 1], type = in[at + 1] << 8 | in[at + 2];
    at += 5;
    if (server->silent || how == 's' || (how == 'o' && type == TYPE_AAAA))
        return 0;
    memcpy(out, in, at);
    memset(out + 6, 0, 6); /* no answers, no authorities, nothing more */
    out[2] = 0x81;         /* an answer, as asked for with recursion */
    out[3] = (uint8_t)(0x80 | (how == 'n' ? NXDOMAIN : 0) | (how == 'f' ? SERVFAIL : 0));
    if (how == 't' && !by_tcp) {
        out[2] |= 2; /* cut short */
        return at;
    }
    return put_all(server, out, at, how, type);
}

/* A question over TCP has its length in front, RFC 1035 4.2.2. They are short enough to come whole.
 */
static void
answer_tcp(dns *server)
{
    uint8_t in[1024], out[1024];
    if (server->tcp_peer < 0)
        server->tcp_peer = accept(server->tcp, NULL, NULL);
    if (server->tcp_peer < 0)
        return;
    ssize_t got = recv(server->tcp_peer, in, sizeof in, MSG_DONTWAIT);
    size_t at = 0;
    while (got > 0 && at + 2 < (size_t)got) {
        size_t len = (size_t)in[at] << 8 | in[at + 1];
        size_t n = answer_to(server, in + at + 2, len, out + 2, 1);
        out[0] = (uint8_t)(n >> 8);
        out[1] = (uint8_t)n;
        ck_assert_int_eq(send(server->tcp_peer, out, n + 2, MSG_NOSIGNAL), (ssize_t)n + 2);
        server->n_questions++;
        at += len + 2;
    }
}

void
dns_answer(dns *server)
{
    uint8_t in[1024], out[1024];
    struct sockaddr_in from;
    socklen_t from_len = sizeof from;
    ssize_t n;
    while ((n = recvfrom(server->udp, in, sizeof in, MSG_DONTWAIT, (struct sockaddr *)&from,
                         &from_len)) > 0) {
        size_t len = answer_to(server, in, (size_t)n, out, 0);
        server->n_questions++;
        if (len > 0)
            sendto(server->udp, out, len, 0, (struct sockaddr *)&from, from_len);
    }
    answer_tcp(server);
}
