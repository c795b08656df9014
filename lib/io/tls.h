/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tls: TLS over the sockets of io/sock, by OpenSSL; nobody else knows of it. In a build without
 * OpenSSL (tls_none.c) nothing can be made here, and mcp__tls_is_built() says so.
 *
 *     start --> shaking --(shake says 1)--> send, receive, peek --> close | drop
 *                  `---(shake says an error)-------------------------------^
 *
 * Nothing here ever waits: -EAGAIN means "poll for mcp__tls_events, then call the same again".
 * Errors are negative errno values; -EPROTO is a matter of TLS itself, and mcp__tls_why says which.
 *
 * TLS 1.2 at least, no renegotiation, no early data. The servers' certificates are checked against
 * their name or address unless the user says otherwise. What a server hands out for a short
 * handshake next time is kept here, per server.
 */
#ifndef MCPROXY_IO_TLS_H
#define MCPROXY_IO_TLS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/mem.h"
#include "place/spec.h"
#include "wire/span.h"

typedef struct mcp__tls mcp__tls;                 /* what the connections of a client share */
typedef struct mcp__tls_session mcp__tls_session; /* one connection */

/* What the options say; borrowed, as long as the mcp__tls lives. NULL: not given. */
typedef struct mcp__tls_options {
    const char *ca;   /* a file; NULL: the system's */
    const char *cert; /* ours, with what signed it */
    const char *key;  /* NULL: it stands in the same file */
    const char *name; /* that servers must bear; NULL: each its own host */
    int verifies;
} mcp__tls_options;

int mcp__tls_is_built(void);

/*
 * Reads the files. NULL with the reason in `err`: MCP_BAD_ARGUMENT, MCP_NO_MEMORY, or
 * MCP_UNSUPPORTED in a build without TLS. `specs` must outlive it. Blocks as disks do.
 */
mcp__tls *mcp__tls_new(const mcp__tls_options *options, const mcp__server_spec *specs, size_t n,
                       const mcp__mem *mem, mcp__err *err);
/* NULL is allowed. Its sessions must have gone before. */
void mcp__tls_free(mcp__tls *tls);

/* Begins a session with server number `server` on a socket that is connected. NULL: no memory. */
mcp__tls_session *mcp__tls_start(mcp__tls *tls, uint32_t server, int fd);

/* Goes on with the handshake. 1: it is done. -EAGAIN, or another error. */
int mcp__tls_shake(mcp__tls_session *session);

/* How many bytes of these went; fewer than were given. After -EAGAIN at least the same bytes must
 * be offered again. */
ssize_t mcp__tls_send(mcp__tls_session *session, const mcp__span *spans, size_t n);

/* More than 0: so many bytes; 0: the peer has closed. */
ssize_t mcp__tls_receive(mcp__tls_session *session, void *room, size_t room_len);

/* As mcp__sock_peek. */
int mcp__tls_peek(mcp__tls_session *session);

/* Whether bytes have come that poll does not know of: receive again. */
int mcp__tls_has_unread(const mcp__tls_session *session);

/* What to poll for, by who wants to receive and to send. 0: nothing. */
short mcp__tls_events(const mcp__tls_session *session, int receives, int sends);

/* Whether a receive waits for room to send, or a send for bytes: then both are to be tried,
 * whatever poll says. */
int mcp__tls_is_crossed(const mcp__tls_session *session);

/* What was wrong with the last -EPROTO, in words; "" else. */
const char *mcp__tls_why(const mcp__tls_session *session);

/* Says goodbye, if that goes without waiting, and lets go. The socket is not touched further. */
void mcp__tls_close(mcp__tls_session *session);
/* Lets go without a word: before a reset, and in a forked child. NULL is allowed. */
void mcp__tls_drop(mcp__tls_session *session);

#endif
