/* SPDX-License-Identifier: BSD-3-Clause */
#include "stage.h"

#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "inspect.h"
#include "support/client.h"
#include "support/wait.h"
#include "worker.h"

enum {
    OPTIONS_MAX = 1200,
    SETTLE_MS = 12000,
    LOOK_EVERY_MS = 100,
    STOP_MS = 5000,
    FIRST_LEN = 600, /* of what is stored before the scene */
    AT_ONCE = 20,
    MOST_AT_ONCE = 16, /* operations that a client has under way */
    READS_WANTED = 1100,
    WRITES_WANTED = 320,
    LONGER_MS = 5000, /* at most, where the clients have tried too little by then */
};

typedef struct stage {
    const stage_plan *plan;
    yard *yard;
    inspect_site site;
    inspect_found found;
    worker_plan plans[KEYS_CLIENTS];
    pid_t workers[KEYS_CLIENTS]; /* 0: gone */
    pid_t road;
    unsigned random;
    int64_t begun_us, over_us; /* of the scene */
    int64_t restarted_us;      /* the last time; 0: never */
    int64_t deed_us;           /* the last one */
    int64_t last_turn_us;
    int64_t stall_us;
    int64_t next_look_ms;
    int both_stood;
    size_t n_written; /* before the scene */
    history_record written[KEYS_N_STATIC + KEYS_N_FILLER];
} stage;

int64_t
stage_bound_us(const stage_plan *plan)
{
    return plan->is_strict ? 0 : (int64_t)(plan->view_ms + plan->timeout_ms) * 1000;
}

/* ---- Servers, roads, clients -------------------------------------------------------------- */

/* The options of one client; -1: of the test itself, straight to the servers. Names are the same
 * for all, so that all speak of the same pool. */
static void
write_options(const stage *s, char *out, int client)
{
    const char *more = getenv("PROMISE_WORDS");
    size_t at = 0;

    for (int i = 0; i < s->site.n_servers; i++) {
        int is_backup = i >= s->plan->n_primaries;
        char address[128];

        snprintf(address, sizeof address, "127.0.0.1:%d",
                 client < 0 ? 0 : s->yard->roads.ways[i][client].port);
        at += (size_t)snprintf(out + at, OPTIONS_MAX - at, "%s=%s name=%s%d ",
                               is_backup ? "backup" : "server",
                               client < 0 ? s->site.servers[i]->address : address,
                               is_backup ? "b" : "p", is_backup ? i - s->plan->n_primaries : i);
    }
    at += (size_t)snprintf(out + at, OPTIONS_MAX - at, "timeout=%ums %s %s %s", s->plan->timeout_ms,
                           s->plan->scene->retry == NULL ? "retry_max=1s" : s->plan->scene->retry,
                           s->plan->words == NULL ? "" : s->plan->words, more == NULL ? "" : more);
    if (!s->plan->is_plain)
        (void)snprintf(out + at, OPTIONS_MAX - at, " view_interval=%ums consistency=%s",
                       s->plan->view_ms, s->plan->is_strict ? "strict" : "relaxed");
}

static void
start_servers(stage *s)
{
    road_map *map = &s->yard->roads;

    s->site.n_servers = s->plan->n_primaries + s->plan->n_backups;
    map->n_servers = s->site.n_servers;
    map->n_clients = KEYS_CLIENTS;
    for (int i = 0; i < s->site.n_servers; i++) {
        s->site.servers[i] = server_unix(s->plan->scene->is_evicting ? "-m 2 -f 8" : NULL);
        memcpy(map->path[i], s->site.servers[i]->path, sizeof map->path[i]);
    }
    s->road = road_start(map, s->plan->seed);
}

static uint32_t
count_fillers(const stage *s)
{
    return s->plan->scene->is_evicting ? KEYS_FILLERS_EACH * (uint32_t)s->plan->n_primaries : 0;
}

