/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/pool.h"

#include <string.h>

#include "pair/marks.h"
#include "wire/token.h"
#include "wire/usual.h"

#define TASKS_PER_SLAB 32
#define CHECKS_PER_SLAB 64

struct mcp__slab {
    mcp__slab *next;
    mcp__task tasks[TASKS_PER_SLAB];
};

struct mcp__check_slab {
    mcp__check_slab *next;
    mcp__check checks[CHECKS_PER_SLAB];
};

static void
init_server(mcp__engine *engine, uint32_t number, const mcp__server_spec *spec)
{
    mcp__server *server = &engine->servers[number];
    server->number = number;
    server->spec = spec;
    uint32_t id8 = mcp__marks_id8(spec->name, strlen(spec->name));
    server->cas_mark = (uint16_t)id8;
    server->address = number;
    server->missed_on = server->vanished_on = -1;
    server->timer.kind = MCP__TIMER_SERVER;
    server->ride.kind = MCP__TIMER_RIDE;
    mcp__ledger_init(&server->ledger, engine->lasting, id8);
    mcp__link_init(&server->link, engine->lasting, engine->settings.value_max);
    mcp__link_login(&server->link,
                    &(mcp__login){engine->settings.auth, engine->settings.promise.prefix});
    int is_asked = engine->settings.promise.keeps_record && number < engine->n_servers;
    mcp__link_speak(&server->link, engine->settings.dialect, !is_asked);
    mcp__health_init(&server->health, engine->now_ms);
}

static void
bake_marks(mcp__engine *engine)
{
    engine->marks_key_len = mcp__marks_key_list(engine->marks_key, engine->settings.promise.prefix);
    mcp__span key = mcp__pool_marks_key(engine);
    uint8_t *end = mcp__usual_put_get(engine->marks_line, key, engine->opaque, MCP_WANT_CAS);
    engine->marks_line_len = (size_t)(MCP__USUAL_PUT(end, "\r\n") - engine->marks_line);
    engine->marks_opaque_at = sizeof "mg " - 1 + key.len + sizeof " O" - 1;
}

mcp_status
mcp__pool_init(mcp__engine *engine, const mcp__mem *mem, const mcp__settings *settings,
               const mcp__server_spec *specs, size_t n_primaries, size_t n_backups,
               const mcp__pairing *pairing, const char *name_space, uint64_t seed, int64_t now_ms)
{
    memset(engine, 0, sizeof *engine);
    engine->mem = *mem;
    engine->lasting = mem;
    engine->settings = *settings;
    engine->pairing = pairing;
    engine->name_space = name_space;
    engine->name_space_len = strlen(name_space);
    if (settings->promise.prefix.len > 0)
        bake_marks(engine);
    engine->opaque_count = seed;
    engine->opaque = mcp__token_opaque_at(seed);
    engine->random = seed;
    engine->now_ms = now_ms;
    mcp__err_clear(&engine->err);
    mcp__timers_init(&engine->timers, mem);
    size_t n = n_primaries + n_backups;
    size_t n_lines = n + 1 + (settings->discovers != 0);
    engine->servers = mcp__mem_new_zeroed(&engine->mem, n_lines, sizeof *engine->servers);
    if (engine->servers == NULL || mcp__timers_reserve(&engine->timers, 2 * n_lines) != 0) {
        mcp__mem_free(&engine->mem, engine->servers);
        return MCP_NO_MEMORY;
    }
    engine->n_servers = (uint32_t)n;
    engine->n_primaries = (uint32_t)n_primaries;
    engine->n_lines = (uint32_t)n_lines;
    engine->scout.due_ms = engine->scout.hasty_ms = INT64_MAX;
    engine->scout.ask_ms = settings->discovers ? INT64_MIN : INT64_MAX;
    for (uint32_t i = 0; i < n_lines; i++)
        init_server(engine, i, &specs[i < n ? i : i == n ? 0 : n]);
    if (settings->discovers)
        engine->servers[n + 1].address = (uint32_t)n;
    return MCP_OK;
}

