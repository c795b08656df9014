/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/client.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "api/client_discover.h"
#include "api/client_reload.h"
#include "engine/chores.h"
#include "engine/dumper.h"
#include "engine/scout.h"
#include "engine/express.h"
#include "io/hook.h"
#include "io/rand.h"
#include "pair/marks.h"

/* So long mcp_maintain() may wait for a slice of repair or resync. */
#define MAINTAIN_MS 2

/* ---- opening and closing ---- */

static mcp__promise
promise_of(const mcp__config *config)
{
    int has_pairs = config->mirror == MCP__MIRROR_BACKUP
                        ? config->n_backups > 0
                        : config->mirror != MCP__MIRROR_OFF && config->n_primaries > 1;
    mcp__promise promise = {
        .keeps_record = has_pairs && !config->mirror_failover_only,
        .is_strict = config->consistency == MCP__CONSISTENCY_STRICT,
        .verifies = config->mirror_verify != 0,
        .waits_for_mirror = config->ack == MCP__ACK_BOTH,
        .is_shared = config->shared_pool != 0,
        .refuses_cut_off = config->cut_off == MCP__CUT_OFF_REFUSE,
        .refuses_skew = config->config_skew == MCP__CONFIG_SKEW_REFUSE,
        .config8 = mcp__options_config8(config),
        .prefix = {config->prefix, config->prefix_len},
    };
    mcp__promise_set_times(&promise, config->view_interval_ms, config->timeout_ms);
    return promise;
}

static mcp__dialect
dialect_of(mcp__protocol protocol)
{
    if (protocol == MCP__PROTOCOL_AUTO)
        return MCP__DIALECT_AUTO;
    return protocol == MCP__PROTOCOL_META ? MCP__DIALECT_META : MCP__DIALECT_CLASSIC;
}

static mcp__settings
settings_of(const mcp__config *config)
{
    return (mcp__settings){
        .timeout_ms = config->timeout_ms,
        .spin_us = config->spin_us,
        .connect_timeout_ms = config->connect_timeout_ms,
        .health = {config->retry_min_ms, config->retry_max_ms, config->suspect_limit},
        .value_max = (size_t)config->max_value,
        .dialect = dialect_of(config->protocol),
        .mirrors_writes = !config->mirror_failover_only,
        .has_backup_list = config->mirror == MCP__MIRROR_BACKUP,
        .promise = promise_of(config),
        .repairs = config->repair,
        .resyncs = config->resync,
        .resync_rate = config->resync_rate,
        .encodes_keys = config->keys == MCP__KEYS_BASE64,
        .auth = {config->auth, config->auth != NULL ? strlen(config->auth) : 0},
        .discovers = config->discovery != NULL,
    };
}

/* Servers that stand in one list twice: the user is told with the first call. */
static mcp_status
tell_repeats(mcp_client *client)
{
    const mcp__config *config = &client->config;
    size_t n = config->n_primaries + config->n_backups;
    if (config->place.distribution == MCP__NATIVE)
        return MCP_OK; /* the options were refused */
    uint32_t *ids = mcp__mem_new(&client->engine.mem, n * sizeof *ids);
    if (ids == NULL)
        return MCP_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        const char *address = config->servers[i].address;
        size_t first = i < config->n_primaries ? 0 : config->n_primaries;
        ids[i] = mcp__marks_id8(address, strlen(address));
        while (first < i && ids[first] != ids[i])
            first++;
        if (first == i || strcmp(config->servers[first].address, address) != 0)
            continue;
        mcp__news_item item = {
            .kind = MCP_EVENT_SERVER_TWICE, .server = (int32_t)i, .partner = (int32_t)first};
        snprintf(item.why, sizeof item.why, "it is server %zu, too, and counts twice", first);
        mcp__news_put(&client->engine.news, &item);
    }
    mcp__mem_free(&client->engine.mem, ids);
    return MCP_OK;
}

