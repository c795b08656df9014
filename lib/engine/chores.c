/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/chores.h"

#include "engine/dumper.h"
#include "engine/job.h"
#include "engine/line.h"
#include "engine/payer.h"
#include "engine/record.h"
#include "engine/tasks.h"
#include "wire/base64.h"
#include "wire/fold.h"
#include "wire/key.h"

/* How often it is looked whether a job is to be begun, and how long one that failed rests. */
#define LOOK_MS 50
#define REST_MS 200
#define LONG_REST_MS 60000

/* Which job this server needs; MCP_JOB_NONE: none, or not now. `*witness`: of a repair. */
static int
needed_job(const mcp__engine *engine, const mcp__server *server, uint32_t *witness)
{
    int repairs = engine->settings.repairs || server->wanted != MCP_JOB_NONE;
    int resyncs = engine->settings.resyncs || server->wanted == MCP_JOB_RESYNC;
    if (!mcp__health_is_usable(&server->health) || engine->now_ms < server->job_rest_ms)
        return MCP_JOB_NONE;
    if (server->missed_on >= 0) {
        *witness = (uint32_t)server->missed_on;
        return repairs && mcp__job_is_usable(engine, *witness) ? MCP_JOB_REPAIR : MCP_JOB_NONE;
    }
    int is_empty = server->ledger.epoch == MCP__EPOCH_WARMING || server->wanted == MCP_JOB_RESYNC;
    return is_empty && resyncs ? MCP_JOB_RESYNC : MCP_JOB_NONE;
}

static int
is_waiting_for_job(const mcp__engine *engine, const mcp__server *server)
{
    return (server->missed_on >= 0 && engine->settings.repairs) ||
           (server->ledger.epoch == MCP__EPOCH_WARMING && engine->settings.resyncs) ||
           server->wanted != MCP_JOB_NONE;
}

/* Nobody is there to fill it from, and nobody will be: its misses are final after all. */
static int
has_no_source(const mcp__engine *engine, const mcp__server *server)
{
    for (uint32_t i = 0; i < engine->n_servers; i++) {
        if (mcp__pool_are_partners(engine, i, server->number) &&
            engine->servers[i].ledger.epoch != MCP__EPOCH_WARMING)
            return 0;
    }
    return 1;
}

static void
declare_ready(mcp__engine *engine, mcp__server *server)
{
    mcp_state before = mcp__line_state(engine, server);
    server->ledger.epoch = MCP__EPOCH_READY;
    server->ledger.epoch_item.is_warming = 0;
    mcp__line_ask(engine, server, MCP__ASK_EPOCH_STORED);
    mcp__record_filled(engine, server, before);
}

static void
begin_needed(mcp__engine *engine)
{
    if (!engine->wants_chores || engine->now_ms < engine->chores_ms)
        return;
    engine->chores_ms = engine->now_ms + LOOK_MS;
    engine->wants_chores = 0;
    mcp__payer_run(engine, 0);
    for (uint32_t i = 0; i < engine->n_servers; i++) {
        mcp__server *server = &engine->servers[i];
        uint32_t witness = 0;
        if (server->job != NULL || !is_waiting_for_job(engine, server))
            continue;
        if (server->ledger.epoch == MCP__EPOCH_WARMING && server->missed_on < 0 &&
            mcp__health_is_usable(&server->health) && has_no_source(engine, server)) {
            declare_ready(engine, server);
            continue;
        }
        int kind = needed_job(engine, server, &witness);
        if (kind == MCP_JOB_NONE || mcp__job_begin(engine, i, kind, witness) == NULL)
            engine->wants_chores = 1;
    }
}

/* ---- errands ---- */

static uint8_t
ask_of(const mcp__errand *errand)
{
    switch (errand->what) {
    case MCP__ERRAND_READ:
        return MCP__COMMAND_GET;
    case MCP__ERRAND_PEEK:
        return MCP__COMMAND_PEEK;
    case MCP__ERRAND_STORE:
        return errand->unique != 0 ? MCP__COMMAND_CAS : MCP__COMMAND_SET;
    case MCP__ERRAND_ADD:
        return MCP__COMMAND_ADD;
    case MCP__ERRAND_DELETE:
        return MCP__COMMAND_DELETE;
    default:
        return MCP__COMMAND_PING;
    }
}

