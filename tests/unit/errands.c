/* SPDX-License-Identifier: BSD-3-Clause */
#include "errands.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

uint32_t
errands_draw(errands *world, uint32_t below)
{
    return (uint32_t)((next_random(&world->random) >> 32) * below >> 32);
}

/* ---- Items -------------------------------------------------------------------------------- */

static fake_item **
place_of(errands *world, uint32_t server, const char *key)
{
    uint32_t bucket = 0;
    for (const char *c = key; *c != '\0'; c++)
        bucket = bucket * 31 + (uint8_t)*c;
    fake_item **at = &world->server[server].items[bucket % ERRANDS_BUCKETS];
    while (*at != NULL && strcmp((*at)->key, key) != 0)
        at = &(*at)->next;
    return at;
}

static void
drop(fake_item **at)
{
    fake_item *item = *at;
    *at = item->next;
    free(item->key);
    free(item->value);
    free(item);
}

void
errands_fini(errands *world)
{
    for (int i = 0; i < ERRANDS_SERVERS * ERRANDS_BUCKETS; i++) {
        fake_item **at = &world->server[i / ERRANDS_BUCKETS].items[i % ERRANDS_BUCKETS];
        while (*at != NULL)
            drop(at);
    }
    for (int i = 0; i < world->n_pending; i++)
        free(world->pending[i].value);
}

fake_item *
errands_find(errands *world, uint32_t server, const char *key)
{
    fake_item **at = place_of(world, server, key);
    if (*at != NULL && (*at)->expires_ms != 0 && (*at)->expires_ms <= world->now_ms)
        drop(at);
    return *at;
}

int
errands_delete(errands *world, uint32_t server, const char *key)
{
    int was_there = errands_find(world, server, key) != NULL;
    world->n_changes++;
    if (was_there)
        drop(place_of(world, server, key));
    return was_there;
}

fake_item *
errands_set(errands *world, uint32_t server, const char *key, const void *value, size_t len)
{
    errands_delete(world, server, key);
    fake_item *item = calloc(1, sizeof *item);
    if (item == NULL)
        abort();
    item->key = (char *)exact_copy(key, strlen(key) + 1);
    item->value = exact_copy(value, len);
    item->len = len;
    item->flags = MCP__MARKS_FORMAT;
    item->unique = ++world->server[server].unique;
    *place_of(world, server, key) = item;
    return item;
}

int
errands_append(errands *world, uint32_t server, const char *key, const void *bytes, size_t len,
               int creates)
{
    fake_item *item = errands_find(world, server, key);
    world->n_changes++;
    if (item == NULL && !creates)
        return 0;
    if (item == NULL) {
        errands_set(world, server, key, bytes, len);
        return 2;
    }
    item->value = realloc(item->value, item->len + len + 1);
    if (item->value == NULL)
        abort();
    memcpy(item->value + item->len, bytes, len);
    item->len += len;
    item->unique = ++world->server[server].unique;
    return 1;
}

/* ---- Carrying out ------------------------------------------------------------------------- */

static void
key_text(char *out, const mcp__errand *errand)
{
    if (errand->key.len < 1 || errand->key.len > 250)
        ck_abort_msg("a key of %zu bytes", errand->key.len);
    memcpy(out, errand->key.bytes, errand->key.len);
    out[errand->key.len] = '\0';
}

static carried
over(const pending *p, mcp__outcome_status status)
{
    return (carried){1, p->job, p->errand, {.status = (uint8_t)status}, NULL};
}

static carried
read_item(errands *world, const pending *p, const char *key)
{
    const fake_item *item = errands_find(world, p->errand.server, key);
    if (item == NULL)
        return over(p, MCP__OUTCOME_MISSING);
    carried done = over(p, MCP__OUTCOME_DONE);
    done.outcome.unique = item->unique;
    if (p->errand.what == MCP__ERRAND_PEEK)
        return done;
    done.copy = exact_copy(item->value, item->len);
    done.outcome.value = (mcp__span){done.copy, item->len};
    done.outcome.flags = item->flags;
    return done;
}

static carried
change_item(errands *world, const pending *p, const char *key)
{
    const mcp__errand *errand = &p->errand;
    const fake_item *item = errands_find(world, errand->server, key);
    if (errand->what == MCP__ERRAND_ADD
            ? item != NULL
            : item != NULL && errand->unique != 0 && item->unique != errand->unique)
        return over(p, MCP__OUTCOME_CHANGED);
    if (item == NULL && (errand->what == MCP__ERRAND_DELETE ||
                         (errand->what == MCP__ERRAND_STORE && errand->unique != 0)))
        return over(p, MCP__OUTCOME_MISSING);
    carried done = over(p, MCP__OUTCOME_DONE);
    if (errand->what == MCP__ERRAND_DELETE) {
        errands_delete(world, errand->server, key);
        return done;
    }
    fake_item *stored =
        errands_set(world, errand->server, key, errand->value.bytes, errand->value.len);
    stored->flags = errand->flags;
    stored->expires_ms = errand->ttl != 0 ? world->now_ms + errand->ttl * 1000 : 0;
    done.outcome.unique = stored->unique;
    return done;
}

