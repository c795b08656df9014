/* SPDX-License-Identifier: BSD-3-Clause */
#include "spread.h"

#include <stdlib.h>

#include "memory.h"

void
cli_spread_init(cli_spread *spread, mcp_client *client)
{
    size_t n = (size_t)mcp_server_count(client);
    *spread = (cli_spread){.client = client};
    spread->weights = cli_alloc(n * sizeof *spread->weights);
    spread->keys[CLI_FIRST] = cli_alloc(n * sizeof *spread->keys[0]);
    spread->keys[CLI_SECOND] = cli_alloc(n * sizeof *spread->keys[0]);
    for (size_t i = 0; i < n; i++) {
        mcp_server info = MCP_SERVER_INIT;
        mcp_server_info(client, (int)i, &info);
        spread->weights[i] = info.weight;
        spread->n_primaries += !info.is_backup;
        spread->n_backups += info.is_backup;
    }
}

void
cli_spread_fini(cli_spread *spread)
{
    free(spread->weights);
    free(spread->keys[CLI_FIRST]);
    free(spread->keys[CLI_SECOND]);
    *spread = (cli_spread){0};
}

int
cli_spread_add(cli_spread *spread, const void *key, size_t len)
{
    mcp_location at;
    if (mcp_where(spread->client, key, len, NULL, 0, &at) != MCP_OK)
        return -1;
    spread->total[CLI_FIRST]++;
    spread->keys[CLI_FIRST][at.primary]++;
    if (at.backup >= 0) {
        spread->total[CLI_SECOND]++;
        spread->keys[CLI_SECOND][at.backup]++;
    }
    return at.primary;
}

int
cli_spread_servers(const cli_spread *spread, int copy, int *first)
{
    int on_backups = copy == CLI_SECOND && spread->n_backups > 0;
    *first = on_backups ? spread->n_primaries : 0;
    return on_backups ? spread->n_primaries + spread->n_backups : spread->n_primaries;
}

double
cli_spread_ratio(const cli_spread *spread, int copy, int server)
{
    int first;
    int end = cli_spread_servers(spread, copy, &first);
    uint64_t all = 0;
    for (int i = first; i < end; i++)
        all += spread->weights[i];
    if (spread->total[copy] == 0)
        return 0;
    double share = (double)spread->weights[server] / (double)all;
    return (double)spread->keys[copy][server] / (share * (double)spread->total[copy]);
}

double
cli_spread_fullest(const cli_spread *spread, int copy)
{
    double most = 0;
    int i;
    int end = cli_spread_servers(spread, copy, &i);
    for (; i < end; i++) {
        double ratio = cli_spread_ratio(spread, copy, i);
        most = ratio > most ? ratio : most;
    }
    return most;
}

double
cli_spread_emptiest(const cli_spread *spread, int copy)
{
    double fewest = cli_spread_fullest(spread, copy);
    int i;
    int end = cli_spread_servers(spread, copy, &i);
    for (; i < end; i++) {
        double ratio = cli_spread_ratio(spread, copy, i);
        fewest = ratio < fewest ? ratio : fewest;
    }
    return fewest;
}
