/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random operations on two times three servers: libmemcached does them on one three, this library
 * on the other, and each has to have the same outcome: status, value, flags, number. Now and then
 * each reads a key on the other's servers, where it is found only if both place keys alike.
 * $MCP_OPS: how many (50,000), $MCP_SEED: which.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libmemcached/memcached.h>

#include "support/client.h"
#include "support/run.h"

enum { N_SERVERS = 3, N_KEYS = 300, LONGEST = 3000 };

typedef struct outcome {
    int status; /* mcp_status; below -1000: any other of libmemcached's */
    char value[LONGEST * 8];
    size_t len;
    uint32_t flags;
    uint64_t number;
    uint64_t cas; /* not compared */
} outcome;

static server *servers[2][N_SERVERS]; /* [0]: libmemcached's, [1]: ours */
static memcached_st *theirs[2];       /* for each three */
static mcp_client *ours[2];
static uint64_t state;

static uint32_t
draw(uint32_t below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((state >> 33) % below);
}

/* ---- Their half --------------------------------------------------------------------------- */

static int
status_of(memcached_return_t rc)
{
    switch (rc) {
    case MEMCACHED_SUCCESS:
    case MEMCACHED_STORED:
    case MEMCACHED_END:
        return MCP_OK;
    case MEMCACHED_NOTFOUND:
        return MCP_NOT_FOUND;
    case MEMCACHED_NOTSTORED:
        return MCP_NOT_STORED;
    case MEMCACHED_DATA_EXISTS:
        return MCP_EXISTS;
    case MEMCACHED_CLIENT_ERROR:
        return MCP_NOT_NUMBER;
    default:
        return -1000 - (int)rc;
    }
}

static void
they_get(memcached_st *client, const char *key, outcome *out)
{
    size_t len = strlen(key);
    memcached_return_t rc = memcached_mget(client, &key, &len, 1);
    memcached_result_st *one, *found = NULL;
    *out = (outcome){.status = MCP_NOT_FOUND};
    if (rc != MEMCACHED_SUCCESS) {
        out->status = status_of(rc);
        return;
    }
    while ((one = memcached_fetch_result(client, NULL, &rc)) != NULL) {
        ck_assert_ptr_null(found);
        found = one;
        out->status = MCP_OK;
        out->len = memcached_result_length(one);
        ck_assert_uint_le(out->len, sizeof out->value);
        memcpy(out->value, memcached_result_value(one), out->len);
        out->flags = memcached_result_flags(one);
        out->cas = memcached_result_cas(one);
        memcached_result_free(one);
    }
}

static void
we_get(mcp_client *client, const char *key, outcome *out)
{
    mcp_result r = MCP_RESULT_INIT;
    *out = (outcome){.status = mcp_gets(client, key, strlen(key), &r)};
    if (out->status != MCP_OK)
        return;
    ck_assert_uint_le(r.value_len, sizeof out->value);
    memcpy(out->value, r.value, out->len = r.value_len);
    out->flags = r.flags;
    out->cas = r.cas;
}

/* ---- Operations --------------------------------------------------------------------------- */

enum { GET, SET, ADD, REPLACE, APPEND, PREPEND, DELETE, TOUCH, INCR, DECR, CAS, LATE_CAS, N_KINDS };

typedef struct operation {
    int kind;
    char key[32];
    char value[LONGEST];
    size_t len;
    time_t ttl;
    uint32_t flags;
    uint32_t delta;
} operation;

static void
draw_operation(operation *op)
{
    op->kind = (int)draw(N_KINDS);
    snprintf(op->key, sizeof op->key, "key:%u", draw(N_KEYS));
    op->ttl = draw(4) == 0 ? 5000 : 0;
    op->flags = draw(3) == 0 ? draw(1u << 31) : 0;
    op->delta = draw(2) ? draw(10) : draw(1u << 31);
    if (draw(3) == 0) {
        op->len = (size_t)snprintf(op->value, sizeof op->value, "%u", draw(1000000));
        return;
    }
    int is_short = op->kind == APPEND || op->kind == PREPEND || draw(8) != 0;
    op->len = draw(is_short ? 100 : LONGEST);
    for (size_t i = 0; i < op->len; i++)
        op->value[i] = (char)draw(256);
}