void
mcp__pool_fini(mcp__engine *engine)
{
    for (uint32_t i = 0; i < engine->n_lines; i++) {
        mcp__link_fini(&engine->servers[i].link);
        mcp__ledger_fini(&engine->servers[i].ledger);
    }
    while (engine->slabs != NULL) {
        mcp__slab *slab = engine->slabs;
        engine->slabs = slab->next;
        for (size_t i = 0; i < TASKS_PER_SLAB; i++)
            mcp__buf_fini(&slab->tasks[i].op.kept);
        mcp__mem_free(&engine->mem, slab);
    }
    while (engine->check_slabs != NULL) {
        mcp__check_slab *slab = engine->check_slabs;
        engine->check_slabs = slab->next;
        mcp__mem_free(&engine->mem, slab);
    }
    mcp__coaches_fini(&engine->coaches, &engine->mem);
    mcp__timers_fini(&engine->timers);
    mcp__mem_free(&engine->mem, engine->debts);
    mcp__mem_free(&engine->mem, engine->servers);
}

static int
add_slab(mcp__engine *engine)
{
    if (mcp__timers_reserve(&engine->timers,
                            2 * engine->n_lines + engine->n_tasks + TASKS_PER_SLAB) != 0)
        return -1;
    mcp__slab *slab = mcp__mem_new_zeroed(&engine->mem, 1, sizeof *slab);
    if (slab == NULL)
        return -1;
    slab->next = engine->slabs;
    engine->slabs = slab;
    engine->n_tasks += TASKS_PER_SLAB;
    for (size_t i = 0; i < TASKS_PER_SLAB; i++) {
        mcp__task *task = &slab->tasks[i];
        mcp__buf_init(&task->op.kept, engine->lasting, engine->settings.value_max);
        task->timer.kind = MCP__TIMER_OP;
        task->next = engine->free_tasks;
        engine->free_tasks = task;
    }
    return 0;
}

mcp__task *
mcp__pool_take(mcp__engine *engine)
{
    if (engine->free_tasks == NULL && add_slab(engine) != 0)
        return NULL;
    mcp__task *task = engine->free_tasks;
    engine->free_tasks = task->next;
    task->next = NULL;
    task->is_finished = 0;
    task->job = NULL;
    task->life++;
    return task;
}

void
mcp__pool_give_back(mcp__engine *engine, mcp__task *task)
{
    mcp__buf_clear(&task->op.kept);
    task->next = engine->free_tasks;
    engine->free_tasks = task;
}

/* ---- checks ---- */

int
mcp__pool_add_checks(mcp__engine *engine)
{
    mcp__check_slab *slab = mcp__mem_new(&engine->mem, sizeof *slab);
    if (slab == NULL)
        return -1;
    slab->next = engine->check_slabs;
    engine->check_slabs = slab;
    for (size_t i = 0; i < CHECKS_PER_SLAB; i++) {
        slab->checks[i].next = engine->free_checks;
        engine->free_checks = &slab->checks[i];
    }
    return 0;
}

void
mcp__pool_add_due_check(mcp__engine *engine, mcp__check *check)
{
    check->next = engine->first_due_check;
    engine->first_due_check = check;
}

static void
take_back_checks(mcp__engine *engine)
{
    engine->first_due_check = NULL;
    engine->free_checks = NULL;
    for (mcp__check_slab *slab = engine->check_slabs; slab != NULL; slab = slab->next) {
        for (size_t i = 0; i < CHECKS_PER_SLAB; i++) {
            slab->checks[i].next = engine->free_checks;
            engine->free_checks = &slab->checks[i];
        }
    }
}

/* ---- all at once ---- */

void
mcp__pool_take_back_all(mcp__engine *engine)
{
    take_back_checks(engine);
    engine->express.task = NULL;
    engine->convoy = (mcp__convoy){0};
    engine->first_fallen = engine->last_fallen = NULL;
    engine->first_finished = engine->last_finished = NULL;
    engine->first_errand = engine->last_errand = NULL;
    engine->n_background = 0;
    engine->n_recording = 0;
    engine->free_tasks = NULL;
    engine->n_unfinished = 0;
    for (mcp__slab *slab = engine->slabs; slab != NULL; slab = slab->next) {
        for (size_t i = 0; i < TASKS_PER_SLAB; i++) {
            mcp__timer_stop(&engine->timers, &slab->tasks[i].timer);
            mcp__pool_give_back(engine, &slab->tasks[i]);
        }
    }
    for (uint32_t i = 0; i < engine->n_lines; i++) {
        engine->servers[i].first_waiting = engine->servers[i].last_waiting = NULL;
        engine->servers[i].link.n_pinned = 0;
        engine->servers[i].is_ripe = 0;
    }
}

