/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/recovery.h"

#include <string.h>

#include "api/client_discover.h"
#include "engine/chores.h"
#include "engine/line.h"

/* What is known of one server that is to be put right. */
typedef struct part {
    uint32_t server;
    mcp_status status; /* MCP_NOT_FOUND: not done yet */
    uint32_t away;     /* with MCP_NO_SERVER: who does not answer */
    int is_held_up;    /* done as far as it goes; a partner is not there */
    int64_t busy_ms;   /* when there was a job last */
    int job;           /* which one was seen last; since when, and what was done then: */
    int64_t job_ms;    /* for the estimate of what remains */
    uint64_t job_done;
} part;

typedef struct recovery {
    mcp_client *client;
    part *parts;
    size_t n;
    int job;
    uint32_t rate;
    int64_t begin_ms;
    int64_t end_ms;
    int64_t now_ms;
    int64_t told_ms;
    uint64_t limit_ms; /* as the caller said, for the message */
    mcp_progress_callback callback;
    void *context;
} recovery;

/* ---- Who is there ------------------------------------------------------------------------- */

/* Could `other` hold a copy of a key of `server`? */
static int
is_partner(const mcp_client *client, uint32_t server, uint32_t other)
{
    uint32_t n_primaries = client->engine.n_primaries;
    switch (client->config.mirror) {
    case MCP__MIRROR_OFF:
        return 0;
    case MCP__MIRROR_BACKUP:
        return (server < n_primaries) != (other < n_primaries);
    case MCP__MIRROR_NEXT:
    case MCP__MIRROR_PROBE:
        return server != other && server < n_primaries && other < n_primaries;
    }
    return 0;
}

static int
is_there(const recovery *r, uint32_t server)
{
    return mcp__health_is_usable(&r->client->engine.servers[server].health);
}

/* Has it been away for so long that nobody should wait for it? */
static int
is_away(const recovery *r, uint32_t server)
{
    const mcp__health *health = &r->client->engine.servers[server].health;
    return (health->state == MCP_STATE_DOWN || health->state == MCP_STATE_PROBING) &&
           r->now_ms - health->since_ms > (int64_t)r->client->config.timeout_ms;
}

/* The first partner that is not there, or is away for good; MCP__NO_SERVER: there is none. */
static uint32_t
missing_partner(const recovery *r, uint32_t server, int for_good)
{
    for (uint32_t i = 0; i < r->client->engine.n_servers; i++) {
        if (is_partner(r->client, server, i) && (for_good ? is_away(r, i) : !is_there(r, i)))
            return i;
    }
    return MCP__NO_SERVER;
}

/* ---- What came of it ---------------------------------------------------------------------- */

static void
explain_away(mcp__err *err, const mcp__server *servers, const part *p)
{
    const mcp__server *away = &servers[p->away];
    int is_partner_away = p->away != p->server;
    mcp__err_set(err, MCP_NO_SERVER, "%.64s%s%.64s%s does not answer%s%s", away->spec->name,
                 is_partner_away ? ", a partner of " : "",
                 is_partner_away ? servers[p->server].spec->name : "", is_partner_away ? "," : "",
                 away->health.why[0] != '\0' ? ": " : "", away->health.why);
    err->server = (int)p->away;
}

static void
explain_late(const recovery *r, mcp__err *err, const char *name, const part *p)
{
    mcp_progress progress = {.phase = NULL};
    mcp__chores_progress(&r->client->engine, p->server, &progress);
    mcp__err_set(err, MCP_TIMEOUT, "%.64s is not done within %llu ms%s%s", name,
                 (unsigned long long)r->limit_ms, progress.phase != NULL ? ": " : "",
                 progress.phase != NULL ? progress.phase : "");
}

