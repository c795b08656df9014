/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happens to servers: a line for each event. Reads a key for every line of standard input.
 *
 *     ./events "server=127.0.0.1:11211 backup=127.0.0.1:11212"
 */
#include <mcproxy/mcproxy.h>
#include <stdio.h>

static void
on_event(void *context, const mcp_event *event)
{
    mcp_server server = MCP_SERVER_INIT;

    mcp_server_info(context, event->server, &server); /* allowed here, as mcp_last_error() is */
    printf("%s: %s", server.name, mcp_strevent(event->kind));
    if (event->kind == MCP_EVENT_STATE)
        printf(", %s to %s", mcp_strstate(event->before), mcp_strstate(event->state));
    printf("%s%s\n", event->why[0] != '\0' ? ": " : "", event->why);
    fflush(stdout);
}

int
main(int argc, char **argv)
{
    char line[100];
    mcp_result r = MCP_RESULT_INIT;
    char why[160];
    mcp_client *c = mcp_open(argc > 1 ? argv[1] : "server=127.0.0.1", why, sizeof why);

    if (c == NULL) {
        fprintf(stderr, "%s\n", why);
        return 2;
    }
    mcp_on_event(c, on_event, c);
    while (fgets(line, sizeof line, stdin) != NULL) {
        mcp_status status = mcp_get(c, "k", 1, &r);

        printf("get: %s\n", mcp_strstatus(status));
        fflush(stdout);
        mcp_maintain(c); /* a program that idles calls this now and then */
    }
    mcp_close(c);
    return 0;
}
