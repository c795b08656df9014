/* SPDX-License-Identifier: BSD-3-Clause */
#include "worker.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache.h"
#include "support/run.h"
#include "support/wait.h"

enum { BATCH = 8, BATCH_OF_SETS = 3, FILLERS = 3, REOPEN_MS = 400, READY_MS = 30000 };

typedef struct worker {
    yard *yard;
    yard_log *log;
    const worker_plan *plan;
    cache *cache;
    uint64_t random;
    uint64_t last_value;
    uint64_t count; /* the highest number that the counter may have */
    uint64_t growth;
    int growth_is_unsure; /* an append without an answer: the next number is not known */
    int64_t reopen_ms;
    char values[BATCH_OF_SETS][KEYS_VALUE_MAX];
} worker;

static unsigned
draw(worker *w, unsigned below)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return (unsigned)(w->random >> 33) % below;
}

/* ---- Writing down ------------------------------------------------------------------------- */

static history_record *
begin(worker *w, history_op op, uint32_t key, uint64_t value)
{
    unsigned n = atomic_load(&w->log->n);
    history_record *r = &w->log->records[n];

    if (n + 1 == YARD_RECORDS) {
        atomic_store(&w->log->is_full, 1);
        return r;
    }
    memset(r, 0, sizeof *r);
    r->op = (uint8_t)op;
    r->key = key;
    r->value = value;
    r->client = (uint8_t)w->plan->number;
    r->start_us = now_us();
    atomic_store(&w->log->n, n + 1);
    return r;
}

static history_outcome
outcome_of(const history_record *r, mcp_status status)
{
    if (status == MCP_OK || (r->op == OP_DELETE && status == MCP_NOT_FOUND))
        return OUTCOME_YES;
    if (r->op == OP_READ && status == MCP_NOT_FOUND)
        return OUTCOME_MISS;
    if (status > 0)
        return OUTCOME_NO;
    return r->op == OP_READ || status == MCP_TIMEOUT || status == MCP_NO_SERVER ? OUTCOME_FAILED
                                                                                : OUTCOME_UNKNOWN;
}

static void
finish(history_record *r, const mcp_result *result)
{
    r->end_us = now_us();
    r->status = (int16_t)result->status;
    r->primary = (uint8_t)result->primary;
    r->backup = (uint8_t)result->backup;
    r->from_backup = (uint8_t)result->from_backup;
    r->outcome = (uint8_t)outcome_of(r, result->status);
}

static void
finish_read(history_record *r, const mcp_result *result)
{
    if (result->status == MCP_OK) {
        r->value = keys_value(r->key, result->value, result->value_len, result->flags);
        r->garbled = r->value == 0;
    }
    finish(r, result);
}

/* ---- Requests ----------------------------------------------------------------------------- */

static mcp_request
request_for(mcp_verb verb, uint32_t key, char name[16])
{
    mcp_request request = MCP_REQUEST_INIT;

    request.verb = verb;
    request.key_len = keys_name(name, key);
    request.key = name;
    return request;
}

/* A new text for a key, and the record of its write. */
static history_record *
prepare(worker *w, mcp_request *request, int room, uint32_t key)
{
    uint64_t value = ((uint64_t)w->plan->number + 1) << 40 | ++w->last_value;
    size_t len = 64 + draw(w, 300);

    if (draw(w, 16) == 0)
        len = 3000;
    if (key >= KEYS_FILLER && key < KEYS_STATIC)
        len = 400 + draw(w, 300);
    keys_put(w->values[room], key, value, len);
    request->value = w->values[room];
    request->value_len = len;
    request->flags = key;
    request->ttl = draw(w, 4) == 0 ? 1000 : 0;
    return begin(w, OP_WRITE, key, value);
}

static mcp_result
ask(worker *w, const mcp_request *request, history_record *r)
{
    mcp_result result = MCP_RESULT_INIT;

    cache_call(w->cache, request, &result);
    (r->op == OP_READ ? finish_read : finish)(r, &result);
    return result;
}

