/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_LIBUV

#include <check.h>

#include "mcproxy/adapters/libuv.h"

typedef mcp_libuv loop_type;
static uv_loop_t uv;
static int is_begun;

static mcp_status
loop_attach(loop_type *loop, mcp_client *client)
{
    if (!is_begun)
        is_begun = uv_loop_init(&uv) == 0;
    return mcp_libuv_attach(loop, client, &uv);
}

static void
loop_run(loop_type *loop)
{
    (void)loop;
    (void)uv_run(&uv, UV_RUN_DEFAULT);
}

/* No handle of ours is left. */
static void
loop_end(loop_type *loop)
{
    loop_run(loop);
    ck_assert_int_eq(uv_loop_close(&uv), 0);
    is_begun = 0;
}

#include "async_loops.h"

int
main(void)
{
    return test_loop("async_libuv");
}

#else

#include <stdio.h>

int
main(void)
{
    puts("libuv is not installed");
    return 77;
}

#endif