/* A write like any other, of a client that is none of the four. */
static void
prepare_write(stage *s, mcp_request *request, uint32_t key, char name[16], char *value)
{
    history_record *r = &s->written[s->n_written++];

    *r = (history_record){.op = OP_WRITE,
                          .key = key,
                          .value = s->n_written,
                          .start_us = now_us(),
                          .client = KEYS_CLIENTS,
                          .outcome = OUTCOME_YES};
    keys_put(value, key, r->value, FIRST_LEN);
    *request = (mcp_request)MCP_REQUEST_INIT;
    request->verb = MCP_SET;
    request->key_len = keys_name(name, key);
    request->key = name;
    request->value = value;
    request->value_len = FIRST_LEN;
    request->flags = key;
    request->ttl = key >= KEYS_STATIC && key % 2 ? 5000 : 0;
}

static void
store_keys(stage *s, mcp_client *c, uint32_t first, uint32_t n)
{
    mcp_request requests[AT_ONCE];
    mcp_result results[AT_ONCE];
    char names[AT_ONCE][16];
    char values[AT_ONCE][FIRST_LEN];

    for (uint32_t done = 0; done < n; done += AT_ONCE) {
        size_t from = s->n_written;

        for (uint32_t i = 0; i < AT_ONCE; i++) {
            results[i] = (mcp_result)MCP_RESULT_INIT;
            prepare_write(s, &requests[i], first + done + i, names[i], values[i]);
        }
        ck_assert_uint_eq(mcp_batch(c, requests, results, AT_ONCE), 0);
        while (from < s->n_written)
            s->written[from++].end_us = now_us();
    }
}

/* The keys that nobody writes any more, half of them with a time to live. Then as much as it takes
 * for small servers to be full: whatever a client writes from now on drives something out. */
static void
store_before(stage *s)
{
    char options[OPTIONS_MAX];
    mcp_client *c;

    write_options(s, options, -1);
    c = client_open("%s", options);
    store_keys(s, c, KEYS_STATIC, KEYS_N_STATIC);
    store_keys(s, c, KEYS_FILLER, count_fillers(s));
    mcp_close(c);
    inspect_locate(&s->site, options);
}

static void
start_workers(stage *s)
{
    for (int i = 0; i < KEYS_CLIENTS; i++) {
        worker_plan *plan = &s->plans[i];

        plan->number = i;
        plan->seed = s->plan->seed;
        plan->is_plain = s->plan->is_plain;
        plan->timeout_ms = s->plan->timeout_ms;
        plan->is_filling = s->plan->scene->is_evicting;
        plan->n_fillers = count_fillers(s);
        plan->rest_ms = s->plan->rest_ms;
        plan->is_staying = s->plan->scene->is_double;
        write_options(s, plan->options, i);
        s->workers[i] = worker_start(s->yard, plan);
    }
}

static void
kill_process(pid_t *pid)
{
    if (*pid <= 0)
        return;
    kill(*pid, SIGKILL);
    while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
        ;
    *pid = 0;
}

/* ---- The scene ---------------------------------------------------------------------------- */

static int
victim(const stage *s, const scene_act *act)
{
    return act->on == ON_PRIMARY ? 0 : s->plan->n_primaries;
}

static void
kill_server(stage *s, int number)
{
    server_kill(s->site.servers[number]);
    road_set(&s->yard->roads, number, SCENE_ALL, ROAD_REFUSE);
}

static void
restart_server(stage *s, int number)
{
    server_restart(s->site.servers[number]);
    road_set(&s->yard->roads, number, SCENE_ALL, ROAD_PASS);
    s->restarted_us = now_us();
}

/* What a client was in the middle of: at most one batch. */
static void
note_abandoned(stage *s, const yard_log *log)
{
    unsigned n = atomic_load(&log->n);

    for (unsigned i = n > MOST_AT_ONCE ? n - MOST_AT_ONCE : 0; i < n; i++)
        if (log->records[i].end_us == 0 && s->site.n_abandoned < INSPECT_ABANDONED)
            s->site.abandoned[s->site.n_abandoned++] = log->records[i];
}

