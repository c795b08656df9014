/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/cluster.h"

#include <string.h>

#include "wire/reply.h"
#include "wire/token.h"

static const char HEAD[] = "CONFIG cluster ";
static const char HEAD_OLD[] = "VALUE AmazonElastiCache:cluster ";
static const char TAIL[] = "\r\nEND\r\n";

static int
begins(const uint8_t *line, size_t len, const char *word)
{
    size_t word_len = strlen(word);
    return len >= word_len && memcmp(line, word, word_len) == 0;
}

/* ---- nodes ---- */

static int
is_host_byte(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '.' || byte == '-' || byte == '_' || byte == ':';
}

static int
is_host(const uint8_t *from, const uint8_t *to)
{
    if (to - from > MCP__CLUSTER_HOST_MAX)
        return 0;
    for (; from < to; from++) {
        if (!is_host_byte(*from))
            return 0;
    }
    return 1;
}

/* "host|ip|port"; host or ip may be empty, not both. 0: it is none. */
static int
read_node(const uint8_t *from, const uint8_t *end, mcp__cluster_node *node)
{
    uint64_t port;
    const uint8_t *first = memchr(from, '|', (size_t)(end - from));
    const uint8_t *second =
        first == NULL ? NULL : memchr(first + 1, '|', (size_t)(end - first - 1));
    if (second == NULL || !is_host(from, first) || !is_host(first + 1, second))
        return 0;
    if (mcp__token_get(second + 1, end, &port) != end || port < 1 || port > UINT16_MAX)
        return 0;
    node->host = (mcp__span){from, (size_t)(first - from)};
    if (node->host.len == 0)
        node->host = (mcp__span){first + 1, (size_t)(second - first - 1)};
    node->port = (uint16_t)port;
    return node->host.len > 0;
}

int
mcp__cluster_next(mcp__span *nodes, mcp__cluster_node *node)
{
    const uint8_t *from = nodes->bytes;
    if (nodes->len == 0)
        return 0;
    const uint8_t *blank = memchr(from, ' ', nodes->len);
    size_t len = blank != NULL ? (size_t)(blank - from) : nodes->len;
    size_t taken = blank != NULL ? len + 1 : len;
    *nodes = (mcp__span){from + taken, nodes->len - taken};
    return read_node(from, from + len, node);
}

/* ---- the reply ---- */

/* The version and the nodes, each on a line of its own. 0: it is not that. */
static int
read_text(const uint8_t *text, size_t len, mcp__cluster *cluster)
{
    mcp__cluster_node node;
    const uint8_t *end = text + len;
    const uint8_t *lf = memchr(text, '\n', len);
    if (lf == NULL || mcp__token_get(text, lf, &cluster->version) != lf)
        return 0;
    const uint8_t *nodes = lf + 1;
    if (end - nodes < 2 || end[-1] != '\n' || end[-2] == ' ')
        return 0;
    cluster->nodes = (mcp__span){nodes, (size_t)(end - 1 - nodes)};
    mcp__span left = cluster->nodes;
    while (left.len > 0) {
        if (!mcp__cluster_next(&left, &node))
            return 0;
        cluster->n_nodes++;
    }
    return 1;
}

/* "<flags> <length>" behind the head. 0: it is not that. */
static int
read_length(const uint8_t *at, const uint8_t *cr, uint64_t *length)
{
    uint64_t flags;
    const uint8_t *blank = memchr(at, ' ', (size_t)(cr - at));
    return blank != NULL && mcp__token_get(at, blank, &flags) == blank &&
           mcp__token_get(blank + 1, cr, length) == cr && *length <= MCP__CLUSTER_BYTES_MAX;
}

static ssize_t
parse_list(const uint8_t *bytes, size_t len, const uint8_t *at, const uint8_t *cr,
           mcp__cluster *cluster)
{
    uint64_t length;
    if (!read_length(at, cr, &length))
        return MCP__PARSE_BAD;
    const uint8_t *text = cr + 2;
    size_t there = len - (size_t)(text - bytes);
    size_t behind = there > length ? there - (size_t)length : 0;
    size_t tail_len = behind < sizeof TAIL - 1 ? behind : sizeof TAIL - 1;
    if (tail_len > 0 && memcmp(text + length, TAIL, tail_len) != 0)
        return MCP__PARSE_BAD;
    if (tail_len < sizeof TAIL - 1)
        return MCP__PARSE_MORE;
    cluster->kind = MCP__CLUSTER_LIST;
    if (!read_text(text, (size_t)length, cluster))
        return MCP__PARSE_BAD;
    return text + length + sizeof TAIL - 1 - bytes;
}

ssize_t
mcp__cluster_parse(const uint8_t *bytes, size_t len, mcp__cluster *cluster)
{
    size_t window = len < MCP__LINE_MAX ? len : MCP__LINE_MAX;
    const uint8_t *lf = len > 0 ? memchr(bytes, '\n', window) : NULL;
    *cluster = (mcp__cluster){.kind = MCP__CLUSTER_UNKNOWN};
    if (lf == NULL)
        return len >= MCP__LINE_MAX ? MCP__PARSE_BAD : MCP__PARSE_MORE;
    if (lf == bytes || lf[-1] != '\r')
        return MCP__PARSE_BAD;
    size_t line_len = (size_t)(lf - 1 - bytes);
    if (begins(bytes, line_len, HEAD))
        return parse_list(bytes, len, bytes + sizeof HEAD - 1, lf - 1, cluster);
    if (begins(bytes, line_len, HEAD_OLD))
        return parse_list(bytes, len, bytes + sizeof HEAD_OLD - 1, lf - 1, cluster);
    int is_end = line_len == 3 && begins(bytes, line_len, "END");
    if (!is_end && !begins(bytes, line_len, "ERROR") && !begins(bytes, line_len, "CLIENT_ERROR") &&
        !begins(bytes, line_len, "SERVER_ERROR"))
        return MCP__PARSE_BAD;
    cluster->nodes = (mcp__span){bytes, line_len};
    return lf + 1 - bytes;
}