static void
tell(mcp__engine *engine, mcp__job *job, uint32_t tag, const mcp__outcome *outcome)
{
    job->n_told++;
    job->until_ms = 0;
    if (job->kind == MCP_JOB_REPAIR)
        mcp__repair_told(&job->repair, tag, outcome, engine->now_ms);
    else
        mcp__resync_told(&job->resync, tag, outcome, engine->now_ms);
}

static void
tell_status(mcp__engine *engine, mcp__job *job, uint32_t tag, mcp__outcome_status status)
{
    mcp__outcome outcome = {.status = (uint8_t)status};
    tell(engine, job, tag, &outcome);
}

static void
hand_out(mcp__engine *engine, mcp__job *job, const mcp__errand *errand)
{
    int is_pair = errand->what == MCP__ERRAND_COPY || errand->what == MCP__ERRAND_COMPARE;
    mcp__background wanted = {
        .verb = errand->what == MCP__ERRAND_COPY      ? MCP__VERB_COPY
                : errand->what == MCP__ERRAND_COMPARE ? MCP__VERB_COMPARE
                                                      : MCP__VERB_ASK,
        .ask = ask_of(errand),
        .with_initial = errand->deletes_first,
        .may_stand = errand->may_stand,
        .keeps_key = 1,
        .is_base64 = errand->is_base64,
        .server = {errand->server, is_pair ? errand->from : MCP__NO_SERVER},
        .key = errand->key,
        .value = errand->value,
        .ttl = errand->ttl,
        .flags = errand->flags,
        .unique = errand->unique,
        .job = job,
    };
    mcp__task *task = mcp__tasks_begin_background(engine, &wanted);
    if (task == NULL) { /* no memory */
        tell_status(engine, job, errand->tag, MCP__OUTCOME_FAILED);
        return;
    }
    task->tag = errand->tag;
    job->n_flying++;
}

static void
take_outcomes(mcp__engine *engine)
{
    mcp__task *task;
    while ((task = engine->first_errand) != NULL) {
        engine->first_errand = task->next;
        if (engine->first_errand == NULL)
            engine->last_errand = NULL;
        mcp__job *job = task->job;
        const mcp__op *op = &task->op;
        mcp__outcome outcome = {
            .status = (uint8_t)op->number,
            .value = op->result_value,
            .flags = op->result_flags,
            .unique = op->copy_cas[MCP__PRIMARY],
        };
        job->n_flying--;
        if (op->verb == MCP__VERB_COPY) { /* a key that is gone is made good by its removal */
            mcp__tally *tally = &engine->servers[job->server].tally;
            int is_copied = op->number == MCP__OUTCOME_DONE;
            tally->refilled += job->kind == MCP_JOB_RESYNC && is_copied;
            tally->repaired +=
                job->kind == MCP_JOB_REPAIR && (is_copied || op->number == MCP__OUTCOME_MISSING);
        }
        tell(engine, job, (uint32_t)task->tag, &outcome);
        mcp__pool_give_back(engine, task);
    }
}

/* ---- dumps and new connections ---- */

/* A dump tells raw bytes: those of a binary key go into journals and over the wire in base64. */
static void
tell_dumped(const mcp__engine *engine, mcp__job *job, mcp__span key)
{
    char text[MCP__BASE64_LEN(MCP__BASE64_RAW_MAX)];
    mcp__span binary = mcp__fold_binary(key, engine->settings.promise.prefix);
    int is_base64 = binary.len > 0 || !mcp__key_is_clean(key.bytes, key.len);
    if (binary.len == 0 && is_base64 && key.len > MCP__BASE64_RAW_MAX)
        return; /* stored by the binary protocol: no text command names it */
    if (binary.len > 0)
        key = binary;
    else if (is_base64)
        key = (mcp__span){text, mcp__base64_encode(text, key.bytes, key.len)};
    if (job->kind == MCP_JOB_REPAIR)
        mcp__repair_dumped(&job->repair, job->dump_tag, key, is_base64);
    else
        mcp__resync_dumped(&job->resync, job->dump_tag, key, is_base64);
}

static void
run_dump(mcp__engine *engine, mcp__job *job)
{
    mcp__dump_line line;
    mcp__outcome_status status = MCP__OUTCOME_FAILED;
    int more;
    if (engine->dumping == NULL) { /* another dump had the line until now */
        if (mcp__dumper_is_busy(engine))
            return;
        engine->dumping = job;
        mcp__dumper_begin(engine, job->dump_server);
    }
    if (engine->dumping != job)
        return;
    while ((more = mcp__dumper_next(engine, &line, &status)) > 0)
        tell_dumped(engine, job, line.key);
    if (more == 0)
        return;
    job->is_dumping = 0;
    engine->dumping = NULL;
    tell_status(engine, job, job->dump_tag, status);
}