static void
let_die(stage *s, unsigned clients)
{
    for (int i = 0; i < KEYS_CLIENTS; i++)
        if (clients & 1u << i) {
            kill_process(&s->workers[i]);
            note_abandoned(s, &s->yard->logs[i]);
        }
}

/* What is done to the roads of some clients. */
static void
do_to_roads(stage *s, const scene_act *act, int number)
{
    int late_ms = (int)s->plan->timeout_ms * act->value / 100;

    for (int i = 0; i < KEYS_CLIENTS; i++) {
        road_way *way = &s->yard->roads.ways[number][i];

        if (!(act->clients & 1u << i))
            continue;
        if (act->what == DEED_SLOW)
            atomic_store(&way->delay_ms, late_ms);
        else if (act->what == DEED_JITTER)
            atomic_store(&way->jitter_ms, late_ms);
        else if (act->what == DEED_RESET)
            atomic_fetch_add(&way->resets, 1);
    }
    if (act->what == DEED_LOSE) {
        s->random = s->random * 1103515245u + 12345u;
        atomic_fetch_add(&s->yard->roads.ways[number][(s->random >> 16) % KEYS_CLIENTS].losses, 1);
    }
}

static void
flush_server(stage *s, int number)
{
    char *reply = server_ask(s->site.servers[number], "flush_all\r\n", 11, NULL);

    ck_assert_str_eq(reply, "OK\r\n");
    free(reply);
}

static void
perform(stage *s, const scene_act *act)
{
    int number = victim(s, act);

    switch (act->what) {
    case DEED_KILL:
        kill_server(s, number);
        break;
    case DEED_RESTART:
        restart_server(s, number);
        break;
    case DEED_PAUSE:
        server_pause(s->site.servers[number]);
        break;
    case DEED_CONTINUE:
        server_continue(s->site.servers[number]);
        break;
    case DEED_CUT:
    case DEED_REFUSE:
    case DEED_HEAL:
        road_set(&s->yard->roads, number, act->clients,
                 act->what == DEED_CUT ? ROAD_CUT
                                       : (act->what == DEED_HEAL ? ROAD_PASS : ROAD_REFUSE));
        break;
    case DEED_FLUSH:
        flush_server(s, number);
        break;
    case DEED_LOOK:
        s->both_stood = inspect_marks(s->site.servers[0]) > 0 &&
                        inspect_marks(s->site.servers[s->plan->n_primaries]) > 0;
        break;
    case DEED_DIE:
        let_die(s, act->clients);
        break;
    default:
        do_to_roads(s, act, number);
    }
}

struct turn {
    stage *s;
    int64_t due_ms[SCENE_ACTS]; /* -1: done */
    int64_t length_ms;
};

/* What a deed takes, a restart on a busy machine above all, is not taken from what follows it. */
static void
put_off(struct turn *t, int64_t spent_ms)
{
    t->length_ms += spent_ms;
    for (int i = 0; i < SCENE_ACTS; i++)
        if (t->due_ms[i] >= 0)
            t->due_ms[i] += spent_ms;
}

/* This machine may not have let us run: then nobody was. */
static void
feel_the_machine(stage *s)
{
    int64_t now = now_us();

    if (s->last_turn_us != 0 && now - s->last_turn_us > s->stall_us)
        s->stall_us = now - s->last_turn_us;
    s->last_turn_us = now;
}

/* On a busy machine clients get through less: then the scene takes a little longer, see report.c. */
static int
has_tried_enough(const stage *s)
{
    unsigned reads = 0, writes = 0;

    for (int i = 0; i < KEYS_CLIENTS; i++) {
        const yard_log *log = &s->yard->logs[i];

        for (unsigned k = atomic_load(&log->n); k > 0; k--) {
            reads += log->records[k - 1].op == OP_READ;
            writes += log->records[k - 1].op == OP_WRITE;
        }
    }
    return reads > READS_WANTED && writes > WRITES_WANTED;
}

