/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * table: the one list of options, and mcp__config, the plain values that they become. Parser, help
 * (mcp_option_at), explanation and man page all live from this list.
 */
#ifndef MCPROXY_API_TABLE_H
#define MCPROXY_API_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "api/values.h"
#include "base/mem.h"
#include "mcproxy/mcproxy.h"
#include "place/spec.h"

typedef enum mcp__ack {
    MCP__ACK_BOTH = 0,
    MCP__ACK_PRIMARY,
} mcp__ack;

typedef enum mcp__consistency {
    MCP__CONSISTENCY_RELAXED = 0,
    MCP__CONSISTENCY_STRICT,
} mcp__consistency;

typedef enum mcp__cut_off {
    MCP__CUT_OFF_DEGRADE = 0,
    MCP__CUT_OFF_REFUSE,
} mcp__cut_off;

typedef enum mcp__config_skew {
    MCP__CONFIG_SKEW_WARN = 0,
    MCP__CONFIG_SKEW_REFUSE,
} mcp__config_skew;

typedef enum mcp__protocol {
    MCP__PROTOCOL_AUTO = 0,
    MCP__PROTOCOL_META,
    MCP__PROTOCOL_CLASSIC,
} mcp__protocol;

typedef enum mcp__keys {
    MCP__KEYS_REFUSE = 0,
    MCP__KEYS_BASE64,
} mcp__keys;

/* What holds, given or not. */
typedef struct mcp__config {
    mcp__server_spec *servers; /* the primaries in their order, then the backups in theirs */
    size_t n_primaries;        /* at least 1 */
    size_t n_backups;

    mcp__place_spec place;
    mcp__mirror mirror;       /* BACKUP: there are backups. NEXT, PROBE: there are none */
    int mirror_failover_only; /* with PROBE: nothing is mirrored, the copy only serves failovers */

    char *namespace_text; /* "" when none; never NULL; not hashed */
    size_t namespace_len;
    char *prefix; /* of reserved keys; never NULL, never empty */
    size_t prefix_len;

    uint32_t timeout_ms;         /* 1 to 2^31 - 1, as all the times here unless said */
    uint32_t connect_timeout_ms; /* 0: the call's share */
    uint32_t view_interval_ms;
    uint32_t retry_min_ms; /* never above retry_max_ms */
    uint32_t retry_max_ms;
    uint32_t suspect_limit; /* 1 to 1000 */
    uint32_t spin_us;       /* 0: none */
    uint64_t max_value;     /* bytes, 1 to 4 GB */

    mcp__ack ack;
    mcp__consistency consistency;
    int mirror_verify;
    int repair;
    int resync;
    uint32_t resync_rate; /* keys a second */
    int shared_pool;
    mcp__cut_off cut_off;
    mcp__config_skew config_skew;
    mcp__protocol protocol;
    mcp__keys keys;

    int tls;
    int tls_verify;
    char *tls_ca; /* this and all below: NULL when not given */
    char *tls_cert;
    char *tls_key;
    char *tls_name;
    char *auth;      /* "user:password", never to be shown */
    char *discovery; /* "host:port": its spec stands behind those of the servers */
    int has_found;   /* the primaries were found there; else the endpoint is the only one */
    char *file;      /* more words were read from it */

    uint64_t given; /* bit i: row i of the table stood in the text */
    mcp__mem mem;   /* owns everything above */
} mcp__config;

/* How an option's value is read, and as what it is kept at `offset` of the config. */
typedef enum mcp__kind {
    MCP__KIND_SERVER,
    MCP__KIND_BACKUP,
    MCP__KIND_NAME,
    MCP__KIND_WEIGHT,
    MCP__KIND_FILE,     /* char *, and the words in it */
    MCP__KIND_CHOICE,   /* an enum */
    MCP__KIND_MIRROR,   /* mirror and mirror_failover_only */
    MCP__KIND_YES_NO,   /* int */
    MCP__KIND_HASH_TAG, /* char[2] */
    MCP__KIND_KEY_TEXT, /* char * and, right behind it, its length as size_t */
    MCP__KIND_MS,       /* uint32_t */
    MCP__KIND_US,       /* uint32_t */
    MCP__KIND_COUNT,    /* uint32_t */
    MCP__KIND_RATE,     /* uint32_t */
    MCP__KIND_SIZE,     /* uint64_t */
    MCP__KIND_PATH,     /* char *, this and all below */
    MCP__KIND_HOST,
    MCP__KIND_ENDPOINT,
    MCP__KIND_AUTH,
} mcp__kind;

typedef struct mcp__row {
    mcp_option option;
    mcp__kind kind;
    size_t offset;  /* in mcp__config */
    uint64_t least; /* numbers, in the unit they are kept in; texts: their length */
    uint64_t most;
    const mcp__choice *choices; /* CHOICE, MIRROR, YES_NO */
} mcp__row;

/* NULL past the end. There are fewer than 64. */
const mcp__row *mcp__table_row(size_t index);
/* Number of the row of a name (lower case, `_`); -1: there is none. */
int mcp__table_find(const char *name);
/* The known name that is nearest to an unknown one; NULL when none is near. */
const char *mcp__table_nearest(const char *name);

/* `mirror=probe,failover-only`, as a choice; the others are mcp__mirror. */
#define MCP__MIRROR_PROBE_FAILOVER_ONLY 4

/* What holds when nothing is given; all texts NULL, `mem` not set. */
mcp__config mcp__table_standards(void);

/*
 * Writes the value that row `index` has in `config`, a password as ***, cut to fit. Returns `out`.
 * Not for servers, names and weights.
 */
const char *mcp__table_show(const mcp__config *config, size_t index, char *out, size_t size);

#endif
