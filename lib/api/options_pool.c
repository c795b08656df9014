/* SPDX-License-Identifier: BSD-3-Clause */
/* The pool as a number, by which clients notice that they were given different lists of servers. */
#include "api/options.h"

#include <string.h>

#include "place/compat.h"
#include "place/hash.h"

static void
put_64(uint8_t out[8], uint64_t number)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(number >> (8 * i));
}

/* Chained, so that order counts and nothing has to be put together in memory. */
static uint64_t
add(uint64_t sum, uint64_t number)
{
    uint8_t both[16];
    put_64(both, sum);
    put_64(both + 8, number);
    return mcp__hash_xxh3(both, sizeof both);
}

static uint64_t
add_text(uint64_t sum, const char *text, size_t len)
{
    return add(sum, mcp__hash_xxh3(text, len));
}

/* As the table writes it, so that it stays the same whatever becomes of the enums. */
static uint64_t
add_word(uint64_t sum, const mcp__config *config, const char *name)
{
    char word[64];
    mcp__table_show(config, (size_t)mcp__table_find(name), word, sizeof word);
    return add_text(sum, word, strlen(word));
}

uint32_t
mcp__options_config8(const mcp__config *config)
{
    mcp__config named = *config;
    mcp__err err;
    uint64_t sum = config->n_primaries;
    for (size_t i = 0; i < config->n_primaries + config->n_backups; i++) {
        const mcp__server_spec *spec = &config->servers[i];
        sum = add(add_text(sum, spec->name, strlen(spec->name)), spec->weight);
    }
    /* hash=md5 and a distribution whose own hash it is mean the same. */
    mcp__compat_hash(&config->place, &named.place.hash, &err);
    sum = add_word(sum, &named, "distribution");
    sum = add_word(sum, &named, "hash");
    sum = add_text(sum, config->place.hash_tag, sizeof config->place.hash_tag);
    sum = add_word(sum, &named, "mirror");
    sum = add_text(sum, config->prefix, config->prefix_len);
    return (uint32_t)(sum >> 32);
}
