/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Why the way c-ares is used here:
 * - ares_library_init is not called. It counts in an unguarded global, so two threads opening a
 *   client would race; and outside Windows it only does that and installs allocators, which are
 *   malloc, realloc and free without it (ares_library_init(3); 1.18.1's ares_library_initialized()
 *   is a bare "return ARES_SUCCESS"). So c-ares' own memory comes from malloc, not from `mem`.
 * - It is lent our own socket functions: its writev for questions over TCP could raise SIGPIPE, and
 *   its sockets are made close-on-exec in two steps and may land on 0 to 2.
 * - No service name is given: c-ares would ask getservbyname, which is not safe with threads.
 */
#include "io/name.h"

#include <arpa/inet.h>
#include <ares.h>
#include <errno.h>
#include <net/if.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "io/sock.h"

enum {
    KIND_NUMERIC,
    KIND_SCOPED, /* an interface's name still to be turned into its number */
    KIND_UNIX,
    KIND_NAME,
};

#define TRIES 2
#define SHORTEST_TRY_MS 250 /* a name server that has to ask others needs that long */
#define LONGEST_TRY_MS 1000
#define PUMP_ROUNDS 8
#define UNIX_PATH_MAX (sizeof((struct sockaddr_un *)0)->sun_path)

/* ---- sockets lent to c-ares --------------------------------------------------------------- */