static void
begin_dump(mcp__engine *engine, mcp__job *job, const mcp__errand *errand)
{
    job->is_dumping = 1;
    job->dump_tag = errand->tag;
    job->dump_server = errand->server;
    /* The classic protocol does not tell how long a value has to live, so none can be copied. */
    if (job->kind == MCP_JOB_RESYNC && engine->servers[errand->server].link.is_classic) {
        job->is_dumping = 0;
        tell_status(engine, job, errand->tag, MCP__OUTCOME_UNABLE);
        return;
    }
    if (engine->dumping != NULL || mcp__dumper_is_busy(engine))
        return;
    engine->dumping = job;
    mcp__dumper_begin(engine, errand->server);
}

static void
run_renewal(mcp__engine *engine, mcp__job *job)
{
    mcp__server *server = &engine->servers[job->renew_server];
    int is_new = mcp__line_renew(engine, server, job->renew_since_ms);
    if (!is_new && engine->now_ms < job->renew_until_ms && mcp__health_is_usable(&server->health))
        return;
    job->is_renewing = 0;
    tell_status(engine, job, job->renew_tag, is_new ? MCP__OUTCOME_DONE : MCP__OUTCOME_FAILED);
}

static void
begin_renewal(mcp__engine *engine, mcp__job *job, const mcp__errand *errand)
{
    job->is_renewing = 1;
    job->renew_server = errand->server;
    job->renew_tag = errand->tag;
    job->renew_since_ms = errand->since_ms;
    job->renew_until_ms = engine->now_ms + engine->settings.timeout_ms;
    run_renewal(engine, job);
}

/* ---- ending ---- */

static void
rest(mcp__engine *engine, mcp__job *job, int64_t rest_ms)
{
    engine->servers[job->server].job_rest_ms = engine->now_ms + rest_ms;
    engine->wants_chores = 1;
}

/* What was asked for by hand has an answer. */
static void
answer_want(mcp__engine *engine, const mcp__job *job, mcp_status status)
{
    mcp__server *server = &engine->servers[job->server];
    if (server->wanted != job->kind)
        return;
    server->wanted = MCP_JOB_NONE;
    server->has_answer = 1;
    server->answer = (int16_t)status;
}

static void
end_repair(mcp__engine *engine, mcp__job *job)
{
    mcp__server *witness = &engine->servers[job->witness];
    mcp__job_note_end(engine, job, job->repair.result == MCP__REPAIR_DONE);
    switch (job->repair.result) {
    case MCP__REPAIR_AWAY:
        job->is_parked = 1;
        job->until_ms = engine->now_ms + REST_MS;
        return;
    case MCP__REPAIR_NO_DUMP:
    case MCP__REPAIR_FOREIGN:
        answer_want(engine, job, MCP_UNSUPPORTED);
        rest(engine, job, LONG_REST_MS);
        break;
    case MCP__REPAIR_DONE: /* what the marks say now is what counts */
        witness->ledger.queued_ms = MCP__LEDGER_NEVER;
        mcp__line_ask(engine, witness, MCP__ASK_MARKS);
        rest(engine, job, 0);
        break;
    default:
        rest(engine, job, REST_MS);
        break;
    }
    mcp__job_free(engine, job);
}

static void
end_resync(mcp__engine *engine, mcp__job *job)
{
    mcp__server *server = &engine->servers[job->server];
    mcp__job_note_end(engine, job, job->resync.result == MCP__RESYNC_DONE);
    switch (job->resync.result) {
    case MCP__RESYNC_DONE:
        if (server->ledger.epoch == MCP__EPOCH_WARMING)
            declare_ready(engine, server);
        answer_want(engine, job, MCP_OK);
        break;
    case MCP__RESYNC_NO_DUMP:
        answer_want(engine, job, MCP_UNSUPPORTED);
        rest(engine, job, LONG_REST_MS);
        break;
    default:
        rest(engine, job, 2 * REST_MS);
        break;
    }
    mcp__job_free(engine, job);
}

/* ---- running ---- */