/* md on the target; mg N on it; mg on the source; ms C on the target. */
static carried
copy_step(errands *world, pending *p, const char *key)
{
    const mcp__errand *errand = &p->errand;
    fake_item *target = errands_find(world, errand->server, key);
    switch (p->step++) {
    case 0:
        if (errand->deletes_first)
            errands_delete(world, errand->server, key);
        return (carried){0};
    case 1:
        if (target != NULL)
            return over(p, MCP__OUTCOME_KEPT);
        target = errands_set(world, errand->server, key, "", 0);
        target->is_stub = 1;
        p->unique = target->unique;
        return (carried){0};
    case 2: {
        const fake_item *source = errands_find(world, errand->from, key);
        if (source == NULL || source->is_stub) {
            if (target != NULL && target->unique == p->unique)
                errands_delete(world, errand->server, key);
            return over(p, MCP__OUTCOME_MISSING);
        }
        p->value = exact_copy(source->value, source->len);
        p->len = source->len;
        p->flags = source->flags;
        return (carried){0};
    }
    default:
        if (target == NULL || target->unique != p->unique)
            return over(p, MCP__OUTCOME_KEPT);
        int max = world->server[errand->server].item_max;
        if (max > 0 && p->len > (size_t)max) {
            errands_delete(world, errand->server, key);
            return over(p, MCP__OUTCOME_UNABLE);
        }
        errands_set(world, errand->server, key, p->value, p->len)->flags = p->flags;
        return over(p, MCP__OUTCOME_DONE);
    }
}

static int
differ(const fake_item *one, const fake_item *other)
{
    return one != NULL && !one->is_stub &&
           (other == NULL || one->len != other->len ||
            memcmp(one->value, other->value, one->len) != 0);
}

static carried
compare_step(errands *world, pending *p, const char *key)
{
    const fake_item *item = errands_find(world, p->errand.server, key);
    const fake_item *other = errands_find(world, p->errand.from, key);
    if (!differ(item, other))
        return over(p, MCP__OUTCOME_DONE);
    if (p->step++ == 0) {
        p->unique = item->unique;
        return (carried){0};
    }
    if (item->unique == p->unique)
        errands_delete(world, p->errand.server, key);
    return over(p, MCP__OUTCOME_DONE);
}

static carried
dump_step(errands *world, const pending *p,
          void (*dumped)(void *context, int job, uint32_t tag, mcp__span key), void *context)
{
    fake_server *server = &world->server[p->errand.server];
    if (server->has_no_dump)
        return over(p, MCP__OUTCOME_UNABLE);
    if (server->n_busy > 0) {
        server->n_busy--;
        return over(p, MCP__OUTCOME_BUSY);
    }
    server->n_dumps++;
    for (int i = 0; i < ERRANDS_BUCKETS; i++) {
        for (const fake_item *item = server->items[i]; item != NULL; item = item->next)
            dumped(context, p->job, p->errand.tag, (mcp__span){item->key, strlen(item->key)});
    }
    return over(p, MCP__OUTCOME_DONE);
}

static carried
carry(errands *world, pending *p,
      void (*dumped)(void *context, int job, uint32_t tag, mcp__span key), void *context)
{
    char key[256] = "";
    if (p->errand.key.len > 0)
        key_text(key, &p->errand);
    switch ((mcp__errand_what)p->errand.what) {
    case MCP__ERRAND_READ:
    case MCP__ERRAND_PEEK:
        return read_item(world, p, key);
    case MCP__ERRAND_STORE:
    case MCP__ERRAND_ADD:
    case MCP__ERRAND_DELETE:
        return change_item(world, p, key);
    case MCP__ERRAND_COPY:
        return copy_step(world, p, key);
    case MCP__ERRAND_COMPARE:
        return compare_step(world, p, key);
    case MCP__ERRAND_DUMP:
        return dump_step(world, p, dumped, context);
    case MCP__ERRAND_RENEW:
        world->server[p->errand.server].n_renewed++;
        return over(p, MCP__OUTCOME_DONE);
    case MCP__ERRAND_PING:
        return over(p, MCP__OUTCOME_DONE);
    default:
        ck_abort_msg("an errand of kind %d", p->errand.what);
    }
}

void
errands_put(errands *world, int job, const mcp__errand *errand)
{
    if (world->n_pending == ERRANDS_PENDING)
        ck_abort_msg("too many errands at once");
    world->pending[world->n_pending++] = (pending){.errand = *errand, .job = job};
}

static int
is_lost(errands *world, const mcp__errand *errand)
{
    return world->server[errand->server].is_away ||
           (errand->what == MCP__ERRAND_COPY && world->server[errand->from].is_away) ||
           (int)errands_draw(world, 100) < world->fail_percent;
}

carried
errands_step(errands *world, void (*dumped)(void *context, int job, uint32_t tag, mcp__span key),
             void *context)
{
    uint32_t at = errands_draw(world, (uint32_t)world->n_pending);
    pending *p = &world->pending[at];
    int lost = p->step == 0 && is_lost(world, &p->errand);
    carried done = {0};
    /* Without an answer: done or not done. */
    if (!lost || errands_draw(world, 2) == 0)
        done = carry(world, p, dumped, context);
    if (lost) {
        free(done.copy);
        done = over(p, MCP__OUTCOME_FAILED);
        world->n_failed++;
    }
    if (done.is_over) {
        free(p->value);
        *p = world->pending[--world->n_pending];
        world->pending[world->n_pending].value = NULL;
    }
    return done;
}