static ares_socket_t
lent_socket(int family, int type, int protocol, void *context)
{
    (void)context;
    return mcp__sock_above_2(socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
}

static int
lent_close(ares_socket_t fd, void *context)
{
    ((mcp__name_book *)context)->n_closed++;
    return close(fd);
}

static int
lent_connect(ares_socket_t fd, const struct sockaddr *address, ares_socklen_t len, void *context)
{
    (void)context;
    return connect(fd, address, len);
}

static ares_ssize_t
lent_recvfrom(ares_socket_t fd, void *room, size_t len, int flags, struct sockaddr *from,
              ares_socklen_t *from_len, void *context)
{
    (void)context;
    return recvfrom(fd, room, len, flags | MSG_DONTWAIT, from, from_len);
}

static ares_ssize_t
lent_sendv(ares_socket_t fd, const struct iovec *parts, int n, void *context)
{
    (void)context;
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = (size_t)n};
    return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static const struct ares_socket_functions lent = {lent_socket, lent_close, lent_connect,
                                                  lent_recvfrom, lent_sendv};

/* ---- the channel -------------------------------------------------------------------------- */

static void
drop_channel(mcp__name_book *book)
{
    ares_channel channel = book->channel;
    book->channel = NULL;
    if (channel != NULL)
        ares_destroy(channel); /* calls `answered` for every open question */
}

/* An ares status. */
static int
make_channel(mcp__name_book *book)
{
    ares_channel channel;
    struct ares_options options;
    memset(&options, 0, sizeof options);
    options.timeout = book->try_ms;
    options.tries = TRIES;
    int status = ares_init_options(&channel, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
    if (status != ARES_SUCCESS)
        return status;
    ares_set_socket_functions(channel, &lent, book);
    if (book->dns_server[0] != '\0')
        status = ares_set_servers_ports_csv(channel, book->dns_server);
    if (status != ARES_SUCCESS) {
        ares_destroy(channel);
        return status;
    }
    book->channel = channel;
    book->channel_ms = book->now_ms;
    return ARES_SUCCESS;
}

/* A channel reads resolv.conf once; an idle one that is old makes way for one that reads it anew.
 */
static int
need_channel(mcp__name_book *book)
{
    if (book->channel != NULL && book->n_asking == 0 &&
        book->now_ms - book->channel_ms > MCP__NAME_FRESH_MS)
        drop_channel(book);
    return book->channel != NULL ? ARES_SUCCESS : make_channel(book);
}

/* ---- answers ------------------------------------------------------------------------------ */

static const char *
why_text(int status)
{
    switch (status) {
    case ARES_ENOTFOUND:
        return "no such name";
    case ARES_ENODATA:
        return "the name has no address";
    case ARES_ETIMEOUT:
        return "no name server answered";
    case ARES_ESERVFAIL:
        return "the name server failed";
    case ARES_ECONNREFUSED: /* 1.18 says this, too, when all answered SERVFAIL or REFUSED */
        return "no name server could be reached or would answer";
    case ARES_EREFUSED:
        return "the name server refused to answer";
    case ARES_EBADNAME:
        return "this is not a name";
    case ARES_ENOMEM:
        return "no memory to look the name up";
    default:
        return ares_strerror(status);
    }
}

static int
same_ip(const mcp__name_ip *one, const mcp__name_ip *other)
{
    if (one->any.sa_family != other->any.sa_family)
        return 0;
    if (one->any.sa_family == AF_INET)
        return one->v4.sin_addr.s_addr == other->v4.sin_addr.s_addr;
    return memcmp(&one->v6.sin6_addr, &other->v6.sin6_addr, sizeof one->v6.sin6_addr) == 0 &&
           one->v6.sin6_scope_id == other->v6.sin6_scope_id;
}

/* 1 when it was one that we can use. */
static int
take_ip(mcp__name_ip *ip, const struct ares_addrinfo_node *node, uint16_t port)
{
    memset(ip, 0, sizeof *ip);
    if (node->ai_family == AF_INET && node->ai_addrlen >= sizeof ip->v4) {
        memcpy(&ip->v4, node->ai_addr, sizeof ip->v4);
        ip->v4.sin_port = htons(port);
        return 1;
    }
    if (node->ai_family == AF_INET6 && node->ai_addrlen >= sizeof ip->v6) {
        memcpy(&ip->v6, node->ai_addr, sizeof ip->v6);
        ip->v6.sin6_port = htons(port);
        return 1;
    }
    return 0;
}

/* How many addresses there were; when none, the old ones are left as they are. */
static size_t
take_ips(mcp__name_entry *entry, const struct ares_addrinfo *answer)
{
    const struct ares_addrinfo_node *node = answer->nodes;
    mcp__name_ip ips[MCP__NAME_ADDRESSES];
    mcp__name_ip liked = entry->ips[entry->worked];
    size_t had = entry->n_ips, n = 0, worked = 0;
    for (; node != NULL && n < MCP__NAME_ADDRESSES; node = node->ai_next) {
        if (!take_ip(&ips[n], node, entry->spec->port))
            continue;
        if (had > 0 && same_ip(&ips[n], &liked))
            worked = n;
        n++;
    }
    if (n == 0)
        return 0;
    memcpy(entry->ips, ips, n * sizeof ips[0]);
    entry->n_ips = (uint8_t)n;
    entry->worked = (uint8_t)worked;
    return n;
}

static void
settle(mcp__name_entry *entry, const char *why)
{
    entry->settled_ms = entry->book->now_ms;
    entry->urgent = 0;
    entry->why = why;
    if (why == NULL)
        entry->answered_ms = entry->settled_ms;
}

/* c-ares calls this once for each question, perhaps before ares_getaddrinfo returns. */
static void
answered(void *context, int status, int timeouts, struct ares_addrinfo *answer)
{
    mcp__name_entry *entry = context;
    (void)timeouts;
    entry->asking = 0;
    entry->book->n_asking--;
    if (status == ARES_SUCCESS && answer != NULL)
        settle(entry, take_ips(entry, answer) > 0 ? NULL : why_text(ARES_ENODATA));
    else if (status != ARES_EDESTRUCTION && status != ARES_ECANCELLED)
        settle(entry, why_text(status));
    if (answer != NULL)
        ares_freeaddrinfo(answer);
}

/* ---- birth and end ------------------------------------------------------------------------ */

static int
is_number(const char *text)
{
    return text[0] != '\0' && strspn(text, "0123456789") == strlen(text) && strlen(text) < 10;
}

/* "fe80::1%eth0", RFC 4007 11: the address and, if it is a number, its scope. */
static int
read_v6(mcp__name_entry *entry, const char *host)
{
    char text[INET6_ADDRSTRLEN];
    size_t len = strcspn(host, "%");
    struct sockaddr_in6 *v6 = &entry->literal.v6;
    if (len >= sizeof text)
        return 0;
    memcpy(text, host, len);
    text[len] = '\0';
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1)
        return 0;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(entry->spec->port);
    if (host[len] == '\0')
        return 1;
    if (is_number(host + len + 1))
        v6->sin6_scope_id = (uint32_t)strtoul(host + len + 1, NULL, 10);
    else
        entry->kind = KIND_SCOPED;
    return 1;
}

static int
read_v4(mcp__name_entry *entry, const char *host)
{
    struct sockaddr_in *v4 = &entry->literal.v4;
    if (inet_pton(AF_INET, host, &v4->sin_addr) != 1)
        return 0;
    v4->sin_family = AF_INET;
    v4->sin_port = htons(entry->spec->port);
    return 1;
}

static void
classify(mcp__name_entry *entry)
{
    const char *host = entry->spec->host;
    if (entry->spec->is_unix) {
        entry->kind = KIND_UNIX;
        if (strlen(host) >= UNIX_PATH_MAX)
            entry->why = "the path of the unix socket is too long";
        return;
    }
    entry->kind = KIND_NUMERIC;
    if (!read_v4(entry, host) && !read_v6(entry, host)) {
        entry->kind = KIND_NAME;
        return;
    }
    entry->ips = &entry->literal;
    entry->n_ips = entry->kind == KIND_NUMERIC;
}

int
mcp__name_init(mcp__name_book *book, const mcp__mem *mem, const mcp__server_spec *specs, size_t n,
               int64_t timeout_ms)
{
    int64_t try_ms = timeout_ms / TRIES;
    if (try_ms < SHORTEST_TRY_MS)
        try_ms = SHORTEST_TRY_MS;
    if (try_ms > LONGEST_TRY_MS)
        try_ms = LONGEST_TRY_MS;
    *book = (mcp__name_book){.mem = mem, .try_ms = (int)try_ms};
    book->entries = mcp__mem_new_zeroed(mem, n, sizeof *book->entries);
    if (book->entries == NULL)
        return -1;
    book->n_entries = n;
    for (size_t i = 0; i < n; i++) {
        book->entries[i].book = book;
        book->entries[i].spec = &specs[i];
        classify(&book->entries[i]);
    }
    return 0;
}

void
mcp__name_moved(mcp__name_book *book)
{
    for (size_t i = 0; i < book->n_entries; i++)
        book->entries[i].book = book;
}

void
mcp__name_fini(mcp__name_book *book)
{
    drop_channel(book);
    for (size_t i = 0; i < book->n_entries; i++)
        if (book->entries[i].kind == KIND_NAME)
            mcp__mem_free(book->mem, book->entries[i].ips);
    mcp__mem_free(book->mem, book->entries);
    *book = (mcp__name_book){0};
}

void
mcp__name_use_server(mcp__name_book *book, const char *address)
{
    snprintf(book->dns_server, sizeof book->dns_server, "%s", address);
}

/* ---- asking ------------------------------------------------------------------------------- */

static void
ask(mcp__name_book *book, mcp__name_entry *entry)
{
    struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    if (entry->ips == NULL)
        entry->ips = mcp__mem_new_zeroed(book->mem, MCP__NAME_ADDRESSES, sizeof *entry->ips);
    int status = entry->ips != NULL ? need_channel(book) : ARES_ENOMEM;
    if (status != ARES_SUCCESS) {
        settle(entry, why_text(status));
        return;
    }
    entry->asking = 1;
    entry->asked_ms = book->now_ms;
    book->n_asking++;
    book->inside = 1;
    ares_getaddrinfo(book->channel, entry->spec->host, NULL, &hints, answered, entry);
    book->inside = 0;
}

static int
wants_asking(const mcp__name_entry *entry, int64_t now_ms)
{
    if (entry->asking)
        return 0;
    if (entry->n_ips == 0 && entry->why == NULL)
        return 1;
    if (now_ms - entry->settled_ms <= MCP__NAME_AGAIN_MS)
        return 0;
    return entry->n_ips == 0 || entry->urgent || now_ms - entry->answered_ms > MCP__NAME_FRESH_MS;
}

/* Interfaces come and go, so their numbers are looked up each time; a system call, no waiting. */
static void
read_scope(mcp__name_entry *entry)
{
    unsigned number = if_nametoindex(strchr(entry->spec->host, '%') + 1);
    entry->literal.v6.sin6_scope_id = number;
    entry->n_ips = number != 0;
    entry->why = number != 0 ? NULL : "no such network interface";
}

/* Takes in what has arrived since the last call, so that nobody is told of a timeout while the
 * answer lies in the socket. */
static void
pump(mcp__name_book *book, int64_t now_ms)
{
    struct pollfd fds[MCP__NAME_FDS];
    for (int round = 0; round < PUMP_ROUNDS && book->n_asking > 0; round++) {
        size_t n = mcp__name_fds(book, fds, MCP__NAME_FDS);
        if (n == 0 || poll(fds, (nfds_t)n, 0) <= 0)
            break;
        mcp__name_process(book, fds, n, now_ms);
    }
    mcp__name_process(book, NULL, 0, now_ms);
}

mcp__name_state
mcp__name_begin(mcp__name_book *book, size_t server, int64_t now_ms)
{
    mcp__name_entry *entry = &book->entries[server];
    book->now_ms = now_ms;
    if (entry->kind == KIND_SCOPED)
        read_scope(entry);
    if (entry->kind != KIND_NAME)
        return mcp__name_done(book, server, now_ms);
    if (entry->asking)
        pump(book, now_ms);
    if (wants_asking(entry, now_ms))
        ask(book, entry);
    return mcp__name_done(book, server, now_ms);
}

mcp__name_state
mcp__name_done(const mcp__name_book *book, size_t server, int64_t now_ms)
{
    const mcp__name_entry *entry = &book->entries[server];
    if (entry->kind == KIND_UNIX)
        return entry->why == NULL ? MCP__NAME_READY : MCP__NAME_FAILED;
    if (!entry->asking)
        return entry->n_ips > 0 ? MCP__NAME_READY : MCP__NAME_FAILED;
    if (entry->n_ips == 0)
        return MCP__NAME_PENDING;
    if (entry->urgent && now_ms - entry->asked_ms < MCP__NAME_PATIENCE_MS)
        return MCP__NAME_PENDING;
    return MCP__NAME_READY;
}

const char *
mcp__name_why(const mcp__name_book *book, size_t server)
{
    const char *why = book->entries[server].why;
    return why != NULL ? why : "the name has not been looked up yet";
}

/* ---- addresses ---------------------------------------------------------------------------- */

static socklen_t
unix_address(const mcp__name_entry *entry, struct sockaddr_storage *address)
{
    struct sockaddr_un *to = (struct sockaddr_un *)address;
    size_t len = strlen(entry->spec->host);
    if (len >= UNIX_PATH_MAX)
        return 0;
    to->sun_family = AF_UNIX;
    memcpy(to->sun_path, entry->spec->host, len + 1);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
}

size_t
mcp__name_count(const mcp__name_book *book, size_t server)
{
    const mcp__name_entry *entry = &book->entries[server];
    if (entry->kind == KIND_UNIX)
        return entry->why == NULL;
    return entry->n_ips;
}

socklen_t
mcp__name_address(const mcp__name_book *book, size_t server, size_t attempt,
                  struct sockaddr_storage *address)
{
    const mcp__name_entry *entry = &book->entries[server];
    memset(address, 0, sizeof *address);
    if (entry->kind == KIND_UNIX)
        return unix_address(entry, address);
    if (entry->n_ips == 0)
        return 0;
    const mcp__name_ip *ip = &entry->ips[(entry->worked + attempt) % entry->n_ips];
    socklen_t len = ip->any.sa_family == AF_INET ? sizeof ip->v4 : sizeof ip->v6;
    memcpy(address, ip, len);
    return len;
}

void
mcp__name_worked(mcp__name_book *book, size_t server, size_t attempt)
{
    mcp__name_entry *entry = &book->entries[server];
    if (entry->n_ips > 0)
        entry->worked = (uint8_t)((entry->worked + attempt) % entry->n_ips);
}

void
mcp__name_stale(mcp__name_book *book, size_t server)
{
    book->entries[server].urgent = 1;
}

/* ---- waiting ------------------------------------------------------------------------------ */

size_t
mcp__name_fds(const mcp__name_book *book, struct pollfd *fds, size_t max)
{
    ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
    size_t n = 0;
    if (book->n_asking == 0)
        return 0;
    int bits = ares_getsock(book->channel, sockets, ARES_GETSOCK_MAXNUM);
    for (int i = 0; i < ARES_GETSOCK_MAXNUM && n < max; i++) {
        int readable = ARES_GETSOCK_READABLE(bits, i) != 0;
        int writable = ((unsigned)bits >> (i + ARES_GETSOCK_MAXNUM) & 1) != 0;
        if (!readable && !writable)
            break;
        fds[n].fd = sockets[i];
        fds[n].events = (short)((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
        fds[n].revents = 0;
        n++;
    }
    return n;
}

/* Until the first who waits for something newer is content with what he has. */
static int64_t
patience_ms(const mcp__name_book *book, int64_t now_ms)
{
    int64_t least = INT64_MAX;
    for (size_t i = 0; i < book->n_entries; i++) {
        const mcp__name_entry *entry = &book->entries[i];
        int64_t left = entry->asked_ms + MCP__NAME_PATIENCE_MS - now_ms;
        if (entry->asking && entry->urgent && entry->n_ips > 0 && left > 0 && left < least)
            least = left;
    }
    return least;
}

int64_t
mcp__name_timeout_ms(const mcp__name_book *book, int64_t now_ms)
{
    struct timeval left;
    if (book->n_asking == 0)
        return -1;
    int64_t least = patience_ms(book, now_ms);
    if (ares_timeout(book->channel, NULL, &left) != NULL) {
        int64_t ms = (int64_t)left.tv_sec * 1000 + (left.tv_usec + 999) / 1000;
        if (ms < least)
            least = ms;
    }
    return least == INT64_MAX ? -1 : least;
}

void
mcp__name_process(mcp__name_book *book, const struct pollfd *fds, size_t n, int64_t now_ms)
{
    book->now_ms = now_ms;
    if (book->n_asking == 0)
        return;
    book->inside = 1;
    for (size_t i = 0; i < n; i++) {
        int readable = fds[i].revents & (POLLIN | POLLERR | POLLHUP);
        int writable = fds[i].revents & (POLLOUT | POLLERR);
        if (readable || writable)
            ares_process_fd(book->channel, readable ? fds[i].fd : ARES_SOCKET_BAD,
                            writable ? fds[i].fd : ARES_SOCKET_BAD);
    }
    ares_process_fd(book->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    book->inside = 0;
}

void
mcp__name_child(mcp__name_book *book)
{
    /* Forked by one thread while another was inside c-ares with this book: what it was working on
     * may be half done, so it is left alone rather than taken down. */
    if (book->inside)
        book->channel = NULL;
    drop_channel(book);
    for (size_t i = 0; i < book->n_entries; i++)
        book->entries[i].asking = 0;
    book->n_asking = 0;
    book->inside = 0;
}