/* One errand; 0: there is none to be had now. */
static int
run_step(mcp__engine *engine, mcp__job *job, int *is_over)
{
    mcp__errand errand = {.what = MCP__ERRAND_NONE, .until_ms = INT64_MAX};
    if (job->kind == MCP_JOB_REPAIR) {
        mcp__sight sight = mcp__job_sight(engine, job->server, job->witness);
        mcp__repair_next(&job->repair, &sight, engine->now_ms, &errand);
    } else {
        mcp__job_look_at_partners(engine, job);
        mcp__resync_next(&job->resync, mcp__job_is_usable(engine, job->server), engine->now_ms,
                         &errand);
    }
    switch (errand.what) {
    case MCP__ERRAND_NONE:
        job->until_ms = errand.until_ms;
        return 0;
    case MCP__ERRAND_DONE:
        *is_over = 1;
        return 0;
    case MCP__ERRAND_DUMP:
        begin_dump(engine, job, &errand);
        return 1;
    case MCP__ERRAND_RENEW:
        begin_renewal(engine, job, &errand);
        return 1;
    default:
        hand_out(engine, job, &errand);
        return 1;
    }
}

/* More errands than this at once are not handed out, whatever the job says. */
#define ERRANDS_AT_ONCE 1024

/* A job that waits is looked at now and then all the same: a server may have gone. */
static int
is_due(const mcp__engine *engine, const mcp__job *job)
{
    return job->is_renewing || job->is_dumping || engine->now_ms >= job->until_ms ||
           engine->now_ms - job->looked_ms >= LOOK_MS;
}

/* What is left of a repair is a look at it later: the server may have its next job. */
static void
set_aside(mcp__engine *engine, mcp__job *job)
{
    mcp__server *server = &engine->servers[job->server];
    if (job->kind != MCP_JOB_REPAIR || job->repair.phase != MCP__REPAIR_RESTING ||
        server->job != job)
        return;
    mcp__job_note_end(engine, job, 1);
    server->job = NULL;
    engine->wants_chores = 1;
    engine->servers[job->witness].ledger.queued_ms = MCP__LEDGER_NEVER;
    mcp__line_ask(engine, &engine->servers[job->witness], MCP__ASK_MARKS);
}

/* Somebody else was faster: the server says of itself that it is whole again. */
static int
is_done_by_others(const mcp__engine *engine, const mcp__job *job)
{
    const mcp__server *server = &engine->servers[job->server];
    return job->kind == MCP_JOB_RESYNC && server->wanted == MCP_JOB_NONE &&
           server->ledger.epoch == MCP__EPOCH_READY;
}

static void
run_job(mcp__engine *engine, mcp__job *job)
{
    int is_over = 0, n = 0;
    if (job->is_parked) {
        if (engine->now_ms < job->until_ms)
            return;
        if (!mcp__job_is_usable(engine, job->server) || !mcp__job_is_usable(engine, job->witness)) {
            job->until_ms = engine->now_ms + REST_MS;
            return;
        }
        job->is_parked = 0;
        mcp__repair_resume(&job->repair, engine->now_ms);
    }
    if (!is_due(engine, job))
        return;
    job->looked_ms = engine->now_ms;
    if (is_done_by_others(engine, job))
        mcp__resync_stop(&job->resync);
    if (job->is_renewing)
        run_renewal(engine, job);
    if (job->is_dumping)
        run_dump(engine, job);
    while (n++ < ERRANDS_AT_ONCE && run_step(engine, job, &is_over))
        ;
    if (job->kind == MCP_JOB_REPAIR && job->repair.n_evicted > 0 && !job->has_told_loss) {
        job->has_told_loss = 1;
        mcp__record_lost(engine, job->server, job->witness);
    }
    if (!is_over) {
        set_aside(engine, job);
        return;
    }
    if (job->kind == MCP_JOB_REPAIR)
        end_repair(engine, job);
    else
        end_resync(engine, job);
}

/* A mark that is gone needs no job that waits for a server. */
static int
is_moot(const mcp__engine *engine, const mcp__job *job)
{
    return job->is_parked && job->n_flying == 0 &&
           !mcp__ledger_lists(&engine->servers[job->witness].ledger,
                              engine->servers[job->server].ledger.id8);
}

void
mcp__chores_run(mcp__engine *engine)
{
    mcp__job *next;
    if (!mcp__chores_any(engine))
        return;
    take_outcomes(engine);
    begin_needed(engine);
    for (mcp__job *job = engine->first_job; job != NULL; job = next) {
        next = job->next;
        if (is_moot(engine, job))
            mcp__job_free(engine, job);
        else
            run_job(engine, job);
    }
    mcp__tasks_settle(engine);
    take_outcomes(engine);
}

