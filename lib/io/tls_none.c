/* SPDX-License-Identifier: BSD-3-Clause */
/* A build without TLS: nothing can be made, so nothing else is ever called. */
#include "io/tls.h"

#include <errno.h>

int
mcp__tls_is_built(void)
{
    return 0;
}

mcp__tls *
mcp__tls_new(const mcp__tls_options *options, const mcp__server_spec *specs, size_t n,
             const mcp__mem *mem, mcp__err *err)
{
    (void)options, (void)specs, (void)n, (void)mem;
    mcp__err_set(err, MCP_UNSUPPORTED, "this build has no TLS");
    return NULL;
}

void
mcp__tls_free(mcp__tls *tls)
{
    (void)tls;
}

mcp__tls_session *
mcp__tls_start(mcp__tls *tls, uint32_t server, int fd)
{
    (void)tls, (void)server, (void)fd;
    return NULL;
}

int
mcp__tls_shake(mcp__tls_session *session)
{
    (void)session;
    return -ENOSYS;
}

ssize_t
mcp__tls_send(mcp__tls_session *session, const mcp__span *spans, size_t n)
{
    (void)session, (void)spans, (void)n;
    return -ENOSYS;
}

ssize_t
mcp__tls_receive(mcp__tls_session *session, void *room, size_t room_len)
{
    (void)session, (void)room, (void)room_len;
    return -ENOSYS;
}

int
mcp__tls_peek(mcp__tls_session *session)
{
    (void)session;
    return -ENOSYS;
}

int
mcp__tls_has_unread(const mcp__tls_session *session)
{
    (void)session;
    return 0;
}

short
mcp__tls_events(const mcp__tls_session *session, int receives, int sends)
{
    (void)session, (void)receives, (void)sends;
    return 0;
}

int
mcp__tls_is_crossed(const mcp__tls_session *session)
{
    (void)session;
    return 0;
}

const char *
mcp__tls_why(const mcp__tls_session *session)
{
    (void)session;
    return "";
}

void
mcp__tls_close(mcp__tls_session *session)
{
    (void)session;
}

void
mcp__tls_drop(mcp__tls_session *session)
{
    (void)session;
}
