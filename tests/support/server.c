/* SPDX-License-Identifier: BSD-3-Clause */
#include "server.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"
#include "wait.h"

enum { START_MS = 5000 };

static server *running;
static pid_t owner;

static void
end_all(void)
{
    if (getpid() != owner)
        return;
    for (server *s = running; s != NULL; s = s->next)
        if (s->pid > 0)
            kill(s->pid, SIGKILL);
}

/* ---- The address -------------------------------------------------------------------------- */

static void
address_unix(server *s)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&s->sockaddr;

    run_path(s->path, sizeof s->path, ".sock");
    un->sun_family = AF_UNIX;
    snprintf(un->sun_path, sizeof un->sun_path, "%s", s->path);
    s->sockaddr_len = sizeof *un;
    snprintf(s->address, sizeof s->address, "unix:%s", s->path);
}

static socklen_t
loopback(struct sockaddr_storage *out, int family, int port)
{
    struct sockaddr_in *in = (struct sockaddr_in *)out;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

    memset(out, 0, sizeof *out);
    out->ss_family = (sa_family_t)family;
    if (family == AF_INET6) {
        in6->sin6_addr = in6addr_loopback;
        in6->sin6_port = htons((uint16_t)port);
        return sizeof *in6;
    }
    in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    in->sin_port = htons((uint16_t)port);
    return sizeof *in;
}

/* A port that was free a moment ago: the socket that held it is closed again. */
static int
free_port(int family)
{
    struct sockaddr_storage at;
    socklen_t len = loopback(&at, family, 0);
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int port = -1;

    if (fd >= 0 && bind(fd, (struct sockaddr *)&at, len) == 0 &&
        getsockname(fd, (struct sockaddr *)&at, &len) == 0)
        port = family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&at)->sin6_port)
                                  : ntohs(((struct sockaddr_in *)&at)->sin_port);
    if (fd >= 0)
        close(fd);
    return port;
}

int
server_has_ipv6(void)
{
    return free_port(AF_INET6) > 0;
}

static void
address_tcp(server *s, int family)
{
    s->port = free_port(family);
    ck_assert_int_gt(s->port, 0);
    s->sockaddr_len = loopback(&s->sockaddr, family, s->port);
    snprintf(s->address, sizeof s->address, family == AF_INET6 ? "[::1]:%d" : "127.0.0.1:%d",
             s->port);
}

/* ---- The process -------------------------------------------------------------------------- */

