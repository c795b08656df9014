/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many requests at once from one thread, in a loop of libevent.
 *
 *     ./async_libevent "server=127.0.0.1:11211 server=127.0.0.1:11212 backup=127.0.0.1:11213"
 */
#include <mcproxy/adapters/libevent.h>

#include "async_work.h"

int
main(int argc, char **argv)
{
    mcp_client *client = open_client(argc, argv);
    struct event_base *base = event_base_new();
    mcp_libevent loop;

    if (client == NULL)
        return 2;
    if (base == NULL || mcp_libevent_attach(&loop, client, base) != MCP_OK) {
        mcp_close(client);
        return 2;
    }
    begin_work(client);
    event_base_dispatch(base); /* until the client is closed */
    event_base_free(base);
    return work.n_failed == 0 ? 0 : 1;
}
