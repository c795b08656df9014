/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * talk: where requests and replies begin and end on the wire, just enough of it to pass one
 * request on to a real memcached and to know when its answer is whole.
 */
#ifndef TESTS_SUPPORT_TALK_H
#define TESTS_SUPPORT_TALK_H

#include <stddef.h>
#include <sys/types.h>

#include "server.h"

typedef struct talk_buf {
    char *bytes;
    size_t len;
    size_t room;
} talk_buf;

void talk_add(talk_buf *buf, const void *bytes, size_t len);
void talk_free(talk_buf *buf);
/* Appends what one recv brings; its return value. EINTR is tried again. */
ssize_t talk_receive(int fd, talk_buf *buf);

/*
 * Runs a detached thread that takes no signals: they belong to the test, whose handlers may jump.
 */
void talk_spawn(void *(*run)(void *), void *context);

/* -1: refused. */
int talk_connect(const server *s);

/* Moves the first whole request (line and payload) from `in` to `request`; 0: it is not whole. */
int talk_next_request(talk_buf *in, talk_buf *request);
/* Length of the first line, its end not counted. */
size_t talk_line_len(const talk_buf *buf);
/* Sends a request and collects its whole answer; 0 when the connection failed. */
int talk_forward(int fd, const talk_buf *request, talk_buf *reply);

#endif
