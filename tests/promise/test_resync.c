/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A primary that came back empty is filled by mcp_resync(), no limit set, while four client
 * processes read, write and delete keys of the very crowd that is being copied, and touch some: the
 * judge looks at all they were told, and every key is compared afterwards, with flags and time to
 * live.
 *
 *     test_resync [KEYS]       50,000 keys of 100 bytes; prints how fast it was, and whose time it
 *                              took. `make soak-resync`: a million
 *
 * Even keys may be deleted, odd ones never: an odd one that is missed was lost by the copying.
 */
#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inspect.h"
#include "judge.h"
#include "report.h"
#include "support/client.h"
#include "support/run.h"
#include "support/wait.h"
#include "yard.h"

/* Keys are texts for the judge, so they stand behind all that the other tests know. */
enum {
    FIRST_KEY = KEYS_ALL,
    FEW_KEYS = 50000,
    VALUE_LEN = 100,
    AT_ONCE = INSPECT_AT_ONCE,
    TTL = 5000, /* of every fourth key, and up to as much again */
    TTL_SLACK = 3,
    LIMIT_MS = 300000,
    READY_MS = 30000,
    SETTLE_MS = 15000,
    READY_OPS = 50,
};

/* Who wrote what is in the copy of a key: nobody but the test, or also a client. */
typedef struct crowd {
    server *primary, *backup;
    char options[400];
    yard *yard;
    pid_t workers[KEYS_CLIENTS];
    uint32_t n;
    history_record *records; /* of the test itself: what it stored, and what it found */
    size_t n_records;
    uint8_t *touched; /* by a client, each key */
} crowd;

static uint32_t n_keys = FEW_KEYS;

static size_t
name_of(char out[16], uint32_t key)
{
    return (size_t)snprintf(out, 16, "r:%09" PRIu32, key - FIRST_KEY);
}

static int64_t
ttl_of(uint32_t key)
{
    return key % 4 == 0 ? TTL + key % TTL : 0;
}

/* ---- A client process --------------------------------------------------------------------- */

typedef struct client {
    crowd *crowd;
    mcp_client *mcp;
    yard_log *log;
    int number;
    uint64_t random;
    uint64_t last_value;
    char value[VALUE_LEN];
    char name[16];
} client;

static unsigned
draw(client *c, unsigned below)
{
    c->random ^= c->random << 13;
    c->random ^= c->random >> 7;
    c->random ^= c->random << 17;
    return (unsigned)(c->random >> 33) % below;
}

static history_record *
begin(client *c, history_op op, uint32_t key, uint64_t value)
{
    unsigned n = atomic_load(&c->log->n);
    history_record *r = &c->log->records[n];

    *r = (history_record){.op = (uint8_t)op,
                          .key = key,
                          .value = value,
                          .client = (uint8_t)c->number,
                          .start_us = now_us()};
    atomic_store(&c->log->n, n + 1);
    return r;
}

static void
do_one(client *c, history_op op, mcp_verb verb, uint32_t key)
{
    mcp_request request = MCP_REQUEST_INIT;
    mcp_result result = MCP_RESULT_INIT;
    uint64_t value = op == OP_WRITE ? ((uint64_t)c->number + 1) << 40 | ++c->last_value : 0;
    history_record *r = begin(c, op, key, value);

    request.verb = verb;
    request.key_len = name_of(c->name, key);
    request.key = c->name;
    request.flags = key;
    if (op == OP_WRITE) {
        keys_put(c->value, key, value, VALUE_LEN);
        request.value = c->value;
        request.value_len = VALUE_LEN;
    }
    if (verb == MCP_TOUCH || (op == OP_WRITE && draw(c, 4) == 0))
        request.ttl = TTL + draw(c, TTL);
    (void)mcp_call(c->mcp, &request, &result);
    if (op == OP_READ && result.status == MCP_OK) {
        r->value = keys_value(key, result.value, result.value_len, result.flags);
        r->garbled = r->value == 0;
    }
    r->end_us = now_us();
    r->status = (int16_t)result.status;
    r->primary = (uint8_t)result.primary;
    r->backup = (uint8_t)result.backup;
    r->from_backup = (uint8_t)result.from_backup;
    r->outcome = (uint8_t)(result.status == MCP_OK          ? OUTCOME_YES
                           : result.status == MCP_NOT_FOUND ? OUTCOME_MISS
                           : result.status > 0              ? OUTCOME_NO
                           : op == OP_READ                  ? OUTCOME_FAILED
                                                            : OUTCOME_UNKNOWN);
    if (op == OP_DELETE && result.status == MCP_NOT_FOUND)
        r->outcome = OUTCOME_YES;
}