static void
they_do(memcached_st *client, const operation *op, outcome *out)
{
    const char *key = op->key;
    size_t key_len = strlen(key);
    memcached_return_t rc = MEMCACHED_SUCCESS;
    *out = (outcome){0};
    switch (op->kind) {
    case GET:
        they_get(client, key, out);
        return;
    case SET:
        rc = memcached_set(client, key, key_len, op->value, op->len, op->ttl, op->flags);
        break;
    case ADD:
        rc = memcached_add(client, key, key_len, op->value, op->len, op->ttl, op->flags);
        break;
    case REPLACE:
        rc = memcached_replace(client, key, key_len, op->value, op->len, op->ttl, op->flags);
        break;
    case APPEND:
        rc = memcached_append(client, key, key_len, op->value, op->len, 0, 0);
        break;
    case PREPEND:
        rc = memcached_prepend(client, key, key_len, op->value, op->len, 0, 0);
        break;
    case DELETE:
        rc = memcached_delete(client, key, key_len, 0);
        break;
    case TOUCH:
        rc = memcached_touch(client, key, key_len, 5000);
        break;
    case INCR:
    case DECR:
        rc = op->kind == INCR ? memcached_increment(client, key, key_len, op->delta, &out->number)
                              : memcached_decrement(client, key, key_len, op->delta, &out->number);
        if (rc != MEMCACHED_SUCCESS)
            out->number = 0;
        break;
    default:
        they_get(client, key, out);
        if (out->status != MCP_OK)
            return;
        if (op->kind == LATE_CAS)
            (void)memcached_set(client, key, key_len, "0", 1, 0, 0);
        rc = memcached_cas(client, key, key_len, op->value, op->len, op->ttl, op->flags, out->cas);
        break;
    }
    out->status = status_of(rc);
}

static void
we_do(mcp_client *client, const operation *op, outcome *out)
{
    const char *key = op->key;
    size_t key_len = strlen(key);
    *out = (outcome){0};
    switch (op->kind) {
    case GET:
        we_get(client, key, out);
        return;
    case SET:
        out->status = mcp_set(client, key, key_len, op->value, op->len, op->ttl, op->flags);
        return;
    case ADD:
        out->status = mcp_add(client, key, key_len, op->value, op->len, op->ttl, op->flags);
        return;
    case REPLACE:
        out->status = mcp_replace(client, key, key_len, op->value, op->len, op->ttl, op->flags);
        return;
    case APPEND:
        out->status = mcp_append(client, key, key_len, op->value, op->len);
        return;
    case PREPEND:
        out->status = mcp_prepend(client, key, key_len, op->value, op->len);
        return;
    case DELETE:
        out->status = mcp_delete(client, key, key_len);
        return;
    case TOUCH:
        out->status = mcp_touch(client, key, key_len, 5000);
        return;
    case INCR:
        out->status = mcp_incr(client, key, key_len, op->delta, &out->number);
        return;
    case DECR:
        out->status = mcp_decr(client, key, key_len, op->delta, &out->number);
        return;
    default:
        we_get(client, key, out);
        if (out->status != MCP_OK)
            return;
        if (op->kind == LATE_CAS)
            (void)mcp_set(client, key, key_len, "0", 1, 0, 0);
        out->status =
            mcp_cas(client, key, key_len, op->value, op->len, op->ttl, op->flags, out->cas);
    }
}

/*
 * A shorter number is written over a longer one with blanks behind it, but only where nobody else
 * holds the item at that moment; the server lets go of it some time after it has sent it to a
 * reader. So how long the value of a counter is depends on no client, and both write it anew.
 */
static void
trim(const operation *op, const outcome *count)
{
    char text[24];
    int is_count = op->kind == INCR || op->kind == DECR;
    if (!is_count || count->status != MCP_OK)
        return;
    int len = snprintf(text, sizeof text, "%llu", (unsigned long long)count->number);
    ck_assert_int_eq(memcached_set(theirs[0], op->key, strlen(op->key), text, (size_t)len, 0, 0),
                     MEMCACHED_SUCCESS);
    client_expect(ours[1], mcp_set(ours[1], T(op->key), text, (size_t)len, 0, 0), MCP_OK, "set");
}

/*
 * memcached 1.6.18 reads beyond the value where a counter begins with white space, and looks for a
 * minus sign in whatever stands behind a number of 2^63 or more: both answers are then possible,
 * whoever asks.
 */
