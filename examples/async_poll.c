/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many requests at once from one thread, in a loop of poll(2).
 *
 *     ./async_poll "server=127.0.0.1:11211 server=127.0.0.1:11212 backup=127.0.0.1:11213"
 */
#include <mcproxy/adapters/poll.h>

#include "async_work.h"

int
main(int argc, char **argv)
{
    mcp_client *client = open_client(argc, argv);
    mcp_poll loop;

    if (client == NULL)
        return 2;
    if (mcp_poll_attach(&loop, client) != MCP_OK) {
        mcp_close(client);
        return 2;
    }
    begin_work(client);
    while (mcp_poll_wait(&loop, -1) > 0)
        ; /* until the client is closed */
    return work.n_failed == 0 ? 0 : 1;
}