/* Says what happened to the first server that failed, which is the call's status. */
static mcp_status
explain(const recovery *r, const part *p, mcp_status status)
{
    mcp__err *err = &r->client->err;
    const mcp__server *servers = r->client->engine.servers;
    const char *name = servers[p->server].spec->name;
    if (status == MCP_NO_SERVER && p->away != MCP__NO_SERVER) {
        explain_away(err, servers, p);
        return status;
    }
    if (status == MCP_TIMEOUT)
        explain_late(r, err, name, p);
    else if (status == MCP_NOT_STORED)
        mcp__err_set(err, status, "%.64s: ended by the callback", name);
    else if (status == MCP_UNSUPPORTED)
        mcp__err_set(err, status, "%.64s: a partner cannot list its keys", name);
    else
        mcp__err_set(err, status, "%.64s: %s", name, mcp_strstatus(status));
    err->server = (int)p->server;
    return status;
}

/* Ended before all was done. */
static mcp_status
break_off(const recovery *r, mcp_status status)
{
    const part *p = r->parts;
    while (p->status != MCP_NOT_FOUND)
        p++;
    return explain(r, p, status);
}

static mcp_status
first_failure(const recovery *r)
{
    for (size_t i = 0; i < r->n; i++) {
        if (r->parts[i].status != MCP_OK)
            return explain(r, &r->parts[i], r->parts[i].status);
    }
    return MCP_OK;
}

static mcp_status
is_without(part *p, uint32_t away)
{
    p->away = away;
    return MCP_NO_SERVER;
}

/* ---- One server, one look ----------------------------------------------------------------- */

/* The work goes on. Is it in vain? */
static mcp_status
look_at_work(recovery *r, part *p)
{
    mcp_progress progress = {.job = MCP_JOB_NONE, .partner = -1};
    if (is_away(r, p->server))
        return is_without(p, p->server);
    mcp__chores_progress(&r->client->engine, p->server, &progress);
    if (progress.job != MCP_JOB_NONE)
        p->busy_ms = r->now_ms;
    uint32_t away = missing_partner(r, p->server, 1);
    if (away == MCP__NO_SERVER)
        return MCP_NOT_FOUND;
    int is_idle = r->now_ms - p->busy_ms > (int64_t)r->client->config.timeout_ms;
    int is_with_it = progress.job != MCP_JOB_NONE && progress.partner == (int)away;
    return is_idle || is_with_it ? is_without(p, away) : MCP_NOT_FOUND;
}

/* Nothing is left to be done with those who are there. A partner that is not may know more. */
static mcp_status
look_at_partners(const recovery *r, part *p)
{
    if (is_away(r, p->server))
        return is_without(p, p->server);
    uint32_t away = missing_partner(r, p->server, 1);
    p->is_held_up = !is_there(r, p->server) || missing_partner(r, p->server, 0) != MCP__NO_SERVER;
    if (away != MCP__NO_SERVER)
        return is_without(p, away);
    return p->is_held_up ? MCP_NOT_FOUND : MCP_OK;
}

static void
look_at(recovery *r, part *p)
{
    if (!r->client->engine.settings.promise.keeps_record) {
        p->status = MCP_OK; /* there are no second copies, so nothing can be missed */
        return;
    }
    if (p->is_held_up) {
        p->status = look_at_partners(r, p);
        if (p->is_held_up || p->status != MCP_OK)
            return;
        p->status = MCP_NOT_FOUND; /* all are there now: ask once more */
    }
    mcp_status status = mcp__chores_want(&r->client->engine, p->server, r->job, r->rate);
    if (status == MCP_NOT_FOUND || status == MCP_NO_SERVER) /* a blip is waited out */
        p->status = look_at_work(r, p);
    else if (status == MCP_OK)
        p->status = look_at_partners(r, p);
    else
        p->status = status;
}

/* ---- What the user is told ---------------------------------------------------------------- */

