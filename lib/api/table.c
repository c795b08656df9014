/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

#ifdef MCP_WITH_TLS
#define NO_TLS NULL
#else
#define NO_TLS "this build has no TLS"
#endif

#define MS_MAX 2147483647u /* 2^31 - 1: poll(2) takes an int */
#define GB (UINT64_C(1) << 30)

/* ---- Choices: the first of each value is the proper spelling ------------------------------- */

static const mcp__choice DISTRIBUTIONS[] = {
    {"native", MCP__NATIVE},
    {"modula", MCP__MODULA},
    {"consistent", MCP__CONSISTENT},
    {"ketama", MCP__CONSISTENT},
    {"consistent-hash-after", MCP__CONSISTENT_HASH_AFTER},
    {"ketama-weighted", MCP__KETAMA_WEIGHTED},
    {"ketama-spy", MCP__KETAMA_SPY},
    {"ketama-weighted-spy", MCP__KETAMA_WEIGHTED_SPY},
    {"memcache-standard", MCP__MEMCACHE_STANDARD},
    {"memcache-consistent", MCP__MEMCACHE_CONSISTENT},
    {"magent", MCP__MAGENT},
    {"magent-ketama", MCP__MAGENT_KETAMA},
    {"twemproxy", MCP__TWEMPROXY},
    {NULL, 0},
};

static const mcp__choice HASHES[] = {
    {"default", MCP__HASH_DEFAULT},
    {"one_at_a_time", MCP__HASH_ONE_AT_A_TIME},
    {"md5", MCP__HASH_MD5},
    {"crc", MCP__HASH_CRC},
    {"crc16", MCP__HASH_CRC16},
    {"crc32", MCP__HASH_CRC32},
    {"crc32a", MCP__HASH_CRC32A},
    {"fnv", MCP__HASH_FNV},
    {"fnv1_32", MCP__HASH_FNV1_32},
    {"fnv1_64", MCP__HASH_FNV1_64},
    {"fnv1a_32", MCP__HASH_FNV1A_32},
    {"fnv1a_64", MCP__HASH_FNV1A_64},
    {"hsieh", MCP__HASH_HSIEH},
    {"jenkins", MCP__HASH_JENKINS},
    {"murmur", MCP__HASH_MURMUR},
    {"murmur3", MCP__HASH_MURMUR3},
    {NULL, 0},
};

static const mcp__choice MIRRORS[] = {
    {"backup", MCP__MIRROR_BACKUP}, {"next", MCP__MIRROR_NEXT},
    {"probe", MCP__MIRROR_PROBE},   {"probe,failover-only", MCP__MIRROR_PROBE_FAILOVER_ONLY},
    {"off", MCP__MIRROR_OFF},       {NULL, 0},
};

static const mcp__choice YES_NO[] = {{"no", 0}, {"yes", 1}, {"off", 0}, {"on", 1}, {NULL, 0}};
static const mcp__choice AUTO_OFF[] = {{"auto", 1}, {"off", 0}, {NULL, 0}};
static const mcp__choice ACKS[] = {
    {"both", MCP__ACK_BOTH}, {"primary", MCP__ACK_PRIMARY}, {NULL, 0}};
static const mcp__choice CONSISTENCIES[] = {
    {"relaxed", MCP__CONSISTENCY_RELAXED}, {"strict", MCP__CONSISTENCY_STRICT}, {NULL, 0}};
static const mcp__choice CUT_OFFS[] = {
    {"degrade", MCP__CUT_OFF_DEGRADE}, {"refuse", MCP__CUT_OFF_REFUSE}, {NULL, 0}};
static const mcp__choice SKEWS[] = {
    {"warn", MCP__CONFIG_SKEW_WARN}, {"refuse", MCP__CONFIG_SKEW_REFUSE}, {NULL, 0}};
static const mcp__choice PROTOCOLS[] = {{"auto", MCP__PROTOCOL_AUTO},
                                        {"meta", MCP__PROTOCOL_META},
                                        {"classic", MCP__PROTOCOL_CLASSIC},
                                        {NULL, 0}};
static const mcp__choice KEYS[] = {
    {"refuse", MCP__KEYS_REFUSE}, {"base64", MCP__KEYS_BASE64}, {NULL, 0}};

/* ---- The table ---------------------------------------------------------------------------- */