static void
read_key(worker *w, uint32_t key)
{
    char name[16];
    mcp_request request = request_for(MCP_GET, key, name);

    ask(w, &request, begin(w, OP_READ, key, 0));
}

static void
store(worker *w, mcp_verb verb, uint32_t key)
{
    char name[16];
    mcp_request request = request_for(verb, key, name);

    ask(w, &request, prepare(w, &request, 0, key));
}

static void
remove_key(worker *w, uint32_t key)
{
    char name[16];
    mcp_request request = request_for(MCP_DELETE, key, name);

    ask(w, &request, begin(w, OP_DELETE, key, 0));
}

static void
touch(worker *w, uint32_t key)
{
    char name[16];
    mcp_request request = request_for(MCP_TOUCH, key, name);

    request.ttl = 500 + draw(w, 500);
    ask(w, &request, begin(w, OP_OTHER, key, 0));
}

static void
read_batch(worker *w)
{
    mcp_request requests[BATCH];
    mcp_result results[BATCH];
    history_record *records[BATCH];
    char names[BATCH][16];
    uint32_t first = draw(w, KEYS_FILLER - BATCH);

    for (uint32_t i = 0; i < BATCH; i++) {
        results[i] = (mcp_result)MCP_RESULT_INIT;
        requests[i] = request_for(MCP_GET, first + i, names[i]);
        records[i] = begin(w, OP_READ, first + i, 0);
    }
    cache_batch(w->cache, requests, results, BATCH);
    for (int i = 0; i < BATCH; i++)
        finish_read(records[i], &results[i]);
}

static void
store_batch(worker *w, uint32_t own)
{
    mcp_request requests[BATCH_OF_SETS];
    mcp_result results[BATCH_OF_SETS];
    history_record *records[BATCH_OF_SETS];
    char names[BATCH_OF_SETS][16];
    uint32_t first = own + draw(w, KEYS_TEXTS - BATCH_OF_SETS);

    for (uint32_t i = 0; i < BATCH_OF_SETS; i++) {
        results[i] = (mcp_result)MCP_RESULT_INIT;
        requests[i] = request_for(MCP_SET, first + i, names[i]);
        records[i] = prepare(w, &requests[i], (int)i, first + i);
    }
    cache_batch(w->cache, requests, results, BATCH_OF_SETS);
    for (int i = 0; i < BATCH_OF_SETS; i++)
        finish(records[i], &results[i]);
}

/* What a write that went through proves to have been there. */
static void
note_seen(worker *w, const history_record *write, uint64_t value, int is_wrong)
{
    history_record *seen = begin(w, OP_SEEN, write->key, value);

    seen->start_us = write->start_us;
    seen->end_us = write->end_us;
    seen->outcome = OUTCOME_YES;
    seen->garbled = (uint8_t)is_wrong;
}

static void
swap(worker *w, uint32_t key)
{
    char name[16];
    mcp_request request = request_for(MCP_GET, key, name);
    history_record *read = begin(w, OP_READ, key, 0);
    history_record *write;
    mcp_result result;

    request.want = MCP_WANT_CAS;
    result = ask(w, &request, read);
    if (read->outcome != OUTCOME_YES)
        return;
    request.verb = MCP_CAS;
    request.want = 0;
    request.cas = result.cas;
    write = prepare(w, &request, 0, key);
    write->is_cas = 1;
    ask(w, &request, write);
    if (write->outcome == OUTCOME_YES)
        note_seen(w, write, read->value, read->garbled);
}

/* ---- Numbers ------------------------------------------------------------------------------ */

/* A number that was tried and may be there from now on. */
static uint64_t
highest(const history_record *r, uint64_t before)
{
    return r->outcome == OUTCOME_YES || r->outcome == OUTCOME_UNKNOWN ? r->value : before;
}