/* Reads the certificates. Without `tls` there is nothing to do. */
static mcp_status
secure(mcp_client *client, const mcp__mem *mem)
{
    const mcp__config *config = &client->config;
    const mcp__tls_options options = {config->tls_ca, config->tls_cert, config->tls_key,
                                      config->tls_name, config->tls_verify};
    if (!config->tls)
        return MCP_OK;
    size_t n = config->n_primaries + config->n_backups + (config->discovery != NULL);
    client->tls = mcp__tls_new(&options, config->servers, n, mem, &client->err);
    if (client->tls == NULL)
        return client->err.status;
    mcp__wait_secure(&client->world, client->tls);
    return MCP_OK;
}

mcp_status
mcp__client_build(mcp_client *client, const mcp__mem *mem)
{
    mcp__config *config = &client->config;
    mcp__settings settings = settings_of(config);
    mcp__clock clock;
    mcp__clock_init(&clock);
    mcp__calls_init(&client->calls, &client->mem, client);
    if (!client->is_shared)
        client->pairing = mcp__pairing_new(mem, &config->place, config->mirror, config->servers,
                                           config->n_primaries, config->n_backups, &client->err);
    if (client->pairing == NULL)
        return client->err.status;
    mcp_status status = mcp__pool_init(
        &client->engine, mem, &settings, config->servers, config->n_primaries, config->n_backups,
        client->pairing, config->namespace_text, mcp__rand_64(), mcp__clock_exact(&clock));
    if (status != MCP_OK)
        return status;
    status = tell_repeats(client);
    if (status == MCP_OK &&
        mcp__wait_init(&client->world, &client->engine, config->servers, mem) != 0)
        status = MCP_NO_MEMORY;
    if (status != MCP_OK)
        goto no_world;
    status = secure(client, mem);
    if (status == MCP_OK)
        return MCP_OK;
    mcp__wait_fini(&client->world);
no_world:
    mcp__pool_fini(&client->engine);
    return status;
}

void
mcp__client_unbuild(mcp_client *client)
{
    mcp__wait_fini(&client->world);
    mcp__tls_free(client->tls);
    mcp__pool_fini(&client->engine);
    if (client->is_shared)
        return;
    mcp__pairing_free(client->pairing);
    mcp__options_fini(&client->config);
}

mcp_client *
mcp_open_with(const char *options, const mcp_allocator *allocator, char *why, size_t why_size)
{
    mcp__err err;
    mcp__mem mem = allocator != NULL ? *allocator : mcp__mem_system();
    mcp_client *client = mcp__mem_new_zeroed(&mem, 1, sizeof *client);
    mcp__err_clear(&err);
    if (client == NULL) {
        mcp__err_set(&err, MCP_NO_MEMORY, "no memory");
        goto no_client;
    }
    client->mem = mem;
    mcp__err_clear(&client->err);
    mcp_status status = mcp__options_parse(&client->config, &client->mem, options, &client->err);
    if (status != MCP_OK)
        goto no_options;
    status = mcp__client_build(client, &client->mem);
    if (status != MCP_OK)
        goto no_engine;
    mcp__fork_init(&client->fork);
    status = mcp__discover_keep(client, options);
    if (status == MCP_OK)
        return client;
    mcp__client_close(client, 0);
    mcp__err_set(&err, status, "no memory");
    goto no_client;

no_engine:
    mcp__pairing_free(client->pairing);
    mcp__options_fini(&client->config);
no_options:
    err = client->err;
    if (err.text[0] == '\0')
        mcp__err_set(&err, status, "%s", mcp_strstatus(status));
    mcp__mem_free(&mem, client);
no_client:
    if (why_size > 0)
        snprintf(why, why_size, "%s", err.text);
    return NULL;
}

mcp_client *
mcp_open(const char *options, char *why, size_t why_size)
{
    return mcp_open_with(options, NULL, why, why_size);
}

