/* SPDX-License-Identifier: BSD-3-Clause */
#include "fail/scene.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "fail/found.h"
#include "support/client.h"
#include "support/wait.h"

#define LARGE 3000
#define AFTER_MS 3000
/* Beyond its deadline of 150 ms a call hangs. */
#define HANG_MS 2000

static uint64_t version;

static const char *
key_name(int key)
{
    static char names[SCENE_KEYS][16];
    snprintf(names[key], sizeof names[key], "fail:%d", key);
    return names[key];
}

/* "fail:2=7", and dots behind it. */
static size_t
make_value(char *out, int key, uint64_t number, int large)
{
    size_t len = (size_t)snprintf(out, 64, "%s=%llu.", key_name(key), (unsigned long long)number);
    size_t wanted = large ? LARGE : len;
    memset(out + len, '.', wanted - len);
    return wanted;
}

/* The version that a value says it is; 0: it is none of that key's. */
static uint64_t
version_of(int key, const void *value, size_t len)
{
    char head[64] = "", text[LARGE];
    unsigned long long number = 0;
    memcpy(head, value, len < sizeof head - 1 ? len : sizeof head - 1);
    const char *name = key_name(key);
    if (strncmp(head, name, strlen(name)) != 0 ||
        sscanf(head + strlen(name), "=%llu.", &number) != 1)
        return 0;
    size_t wanted = make_value(text, key, number, len == LARGE);
    return wanted == len && memcmp(text, value, len) == 0 ? number : 0;
}

void
scene_begin(scene *s, const char *words)
{
    memset(s, 0, sizeof *s);
    s->primary = server_unix(NULL);
    s->backup = server_unix(NULL);
    snprintf(
        s->options, sizeof s->options,
        "server=%s backup=%s timeout=%lldms view-interval=20ms retry-min=10ms retry-max=50ms %s",
        s->primary->address, s->backup->address, (long long)client_slack(300), words);
    for (int i = 0; i < SCENE_KEYS; i++)
        s->keys[i].may_miss = 1;
}

int
scene_open(scene *s)
{
    char why[200] = "";
    mcp_allocator allocator;
    int64_t n_before = s->memory != NULL ? s->memory->n_blocks : 0;
    if (s->memory != NULL)
        allocator = sim_memory_allocator(s->memory);
    s->c = mcp_open_with(s->options, s->memory != NULL ? &allocator : NULL, why, sizeof why);
    ck_assert_msg(s->c != NULL || why[0] != '\0', "%s: no client, and no reason", s->what);
    ck_assert_msg(s->c != NULL || s->memory == NULL || s->memory->n_blocks == n_before,
                  "%s: no client (%s), and blocks left", s->what, why);
    return s->c != NULL;
}

/* ---- calls, and what they are answered ---- */

void
scene_judge(scene *s, mcp_status status, const char *what)
{
    s->n_calls++;
    s->n_bad += status < MCP_OK;
    int is_right = status == MCP_OK || (status >= MCP_NOT_FOUND && status <= MCP_EXISTS) ||
                   status == MCP_LEASED || status == MCP_NO_MEMORY || status == MCP_NO_RESOURCE ||
                   status == MCP_NO_SERVER || status == MCP_UNKNOWN || status == MCP_TIMEOUT;
    ck_assert_msg(is_right, "%s: %s: %s; %s", s->what, what, mcp_strstatus(status),
                  mcp_last_error(s->c)->text);
    ck_assert_msg(status >= MCP_OK || mcp_last_error(s->c)->text[0] != '\0',
                  "%s: %s: %s, unexplained", s->what, what, mcp_strstatus(status));
}

static void
look_at_time(scene *s, int64_t begun_ms, const char *what)
{
    ck_assert_msg(now_ms() - begun_ms < client_slack(HANG_MS), "%s: %s took %lld ms", s->what, what,
                  (long long)(now_ms() - begun_ms));
}

mcp_status
scene_set(scene *s, int key, int large)
{
    char value[LARGE];
    uint64_t number = ++version;
    size_t len = make_value(value, key, number, large);
    int64_t begun_ms = now_ms();
    mcp_request request = client_request(MCP_SET, key_name(key));
    mcp_result result = MCP_RESULT_INIT;
    request.value = value;
    request.value_len = len;
    mcp_status status = mcp_call(s->c, &request, &result);
    look_at_time(s, begun_ms, "set");
    scene_judge(s, status, "set");
    s->has_backup_missed |= result.backup != MCP_COPY_OK;
    s->keys[key].last = number;
    s->keys[key].may_miss |= status != MCP_OK;
    if (s->keys[key].first == 0 || status == MCP_OK)
        s->keys[key].first = number;
    if (status == MCP_OK)
        s->keys[key].may_miss = 0;
    if (s->keys[key].safe == 0 ||
        (result.primary == MCP_COPY_OK && result.backup == MCP_COPY_OK && status == MCP_OK))
        s->keys[key].safe = number;
    s->keys[key].is_safe = s->keys[key].safe == number;
    return status;
}

void
scene_lose_primary(scene *s)
{
    server_kill(s->primary);
    s->is_primary_away = s->was_primary_lost = 1;
    for (int i = 0; i < SCENE_KEYS; i++) {
        s->keys[i].may_miss |= !s->keys[i].is_safe;
        if (!s->keys[i].is_safe && s->keys[i].first > s->keys[i].safe)
            s->keys[i].first = s->keys[i].safe;
    }
}