/* As if the rest went on as it went since the job was first seen. */
static uint64_t
estimate_ms(const part *p, const mcp_progress *progress, int64_t now_ms)
{
    uint64_t did = progress->done - p->job_done;
    uint64_t took_ms = (uint64_t)(now_ms - p->job_ms);
    if (did == 0 || took_ms == 0 || progress->total <= progress->done)
        return 0;
    double rest = (double)(progress->total - progress->done) / (double)did;
    return (uint64_t)(rest * (double)took_ms) + progress->wait_ms + 1;
}

/* Why there is no job. */
static const char *
what_it_waits_for(const recovery *r, const part *p)
{
    const mcp__engine *engine = &r->client->engine;
    if (!is_there(r, p->server))
        return "waiting for the server";
    if (missing_partner(r, p->server, 0) != MCP__NO_SERVER)
        return "waiting for a partner";
    for (uint32_t i = 0; i < engine->n_servers; i++) {
        if (is_partner(r->client, p->server, i) &&
            mcp__line_state(engine, &engine->servers[i]) != MCP_STATE_UP)
            return "waiting for a partner to be right";
    }
    return "waiting";
}

static int
tell_of(recovery *r, part *p)
{
    mcp_client *client = r->client;
    mcp_progress progress = {.size = sizeof progress, .partner = -1, .phase = ""};
    mcp__chores_progress(&client->engine, p->server, &progress);
    progress.server = (int)p->server;
    if (progress.job == MCP_JOB_NONE)
        progress.phase = what_it_waits_for(r, p);
    else if (progress.phase == NULL)
        progress.phase = "";
    if (progress.job != p->job || progress.done < p->job_done) {
        p->job = progress.job;
        p->job_ms = r->now_ms;
        p->job_done = progress.done;
    }
    progress.elapsed_ms = (uint64_t)(r->now_ms - r->begin_ms);
    progress.remaining_ms = estimate_ms(p, &progress, r->now_ms);
    client->events.is_calling_back = 1;
    int ended = r->callback(r->context, &progress);
    client->events.is_calling_back = 0;
    return ended;
}

/* 1: the user wants an end. */
static int
tell(recovery *r)
{
    if (r->callback == NULL || r->now_ms - r->told_ms < MCP__RECOVERY_TELL_MS)
        return 0;
    r->told_ms = r->now_ms;
    for (size_t i = 0; i < r->n; i++) {
        if (r->parts[i].status == MCP_NOT_FOUND && tell_of(r, &r->parts[i]) != 0)
            return 1;
    }
    return 0;
}

/* ---- The loop ----------------------------------------------------------------------------- */

/* How many servers are not done yet. */
static size_t
look(recovery *r)
{
    size_t n_open = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (r->parts[i].status == MCP_NOT_FOUND)
            look_at(r, &r->parts[i]);
        n_open += r->parts[i].status == MCP_NOT_FOUND;
    }
    return n_open;
}

static mcp_status
do_job(recovery *r, int job)
{
    mcp_client *client = r->client;
    r->job = job;
    r->now_ms = mcp__wait_begin(&client->world);
    for (size_t i = 0; i < r->n; i++) {
        r->parts[i].status = MCP_NOT_FOUND;
        r->parts[i].away = MCP__NO_SERVER;
        r->parts[i].busy_ms = r->now_ms;
    }
    while (look(r) > 0) {
        if (r->now_ms >= r->end_ms)
            return break_off(r, MCP_TIMEOUT);
        if (tell(r))
            return break_off(r, MCP_NOT_STORED);
        mcp__client_tell(client);
        mcp__wait_slice(&client->world, MCP__RECOVERY_SLICE_MS);
        r->now_ms = mcp__wait_begin(&client->world);
    }
    return first_failure(r);
}