mcp_client *
mcp__client_open_shared(const mcp__mem *mem, const mcp__config *config, mcp__pairing *pairing,
                        mcp__err *err)
{
    mcp_client *client = mcp__mem_new_zeroed(mem, 1, sizeof *client);
    if (client == NULL) {
        mcp__err_set(err, MCP_NO_MEMORY, "no memory");
        return NULL;
    }
    client->mem = *mem;
    client->config = *config;
    client->pairing = pairing;
    client->is_shared = 1;
    mcp__err_clear(&client->err);
    mcp_status status = mcp__client_build(client, &client->mem);
    if (status != MCP_OK) {
        mcp__err_set(err, status, "%s",
                     client->err.text[0] != '\0' ? client->err.text : mcp_strstatus(status));
        mcp__mem_free(mem, client);
        return NULL;
    }
    mcp__fork_init(&client->fork);
    return client;
}

void
mcp__client_watch(mcp_client *client)
{
    mcp__hook_watch(&client->world);
}

void
mcp__client_close(mcp_client *client, int64_t patience_ms)
{
    mcp__client_enter(client); /* in a forked child nobody is told */
    mcp__client_leave(client);
    mcp__calls_tell_all(&client->calls);
    mcp__client_enter(client);
    mcp__reload_forget(client);
    mcp__hook_detach(&client->world);
    int64_t now_ms = mcp__wait_begin(&client->world);
    mcp__chores_leave(&client->engine);
    mcp__wait_drain(&client->world, now_ms + patience_ms);
    mcp__client_tell(client);
    mcp__chores_end(&client->engine);
    mcp__client_unbuild(client);
    mcp__fork_fini(&client->fork);
    mcp__calls_fini(&client->calls);
    mcp__mem mem = client->mem;
    mcp__discover_forget(client);
    mcp__mem_free(&mem, client->notes);
    mcp__mem_free(&mem, client->log);
    while (client->arena != NULL) {
        mcp__arena_block *next = client->arena->next;
        mcp__mem_free(&mem, client->arena);
        client->arena = next;
    }
    mcp__mem_free(&mem, client);
}

void
mcp_close(mcp_client *client)
{
    /* One that a pool lent is the pool's to close. */
    if (client == NULL || client->events.is_calling_back || client->is_shared)
        return;
    if (client->calls.is_telling) /* in a callback: as soon as it has returned */
        client->calls.is_closing = 1;
    /* Another thread of the parent was in the middle of a call: only the sockets are let go of. */
    else if (client->is_inside && mcp__fork_happened(&client->fork))
        mcp__wait_let_go(&client->world);
    else
        mcp__client_close(client, client->config.timeout_ms);
}

/* ---- one call ---- */

/* The rare half of entering: the last call did not return, or this is another process. */
static void
clear_up(mcp_client *client)
{
    if (client->is_inside) {
        mcp__drive_abandon(&client->engine, mcp__clock_exact(&client->world.clock));
        mcp__dumper_end(&client->engine);
        mcp__scout_end(&client->engine);
        mcp__chores_end(&client->engine);
        mcp__calls_abandon(&client->calls);
        mcp__reload_forget(client);
    }
    if (!mcp__fork_happened(&client->fork))
        return;
    /* Repairs, what is owed to servers without anybody waiting for it, and what was submitted are
     * the parent's work, and so is its loop. */
    client->world.hooks = NULL;
    if (client->engine.n_unfinished == 0 || client->calls.n > 0) {
        mcp__chores_end(&client->engine);
        mcp__drive_abandon(&client->engine, mcp__clock_exact(&client->world.clock));
        mcp__calls_forget(&client->calls);
    }
    mcp__reload_forget(client);
    mcp__wait_child(&client->world);
    mcp__fork_renew(&client->fork);
    client->engine.random = mcp__rand_64();
}

#ifndef NDEBUG
/* Two threads on one client are forbidden; a build with asserts says so. A call that something
 * jumped out of was this thread's own, and what another thread of the parent did is its own affair.
 */