static int
take_turn(void *context)
{
    struct turn *t = context;
    stage *s = t->s;
    int64_t at_ms = (now_us() - s->begun_us) / 1000;

    feel_the_machine(s);
    for (int i = 0; i < SCENE_ACTS; i++) {
        const scene_act *act = &s->plan->scene->acts[i];

        if (act->what == DEED_NONE || t->due_ms[i] < 0 || at_ms < t->due_ms[i])
            continue;
        int64_t begun_us = now_us();
        t->due_ms[i] = act->every_ms > 0 ? t->due_ms[i] + act->every_ms : -1;
        perform(s, act);
        s->deed_us = now_us();
        put_off(t, (s->deed_us - begun_us) / 1000);
        s->last_turn_us = 0;
    }
    return at_ms >= t->length_ms && (at_ms >= t->length_ms + LONGER_MS || has_tried_enough(s));
}

static void
play(stage *s)
{
    const scene *what = s->plan->scene;
    struct turn t = {.s = s};

    t.length_ms = s->plan->is_long && what->long_ms > 0 ? what->long_ms : what->length_ms;
    for (int i = 0; i < SCENE_ACTS; i++)
        t.due_ms[i] = what->acts[i].at_ms;
    s->begun_us = now_us();
    atomic_store(&s->yard->phase, YARD_WORK);
    ck_assert(wait_until(take_turn, &t, t.length_ms + 30000));
    s->over_us = now_us();
}

/* ---- The end ------------------------------------------------------------------------------ */

/* Writers rest, readers go on, until all that was on record has been made good. */
static int
is_settled(void *context)
{
    stage *s = context;

    if (now_ms() < s->next_look_ms)
        return 0;
    inspect_look(&s->site, &s->found);
    s->next_look_ms = now_ms() + LOOK_EVERY_MS;
    return s->found.marks == 0 && s->found.different == 0;
}

/* What the clients' ends have left. One that could not do what it owed in time has put that on
 * record, where nobody is left to make it good: then what was seen before counts. */
static void
look_behind(stage *s)
{
    static inspect_found before;

    before = s->found;
    inspect_look(&s->site, &s->found);
    if (s->found.marks > 0)
        s->found = before;
}

struct leaver {
    pid_t *pid;
    int status; /* as of waitpid(); 0: it ended well, or was gone before */
};

static int
is_gone(void *context)
{
    struct leaver *l = context;

    if (*l->pid > 0 && waitpid(*l->pid, &l->status, WNOHANG) == *l->pid)
        *l->pid = 0;
    return *l->pid <= 0;
}

/* What it was doing: the last that it began. */
static void
tell_stuck(const stage *s, int client, char *out, size_t size)
{
    const yard_log *log = &s->yard->logs[client];
    unsigned n = atomic_load(&log->n);
    const history_record *last = n == 0 ? NULL : &log->records[n - 1];

    snprintf(out, size,
             "client %d, told to end %d ms ago, is still there; its last of %u: op %d, "
             "%s, begun %" PRId64 " ms ago",
             client, STOP_MS, n, last == NULL ? 0 : last->op,
             last == NULL || last->end_us != 0 ? "over" : "under way",
             last == NULL ? 0 : (now_us() - last->start_us) / 1000);
}

static void
stop_workers(stage *s, stage_result *result)
{
    atomic_store(&s->yard->phase, YARD_END);
    for (int i = 0; i < KEYS_CLIENTS; i++) {
        struct leaver l = {&s->workers[i], 0};

        if (!wait_until(is_gone, &l, client_slack(STOP_MS))) {
            tell_stuck(s, i, result->how, sizeof result->how);
            kill_process(&s->workers[i]);
            result->died++;
        } else if (l.status != 0) {
            snprintf(result->how, sizeof result->how, "client %d ended with %s %d", i,
                     WIFSIGNALED(l.status) ? "signal" : "status",
                     WIFSIGNALED(l.status) ? WTERMSIG(l.status) : WEXITSTATUS(l.status));
            result->died++;
        }
    }
}

static uint64_t
count_evictions(const stage *s)
{
    uint64_t n = 0;

    for (int i = 0; i < s->site.n_servers; i++)
        n += server_stat(s->site.servers[i], "evictions");
    return n;
}