static void
launch(server *s)
{
    const char *program = getenv("MEMCACHED");
    char port[16];
    char both[80];
    const char *argv[SERVER_MAX_ARGS + 1];
    char extra[sizeof s->extra];
    size_t n = 0;
    pid_t parent = getpid();

    snprintf(port, sizeof port, "%d", s->port);
    argv[n++] = program != NULL && program[0] != '\0' ? program : "memcached";
    argv[n++] = s->port == 0 ? "-s" : "-p";
    argv[n++] = s->port == 0 ? s->path : port;
    if (s->port != 0) {
        argv[n++] = "-l";
        argv[n++] = s->sockaddr.ss_family == AF_INET6 ? "::1" : "127.0.0.1";
        snprintf(both, sizeof both, "127.0.0.1:%d,notls:127.0.0.1:%d", s->port, s->plain_port);
        if (s->plain_port != 0)
            argv[n - 1] = both;
    }
    if (geteuid() == 0) {
        argv[n++] = "-u";
        argv[n++] = "root";
    }
    argv[n++] = "-t";
    argv[n++] = "1";
    memcpy(extra, s->extra, sizeof extra);
    for (char *word = strtok(extra, " "); word != NULL && n < SERVER_MAX_ARGS;
         word = strtok(NULL, " "))
        argv[n++] = word;
    argv[n] = NULL;
    s->pid = fork();
    ck_assert_int_ge(s->pid, 0);
    if (s->pid == 0) {
        int null = open("/dev/null", O_RDWR);

        run_die_with_parent(parent);
        signal(SIGPIPE, SIG_DFL);
        for (int fd = 0; fd < 3; fd++)
            dup2(null, fd);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
}

static int
try_connect(const server *s)
{
    int fd = socket(s->sockaddr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (const struct sockaddr *)&s->sockaddr, s->sockaddr_len) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Another process may sit on the port we were after: then ours ends, and it is not our answer. */
static int
is_up_or_gone(void *context)
{
    server *s = context;
    int fd;

    if (waitpid(s->pid, NULL, WNOHANG) == s->pid) {
        s->pid = 0;
        return 1;
    }
    fd = try_connect(s);
    if (fd < 0)
        return 0;
    close(fd);
    return 1;
}

/* Why the last one did not start. */
static char why[100];

static int
start(server *s)
{
    char pid[24];
    char *reply;

    launch(s);
    if (!wait_until(is_up_or_gone, s, START_MS) || s->pid == 0) {
        snprintf(why, sizeof why, "%s", s->pid == 0 ? "it ended at once" : "nobody could connect");
        return 0;
    }
    reply = server_ask(s, "stats\r\n", 7, NULL);
    snprintf(pid, sizeof pid, "STAT pid %d\r", (int)s->pid);
    int is_ours = strstr(reply, pid) != NULL;
    if (!is_ours) {
        snprintf(why, sizeof why, "to stats somebody said \"%.60s\"", reply);
        server_kill(s);
    }
    free(reply);
    return is_ours;
}

static void
address_tls(server *s)
{
    address_tcp(s, AF_INET);
    s->plain_port = free_port(AF_INET);
    s->sockaddr_len = loopback(&s->sockaddr, AF_INET, s->plain_port);
}

static server *
start_as(int family, int is_tls, const char *extra, const char *login)
{
    server *s = calloc(1, sizeof *s);

    ck_assert_ptr_nonnull(s);
    if (owner != getpid()) {
        owner = getpid();
        running = NULL;
        atexit(end_all);
    }
    snprintf(s->extra, sizeof s->extra, "%s", extra == NULL ? "" : extra);
    snprintf(s->login, sizeof s->login, "%s", login);
    s->next = running;
    running = s;
    for (int i = 0; i < 5; i++) {
        if (is_tls)
            address_tls(s);
        else if (family == AF_UNIX)
            address_unix(s);
        else
            address_tcp(s, family);
        if (start(s))
            return s;
    }
    ck_abort_msg("memcached %s did not start (%s): is it installed?", s->extra, why);
    return NULL;
}

static server *
start_new(int family, const char *extra)
{
    return start_as(family, 0, extra, "");
}

server *
server_tls(const char *extra)
{
    return start_as(AF_INET, 1, extra, "");
}

server *
server_login(const char *extra, const char *login)
{
    return start_as(AF_INET, strstr(extra, "-Z") != NULL, extra, login);
}

server *
server_unix(const char *extra)
{
    return start_new(AF_UNIX, extra);
}

server *
server_tcp(const char *extra)
{
    return start_new(AF_INET, extra);
}

server *
server_tcp6(const char *extra)
{
    return start_new(AF_INET6, extra);
}

static void
end_by(server *s, int signal_number)
{
    if (s->pid <= 0)
        return;
    ck_assert_int_eq(kill(s->pid, signal_number), 0);
    while (waitpid(s->pid, NULL, 0) < 0)
        ck_assert_int_eq(errno, EINTR);
    s->pid = 0;
}

void
server_kill(server *s)
{
    end_by(s, SIGKILL);
}

void
server_stop(server *s)
{
    end_by(s, SIGTERM);
}

void
server_pause(server *s)
{
    int status;

    ck_assert_int_eq(kill(s->pid, SIGSTOP), 0);
    while (waitpid(s->pid, &status, WUNTRACED) < 0)
        ck_assert_int_eq(errno, EINTR);
    ck_assert(WIFSTOPPED(status));
}

void
server_continue(server *s)
{
    ck_assert_int_eq(kill(s->pid, SIGCONT), 0);
}

void
server_restart(server *s)
{
    server_kill(s);
    if (s->port == 0)
        unlink(s->path);
    for (int i = 0; i < 5; i++)
        if (start(s))
            return;
    ck_abort_msg("memcached did not start again on %s", s->address);
}

/* ---- Addresses without a server ----------------------------------------------------------- */

char *
server_nobody(char *out, size_t size)
{
    snprintf(out, size, "127.0.0.1:%d", free_port(AF_INET));
    return out;
}

int
server_listen(int backlog, int *port)
{
    struct sockaddr_storage at;
    socklen_t len = loopback(&at, AF_INET, 0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, len), 0);
    ck_assert_int_eq(listen(fd, backlog), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *port = ntohs(((struct sockaddr_in *)&at)->sin_port);
    return fd;
}

/* Linux drops a SYN for a listener whose queue of finished connections is full. */
char *
server_hole(char *out, size_t size)
{
    struct sockaddr_storage at;
    struct pollfd last = {.events = POLLOUT};
    int port;
    int full = 0;
    int fd = server_listen(0, &port);
    socklen_t len = loopback(&at, AF_INET, port);

    (void)fd;
    for (int i = 0; i < 16 && !full; i++) {
        last.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        ck_assert_int_ge(last.fd, 0);
        (void)connect(last.fd, (struct sockaddr *)&at, len);
        full = poll(&last, 1, 50) == 0;
    }
    ck_assert_msg(full, "a full listener still takes connections");
    snprintf(out, size, "127.0.0.1:%d", port);
    return out;
}

/* ---- Looking at what a server holds ------------------------------------------------------- */

int
server_connect(const server *s)
{
    int fd = try_connect(s);

    ck_assert_msg(fd >= 0, "cannot connect to %s: %s", s->address, strerror(errno));
    return fd;
}

int
server_sockaddr(server *s, const char *address)
{
    int port;

    if (sscanf(address, "127.0.0.1:%d", &port) != 1)
        return -1;
    snprintf(s->address, sizeof s->address, "%s", address);
    s->sockaddr_len = loopback(&s->sockaddr, AF_INET, port);
    return 0;
}

static void
send_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

        ck_assert_int_gt(n, 0);
        bytes += n;
        len -= (size_t)n;
    }
}