#define AT(member) offsetof(mcp__config, member)

static const mcp__row ROWS[] = {
    {{"server", "host, host:port, [v6]:port or unix:/path, each with /?weight", "port 11211",
      "a primary; at least one. Repeating it adds one", NULL},
     MCP__KIND_SERVER,
     0,
     0,
     0,
     NULL},
    {{"backup", "as server", "none", "a backup. Repeating it adds one", NULL},
     MCP__KIND_BACKUP,
     0,
     0,
     0,
     NULL},
    {{"name", "printable text", "host:port or unix:/path",
      "name of the server or backup word before it", NULL},
     MCP__KIND_NAME,
     0,
     0,
     0,
     NULL},
    {{"weight", "1 to 1000", "1", "weight of the server or backup word before it", NULL},
     MCP__KIND_WEIGHT,
     0,
     0,
     0,
     NULL},
    {{"file", "path", "none", "a file with more words, read once; it names no other", NULL},
     MCP__KIND_FILE,
     AT(file),
     0,
     0,
     NULL},
    {{"distribution",
      "native, modula, consistent (= ketama), consistent-hash-after, ketama-weighted, ketama-spy, "
      "ketama-weighted-spy, memcache-standard, memcache-consistent, magent, magent-ketama or "
      "twemproxy",
      "native", "which server a key lives on, by the rule of which client", NULL},
     MCP__KIND_CHOICE,
     AT(place.distribution),
     0,
     0,
     DISTRIBUTIONS},
    {{"hash",
      "default, one_at_a_time, md5, crc, crc16, crc32, crc32a, fnv, fnv1_32, fnv1_64, fnv1a_32, "
      "fnv1a_64, hsieh, jenkins, murmur or murmur3",
      "the distribution's own", "hash of a key, where the distribution leaves a choice", NULL},
     MCP__KIND_CHOICE,
     AT(place.hash),
     0,
     0,
     HASHES},
    {{"hash_tag", "two characters", "none", "only what stands between them is hashed", NULL},
     MCP__KIND_HASH_TAG,
     AT(place.hash_tag),
     0,
     0,
     NULL},
    {{"namespace", "text", "none", "put in front of every key, not hashed", NULL},
     MCP__KIND_KEY_TEXT,
     AT(namespace_text),
     0,
     MCP_KEY_MAX - 1,
     NULL},
    {{"mirror", "backup, next, probe, probe,failover-only or off",
      "backup where there are backups, else off", "where the second copy of a key lives", NULL},
     MCP__KIND_MIRROR,
     AT(mirror),
     0,
     0,
     MIRRORS},
    {{"ack", "both or primary", "both", "which copies a write waits for", NULL},
     MCP__KIND_CHOICE,
     AT(ack),
     0,
     0,
     ACKS},
    {{"consistency", "relaxed or strict", "relaxed",
      "how soon other clients see a write that missed a server", NULL},
     MCP__KIND_CHOICE,
     AT(consistency),
     0,
     0,
     CONSISTENCIES},
    {{"mirror_verify", "yes or no", "yes with ack=both, else no",
      "check behind a write that both copies are equal", NULL},
     MCP__KIND_YES_NO,
     AT(mirror_verify),
     0,
     0,
     YES_NO},
    {{"timeout", "time", "500ms", "of a whole call, connect and failover included", NULL},
     MCP__KIND_MS,
     AT(timeout_ms),
     1,
     MS_MAX,
     NULL},
    {{"connect_timeout", "time", "the call's share", "of one connection attempt", NULL},
     MCP__KIND_MS,
     AT(connect_timeout_ms),
     1,
     MS_MAX,
     NULL},
    {{"view_interval", "time", "200ms", "how old a client's view of the marks may be", NULL},
     MCP__KIND_MS,
     AT(view_interval_ms),
     1,
     MS_MAX,
     NULL},
    {{"repair", "auto or off", "auto", "slices of repair in ordinary calls", NULL},
     MCP__KIND_CHOICE,
     AT(repair),
     0,
     0,
     AUTO_OFF},
    {{"resync", "auto or off", "auto", "fill a server that came back empty", NULL},
     MCP__KIND_CHOICE,
     AT(resync),
     0,
     0,
     AUTO_OFF},
    {{"resync_rate", "keys a second", "20000/s", "how fast a server is filled", NULL},
     MCP__KIND_RATE,
     AT(resync_rate),
     1,
     1000000000,
     NULL},
    {{"shared_pool", "yes or no", "no", "other clients use these servers, too", NULL},
     MCP__KIND_YES_NO,
     AT(shared_pool),
     0,
     0,
     YES_NO},
    {{"cut_off", "degrade or refuse", "degrade",
      "what a client does that alone cannot reach a server", NULL},
     MCP__KIND_CHOICE,
     AT(cut_off),
     0,
     0,
     CUT_OFFS},
    {{"config_skew", "warn or refuse", "warn", "what to do when other clients list other servers",
      NULL},
     MCP__KIND_CHOICE,
     AT(config_skew),
     0,
     0,
     SKEWS},
    {{"prefix", "text", "mcp:", "of the keys that the library keeps for itself", NULL},
     MCP__KIND_KEY_TEXT,
     AT(prefix),
     1,
     64,
     NULL},
    {{"protocol", "auto, meta or classic", "auto", "which commands are spoken", NULL},
     MCP__KIND_CHOICE,
     AT(protocol),
     0,
     0,
     PROTOCOLS},
    {{"keys", "refuse or base64", "refuse", "what to do with keys that memcached cannot hold",
      NULL},
     MCP__KIND_CHOICE,
     AT(keys),
     0,
     0,
     KEYS},
    {{"max_value", "size", "64m", "a larger reply resets the connection", NULL},
     MCP__KIND_SIZE,
     AT(max_value),
     1,
     4 * GB,
     NULL},
    {{"tls", "yes or no", "no", "talk TLS to the servers", NO_TLS},
     MCP__KIND_YES_NO,
     AT(tls),
     0,
     0,
     YES_NO},
    {{"tls_ca", "path", "the system's", "whom to trust: a file of certificates", NO_TLS},
     MCP__KIND_PATH,
     AT(tls_ca),
     0,
     0,
     NULL},
    {{"tls_cert", "path", "none", "our certificate, and what signed it", NO_TLS},
     MCP__KIND_PATH,
     AT(tls_cert),
     0,
     0,
     NULL},
    {{"tls_key", "path", "in tls_cert", "its key", NO_TLS},
     MCP__KIND_PATH,
     AT(tls_key),
     0,
     0,
     NULL},
    {{"tls_name", "host name", "the server's host", "the name its certificate must bear", NO_TLS},
     MCP__KIND_HOST,
     AT(tls_name),
     0,
     0,
     NULL},
    {{"tls_verify", "yes or no", "yes", "check the servers' certificates", NO_TLS},
     MCP__KIND_YES_NO,
     AT(tls_verify),
     0,
     0,
     YES_NO},
    {{"auth", "user:password or file:PATH", "none", "ASCII authentication; shown as ***", NULL},
     MCP__KIND_AUTH,
     AT(auth),
     0,
     0,
     NULL},
    {{"discovery", "host:port", "none", "ask there for the list of servers, as ElastiCache does",
      NULL},
     MCP__KIND_ENDPOINT,
     AT(discovery),
     0,
     0,
     NULL},
    {{"retry_min", "time", "300ms", "from a server's failure to the first probe", NULL},
     MCP__KIND_MS,
     AT(retry_min_ms),
     1,
     MS_MAX,
     NULL},
    {{"retry_max", "time", "30s", "between two probes at the most; each wait doubles", NULL},
     MCP__KIND_MS,
     AT(retry_max_ms),
     1,
     MS_MAX,
     NULL},
    {{"suspect_limit", "1 to 1000", "3", "timeouts in a row that mark a server down", NULL},
     MCP__KIND_COUNT,
     AT(suspect_limit),
     1,
     1000,
     NULL},
    {{"spin", "time", "0us", "busy wait before blocking", NULL},
     MCP__KIND_US,
     AT(spin_us),
     0,
     1000000,
     NULL},
};

