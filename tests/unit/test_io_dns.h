/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A name server of a few lines on loopback, played by the test itself between two calls. The first
 * letter of the name says how it answers, the second label is not looked at:
 *
 *     a.test  A 127.0.0.<last>, no AAAA      b.test  A 127.0.0.2 and .3, no AAAA
 *     c.test  AAAA ::1, no A                 e.test  neither
 *     n.test  NXDOMAIN                       f.test  SERVFAIL
 *     o.test  A 127.0.0.9, AAAA unanswered   s.test  nothing at all
 *     t.test  cut short over UDP, over TCP as a.test
 *     w.test  20 A
 */
#ifndef MCPROXY_TEST_IO_DNS_H
#define MCPROXY_TEST_IO_DNS_H

#include <stddef.h>
#include <stdint.h>

typedef struct dns {
    int udp;
    int tcp;
    int tcp_peer; /* -1: none */
    char address[32];
    uint8_t last; /* of the address of a.test */
    int silent;   /* answers nobody */
    int n_questions;
} dns;

void dns_start(dns *server);
void dns_stop(dns *server);
/* Answers everything that has come in by now. */
void dns_answer(dns *server);

#endif
