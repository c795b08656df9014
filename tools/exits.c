/* SPDX-License-Identifier: BSD-3-Clause */
#include "exits.h"

int
cli_exit_of(mcp_status status)
{
    if (status == MCP_OK)
        return CLI_EXIT_DONE;
    if (status > 0)
        return CLI_EXIT_NO;
    if (status == MCP_UNKNOWN)
        return CLI_EXIT_UNKNOWN;
    return (int)status > -200 ? CLI_EXIT_USAGE : CLI_EXIT_AWAY;
}

int
cli_exit_worst(int one, int other)
{
    return one > other ? one : other;
}