#define N_ROWS (sizeof ROWS / sizeof ROWS[0])

_Static_assert(N_ROWS < 64, "mcp__config.given has a bit for each row");
_Static_assert(AT(namespace_len) == AT(namespace_text) + sizeof(char *), "KEY_TEXT");
_Static_assert(AT(prefix_len) == AT(prefix) + sizeof(char *), "KEY_TEXT");
_Static_assert(sizeof(mcp__distribution) == sizeof(int), "a CHOICE is kept as an int");

const mcp__row *
mcp__table_row(size_t index)
{
    return index < N_ROWS ? &ROWS[index] : NULL;
}

const mcp_option *
mcp_option_at(size_t index)
{
    return index < N_ROWS ? &ROWS[index].option : NULL;
}

int
mcp__table_find(const char *name)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        if (strcmp(ROWS[i].option.name, name) == 0)
            return (int)i;
    }
    return -1;
}

const char *
mcp__table_nearest(const char *name)
{
    const char *nearest = NULL;
    unsigned bound = strlen(name) < 5 ? 2 : 3;
    for (size_t i = 0; i < N_ROWS; i++) {
        unsigned distance = mcp__values_distance(ROWS[i].option.name, name);
        if (distance < bound && distance < strlen(name)) {
            bound = distance;
            nearest = ROWS[i].option.name;
        }
    }
    return nearest;
}