static void
count_up(worker *w, uint32_t key)
{
    char name[16];
    mcp_request request = request_for(MCP_INCR, key, name);
    history_record *r = begin(w, OP_WRITE, key, w->count + 1);
    mcp_result result;
    int is_too_high;

    request.delta = 1;
    request.initial = w->count + 1;
    request.with_initial = 1;
    result = ask(w, &request, r);
    if (r->outcome == OUTCOME_YES) {
        is_too_high = result.number > w->count + 1;
        r->value = result.number;
        note_seen(w, r, result.number - 1, is_too_high);
    }
    w->count = highest(r, w->count) > w->count ? highest(r, w->count) : w->count;
}

static void
forget_count(worker *w, uint32_t key)
{
    char name[16];
    mcp_request request = request_for(MCP_DELETE, key, name);
    history_record *r = begin(w, OP_DELETE, key, w->count + 1);

    ask(w, &request, r);
    w->count = highest(r, w->count);
}

static void
begin_growth(worker *w, uint32_t key)
{
    char name[16];
    mcp_request request = request_for(MCP_SET, key, name);
    uint64_t number = keys_growing_number((w->growth >> 16) + 1, 0);
    history_record *r;

    request.value = w->values[0];
    request.value_len = keys_put_growing(w->values[0], key, number);
    request.flags = key;
    r = begin(w, OP_WRITE, key, number);
    ask(w, &request, r);
    w->growth = highest(r, w->growth);
    w->growth_is_unsure = r->outcome != OUTCOME_YES;
}

static void
grow(worker *w, uint32_t key)
{
    char name[16];
    mcp_request request = request_for(MCP_APPEND, key, name);
    history_record *r;

    if (w->growth_is_unsure || (w->growth & 0xffff) >= KEYS_GROWTH_MAX) {
        begin_growth(w, key);
        return;
    }
    request.value = "+";
    request.value_len = 1;
    r = begin(w, OP_WRITE, key, w->growth + 1);
    ask(w, &request, r);
    w->growth = highest(r, w->growth);
    w->growth_is_unsure = r->outcome != OUTCOME_YES;
}

/* ---- The work ----------------------------------------------------------------------------- */

/* Hot keys are written all the time, so that writes meet; the others often enough to be written in
 * a fault, and so seldom that what a fault left of them is read before it is written again. */
static uint32_t
pick(worker *w, uint32_t first, uint32_t n)
{
    return first + (draw(w, 2) ? draw(w, KEYS_HOT) : draw(w, n));
}

static uint32_t
pick_own(worker *w, int client)
{
    return pick(w, KEYS_OWN + KEYS_PER_CLIENT * (uint32_t)client, KEYS_TEXTS);
}

static void
read_some(worker *w)
{
    unsigned dice = draw(w, 100);

    if (dice < 10 && !w->plan->is_plain)
        read_batch(w);
    else if (dice < 25)
        read_key(w, pick_own(w, (int)draw(w, KEYS_CLIENTS)));
    else if (dice < 70)
        read_key(w, draw(w, KEYS_SHARED));
    else if (dice < 88)
        read_key(w, KEYS_SHARED + draw(w, KEYS_N_SHARED));
    else
        read_key(w, KEYS_STATIC + draw(w, KEYS_N_STATIC));
    if (w->plan->is_filling && draw(w, 4) == 0)
        read_key(w, KEYS_FILLER + draw(w, w->plan->n_fillers));
}

static void
write_text(worker *w, uint32_t own)
{
    uint32_t key = pick(w, own, KEYS_TEXTS);
    unsigned dice = draw(w, 100);

    if (w->plan->is_plain)
        dice = dice < 80 ? 0 : 60;
    if (dice < 55)
        store(w, MCP_SET, key);
    else if (dice < 74)
        remove_key(w, key);
    else if (dice < 82)
        store(w, MCP_ADD, key);
    else if (dice < 88)
        store(w, MCP_REPLACE, key);
    else if (dice < 93)
        touch(w, key);
    else
        store_batch(w, own);
    if (draw(w, 3) == 0)
        read_key(w, key);
}