static void
do_some(client *c)
{
    uint32_t key = FIRST_KEY + draw(c, c->crowd->n);
    unsigned dice = draw(c, 100);

    if (dice < 25)
        do_one(c, OP_WRITE, MCP_SET, key);
    else if (dice < 45)
        do_one(c, OP_DELETE, MCP_DELETE, key & ~1u);
    else if (dice < 50)
        do_one(c, OP_OTHER, MCP_TOUCH, key);
    else if (dice < 60)
        do_one(c, OP_READ, MCP_GET, key);
    if (dice < 50 && draw(c, 2) == 0)
        do_one(c, OP_READ, MCP_GET, dice < 45 && dice >= 25 ? key & ~1u : key);
}

/* Else one of them might be first, and it would go at the standard pace: it is the one resync that
 * is put to the test. */
static mcp_client *
open_filling_by_use(const crowd *s)
{
    char options[sizeof s->options + 16];

    snprintf(options, sizeof options, "%s resync=off", s->options);
    return mcp_open(options, NULL, 0);
}

static void
be_client(crowd *s, int number)
{
    static client c;

    c = (client){.crowd = s,
                 .mcp = open_filling_by_use(s),
                 .log = &s->yard->logs[number],
                 .number = number,
                 .random = UINT64_C(0x9e3779b97f4a7c15) * (unsigned)(number + 1)};
    if (c.mcp == NULL)
        _exit(98);
    while (atomic_load(&s->yard->phase) != YARD_END) {
        if (atomic_load(&c.log->n) + 8 > YARD_RECORDS)
            _exit(97);
        for (int i = 0; i < 4 && atomic_load(&s->yard->phase) == YARD_WORK; i++)
            do_some(&c);
        wait_ms(1);
        mcp_maintain(c.mcp);
    }
    mcp_close(c.mcp);
    _exit(0);
}

static void
start_clients(crowd *s)
{
    pid_t parent = getpid();

    atomic_store(&s->yard->phase, YARD_WORK);
    for (int i = 0; i < KEYS_CLIENTS; i++) {
        s->workers[i] = fork();
        ck_assert_int_ge(s->workers[i], 0);
        if (s->workers[i] == 0) {
            run_die_with_parent(parent);
            be_client(s, i);
        }
    }
}

static int
are_at_work(void *context)
{
    crowd *s = context;
    int n = 0;

    for (int i = 0; i < KEYS_CLIENTS; i++)
        n += atomic_load(&s->yard->logs[i].n) >= READY_OPS;
    return n == KEYS_CLIENTS;
}

static void
stop_clients(crowd *s)
{
    int status;

    atomic_store(&s->yard->phase, YARD_END);
    for (int i = 0; i < KEYS_CLIENTS; i++) {
        while (waitpid(s->workers[i], &status, 0) < 0)
            ck_assert_int_eq(errno, EINTR);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "client %d ended with %d", i,
                      status);
    }
}

/* ---- What was there before ---------------------------------------------------------------- */

static history_record *
note(crowd *s, history_op op, uint8_t client_number, uint32_t key, uint64_t value)
{
    history_record *r = &s->records[s->n_records++];

    *r = (history_record){.op = (uint8_t)op,
                          .key = key,
                          .value = value,
                          .client = client_number,
                          .outcome = OUTCOME_YES,
                          .start_us = now_us()};
    r->end_us = r->start_us;
    return r;
}

static void
store_piece(crowd *s, mcp_client *c, uint32_t first, uint32_t n)
{
    static mcp_request requests[AT_ONCE];
    static mcp_result results[AT_ONCE];
    static char names[AT_ONCE][16];
    static char values[AT_ONCE][VALUE_LEN];
    size_t from = s->n_records;

    for (uint32_t i = 0; i < n; i++) {
        keys_put(values[i], first + i, 1, VALUE_LEN);
        results[i] = (mcp_result)MCP_RESULT_INIT;
        requests[i] = (mcp_request)MCP_REQUEST_INIT;
        requests[i].verb = MCP_SET;
        requests[i].key_len = name_of(names[i], first + i);
        requests[i].key = names[i];
        requests[i].value = values[i];
        requests[i].value_len = VALUE_LEN;
        requests[i].flags = first + i;
        requests[i].ttl = ttl_of(first + i);
        note(s, OP_WRITE, KEYS_CLIENTS, first + i, 1);
    }
    ck_assert_uint_eq(mcp_batch(c, requests, results, n), 0);
    while (from < s->n_records)
        s->records[from++].end_us = now_us();
}

static void
store_all(crowd *s)
{
    mcp_client *c = client_open("%s", s->options);

    for (uint32_t i = 0; i < s->n; i += AT_ONCE)
        store_piece(s, c, FIRST_KEY + i, s->n - i < AT_ONCE ? s->n - i : AT_ONCE);
    mcp_close(c);
}