static int
is_defined(const outcome *value)
{
    size_t n = 0;
    if (value->status != MCP_OK || value->len == 0)
        return 1;
    while (n < value->len && value->value[n] >= '0' && value->value[n] <= '9')
        n++;
    if (n == 0)
        return strchr("\t\n\v\f\r +-", value->value[0]) == NULL;
    return n <= 18;
}

static void
avoid_undefined(operation *op)
{
    static outcome now;
    if (op->kind != INCR && op->kind != DECR)
        return;
    we_get(ours[1], op->key, &now);
    if (!is_defined(&now))
        op->kind = SET;
}

static void
compare(const char *what, long number, const operation *op, const outcome *a, const outcome *b)
{
    int is_same = a->status == b->status && a->len == b->len && a->flags == b->flags &&
                  a->number == b->number && memcmp(a->value, b->value, a->len) == 0;
    ck_assert_msg(is_same,
                  "%s %ld, kind %d of %s: libmemcached says %d (%zu bytes, flags %u, number %llu), "
                  "we %d (%zu, %u, %llu)",
                  what, number, op->kind, op->key, a->status, a->len, a->flags,
                  (unsigned long long)a->number, b->status, b->len, b->flags,
                  (unsigned long long)b->number);
}

/* ---- The servers -------------------------------------------------------------------------- */

static void
start(const char *distribution, memcached_server_distribution_t theirs_is)
{
    for (int set = 0; set < 2; set++) {
        theirs[set] = memcached_create(NULL);
        ck_assert_ptr_nonnull(theirs[set]);
        memcached_behavior_set(theirs[set], MEMCACHED_BEHAVIOR_SUPPORT_CAS, 1);
        ck_assert_int_eq(memcached_behavior_set_distribution(theirs[set], theirs_is),
                         MEMCACHED_SUCCESS);
        for (int i = 0; i < N_SERVERS; i++) {
            servers[set][i] = server_unix(NULL);
            ck_assert_int_eq(memcached_server_add_unix_socket(theirs[set], servers[set][i]->path),
                             MEMCACHED_SUCCESS);
        }
        ours[set] = client_open("server=%s server=%s server=%s distribution=%s timeout=20s",
                                servers[set][0]->address, servers[set][1]->address,
                                servers[set][2]->address, distribution);
    }
}

static void
stop(void)
{
    for (int set = 0; set < 2; set++) {
        memcached_free(theirs[set]);
        mcp_close(ours[set]);
    }
}

static long
number_from(const char *name, long standard)
{
    const char *text = getenv(name);
    return text != NULL && *text != '\0' ? strtol(text, NULL, 10) : standard;
}

/* Every server holds keys: a placement that puts all on one would prove nothing. */
static void
all_are_used(void)
{
    for (int set = 0; set < 2; set++)
        for (int i = 0; i < N_SERVERS; i++)
            ck_assert_uint_gt(server_stat(servers[set][i], "curr_items"), 0);
}

START_TEST(same_outcomes)
{
    static const struct {
        const char *ours;
        memcached_server_distribution_t theirs;
    } ways[] = {{"modula", MEMCACHED_DISTRIBUTION_MODULA},
                {"consistent", MEMCACHED_DISTRIBUTION_CONSISTENT}};
    static outcome a, b;
    static operation op;
    long n = number_from("MCP_OPS", 50000) / 2, n_done = 0;
    state = (uint64_t)number_from("MCP_SEED", 1);
    start(ways[_i].ours, ways[_i].theirs);
    for (long i = 0; i < n; i++) {
        draw_operation(&op);
        avoid_undefined(&op);
        they_do(theirs[0], &op, &a);
        we_do(ours[1], &op, &b);
        compare("operation", i, &op, &a, &b);
        trim(&op, &b);
        n_done += a.status == MCP_OK;
        if (i % 8 != 0)
            continue;
        they_get(theirs[1], op.key, &a); /* what we wrote, */
        we_get(ours[0], op.key, &b);     /* and what they wrote */
        compare("crosswise, behind", i, &op, &a, &b);
    }
    ck_assert_int_gt(n_done, n / 3);
    all_are_used();
    printf("%s: %ld operations, %ld of them yes, the same in both\n", ways[_i].ours, n, n_done);
    stop();
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("random_ops");
    tcase_add_loop_test(tests, same_outcomes, 0, 2);
    return run_tests("random_ops", tests);
}