static void
check_thread(mcp_client *client)
{
    static _Thread_local char here __attribute__((tls_model("initial-exec")));
    assert(!client->is_inside || client->thread == &here || mcp__fork_happened(&client->fork));
    client->thread = &here;
}
#endif

void
mcp__client_enter_slowly(mcp_client *client)
{
#ifndef NDEBUG
    check_thread(client);
#endif
    if (client->lent != NULL) {
        mcp__drive_release(&client->engine, client->lent);
        client->lent = NULL;
    }
    if (client->is_inside || mcp__fork_happened(&client->fork))
        clear_up(client);
}

mcp_request
mcp__client_request(const mcp_request *request)
{
    mcp_request ours = MCP_REQUEST_INIT;
    size_t size = request == NULL ? 0 : request->size;
    if (size > 0)
        memcpy(&ours, request, size < sizeof ours ? size : sizeof ours);
    ours.size = size;
    return ours;
}

int
mcp__client_can_tell(mcp_client *client, const mcp_result *result)
{
    if (result != NULL && result->size >= offsetof(mcp_result, server))
        return 1;
    mcp__err_set(&client->err, MCP_BAD_ARGUMENT, "the result is not MCP_RESULT_INIT");
    return 0;
}

void
mcp__client_give(mcp_result *to, const mcp_result *from)
{
    size_t size = to->size < sizeof *from ? to->size : sizeof *from;
    size_t skip = offsetof(mcp_result, status);
    if (size > skip)
        memcpy((char *)to + skip, (const char *)from + skip, size - skip);
}

static __attribute__((noinline)) mcp_status
fail(mcp_client *client, mcp_result *result, mcp_status status)
{
    mcp_result empty = MCP_RESULT_INIT;
    empty.status = status;
    client->err.status = status;
    if (result != NULL)
        mcp__client_give(result, &empty);
    return status;
}

/* The status says it all. */
static void
note_answer(mcp_client *client, mcp_status status, int server)
{
    client->err.status = status;
    client->err.server = server;
    client->err.os_error = 0;
    client->err.text[0] = '\0';
}

static mcp_status
finish(mcp_client *client, mcp__task *task, mcp_result *result)
{
    mcp_status status = task->op.status;
    mcp__drive_finished(&client->engine);
    client->lent = task;
    if (status < MCP_OK) {
        client->err = client->engine.err;
    } else if (status > MCP_OK) {
        int answered = task->op.answered;
        note_answer(client, status, answered < 0 ? -1 : (int)task->op.leg[answered].server);
    }
    if (result != NULL)
        mcp__drive_result(task, result);
    return status;
}

/* The ordinary way: an operation is begun, and waited for. */
static __attribute__((noinline)) mcp_status
wait_for(mcp_client *client, mcp__task *task, mcp_result *result)
{
    while (!task->is_finished)
        mcp__wait_once(&client->world, task->timer.at_ms);
    if (client->engine.first_wish != NULL)
        mcp__wait_serve(&client->world); /* what nobody waits for, as the third delete */
    mcp__client_leave(client);
    return finish(client, task, result);
}

static __attribute__((noinline)) mcp_status
submit(mcp_client *client, const mcp_request *request, mcp_result *result, int64_t now_ms)
{
    if (mcp__chores_any(&client->engine)) { /* before the value that this call will lend */
        mcp__wait_slice(&client->world, MCP__WAIT_SLICE_MS);
        now_ms = mcp__wait_begin(&client->world);
    }
    mcp__task *task = mcp__drive_submit(&client->engine, request,
                                        mcp__client_timeout_ms(client, request), now_ms);
    if (task != NULL)
        return wait_for(client, task, result);
    mcp__err_set(&client->err, MCP_NO_MEMORY, "no memory for the call");
    mcp__client_leave(client);
    return fail(client, result, MCP_NO_MEMORY);
}