void
scene_bring_primary(scene *s)
{
    if (s->is_primary_away)
        server_restart(s->primary);
    s->is_primary_away = 0;
}

mcp_status
scene_delete(scene *s, int key)
{
    mcp_request request = client_request(MCP_DELETE, key_name(key));
    mcp_result result = MCP_RESULT_INIT;
    mcp_status status = mcp_call(s->c, &request, &result);
    scene_judge(s, status, "delete");
    s->has_backup_missed |= result.backup != MCP_COPY_OK;
    s->keys[key].may_miss = 1;
    if (status >= MCP_OK)
        s->keys[key].first = s->keys[key].last = 0;
    return status;
}

/* Is this what may be there? */
static void
judge_value(scene *s, int key, const char *where, const void *value, size_t len)
{
    uint64_t number = version_of(key, value, len);
    ck_assert_msg(number != 0 && number >= s->keys[key].first && number <= s->keys[key].last,
                  "%s: %s holds version %llu of %s, of which %llu to %llu may be there", s->what,
                  where, (unsigned long long)number, key_name(key),
                  (unsigned long long)s->keys[key].first, (unsigned long long)s->keys[key].last);
}

static mcp_status
get_from(scene *s, mcp_client *c, int key)
{
    mcp_result r = MCP_RESULT_INIT;
    mcp_status status = mcp_get(c, T(key_name(key)), &r);
    if (status == MCP_OK)
        judge_value(s, key, "the client", r.value, r.value_len);
    ck_assert_msg(status != MCP_NOT_FOUND || s->keys[key].may_miss || s->is_without_backup,
                  "%s: %s is missing%s", s->what, key_name(key),
                  c == s->c ? "" : " to a new client");
    return status;
}

mcp_status
scene_get(scene *s, int key)
{
    int64_t begun_ms = now_ms();
    mcp_status status = get_from(s, s->c, key);
    look_at_time(s, begun_ms, "get");
    scene_judge(s, status, "get");
    return status;
}

/* ---- afterwards ---- */

static int
set_works(void *context)
{
    return scene_set(context, 0, 1) == MCP_OK;
}

static int
repair_works(void *context)
{
    scene *s = context;
    return mcp_repair(s->c, -1, (uint64_t)client_slack(1000), NULL, NULL) == MCP_OK;
}

static int
is_on_record(scene *s, int number)
{
    return client_info(s->c, number).journaled > 0;
}

/*
 * Two faults at once: the primary has lost everything or has missed writes, and so has the backup,
 * as this client says. Then each of the two may be wrong about a key, and what repairs them deletes
 * it on both: a miss, also of what was set before it was done, but never an old value. What is set
 * after it stays.
 */
static void
judge_double_fault(scene *s)
{
    int is_primary_wrong = s->was_primary_lost || is_on_record(s, 0);
    int is_backup_wrong = s->has_backup_missed || is_on_record(s, 1);
    if (!is_primary_wrong || !is_backup_wrong)
        return;
    ck_assert_msg(!s->is_untroubled, "%s: both servers miss writes", s->what);
    for (int i = 0; i < SCENE_KEYS; i++)
        s->keys[i].may_miss = 1;
    ck_assert_msg(wait_until(set_works, s, client_slack(AFTER_MS)),
                  "%s: sets do not work after repairs: %s", s->what, mcp_last_error(s->c)->text);
}

typedef struct reading {
    scene *s;
    mcp_client *c;
    int key;
} reading;

static int
read_works(void *context)
{
    reading *r = context;
    return get_from(r->s, r->c, r->key) >= MCP_OK;
}

static void
read_all(scene *s, mcp_client *c, const char *who)
{
    for (int i = 0; i < SCENE_KEYS; i++) {
        reading r = {s, c, i};
        ck_assert_msg(wait_until(read_works, &r, client_slack(AFTER_MS)),
                      "%s: %s cannot read %s: %s", s->what, who, key_name(i),
                      mcp_last_error(c)->text);
    }
}

static void
look_at_server(scene *s, const server *at, const char *where)
{
    for (int i = 0; i < SCENE_KEYS; i++) {
        const held *found = server_look(at, key_name(i));
        if (found->found)
            judge_value(s, i, where, found->value, found->len);
    }
}

void
scene_end(scene *s)
{
    ck_assert_msg(!s->is_untroubled || !s->has_backup_missed, "%s: the backup misses writes",
                  s->what);
    scene_bring_primary(s);
    ck_assert_msg(wait_until(set_works, s, client_slack(AFTER_MS)),
                  "%s: later sets do not work: %s", s->what, mcp_last_error(s->c)->text);
    ck_assert_msg(wait_until(repair_works, s, client_slack(AFTER_MS)), "%s: later repairs: %s",
                  s->what, mcp_last_error(s->c)->text);
    judge_double_fault(s);
    if (s->endpoint != NULL)
        found_end(s);
    read_all(s, s->c, "the client");
    mcp_close(s->c);
    ck_assert_msg(s->memory == NULL || s->memory->n_blocks == 0, "%s: %lld blocks left", s->what,
                  s->memory == NULL ? 0 : (long long)s->memory->n_blocks);
    mcp_client *fresh = client_open("%s", s->options);
    read_all(s, fresh, "a new client");
    mcp_close(fresh);
    look_at_server(s, s->primary, "the primary");
    look_at_server(s, s->backup, "the backup");
    s->was_primary_lost = s->has_backup_missed = 0;
}
