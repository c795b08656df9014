/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_LIBEVENT

#include "mcproxy/adapters/libevent.h"

typedef mcp_libevent loop_type;
static struct event_base *base;

static mcp_status
loop_attach(loop_type *loop, mcp_client *client)
{
    if (base == NULL)
        base = event_base_new();
    return mcp_libevent_attach(loop, client, base);
}

static void
loop_run(loop_type *loop)
{
    (void)loop;
    (void)event_base_dispatch(base);
}

static void
loop_end(loop_type *loop)
{
    (void)loop;
    event_base_free(base);
    base = NULL;
}

#include "async_loops.h"

int
main(void)
{
    return test_loop("async_libevent");
}

#else

#include <stdio.h>

int
main(void)
{
    puts("libevent is not installed");
    return 77;
}

#endif
