/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/roster.h"

#include <string.h>

#include "api/values.h"
#include "pair/marks.h"

#define WEIGHT_MAX 1000

static const char WEIGHT_WRONG[] = "a weight is a number from 1 to 1000";

static mcp_status
no_memory(mcp__err *err)
{
    return mcp__err_set(err, MCP_NO_MEMORY, "no memory for the list of servers");
}

/* The name is the address's own text while no `name=` was given. */
static void
free_texts(const mcp__mem *mem, mcp__server_spec *spec)
{
    if (spec->name != spec->address)
        mcp__mem_free(mem, (void *)(uintptr_t)spec->name);
    mcp__mem_free(mem, (void *)(uintptr_t)spec->address);
    mcp__mem_free(mem, (void *)(uintptr_t)spec->host);
}

void
mcp__roster_release(const mcp__mem *mem, mcp__server_spec *servers, size_t n)
{
    for (size_t i = 0; i < n && servers != NULL; i++)
        free_texts(mem, &servers[i]);
    mcp__mem_free(mem, servers);
}

void
mcp__roster_init(mcp__roster *roster, const mcp__mem *mem)
{
    *roster = (mcp__roster){.mem = mem};
}

void
mcp__roster_fini(mcp__roster *roster)
{
    for (size_t i = 0; i < roster->n; i++)
        free_texts(roster->mem, &roster->entries[i].spec);
    mcp__mem_free(roster->mem, roster->entries);
    mcp__roster_init(roster, roster->mem);
}

/* ---- One word after the other ------------------------------------------------------------- */

static int
make_room(mcp__roster *roster)
{
    if (roster->n < roster->capacity)
        return 1;
    size_t capacity = roster->capacity > 0 ? roster->capacity * 2 : 8;
    void *block = mcp__mem_resize(roster->mem, roster->entries, capacity * sizeof *roster->entries);
    if (block == NULL)
        return 0;
    roster->entries = block;
    roster->capacity = capacity;
    return 1;
}

static int
copy_texts(const mcp__mem *mem, mcp__server_spec *spec, const mcp__address *address)
{
    char canonical[MCP__ADDRESS_SIZE];
    size_t len = mcp__address_canonical(address, canonical);
    spec->address = mcp__mem_text(mem, canonical, len);
    spec->name = spec->address;
    spec->host = mcp__mem_text(mem, address->host, address->host_len);
    if (spec->address != NULL && spec->host != NULL)
        return 1;
    free_texts(mem, spec);
    return 0;
}

mcp_status
mcp__roster_add(mcp__roster *roster, const mcp__word *word, int is_backup, int lenient,
                mcp__err *err)
{
    mcp__address address;
    const char *wrong = mcp__address_parse(&address, word->value, word->value_len);
    if (wrong == NULL && address.weight == 0 && !lenient)
        wrong = WEIGHT_WRONG;
    if (wrong != NULL)
        return mcp__words_refuse(&word->place, err, "%s", wrong);
    if (roster->n >= MCP__ROSTER_MAX)
        return mcp__words_refuse(&word->place, err, "more than %d servers", MCP__ROSTER_MAX);
    if (!make_room(roster))
        return no_memory(err);
    mcp__roster_entry *entry = &roster->entries[roster->n];
    *entry = (mcp__roster_entry){.place = word->place, .is_backup = is_backup != 0};
    if (!copy_texts(roster->mem, &entry->spec, &address))
        return no_memory(err);
    entry->spec.port = address.port;
    entry->spec.is_unix = address.is_unix;
    entry->spec.weight = address.weight > 0 ? address.weight : 1;
    entry->has_weight = address.has_weight;
    roster->n++;
    roster->n_backups += is_backup != 0;
    return MCP_OK;
}

static const char NOBODY[] = "it belongs to the server or backup word before it, and there is none";