/* ---- How fast ----------------------------------------------------------------------------- */

/* Seconds of processor time that a server has had. */
static double
server_seconds(const server *s)
{
    static const char *const lines[] = {"STAT rusage_user ", "STAT rusage_system "};
    char *reply = server_ask(s, "stats\r\n", 7, NULL);
    double sum = 0;

    for (int i = 0; i < 2; i++) {
        const char *at = strstr(reply, lines[i]);

        ck_assert_ptr_nonnull(at);
        sum += strtod(at + strlen(lines[i]), NULL);
    }
    free(reply);
    return sum;
}

static double
own_seconds(void)
{
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void
fill(crowd *s)
{
    mcp_client *c = client_open("%s", s->options);
    double own = own_seconds();
    double primary = server_seconds(s->primary);
    double backup = server_seconds(s->backup);
    int64_t begun_us = now_us();
    double took;

    client_expect(c, mcp_resync(c, 0, 0, LIMIT_MS, NULL, NULL), MCP_OK, "resync");
    took = (double)(now_us() - begun_us) / 1e6;
    own = own_seconds() - own;
    primary = server_seconds(s->primary) - primary;
    backup = server_seconds(s->backup) - backup;
    printf("%" PRIu32 " keys of %d bytes in %.2f s: %.0f keys/s, %.0f for each processor used "
           "(client %.2f s, primary %.2f s, backup %.2f s, with what the other clients asked)\n",
           s->n, VALUE_LEN, took, s->n / took, s->n / (own + primary + backup), own, primary,
           backup);
    fflush(stdout);
    ck_assert_uint_gt(client_info(c, 0).refilled, s->n / 2);
    mcp_close(c);
}

/* ---- What is there afterwards ------------------------------------------------------------- */

static int
is_same(const inspect_copy *a, const inspect_copy *b)
{
    return inspect_is_same(a, b) && (a->ttl < 0 || llabs(a->ttl - b->ttl) <= TTL_SLACK);
}

static int
is_untouched_right(const crowd *s, uint32_t key, const inspect_copy *c)
{
    int64_t stored_us = s->records[key - FIRST_KEY].end_us; /* the first records, in this order */
    long long left = ttl_of(key) - (now_us() - stored_us) / 1000000;

    return c->found && c->len == VALUE_LEN && c->flags == key &&
           keys_value(key, c->value, c->len, c->flags) == 1 &&
           (ttl_of(key) == 0 ? c->ttl < 0 : llabs(c->ttl - left) <= TTL_SLACK);
}

/* Two copies that were looked at one after the other may differ because they are being written:
 * the clients have ended. */
static void
check_key(crowd *s, uint32_t key, const inspect_copy *primary, const inspect_copy *backup)
{
    const inspect_copy *both[2] = {primary, backup};

    ck_assert_msg(!primary->found || !backup->found || is_same(primary, backup),
                  "the copies of key %" PRIu32 " differ: ttl %lld and %lld, flags %" PRIu32
                  " and %" PRIu32,
                  key, primary->ttl, backup->ttl, primary->flags, backup->flags);
    ck_assert_msg(primary->found == backup->found, "key %" PRIu32 " is only on the %s", key,
                  primary->found ? "primary" : "backup");
    ck_assert_msg(s->touched[key - FIRST_KEY] || is_untouched_right(s, key, primary),
                  "key %" PRIu32 " is not what it was: found %d, %zu bytes, flags %" PRIu32
                  ", ttl %lld of %lld",
                  key, primary->found, primary->len, primary->flags, primary->ttl,
                  (long long)ttl_of(key));
    for (int i = 0; i < 2 && s->touched[key - FIRST_KEY]; i++)
        if (both[i]->found)
            note(s, OP_READ, HISTORY_OBSERVER, key,
                 keys_value(key, both[i]->value, both[i]->len, both[i]->flags))
                ->garbled = keys_value(key, both[i]->value, both[i]->len, both[i]->flags) == 0;
}

static void
check_copies(crowd *s)
{
    static inspect_copy primary[AT_ONCE], backup[AT_ONCE];

    for (uint32_t at = 0; at < s->n; at += AT_ONCE) {
        uint32_t n = s->n - at < AT_ONCE ? s->n - at : AT_ONCE;

        inspect_copies(s->primary, FIRST_KEY + at, n, name_of, primary);
        inspect_copies(s->backup, FIRST_KEY + at, n, name_of, backup);
        for (uint32_t i = 0; i < n; i++)
            check_key(s, FIRST_KEY + at + i, &primary[i], &backup[i]);
    }
}

/* ---- What they were told ------------------------------------------------------------------ */

static size_t
count_records(const crowd *s)
{
    size_t n = 0;

    for (int i = 0; i < KEYS_CLIENTS; i++)
        n += atomic_load(&s->yard->logs[i].n);
    return n;
}

static void
note_touched(crowd *s)
{
    for (int i = 0; i < KEYS_CLIENTS; i++) {
        const yard_log *log = &s->yard->logs[i];

        for (unsigned k = 0; k < atomic_load(&log->n); k++)
            if (log->records[k].op != OP_READ)
                s->touched[log->records[k].key - FIRST_KEY] = 1;
    }
}

/* Misses of keys that nobody deletes. */
static uint64_t
count_lost(const history_record *records, size_t n)
{
    uint64_t lost = 0;

    for (size_t i = 0; i < n; i++)
        lost += records[i].op == OP_READ && records[i].outcome == OUTCOME_MISS &&
                records[i].key % 2 != 0;
    return lost;
}

static void
check_history(crowd *s)
{
    static judge_verdict v;
    judge_rules rules = {0, NULL, 0};
    size_t n = s->n_records + count_records(s);
    history_record *all = calloc(n, sizeof *all);
    size_t at = s->n_records;

    ck_assert_ptr_nonnull(all);
    memcpy(all, s->records, at * sizeof *all);
    for (int i = 0; i < KEYS_CLIENTS; i++) {
        unsigned own = atomic_load(&s->yard->logs[i].n);

        memcpy(all + at, s->yard->logs[i].records, own * sizeof *all);
        at += own;
    }
    judge(all, n, &rules, &v);
    report_examples(stdout, &v);
    printf("%" PRIu64 " reads and %" PRIu64 " writes and deletes beside it\n", v.reads,
           v.writes - s->n);
    fflush(stdout);
    ck_assert_uint_eq(v.stale_own + v.stale_other + v.resurrected + v.left, 0);
    ck_assert_uint_eq(v.phantoms + v.garbled + v.failed, 0);
    ck_assert_uint_eq(count_lost(all, n), 0);
    ck_assert_uint_gt(v.reads, 100);
    ck_assert_uint_gt(v.writes - s->n, 100);
    free(all);
}

/* ---- The test ----------------------------------------------------------------------------- */

static int
is_settled(void *context)
{
    const crowd *s = context;

    return !server_look(s->primary, "mcp:s")->found && !server_look(s->backup, "mcp:s")->found;
}

static void
set_up(crowd *s)
{
    char memory[16];

    snprintf(memory, sizeof memory, "-m %u", 64 + n_keys / 2000);
    s->n = n_keys;
    s->primary = server_unix(memory);
    s->backup = server_unix(memory);
    snprintf(s->options, sizeof s->options, "server=%s backup=%s timeout=2s consistency=strict",
             s->primary->address, s->backup->address);
    s->records = calloc(3 * (size_t)s->n, sizeof *s->records);
    s->touched = calloc(s->n, 1);
    s->yard = yard_new();
    ck_assert(s->records != NULL && s->touched != NULL);
}

START_TEST(a_primary_is_filled_while_clients_write_and_delete)
{
    static crowd s;

    set_up(&s);
    store_all(&s);
    server_restart(s.primary);
    start_clients(&s);
    ck_assert(wait_until(are_at_work, &s, READY_MS));
    fill(&s);
    stop_clients(&s);
    ck_assert(wait_until(is_settled, &s, SETTLE_MS));
    note_touched(&s);
    check_copies(&s);
    check_history(&s);
    yard_free(s.yard);
    free(s.records);
    free(s.touched);
}
END_TEST

/* What the comparison goes by: an empty value is one, and what a lease stands on is none. */
START_TEST(an_empty_value_is_no_stub)
{
    static const char stored[] = "ms r:000000000 0\r\n\r\nmg r:000000001 N30\r\n"
                                 "ms r:000000002 4\r\ntext\r\n";
    inspect_copy copies[4];
    server *s = server_unix(NULL);

    free(server_ask(s, stored, sizeof stored - 1, NULL));
    inspect_copies(s, FIRST_KEY, 4, name_of, copies);
    ck_assert_int_eq(copies[0].found, 1);
    ck_assert_uint_eq(copies[0].len, 0);
    ck_assert_int_eq(copies[1].found, 0);
    ck_assert_int_eq(copies[2].found, 1);
    ck_assert_uint_eq(copies[2].len, 4);
    ck_assert_int_eq(copies[3].found, 0);
}
END_TEST

int
main(int argc, char **argv)
{
    TCase *t = tcase_create("resync");

    if (argc > 1)
        n_keys = (uint32_t)strtoul(argv[1], NULL, 10);
    if (n_keys < 1000)
        return 2;
    tcase_add_test(t, an_empty_value_is_no_stub);
    tcase_add_test(t, a_primary_is_filled_while_clients_write_and_delete);
    return run_tests("resync", t);
}