/* Asks everybody, so that connections stand and what is on record there is known. */
static mcp_status
greet_all(mcp_client *client, uint64_t limit_ms)
{
    enum { AT_ONCE = 64 };
    mcp_request requests[AT_ONCE];
    mcp_result results[AT_ONCE];
    uint32_t timeout_ms = client->config.timeout_ms;
    const mcp__err before = client->err;
    for (uint32_t next = 0; next < client->engine.n_servers;) {
        size_t n = 0;
        for (; n < AT_ONCE && next < client->engine.n_servers; n++, next++) {
            requests[n] = (mcp_request)MCP_REQUEST_INIT;
            requests[n].verb = MCP_PING;
            requests[n].server = (int)next;
            requests[n].timeout_ms =
                limit_ms > 0 && limit_ms < timeout_ms ? (uint32_t)limit_ms : timeout_ms;
            results[n] = (mcp_result)MCP_RESULT_INIT;
        }
        mcp_batch(client, requests, results, n);
        if (results[0].status == MCP_NO_MEMORY)
            return MCP_NO_MEMORY;
    }
    client->err = before; /* whether it matters who is away is seen later */
    return MCP_OK;
}

static mcp_status
check(mcp_client *client, int server, int job)
{
    mcp__err *err = &client->err;
    int n = (int)client->engine.n_servers;
    if (mcp__client_is_busy(client))
        return MCP_BUSY;
    if (server < (job == MCP_JOB_REPAIR ? -1 : 0) || server >= n)
        return mcp__err_set(err, MCP_BAD_ARGUMENT, "there is no server %d, only 0 to %d", server,
                            n - 1);
    return MCP_OK;
}

static mcp_status
do_jobs(recovery *r, int job)
{
    mcp_client *client = r->client;
    r->end_ms = r->limit_ms == 0 || r->limit_ms > INT64_MAX / 2
                    ? INT64_MAX
                    : r->begin_ms + (int64_t)r->limit_ms;
    mcp_status status = do_job(r, MCP_JOB_REPAIR);
    if (status == MCP_OK && job != MCP_JOB_REPAIR)
        status = do_job(r, job);
    for (size_t i = 0; i < r->n; i++)
        mcp__chores_unwant(&client->engine, r->parts[i].server);
    return status;
}

static mcp_status
recover_one_list(recovery *r, int server, int job)
{
    mcp_client *client = r->client;
    mcp_status status = check(client, server, job);
    if (status != MCP_OK)
        return status;
    r->begin_ms = r->told_ms = mcp__clock_exact(&client->world.clock);
    status = greet_all(client, r->limit_ms);
    if (status != MCP_OK)
        return status;
    r->n = server < 0 ? client->engine.n_servers : 1;
    r->parts = mcp__mem_new_zeroed(&client->mem, r->n, sizeof *r->parts);
    if (r->parts == NULL)
        return mcp__err_set(&client->err, MCP_NO_MEMORY, "no memory for the call");
    for (size_t i = 0; i < r->n; i++)
        r->parts[i].server = server < 0 ? (uint32_t)i : (uint32_t)server;
    mcp__client_enter(client);
    status = do_jobs(r, job);
    mcp__client_leave(client);
    mcp__mem_free(&client->mem, r->parts);
    mcp__client_tell(client);
    return status;
}

static mcp_status
recover(recovery *r, int server, int job)
{
    mcp_status status = mcp__discover_first(r->client);
    if (status != MCP_OK)
        return status;
    int64_t ask_ms = mcp__discover_hold(r->client);
    status = recover_one_list(r, server, job);
    mcp__discover_go_on(r->client, ask_ms);
    return status;
}

mcp_status
mcp_repair(mcp_client *client, int server, uint64_t limit_ms, mcp_progress_callback callback,
           void *context)
{
    recovery r = {.client = client, .limit_ms = limit_ms, .callback = callback, .context = context};
    return recover(&r, server, MCP_JOB_REPAIR);
}

mcp_status
mcp_resync(mcp_client *client, int server, uint32_t rate, uint64_t limit_ms,
           mcp_progress_callback callback, void *context)
{
    recovery r = {.client = client,
                  .limit_ms = limit_ms,
                  .rate = rate,
                  .callback = callback,
                  .context = context};
    return recover(&r, server, MCP_JOB_RESYNC);
}