int64_t
mcp__chores_next_time(const mcp__engine *engine)
{
    int64_t next_ms = engine->wants_chores ? engine->chores_ms : INT64_MAX;
    for (const mcp__job *job = engine->first_job; job != NULL; job = job->next) {
        if (job->until_ms < next_ms)
            next_ms = job->until_ms;
    }
    return next_ms;
}

int
mcp__chores_are_flying(const mcp__engine *engine)
{
    for (const mcp__job *job = engine->first_job; job != NULL; job = job->next) {
        if (job->n_flying > 0 || job->is_dumping || job->is_renewing)
            return 1;
    }
    return 0;
}

void
mcp__chores_leave(mcp__engine *engine)
{
    for (const mcp__job *job = engine->first_job; job != NULL; job = job->next) {
        const mcp__lock *lock = job->kind == MCP_JOB_REPAIR ? &job->repair.lock : &job->resync.lock;
        mcp__background wanted = {
            .verb = MCP__VERB_ASK,
            .ask = MCP__COMMAND_DELETE,
            .server = {lock->server, MCP__NO_SERVER},
            .key = {lock->key, lock->key_len},
            .unique = lock->unique,
        };
        if (lock->is_held)
            (void)mcp__tasks_begin_background(engine, &wanted);
    }
    mcp__payer_run(engine, 1);
    mcp__tasks_settle(engine);
}

void
mcp__chores_end(mcp__engine *engine)
{
    while (engine->first_job != NULL)
        mcp__job_free(engine, engine->first_job);
    engine->first_errand = engine->last_errand = NULL;
}

/* ---- by hand ---- */

mcp_status
mcp__chores_want(mcp__engine *engine, uint32_t number, int job, uint32_t rate)
{
    mcp__server *server = &engine->servers[number];
    if (server->has_answer) {
        server->has_answer = 0;
        return (mcp_status)server->answer;
    }
    if (server->wanted == MCP_JOB_NONE) {
        server->wanted = (uint8_t)job;
        server->wanted_rate = rate;
        server->job_rest_ms = 0;
        if (server->job != NULL) /* one that has begun by itself goes on as it is wanted now */
            mcp__job_set_pace(engine, server->job);
    }
    if (job == MCP_JOB_REPAIR && server->missed_on < 0 &&
        server->ledger.epoch != MCP__EPOCH_UNKNOWN && !mcp__payer_owes(engine, number)) {
        server->wanted = MCP_JOB_NONE;
        return MCP_OK;
    }
    engine->wants_chores = 1;
    if (!mcp__health_is_usable(&server->health))
        return MCP_NO_SERVER;
    if (server->missed_on >= 0 && !mcp__job_is_usable(engine, (uint32_t)server->missed_on))
        return MCP_NO_SERVER;
    return MCP_NOT_FOUND;
}

void
mcp__chores_unwant(mcp__engine *engine, uint32_t number)
{
    mcp__server *server = &engine->servers[number];
    server->wanted = MCP_JOB_NONE;
    server->has_answer = 0;
    if (server->job == NULL)
        return;
    if (server->job->kind == MCP_JOB_REPAIR && !engine->settings.repairs)
        mcp__repair_stop(&server->job->repair);
    if (server->job->kind == MCP_JOB_RESYNC)
        mcp__resync_stop(&server->job->resync);
}

void
mcp__chores_progress(const mcp__engine *engine, uint32_t number, mcp_progress *progress)
{
    const mcp__job *job = engine->servers[number].job;
    int64_t until_ms = 0;
    progress->job = MCP_JOB_NONE;
    progress->server = (int)number;
    progress->partner = engine->servers[number].missed_on;
    progress->phase = "";
    progress->done = progress->total = progress->wait_ms = 0;
    if (job == NULL)
        return;
    progress->job = job->kind;
    if (job->kind == MCP_JOB_REPAIR) {
        progress->partner = (int)job->witness;
        progress->phase = mcp__repair_phase_name(job->repair.phase);
        progress->done = job->repair.n_keys;
        until_ms = job->repair.waiting_until_ms;
    } else {
        const mcp__resync *resync = &job->resync;
        if (resync->partner != MCP__NO_SERVER)
            progress->partner = (int)resync->partner;
        progress->phase = mcp__resync_phase_name(resync->phase);
        progress->done = resync->n_copied + resync->n_kept + resync->n_missing + resync->n_refused +
                         resync->n_failed;
        progress->total = resync->n_known;
    }
    if (until_ms > engine->now_ms)
        progress->wait_ms = (uint64_t)(until_ms - engine->now_ms);
}