static __attribute__((noinline)) mcp_status
refuse(mcp_client *client, mcp_result *result, mcp_status status)
{
    mcp__client_leave(client);
    return fail(client, result, status);
}

/* Nothing is left to be done but what nobody waits for. */
static inline mcp_status
finish_express(mcp_client *client)
{
    mcp_status status = mcp__express_status(&client->engine);
    if (status != MCP_OK)
        note_answer(client, status, (int)mcp__express_server(&client->engine, 0)->number);
    if (client->engine.first_wish != NULL)
        mcp__wait_serve(&client->world);
    mcp__client_leave(client);
    return status;
}

__attribute__((always_inline)) static inline mcp_status
call(mcp_client *client, const mcp_request *request, mcp_result *result)
{
    int64_t now_ms;
    mcp__task *task;
    mcp_status status = mcp__client_check(client, request);
    if (status != MCP_OK)
        return refuse(client, result, status);
    if (!mcp__wait_express(&client->world, request, mcp__client_timeout_ms(client, request),
                           &now_ms, result, &task))
        return submit(client, request, result, now_ms);
    return task == NULL ? finish_express(client) : wait_for(client, task, result);
}

/* With a list of servers to be asked for, which takes its part of the call's time. */
static mcp_status
discover(mcp_client *client, mcp_request *ours)
{
    int64_t until_ms = mcp__wait_begin(&client->world) + mcp__client_timeout_ms(client, ours);
    int had_list = client->config.has_found;
    mcp_status status = mcp__discover(client, until_ms);
    if (status != MCP_OK || had_list)
        return status;
    int64_t left_ms = until_ms - MCP__CLOCK_LAG_MS - client->engine.now_ms;
    ours->timeout_ms = left_ms > 1 ? (uint32_t)left_ms : 1;
    return MCP_OK;
}

/* A call of an older or newer program, or one before which something is to be asked. */
static __attribute__((noinline)) mcp_status
call_converted(mcp_client *client, const mcp_request *request, mcp_result *result)
{
    mcp_request ours = mcp__client_request(request);
    mcp_result our_result = MCP_RESULT_INIT;
    if (result != NULL && !mcp__client_can_tell(client, result))
        return refuse(client, NULL, MCP_BAD_ARGUMENT);
    if (mcp__client_asks(client)) {
        mcp_status status = discover(client, &ours);
        if (status != MCP_OK)
            return refuse(client, result, status);
    }
    mcp_status status = call(client, &ours, &our_result);
    if (result != NULL)
        mcp__client_give(result, &our_result);
    return status;
}

static __attribute__((noinline)) mcp_status
refuse_busy(mcp_result *result)
{
    mcp_result busy = MCP_RESULT_INIT;
    busy.status = MCP_BUSY;
    if (result != NULL)
        mcp__client_give(result, &busy);
    return MCP_BUSY;
}

mcp_status
mcp_call(mcp_client *client, const mcp_request *request, mcp_result *result)
{
    if (mcp__client_is_busy(client))
        return refuse_busy(result);
    mcp__client_enter(client);
    int is_ours = request != NULL && request->size == sizeof *request &&
                  (result == NULL || result->size == sizeof *result);
    mcp_status status = is_ours && !mcp__client_asks(client)
                            ? call(client, request, result)
                            : call_converted(client, request, result);
    mcp__client_tell(client);
    return status;
}

void
mcp_maintain(mcp_client *client)
{
    if (mcp__client_is_busy(client))
        return;
    mcp__client_enter(client);
    int64_t now_ms = mcp__wait_begin(&client->world);
    if (mcp__client_asks(client))
        (void)mcp__discover(client, now_ms + client->config.timeout_ms);
    mcp__wait_drain(&client->world, now_ms);
    if (mcp__chores_any(&client->engine))
        mcp__wait_slice(&client->world, MAINTAIN_MS);
    mcp__client_leave(client);
    mcp__client_tell(client);
}
