/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * server: real memcached processes for the tests, and a small client of the harness's own to look
 * at what they hold: the library under test is never asked what a server has.
 *
 * The program is $MEMCACHED or the first memcached of PATH. Every process is ended by its number
 * when the test ends, however it ends. A failure of the harness itself fails the test.
 */
#ifndef TESTS_SUPPORT_SERVER_H
#define TESTS_SUPPORT_SERVER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#define SERVER_MAX_ARGS 24

typedef struct server {
    char address[128]; /* as the options write it */
    pid_t pid;         /* 0: not running */
    struct sockaddr_storage sockaddr;
    socklen_t sockaddr_len;
    int port; /* 0: a unix socket */
    int plain_port; /* 0: none; else the harness looks in there, past TLS */
    char login[64]; /* "" or what the harness says first: user, a blank, password */
    char path[108];
    char extra[512];
    struct server *next;
} server;

/*
 * Starts a memcached on a unix socket, or on a port of 127.0.0.1 or ::1 that the kernel chose, and
 * waits until it answers. `extra`: more arguments, separated by blanks, or NULL.
 */
server *server_unix(const char *extra);
server *server_tcp(const char *extra);
server *server_tcp6(const char *extra);
/*
 * One that speaks TLS on 127.0.0.1 (`extra` begins with -Z and says with which files), and one that
 * wants a password: `login` is "user password", as in the file that `extra` names with -Y.
 */
server *server_tls(const char *extra);
server *server_login(const char *extra, const char *login);
/* 1 when this machine has ::1. */
int server_has_ipv6(void);

void server_kill(server *s);     /* SIGKILL, and waits until it is gone */
void server_stop(server *s);     /* SIGTERM, and waits until it is gone */
void server_pause(server *s);    /* SIGSTOP, and waits until it stands */
void server_continue(server *s); /* SIGCONT */
void server_restart(server *s);  /* again on the same address, empty; ends it first if it runs */

/* An address of 127.0.0.1 where nobody listens. `out` is returned. */
char *server_nobody(char *out, size_t size);

/*
 * A listener that has no room for another connection, so that a connect to it hangs as if its
 * packets were dropped. Stays until the test ends. `out` is returned.
 */
char *server_hole(char *out, size_t size);

/*
 * A connection of the harness's own; the caller closes it. A listening socket on a port of
 * 127.0.0.1 that the kernel chose.
 */
int server_connect(const server *s);
int server_listen(int backlog, int *port);

/* Fills in where "127.0.0.1:PORT" is, for server_connect(); 0, or -1 for any other form. */
int server_sockaddr(server *s, const char *address);

/* Sends `request` on a new connection and returns what came up to a line `MN`; free() it. */
char *server_ask(const server *s, const void *request, size_t len, size_t *reply_len);

/* What a server holds under a key. */
typedef struct held {
    int found;
    char value[1 << 21]; /* a NUL stands behind it */
    size_t len;
    uint32_t flags;
    int64_t ttl; /* -1: never expires */
    uint64_t cas;
} held;

/* Looks; the answer stays until the next look. */
const held *server_look(const server *s, const char *key);
/* 1 when the server holds exactly this text under the key. */
int server_holds(const server *s, const char *key, const char *text);
/* Stores, past the library. */
void server_put(const server *s, const char *key, const void *value, size_t len, uint32_t flags,
                int64_t ttl);
/* A number of `stats`; fails the test when there is no such line. */
uint64_t server_stat(const server *s, const char *name);

#endif
