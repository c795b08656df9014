/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * spread: how keys fall on the servers of one client, counted.
 */
#ifndef MCPROXY_TOOLS_SPREAD_H
#define MCPROXY_TOOLS_SPREAD_H

#include <stddef.h>
#include <stdint.h>

#include "mcproxy/mcproxy.h"

/* Which copy of a key. The second ones live on the backups, or, with mirror=next, on primaries. */
enum { CLI_FIRST = 0, CLI_SECOND = 1 };

typedef struct cli_spread {
    mcp_client *client; /* borrowed */
    int n_primaries;
    int n_backups;
    uint32_t *weights; /* by server number, as are keys[] */
    uint64_t *keys[2]; /* first and second copies of a server */
    uint64_t total[2];
} cli_spread;

void cli_spread_init(cli_spread *spread, mcp_client *client);
void cli_spread_fini(cli_spread *spread);

/* Counts one key; its primary, or -1 where it is no key (the client says why). */
int cli_spread_add(cli_spread *spread, const void *key, size_t len);

/* The servers that hold first or second copies: from `first` to below the returned number. */
int cli_spread_servers(const cli_spread *spread, int copy, int *first);

/*
 * Copies of a server against its share of them, which is by weight: 1.0 is just right, 0 where
 * there are none at all.
 */
double cli_spread_ratio(const cli_spread *spread, int copy, int server);
/* The largest and the smallest of these. */
double cli_spread_fullest(const cli_spread *spread, int copy);
double cli_spread_emptiest(const cli_spread *spread, int copy);

#endif