static void
log_in(const server *s, int fd)
{
    char line[160];
    char stored[8];
    int len = snprintf(line, sizeof line, "set a 0 -1 %zu\r\n%s\r\n", strlen(s->login), s->login);

    if (s->login[0] == '\0')
        return;
    send_all(fd, line, (size_t)len);
    ck_assert_int_eq(recv(fd, stored, sizeof stored, MSG_WAITALL), 8);
    ck_assert_mem_eq(stored, "STORED\r\n", 8);
}

/* A no-op goes behind the request: its answer, `MN`, ends every reply, whatever it looks like. */
char *
server_ask(const server *s, const void *request, size_t len, size_t *reply_len)
{
    size_t size = 4096;
    size_t n = 0;
    char *reply = malloc(size);
    int fd = server_connect(s);

    ck_assert_ptr_nonnull(reply);
    log_in(s, fd);
    send_all(fd, request, len);
    send_all(fd, "mn\r\n", 4);
    for (;;) {
        ssize_t got = recv(fd, reply + n, size - n - 1, 0);

        if (got <= 0)
            break;
        n += (size_t)got;
        if (n >= 4 && memcmp(reply + n - 4, "MN\r\n", 4) == 0) {
            n -= 4;
            break;
        }
        if (size - n < 2048)
            reply = realloc(reply, size *= 2);
        ck_assert_ptr_nonnull(reply);
    }
    close(fd);
    reply[n] = '\0';
    if (reply_len != NULL)
        *reply_len = n;
    return reply;
}

const held *
server_look(const server *s, const char *key)
{
    static held look;
    char line[320];
    size_t len;
    char *reply;
    char *end;
    int at = snprintf(line, sizeof line, "mg %s s v f t c\r\n", key);

    memset(&look, 0, offsetof(held, value));
    look.value[0] = '\0';
    look.len = 0;
    reply = server_ask(s, line, (size_t)at, &len);
    if (strncmp(reply, "VA ", 3) == 0) {
        ck_assert_int_eq(sscanf(reply, "VA %zu s%*u f%" SCNu32 " t%" SCNd64 " c%" SCNu64, &look.len,
                                &look.flags, &look.ttl, &look.cas),
                         4);
        end = strchr(reply, '\n');
        ck_assert_ptr_nonnull(end);
        ck_assert_uint_eq((size_t)(end - reply) + 1 + look.len + 2, len);
        ck_assert_uint_lt(look.len, sizeof look.value);
        memcpy(look.value, end + 1, look.len);
        look.value[look.len] = '\0';
        look.found = 1;
    } else {
        ck_assert_msg(strncmp(reply, "EN\r\n", 4) == 0, "%s said %s", s->address, reply);
    }
    free(reply);
    return &look;
}

int
server_holds(const server *s, const char *key, const char *text)
{
    const held *look = server_look(s, key);

    return look->found && look->len == strlen(text) && memcmp(look->value, text, look->len) == 0;
}

void
server_put(const server *s, const char *key, const void *value, size_t len, uint32_t flags,
           int64_t ttl)
{
    char *request = malloc(len + 400);
    char *reply;
    int at;

    ck_assert_ptr_nonnull(request);
    at = snprintf(request, 400, "ms %s %zu F%" PRIu32 " T%" PRId64 "\r\n", key, len, flags, ttl);
    memcpy(request + at, value, len);
    memcpy(request + at + len, "\r\n", 2);
    reply = server_ask(s, request, (size_t)at + len + 2, NULL);
    ck_assert_str_eq(reply, "HD\r\n");
    free(reply);
    free(request);
}

uint64_t
server_stat(const server *s, const char *name)
{
    char line[80];
    char *reply = server_ask(s, "stats\r\n", 7, NULL);
    uint64_t number;
    char *at;

    snprintf(line, sizeof line, "STAT %s ", name);
    at = strstr(reply, line);
    ck_assert_msg(at != NULL, "no such statistic: %s", name);
    number = strtoull(at + strlen(line), NULL, 10);
    free(reply);
    return number;
}