mcp__config
mcp__table_standards(void)
{
    return (mcp__config){
        .mirror = MCP__MIRROR_OFF,
        .timeout_ms = 500,
        .view_interval_ms = 200,
        .retry_min_ms = 300,
        .retry_max_ms = 30000,
        .suspect_limit = 3,
        .mirror_verify = 1,
        .repair = 1,
        .resync = 1,
        .max_value = UINT64_C(64) << 20,
        .resync_rate = 20000,
        .tls_verify = 1,
    };
}

/* ---- Showing values ----------------------------------------------------------------------- */

static int
mirror_choice(const mcp__config *config)
{
    return config->mirror == MCP__MIRROR_PROBE && config->mirror_failover_only
               ? MCP__MIRROR_PROBE_FAILOVER_ONLY
               : (int)config->mirror;
}

static void
show_ms(uint32_t ms, char *out, size_t size)
{
    if (ms == 0)
        snprintf(out, size, "the call's share");
    else
        snprintf(out, size, "%" PRIu32 " ms", ms);
}

static void
show_text(const char *text, char *out, size_t size)
{
    if (text == NULL || text[0] == '\0')
        snprintf(out, size, "none");
    else
        mcp__err_quote(out, size, text, strlen(text));
}

const char *
mcp__table_show(const mcp__config *config, size_t index, char *out, size_t size)
{
    const mcp__row *row = &ROWS[index];
    const char *at = (const char *)config + row->offset;
    out[0] = '\0';
    switch (row->kind) {
    case MCP__KIND_SERVER:
    case MCP__KIND_BACKUP:
    case MCP__KIND_NAME:
    case MCP__KIND_WEIGHT:
        break;
    case MCP__KIND_CHOICE:
    case MCP__KIND_YES_NO:
        snprintf(out, size, "%s", mcp__values_chosen(row->choices, *(const int *)(const void *)at));
        break;
    case MCP__KIND_MIRROR:
        snprintf(out, size, "%s", mcp__values_chosen(row->choices, mirror_choice(config)));
        break;
    case MCP__KIND_HASH_TAG:
        if (at[0] == '\0')
            show_text(NULL, out, size);
        else
            mcp__err_quote(out, size, at, 2);
        break;
    case MCP__KIND_MS:
        show_ms(*(const uint32_t *)(const void *)at, out, size);
        break;
    case MCP__KIND_US:
        snprintf(out, size, "%" PRIu32 " us", *(const uint32_t *)(const void *)at);
        break;
    case MCP__KIND_COUNT:
        snprintf(out, size, "%" PRIu32, *(const uint32_t *)(const void *)at);
        break;
    case MCP__KIND_RATE:
        snprintf(out, size, "%" PRIu32 " keys/s", *(const uint32_t *)(const void *)at);
        break;
    case MCP__KIND_SIZE:
        snprintf(out, size, "%" PRIu64 " bytes", *(const uint64_t *)(const void *)at);
        break;
    case MCP__KIND_AUTH:
        show_text(config->auth != NULL ? "***" : NULL, out, size);
        break;
    case MCP__KIND_KEY_TEXT:
    case MCP__KIND_FILE:
    case MCP__KIND_PATH:
    case MCP__KIND_HOST:
    case MCP__KIND_ENDPOINT:
        show_text(*(char *const *)(const void *)at, out, size);
        break;
    }
    return out;
}