mcp_status
mcp__roster_weight(mcp__roster *roster, const mcp__word *word, mcp__err *err)
{
    if (roster->n == 0)
        return mcp__words_refuse(&word->place, err, "%s", NOBODY);
    mcp__roster_entry *entry = &roster->entries[roster->n - 1];
    uint64_t weight = 0;
    if (mcp__values_count(word->value, &weight) != NULL || weight < 1 || weight > WEIGHT_MAX)
        return mcp__words_refuse(&word->place, err, "%s", WEIGHT_WRONG);
    if (entry->has_weight)
        return mcp__words_refuse(&word->place, err, "%s has a weight already", entry->spec.address);
    entry->has_weight = 1;
    entry->spec.weight = (uint32_t)weight;
    return MCP_OK;
}

mcp_status
mcp__roster_name(mcp__roster *roster, const mcp__word *word, mcp__err *err)
{
    if (roster->n == 0)
        return mcp__words_refuse(&word->place, err, "%s", NOBODY);
    mcp__roster_entry *entry = &roster->entries[roster->n - 1];
    const char *wrong = mcp__values_server_name(word->value, word->value_len);
    if (wrong != NULL)
        return mcp__words_refuse(&word->place, err, "%s", wrong);
    if (entry->has_name)
        return mcp__words_refuse(&word->place, err, "%s has a name already", entry->spec.address);
    const char *name = mcp__mem_text(roster->mem, word->value, word->value_len);
    if (name == NULL)
        return no_memory(err);
    entry->has_name = 1;
    entry->spec.name = name;
    return MCP_OK;
}

/* ---- The whole list ----------------------------------------------------------------------- */

static mcp_status
check_pair(const mcp__roster_entry *one, const mcp__roster_entry *other, int repeats, mcp__err *err)
{
    int same_address =
        one->address_id == other->address_id && strcmp(one->spec.address, other->spec.address) == 0;
    if (same_address && one->is_backup == other->is_backup && !repeats)
        return mcp__words_refuse(&other->place, err,
                                 "%s is in this list already; distribution=native takes a server "
                                 "once, give it a weight instead",
                                 other->spec.address);
    if (same_address || one->name_id != other->name_id)
        return MCP_OK;
    if (strcmp(one->spec.name, other->spec.name) == 0)
        return mcp__words_refuse(&other->place, err, "the name %s is taken by %s", other->spec.name,
                                 one->spec.address);
    return mcp__words_refuse(&other->place, err,
                             "the names %.64s and %.64s have the same mark %08x; give it another "
                             "name=",
                             one->spec.name, other->spec.name, (unsigned)other->name_id);
}

mcp_status
mcp__roster_check(mcp__roster *roster, int repeats, mcp__err *err)
{
    mcp__roster_entry *entries = roster->entries;
    for (size_t i = 0; i < roster->n; i++) {
        const mcp__server_spec *spec = &entries[i].spec;
        entries[i].name_id = mcp__marks_id8(spec->name, strlen(spec->name));
        entries[i].address_id = mcp__marks_id8(spec->address, strlen(spec->address));
    }
    /* Every pair, but two numbers each: 10,000 servers are 50 million comparisons. */
    for (size_t i = 0; i < roster->n; i++) {
        for (size_t j = 0; j < i; j++) {
            if (entries[i].name_id != entries[j].name_id &&
                entries[i].address_id != entries[j].address_id)
                continue;
            mcp_status status = check_pair(&entries[j], &entries[i], repeats, err);
            if (status != MCP_OK)
                return status;
        }
    }
    return MCP_OK;
}

mcp_status
mcp__roster_take(mcp__roster *roster, size_t n_behind, mcp__server_spec **servers, size_t *n_primaries,
                 size_t *n_backups, mcp__err *err)
{
    mcp__server_spec *block = mcp__mem_new_zeroed(roster->mem, roster->n, sizeof *block);
    if (block == NULL)
        return no_memory(err);
    size_t primary = 0;
    size_t n = roster->n - n_behind;
    size_t backup = n - roster->n_backups;
    for (size_t i = n; i < roster->n; i++)
        block[i] = roster->entries[i].spec;
    for (size_t i = 0; i < n; i++)
        block[roster->entries[i].is_backup ? backup++ : primary++] = roster->entries[i].spec;
    *servers = block;
    *n_primaries = primary;
    *n_backups = roster->n_backups;
    roster->n = 0; /* the texts have a new owner */
    roster->n_backups = 0;
    return MCP_OK;
}