void
mcp__pool_wish(mcp__engine *engine, mcp__server *server, uint8_t wish)
{
    server->wishes |= wish;
    if (server->is_listed)
        return;
    server->is_listed = 1;
    server->next_wish = NULL;
    if (engine->first_wish == NULL)
        engine->first_wish = server;
    else
        engine->last_wish->next_wish = server;
    engine->last_wish = server;
}

void
mcp__pool_set_busy(mcp__engine *engine, mcp__server *server, int is_busy)
{
    if (server->is_busy == is_busy)
        return;
    server->is_busy = (uint8_t)is_busy;
    if (is_busy) { /* at the end: who was asked first is listened to first */
        server->next_busy = NULL;
        server->previous_busy = engine->last_busy;
        *(engine->last_busy != NULL ? &engine->last_busy->next_busy : &engine->first_busy) = server;
        engine->last_busy = server;
        return;
    }
    *(server->previous_busy != NULL ? &server->previous_busy->next_busy : &engine->first_busy) =
        server->next_busy;
    *(server->next_busy != NULL ? &server->next_busy->previous_busy : &engine->last_busy) =
        server->previous_busy;
}

void
mcp__pool_add_ripe(mcp__engine *engine, mcp__server *server)
{
    if (server->is_ripe)
        return;
    server->is_ripe = 1;
    server->next_ripe = engine->convoy.first_ripe;
    engine->convoy.first_ripe = server;
}

void
mcp__pool_add_waiting(mcp__server *server, mcp__leg *leg)
{
    leg->state = MCP__LEG_WAITING;
    leg->next_waiting = NULL;
    leg->previous_waiting = server->last_waiting;
    if (server->last_waiting == NULL)
        server->first_waiting = leg;
    else
        server->last_waiting->next_waiting = leg;
    server->last_waiting = leg;
}

void
mcp__pool_remove_waiting(mcp__server *server, mcp__leg *leg)
{
    if (leg->previous_waiting != NULL)
        leg->previous_waiting->next_waiting = leg->next_waiting;
    else
        server->first_waiting = leg->next_waiting;
    if (leg->next_waiting != NULL)
        leg->next_waiting->previous_waiting = leg->previous_waiting;
    else
        server->last_waiting = leg->previous_waiting;
    leg->next_waiting = leg->previous_waiting = NULL;
    leg->state = MCP__LEG_IDLE;
}

void
mcp__pool_add_fallen(mcp__engine *engine, mcp__leg *leg, mcp__failure failure, int was_sent)
{
    leg->state = MCP__LEG_FALLEN;
    leg->failure = (uint8_t)failure;
    leg->fell_sent = was_sent != 0;
    leg->next_waiting = NULL;
    if (engine->last_fallen == NULL)
        engine->first_fallen = leg;
    else
        engine->last_fallen->next_waiting = leg;
    engine->last_fallen = leg;
}

mcp__leg *
mcp__pool_next_fallen(mcp__engine *engine)
{
    mcp__leg *leg = engine->first_fallen;
    if (leg == NULL)
        return NULL;
    engine->first_fallen = leg->next_waiting;
    if (engine->first_fallen == NULL)
        engine->last_fallen = NULL;
    leg->next_waiting = NULL;
    leg->state = MCP__LEG_IDLE;
    return leg;
}

int
mcp__pool_are_partners(const mcp__engine *engine, uint32_t one, uint32_t other)
{
    uint32_t n_primaries = engine->n_primaries;
    if (engine->settings.has_backup_list)
        return (one < n_primaries) != (other < n_primaries);
    return one != other && one < n_primaries && other < n_primaries;
}

/* splitmix64, by Sebastiano Vigna (public domain algorithm). */
uint64_t
mcp__pool_random(mcp__engine *engine)
{
    uint64_t z = (engine->random += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}