/* All histories in one, with what the observer saw behind them. */
static history_record *
gather(const stage *s, size_t *n, stage_result *result)
{
    size_t all = s->n_written + s->found.n_records;
    history_record *records;

    for (int i = 0; i < KEYS_CLIENTS; i++) {
        all += atomic_load(&s->yard->logs[i].n);
        result->is_full |= atomic_load(&s->yard->logs[i].is_full);
    }
    records = calloc(all, sizeof *records);
    ck_assert_ptr_nonnull(records);
    memcpy(records, s->written, s->n_written * sizeof *records);
    *n = s->n_written;
    for (int i = 0; i < KEYS_CLIENTS; i++) {
        const yard_log *log = &s->yard->logs[i];

        memcpy(records + *n, log->records, atomic_load(&log->n) * sizeof *records);
        *n += atomic_load(&log->n);
    }
    memcpy(records + *n, s->found.records, s->found.n_records * sizeof *records);
    *n += s->found.n_records;
    return records;
}

/* Who wrote the two copies of the first key that differs. */
static void
find_writers(const stage *s, const history_record *records, size_t n, stage_result *result)
{
    for (size_t i = 0; i < n && s->found.different > 0; i++)
        for (int copy = 0; copy < 2; copy++)
            if (records[i].op == OP_WRITE && records[i].key == s->found.first_different &&
                records[i].value == s->found.values[copy])
                result->differing[copy] = records[i];
}

static void
weigh(stage *s, stage_result *result)
{
    static uint8_t numbered[KEYS_ALL];
    judge_rules rules = {stage_bound_us(s->plan), numbered, KEYS_ALL};
    int64_t late_us = s->restarted_us == 0 ? s->begun_us : s->restarted_us + 1000000;
    int64_t last_us;
    size_t n;
    history_record *records = gather(s, &n, result);

    for (uint32_t key = 0; key < KEYS_ALL; key++)
        numbered[key] = (uint8_t)keys_is_numbered(key);
    judge(records, n, &rules, &result->verdict);
    find_writers(s, records, n, result);
    result->verdict.writes -= s->n_written;
    result->on_primary = judge_on_primary(records, n, s->begun_us + 500000, s->over_us);
    last_us = judge_last_from_backup(records, n, s->deed_us);
    result->back_ms = last_us == 0 ? 0 : (last_us - s->deed_us) / 1000;
    judge_hits(records, n, KEYS_STATIC, KEYS_ALL - 1, s->begun_us, s->over_us, &result->hits,
               &result->misses);
    judge_hits(records, n, KEYS_STATIC, KEYS_ALL - 1, late_us, s->over_us, &result->late_hits,
               &result->late_misses);
    free(records);
}

static void
end_all(stage *s)
{
    for (int i = 0; i < KEYS_CLIENTS; i++)
        kill_process(&s->workers[i]);
    kill_process(&s->road);
    for (int i = 0; i < s->site.n_servers; i++)
        server_kill(s->site.servers[i]);
    yard_free(s->yard);
}

void
stage_play(const stage_plan *plan, stage_result *result)
{
    static stage s;

    memset(&s, 0, sizeof s);
    memset(result, 0, sizeof *result);
    s.plan = plan;
    s.random = plan->seed;
    s.yard = yard_new();
    start_servers(&s);
    store_before(&s);
    start_workers(&s);
    play(&s);
    atomic_store(&s.yard->phase, YARD_SETTLE);
    (void)wait_until(is_settled, &s, plan->is_plain ? 500 : SETTLE_MS);
    result->settled_ms = (now_us() - s.over_us) / 1000;
    result->marks_left = s.found.marks;
    stop_workers(&s, result);
    look_behind(&s);
    result->different = s.found.different;
    result->refilled = plan->scene->is_flushed ? s.found.statics : 0;
    result->lost_replies = atomic_load(&s.yard->roads.lost);
    result->both_stood = s.both_stood;
    result->evicted = count_evictions(&s);
    result->stall_ms = s.stall_us / 1000;
    weigh(&s, result);
    end_all(&s);
}
