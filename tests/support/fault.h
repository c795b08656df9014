/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fault: a server that misbehaves on command, and remembers what it was sent.
 *
 * It stands in front of a real memcached (or of nothing): every request is taken apart, passed on,
 * and its true answer given back, unless a rule says otherwise. So greetings and polls are
 * answered as memcached answers them, and one rule spoils exactly one answer. One thread per
 * connection; all calls here may be made while it runs.
 *
 *     library ---> fault ---> memcached        the log: every request line, in order of arrival
 */
#ifndef TESTS_SUPPORT_FAULT_H
#define TESTS_SUPPORT_FAULT_H

#include <stddef.h>
#include <stdint.h>

#include "server.h"

typedef enum fault_what {
    FAULT_PASS = 0,     /* the true answer */
    FAULT_HANG,         /* do nothing, and answer nothing more on this connection */
    FAULT_SWALLOW,      /* do it, throw the answer away, answer nothing more on this connection */
    FAULT_SKIP,         /* do it and throw the answer away; later requests are answered */
    FAULT_DELAY,        /* the true answer after `ms` */
    FAULT_DRIP,         /* the true answer, or `text`, a byte every `ms` */
    FAULT_TEXT,         /* `text` instead of the true answer; the request is not passed on */
    FAULT_TEXT_CLOSE,   /* the same, then an orderly close */
    FAULT_EXTRA,        /* the true answer and `text` behind it, in one piece */
    FAULT_CUT,          /* the first `n` bytes of the true answer, then an orderly close */
    FAULT_RESET,        /* the first `n` bytes of the true answer, then a reset */
    FAULT_HALF_CLOSE,   /* the first `n` bytes, then shutdown(WR) and nothing more */
    FAULT_WRONG_OPAQUE, /* the true answer with another opaque in its first line */
    FAULT_BAD_TAIL,     /* the true answer with "XY" for its last two bytes */
} fault_what;

typedef struct fault_rule {
    const char *match; /* a request line that begins so; "": every one */
    fault_what what;
    const char *text;
    size_t n; /* bytes, see above; with `text` 0 means up to its NUL */
    int ms;
    int skip;  /* the first so many that match pass */
    int times; /* then so many are spoilt, the rest pass; 0: all */
} fault_rule;

typedef enum fault_end {
    FAULT_OPEN = 0, /* still there */
    FAULT_FIN = 1,  /* an orderly close by the library */
    FAULT_RST = 2,  /* a reset by the library */
    FAULT_OURS = 3, /* we closed it */
} fault_end;

typedef struct fault fault;

/*
 * Starts one in front of `behind` (NULL: nothing there, FAULT_PASS then hangs), on a TCP port of
 * 127.0.0.1 that the kernel chose, or on a unix socket. It ends with the process of the test.
 */
fault *fault_tcp(const server *behind);
fault *fault_unix(const server *behind);
/* As the options write it. */
const char *fault_address(const fault *f);

/* The rules from now on, at most 16; the first that matches decides. They are copied. */
void fault_rules(fault *f, const fault_rule *rules, size_t n);
/* One rule and no other; NULL: the truth again. */
void fault_rule_one(fault *f, const fault_rule *rule);
/* Sent at once to whoever connects, e.g. "SSH-2.0-x\r\n". NULL: nothing. */
void fault_banner(fault *f, const char *text);
/* Closes (in an orderly way), or resets, every connection that is open now. */
void fault_close_all(fault *f);
void fault_reset_all(fault *f);
/* Sends bytes that nobody asked for on every connection that is open now. */
void fault_say_all(fault *f, const char *text);

/* How many connections came; how number `i` (from 0) ended. */
int fault_connections(fault *f);
fault_end fault_ended(fault *f, int i);
/* Waits until connection `i` has ended, and tells how; FAULT_OPEN when it did not in `ms`. */
fault_end fault_wait_end(fault *f, int i, int ms);
/* Is any connection open? */
int fault_is_open(fault *f);

/* How many request lines came that begin with `match`, and waiting until there are `n` of them. */
int fault_count(fault *f, const char *match);
int fault_wait_count(fault *f, const char *match, int n, int ms);
/* The line of the i-th (from 0) of them, or NULL; and when it came, on one clock for all. */
const char *fault_line(fault *f, const char *match, int i);
int64_t fault_time_us(fault *f, const char *match, int i);
/* Its connection's number; -1: there is none. */
int fault_line_connection(fault *f, const char *match, int i);

#endif
