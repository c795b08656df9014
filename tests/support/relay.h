/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * relay: a bad road between the library and a real memcached. It knows nothing of the protocol:
 * it passes bytes on, late, in small pieces, or not at all. For spoilt answers see fault.h.
 */
#ifndef TESTS_SUPPORT_RELAY_H
#define TESTS_SUPPORT_RELAY_H

#include "server.h"

typedef enum relay_mode {
    RELAY_PASS = 0,
    RELAY_BYTES, /* one byte per packet, both ways */
    RELAY_HOLE,  /* takes bytes and forgets them; connections stay open */
} relay_mode;

typedef struct relay relay;

/* On a TCP port of 127.0.0.1 that the kernel chose; ends with the process of the test. */
relay *relay_tcp(const server *behind);
const char *relay_address(const relay *r);
void relay_set(relay *r, relay_mode mode);
/* Every piece of an answer waits so long before it is passed on; 0: none. */
void relay_delay(relay *r, int ms);
/* After so many more bytes of answers every connection is reset; -1: never. */
void relay_cut_after(relay *r, long bytes);

#endif
