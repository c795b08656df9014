/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lists of servers, all of an input one after the other: nodes within bounds and as many as were
 * counted, nothing decided from less of it than that, and what is said again in plain words is the
 * same list.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "wire/cluster.h"
#include "wire/reply.h"

const char fuzz_name[] = "cluster";
const unsigned fuzz_rounds = 200000;
const char *const fuzz_words[] = {"CONFIG cluster 0 ",
                                  "VALUE AmazonElastiCache:cluster 0 ",
                                  "\r\nEND\r\n",
                                  "1\n",
                                  "h|1.2.3.4|11211",
                                  "|",
                                  " ",
                                  "||65535",
                                  "::1",
                                  "\r\n",
                                  "\n",
                                  "ERROR",
                                  NULL};

/* Its nodes, each as "host|port "; returns how many. */
static size_t
write_nodes(const mcp__cluster *cluster, const uint8_t *bytes, size_t used, char *out)
{
    mcp__span left = cluster->nodes;
    mcp__cluster_node node;
    size_t n = 0, at = 0;
    out[0] = '\0';
    while (mcp__cluster_next(&left, &node)) {
        const uint8_t *host = node.host.bytes;
        FUZZ_NEED(node.host.len >= 1 && node.host.len <= MCP__CLUSTER_HOST_MAX);
        FUZZ_NEED(host >= bytes && host + node.host.len < bytes + used && node.port >= 1);
        at += (size_t)sprintf(out + at, "%.*s||%u ", (int)node.host.len, (const char *)host,
                              node.port);
        n++;
    }
    FUZZ_NEED(left.len == 0);
    if (at > 0)
        out[at - 1] = '\0';
    return n;
}

static void
check_again(const mcp__cluster *cluster, const uint8_t *bytes, size_t used)
{
    mcp__cluster again;
    size_t size = 2 * used + 200;
    char *nodes = malloc(size), *text = malloc(2 * size), *nodes_again = malloc(size);
    FUZZ_NEED(nodes != NULL && text != NULL && nodes_again != NULL);
    FUZZ_NEED(write_nodes(cluster, bytes, used, nodes) == cluster->n_nodes);
    FUZZ_NEED(cluster->n_nodes >= 1);
    int version_len = snprintf(NULL, 0, "%" PRIu64, cluster->version);
    int len = snprintf(text, 2 * size, "CONFIG cluster 0 %zu\r\n%" PRIu64 "\n%s\n\r\nEND\r\n",
                       (size_t)version_len + strlen(nodes) + 2, cluster->version, nodes);
    ssize_t taken = mcp__cluster_parse((const uint8_t *)text, (size_t)len, &again);
    FUZZ_NEED(taken == len && again.kind == MCP__CLUSTER_LIST);
    FUZZ_NEED(again.version == cluster->version && again.n_nodes == cluster->n_nodes);
    write_nodes(&again, (const uint8_t *)text, (size_t)len, nodes_again);
    FUZZ_NEED(strcmp(nodes, nodes_again) == 0);
    free(nodes);
    free(text);
    free(nodes_again);
}

static int
wants_more(uint8_t *bytes, size_t len)
{
    mcp__cluster cluster;
    return mcp__cluster_parse(bytes, len, &cluster) == MCP__PARSE_MORE;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    uint8_t *copy = fuzz_copy(bytes, len);
    size_t at = 0;
    while (at < len) {
        mcp__cluster cluster;
        ssize_t used = mcp__cluster_parse(copy + at, len - at, &cluster);
        FUZZ_NEED(used >= MCP__PARSE_BAD && used <= (ssize_t)(len - at));
        if (used <= 0)
            break;
        FUZZ_NEED(cluster.kind == MCP__CLUSTER_LIST || cluster.kind == MCP__CLUSTER_UNKNOWN);
        fuzz_beginnings(copy + at, (size_t)used, wants_more);
        if (cluster.kind == MCP__CLUSTER_LIST)
            check_again(&cluster, copy + at, (size_t)used);
        at += (size_t)used;
    }
    free(copy);
    return 0;
}
