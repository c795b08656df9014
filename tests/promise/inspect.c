/* SPDX-License-Identifier: BSD-3-Clause */
#include "inspect.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/client.h"
#include "support/wait.h"

enum { STEP = 100 };

void
inspect_locate(inspect_site *site, const char *options)
{
    mcp_client *c = client_open("%s", options);
    char name[16];

    for (uint32_t key = 0; key < KEYS_ALL; key++) {
        size_t len = keys_name(name, key);

        ck_assert_int_eq(mcp_where(c, name, len, NULL, 0, &site->where[key]), MCP_OK);
    }
    mcp_close(c);
}

/* One line of a reply, and the value behind it. What stands for a lease that somebody has won, an
 * empty value with a Z or W, is no value. */
static const char *
take_copy(const char *at, inspect_copy *out)
{
    const char *end = strchr(at, '\n');
    size_t line_len;
    int n_read;

    memset(out, 0, offsetof(inspect_copy, value));
    ck_assert_ptr_nonnull(end);
    line_len = (size_t)(end - at);
    if (strncmp(at, "EN\r\n", 4) == 0)
        return end + 1;
    n_read = sscanf(at, "VA %zu s%*u f%" SCNu32 " t%lld", &out->len, &out->flags, &out->ttl);
    ck_assert_msg(n_read == 3, "a server said %.40s", at);
    ck_assert_uint_le(out->len, sizeof out->value);
    out->found =
        out->len > 0 || (memchr(at, 'W', line_len) == NULL && memchr(at, 'Z', line_len) == NULL);
    memcpy(out->value, end + 1, out->len);
    return end + 1 + out->len + 2;
}

void
inspect_copies(const server *s, uint32_t first, uint32_t n,
               size_t (*name)(char out[16], uint32_t key), inspect_copy *out)
{
    char request[INSPECT_AT_ONCE * 48];
    char text[16];
    size_t len = 0;
    int64_t asked_us;
    char *reply;
    const char *at;

    ck_assert_uint_le(n, INSPECT_AT_ONCE);
    for (uint32_t i = 0; i < n; i++) {
        name(text, first + i);
        len += (size_t)snprintf(request + len, sizeof request - len, "mg %s s v f t\r\n", text);
    }
    asked_us = now_us();
    reply = server_ask(s, request, len, NULL);
    at = reply;
    for (uint32_t i = 0; i < n; i++) {
        at = take_copy(at, &out[i]);
        out[i].asked_us = asked_us;
    }
    free(reply);
}

int
inspect_is_same(const inspect_copy *a, const inspect_copy *b)
{
    return (a->ttl < 0) == (b->ttl < 0) && a->flags == b->flags && a->len == b->len &&
           memcmp(a->value, b->value, a->len) == 0;
}

static void
note(inspect_found *found, uint32_t key, const inspect_copy *c, int is_backup)
{
    history_record *r = &found->records[found->n_records];

    if (!c->found)
        return;
    memset(r, 0, sizeof *r);
    r->op = OP_READ;
    r->outcome = OUTCOME_YES;
    r->client = HISTORY_OBSERVER;
    r->key = key;
    r->start_us = c->asked_us; /* what is acknowledged while the answer is on its way is no older */
    r->end_us = now_us();
    r->value = keys_value(key, c->value, c->len, c->flags);
    r->garbled = r->value == 0;
    r->from_backup = (uint8_t)is_backup;
    found->n_records++;
}

static int
is_abandoned(const inspect_site *site, uint32_t key, uint64_t value)
{
    for (int i = 0; i < site->n_abandoned; i++)
        if (site->abandoned[i].key == key && site->abandoned[i].value == value)
            return 1;
    return 0;
}

static void
note_different(const inspect_site *site, uint32_t key, const inspect_copy *primary,
               const inspect_copy *backup, inspect_found *found)
{
    uint64_t on_primary = keys_value(key, primary->value, primary->len, primary->flags);
    uint64_t on_backup = keys_value(key, backup->value, backup->len, backup->flags);

    if (is_abandoned(site, key, on_primary) || is_abandoned(site, key, on_backup))
        return;
    if (found->different++ > 0)
        return;
    found->first_different = key;
    found->values[0] = on_primary;
    found->values[1] = on_backup;
}

static void
compare(const inspect_site *site, uint32_t key, const inspect_copy *primary,
        const inspect_copy *backup, inspect_found *found)
{
    note(found, key, primary, 0);
    note(found, key, backup, 1);
    if (primary->found && backup->found && !inspect_is_same(primary, backup))
        note_different(site, key, primary, backup, found);
    found->statics += key >= KEYS_STATIC && site->where[key].primary == 0 && primary->found;
}

/* Every server is asked for all keys of the step; what is not its own does not matter. */
static void
look_at(const inspect_site *site, uint32_t first, uint32_t n, inspect_found *found)
{
    static inspect_copy copies[8][STEP];

    for (int i = 0; i < site->n_servers; i++)
        inspect_copies(site->servers[i], first, n, keys_name, copies[i]);
    for (uint32_t i = 0; i < n; i++) {
        const mcp_location *at = &site->where[first + i];

        compare(site, first + i, &copies[at->primary][i], &copies[at->backup][i], found);
    }
}

uint64_t
inspect_marks(const server *s)
{
    const held *marks = server_look(s, "mcp:s");
    uint64_t n = 0;

    for (const char *at = marks->value; marks->found && (at = strchr(at, '=')) != NULL; at++)
        n++;
    return n;
}

void
inspect_look(const inspect_site *site, inspect_found *found)
{
    memset(found, 0, offsetof(inspect_found, records));
    for (int i = 0; i < site->n_servers; i++)
        found->marks += inspect_marks(site->servers[i]);
    for (uint32_t key = 0; key < KEYS_FILLER; key += STEP)
        look_at(site, key, KEYS_FILLER - key < STEP ? KEYS_FILLER - key : STEP, found);
    for (uint32_t key = KEYS_STATIC; key < KEYS_ALL; key += STEP)
        look_at(site, key, KEYS_ALL - key < STEP ? KEYS_ALL - key : STEP, found);
}