static void
write_shared(worker *w)
{
    uint32_t key = pick(w, KEYS_SHARED, KEYS_N_SHARED);
    unsigned dice = draw(w, 100);

    if (dice < 25 && !w->plan->is_plain)
        swap(w, key);
    else if (dice < 80)
        store(w, MCP_SET, key);
    else
        remove_key(w, key);
    if (draw(w, 3) == 0)
        read_key(w, key);
}

static void
write_number(worker *w, uint32_t own)
{
    unsigned dice = draw(w, 100);

    if (dice < 3)
        forget_count(w, own + KEYS_COUNTER);
    else if (dice < 60)
        count_up(w, own + KEYS_COUNTER);
    else
        grow(w, own + KEYS_GROWING);
    if (draw(w, 3) == 0)
        read_key(w, own + (draw(w, 2) ? KEYS_COUNTER : KEYS_GROWING));
}

static void
write_some(worker *w)
{
    uint32_t own = KEYS_OWN + KEYS_PER_CLIENT * (uint32_t)w->plan->number;
    unsigned dice = draw(w, 100);

    if (dice < 60)
        write_text(w, own);
    else if (dice < 82 || w->plan->is_plain)
        write_shared(w);
    else
        write_number(w, own);
    for (int i = 0; w->plan->is_filling && i < FILLERS; i++)
        store(w, MCP_SET, KEYS_FILLER + draw(w, w->plan->n_fillers));
}

/* $PROMISE_TRACE: what the clients notice, on standard error. */
static void
tell_event(void *context, const mcp_event *event)
{
    const worker *w = context;

    fprintf(stderr, "%7lld client %d: %-12s server %d partner %d %s > %s %s\n",
            (long long)(now_ms() % 1000000), w->plan->number, mcp_strevent(event->kind),
            event->server, event->partner, mcp_strstate(event->before), mcp_strstate(event->state),
            event->why);
}

static void
reopen(worker *w)
{
    cache_close(w->cache);
    w->cache = cache_open(w->plan->options, w->plan->is_plain, w->plan->timeout_ms);
    if (w->cache == NULL)
        _exit(98);
    if (getenv("PROMISE_TRACE") != NULL)
        cache_on_event(w->cache, tell_event, w);
    w->reopen_ms = now_ms() + REOPEN_MS;
}

static void
rest(worker *w)
{
    wait_ms(w->plan->rest_ms == 0 ? 1 : 1 + draw(w, 2 * w->plan->rest_ms - 1));
    if (w->plan->number % 2 == 0)
        cache_maintain(w->cache);
    if (w->plan->number == 3 && !w->plan->is_staying && now_ms() >= w->reopen_ms)
        reopen(w);
}

static int
has_begun(void *context)
{
    return atomic_load(&((yard *)context)->phase) != YARD_WAIT;
}

static void
work(worker *w)
{
    int phase;

    reopen(w);
    if (!wait_until(has_begun, w->yard, READY_MS))
        _exit(97);
    while ((phase = atomic_load(&w->yard->phase)) != YARD_END && !atomic_load(&w->log->is_full)) {
        for (unsigned burst = 1 + draw(w, 6); burst > 0; burst--)
            if (phase == YARD_WORK && draw(w, 100) < 30)
                write_some(w);
            else
                read_some(w);
        rest(w);
    }
    cache_close(w->cache);
}

pid_t
worker_start(yard *y, const worker_plan *plan)
{
    static worker w;
    pid_t parent = getpid();
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid != 0)
        return pid;
    run_die_with_parent(parent);
    w.yard = y;
    w.log = &y->logs[plan->number];
    w.plan = plan;
    w.random = plan->seed * UINT64_C(0x9e3779b97f4a7c15) + (unsigned)plan->number + 1;
    w.count = ((uint64_t)plan->number + 1) * 1000000000;
    w.growth_is_unsure = 1;
    work(&w);
    _exit(0);
}
