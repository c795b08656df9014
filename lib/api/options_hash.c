/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/options_hash.h"

#include <stdio.h>

#include "api/values.h"

#define HASH(name) (1u << MCP__HASH_##name)
#define BOTH_KNOW                                                                                  \
    (HASH(ONE_AT_A_TIME) | HASH(MD5) | HASH(FNV1_64) | HASH(FNV1A_64) | HASH(FNV1_32) |            \
     HASH(FNV1A_32) | HASH(MURMUR) | HASH(JENKINS))
#define LIBMEMCACHED (BOTH_KNOW | HASH(CRC) | HASH(MURMUR3))
#define NUTCRACKER (BOTH_KNOW | HASH(CRC16) | HASH(CRC32) | HASH(CRC32A) | HASH(HSIEH))
#define PECL (HASH(CRC32) | HASH(FNV))

mcp_status
mcp__options_hash_check(const mcp__config *config, const mcp__word_place *places, mcp__err *err)
{
    static const unsigned allowed[] = {
        [MCP__NATIVE] = 0,
        [MCP__MODULA] = LIBMEMCACHED,
        [MCP__CONSISTENT] = LIBMEMCACHED,
        [MCP__CONSISTENT_HASH_AFTER] = LIBMEMCACHED,
        [MCP__KETAMA_WEIGHTED] = LIBMEMCACHED,
        [MCP__KETAMA_SPY] = LIBMEMCACHED,
        [MCP__MEMCACHE_STANDARD] = PECL,
        [MCP__MEMCACHE_CONSISTENT] = PECL,
        [MCP__MAGENT] = 0,
        [MCP__MAGENT_KETAMA] = 0,
        [MCP__TWEMPROXY] = NUTCRACKER,
        [MCP__KETAMA_WEIGHTED_SPY] = LIBMEMCACHED,
    };
    const mcp__place_spec *place = &config->place;
    char distribution[32];
    char list[200] = "";
    size_t used = 0;
    unsigned mask = allowed[place->distribution];
    if (place->hash == MCP__HASH_DEFAULT || (mask >> place->hash & 1) != 0)
        return MCP_OK;
    int row = mcp__table_find("hash");
    const mcp__choice *choices = mcp__table_row((size_t)row)->choices;
    mcp__table_show(config, (size_t)mcp__table_find("distribution"), distribution,
                    sizeof distribution);
    for (int hash = 1; hash < 32; hash++) {
        if ((mask >> hash & 1) != 0 && used < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, " %s",
                                     mcp__values_chosen(choices, hash));
    }
    return mcp__words_refuse(&places[row], err, "distribution=%s %s%s", distribution,
                             mask == 0 ? "has a hash of its own" : "does not use it, but:", list);
}
