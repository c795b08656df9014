/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many requests at once from one thread, in a loop of libuv.
 *
 *     ./async_libuv "server=127.0.0.1:11211 server=127.0.0.1:11212 backup=127.0.0.1:11213"
 */
#include <mcproxy/adapters/libuv.h>

#include "async_work.h"

int
main(int argc, char **argv)
{
    mcp_client *client = open_client(argc, argv);
    mcp_libuv loop;

    if (client == NULL)
        return 2;
    if (mcp_libuv_attach(&loop, client, uv_default_loop()) != MCP_OK) {
        mcp_close(client);
        return 2;
    }
    begin_work(client);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT); /* until the client is closed */
    uv_loop_close(uv_default_loop());
    return work.n_failed == 0 ? 0 : 1;
}
