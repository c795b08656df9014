/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/ops.h"

#include "sim/driver.h"
#include "sim/model.h"
#include "sim/quiet.h"
#include "sim/rules.h"

/* ---- keys and values ---- */

int
sim_key_is_counter(uint32_t key)
{
    return key % 4 == 3;
}

uint32_t
sim_key_owner(const sim_world *world, uint32_t key)
{
    return key * 2 < world->plan.n_keys ? key % world->plan.n_clients : UINT32_MAX;
}

void
sim_key_text(uint32_t key, char *text, size_t size)
{
    snprintf(text, size, "%c%u", sim_key_is_counter(key) ? 'n' : 't', key);
}

size_t
sim_piece_write(uint32_t key, uint32_t op, size_t filler, uint8_t *out)
{
    static const char tail[] = "\r\nEND\r\nHD O00000000\r\nVA 2 ";
    char name[24];
    sim_key_text(key, name, sizeof name);
    size_t len = (size_t)sprintf((char *)out, "[%s|%u|%zu|", name, op, filler);
    for (size_t i = 0; i < filler; i++)
        out[len + i] = (uint8_t)tail[(i + op) % (sizeof tail - 1)];
    out[len + filler] = ']';
    return len + filler + 1;
}

int
sim_value_is_sound(uint32_t key, const uint8_t *value, size_t len)
{
    char name[24];
    char head[64];
    sim_key_text(key, name, sizeof name);
    size_t name_len = strlen(name), at = 0;
    while (at < len) {
        unsigned op;
        size_t filler;
        size_t head_len = len - at < sizeof head - 1 ? len - at : sizeof head - 1;
        memcpy(head, value + at, head_len);
        head[head_len] = '\0';
        if (head_len < name_len + 2 || head[0] != '[' || memcmp(head + 1, name, name_len) != 0 ||
            sscanf(head + 1 + name_len, "|%u|%zu|", &op, &filler) != 2 || filler > len)
            return 0;
        uint8_t *whole = sim_need(malloc(filler + 128));
        size_t piece_len = sim_piece_write(key, op, filler, whole);
        int is_same = piece_len <= len - at && memcmp(whole, value + at, piece_len) == 0;
        free(whole);
        if (!is_same)
            return 0;
        at += piece_len;
    }
    return 1;
}

const char *
sim_verb_name(mcp_verb verb)
{
    static const char *const names[] = {
        "?",      "get",   "gat",  "set",  "add",   "replace", "append",  "prepend", "cas",
        "delete", "touch", "incr", "decr", "flush", "stats",   "version", "ping",
    };
    return names[verb];
}

/* ---- one operation's life ---- */

static sim_op *
add_op(sim_world *world, uint32_t client, const mcp_request *request)
{
    if (world->n_ops == world->ops_capacity) {
        world->ops_capacity = world->ops_capacity * 2 + 64;
        world->ops = sim_need(realloc(world->ops, world->ops_capacity * sizeof *world->ops));
    }
    sim_op *op = sim_need(calloc(1, sizeof *op));
    op->id = (uint32_t)world->n_ops;
    op->client = client;
    op->life = world->clients[client].life;
    op->request = *request;
    op->key_number = SIM_KEYS_MAX;
    op->begun_ms = world->now_ms;
    op->deadline_ms =
        world->now_ms + (request->timeout_ms > 0 ? request->timeout_ms : world->plan.timeout_ms);
    world->ops[world->n_ops++] = op;
    if (request->value_len > 0) {
        op->value = sim_need(malloc(request->value_len));
        op->lent = sim_need(malloc(request->value_len));
        memcpy(op->value, request->value, request->value_len);
        memcpy(op->lent, request->value, request->value_len);
        op->request.value = op->lent;
    }
    if (request->key_len > 0 && request->verb < MCP_FLUSH) {
        memcpy(op->key, request->key, request->key_len);
        op->request.key = op->key;
        op->key_number = (uint32_t)strtoul(op->key + 1, NULL, 10);
    }
    return op;
}

void
sim_op_free(sim_op *op)
{
    free(op->value);
    free(op->lent);
    free(op);
}

static void
begin(sim_world *world, sim_client *client, sim_op *op)
{
    int has_key = op->key_number < SIM_KEYS_MAX;
    client->n_open++;
    if (has_key)
        client->busy_key[op->key_number]++;
    sim_world_say(world, "client %u: #%u %s %s", client->number, op->id,
                  sim_verb_name(op->request.verb),
                  has_key ? op->key : world->hosts[op->request.server].name);
    sim_rules_begin(world, client, op);
    client->engine.unix_now = SIM_UNIX_START + world->now_ms / 1000;
}

sim_op *
sim_world_submit(sim_world *world, uint32_t number, const mcp_request *request)
{
    sim_client *client = &world->clients[number];
    if (sim_world_is_lost(world))
        return NULL;
    sim_op *op = add_op(world, number, request);
    sim_driver_enter(world, client);
    begin(world, client, op);
    if (sim_quiet_begin(world, client, op))
        return op;
    sim_rules_before(world, client);
    mcp__task *task =
        mcp__drive_submit(&client->engine, &op->request, (uint32_t)(op->deadline_ms - op->begun_ms),
                          sim_client_now(world, client));
    if (task == NULL) {
        client->n_open--;
        if (op->key_number < SIM_KEYS_MAX)
            client->busy_key[op->key_number]--;
        op->is_done = 1;
        op->result.status = MCP_NO_MEMORY;
        client->is_listening = !client->is_blocking;
        return NULL;
    }
    task->tag = op->id;
    sim_rules_after(world, client, "submit");
    sim_driver_pump(world, client);
    return op;
}

static void
say_result(sim_world *world, const sim_op *op)
{
    const mcp_result *result = &op->result;
    sim_world_say(world, "client %u: #%u %s %s -> %s%s%s, %s %s, %lld ms", op->client, op->id,
                  sim_verb_name(op->request.verb), op->key, mcp_strstatus(result->status),
                  result->server >= 0 ? " from " : "",
                  result->server >= 0 ? world->hosts[result->server].name : "",
                  mcp_strcopy(result->primary), mcp_strcopy(result->backup),
                  (long long)(op->ended_ms - op->begun_ms));
}

void
sim_ops_over(sim_world *world, sim_client *client, sim_op *op, const mcp_result *result)
{
    op->result = *result;
    op->result_hash = sim_hash(result->value, result->value_len);
    op->ended_ms = world->now_ms;
    sim_world_mix(world, op->id, (uint64_t)result->status ^ op->result_hash);
    say_result(world, op);
    sim_rules_end(world, client, op, result);
    if (!world->plan.keeps_record)
        sim_model_check(world, client, op, result);
    op->is_done = 1;
    op->result.value = NULL;
    if (op->key_number < SIM_KEYS_MAX) {
        client->busy_key[op->key_number]--;
        if (result->cas != 0)
            client->tokens[op->key_number] = result->cas;
    }
    /* From here on nobody may look at what was lent. */
    if (op->lent != NULL)
        memset(op->lent, '!', op->request.value_len);
    client->n_open--;
}

void
sim_ops_finished(sim_world *world, sim_client *client, mcp__task *task)
{
    mcp_result result = MCP_RESULT_INIT;
    mcp__drive_result(task, &result);
    sim_ops_over(world, client, world->ops[task->tag], &result);
    if (!client->is_blocking || client->batch_n > 0 || world->is_draining) {
        mcp__drive_release(&client->engine, task);
        return;
    }
    client->lent = task; /* until the next call */
    sim_world_hush(world, client);
}

/* ---- operations that the seed draws ---- */

#define KEY_SIZE 24

static size_t
draw_filler(sim_world *world)
{
    uint32_t draw = sim_random_below(&world->random, 100);
    if (draw < 80 || world->plan.small_values)
        return sim_random_below(&world->random, 60);
    return draw < 97 ? 1100 + sim_random_below(&world->random, 3000) : 9000;
}

static int64_t
draw_ttl(sim_world *world)
{
    static const int64_t ttls[] = {0, 0, 0, 0, 0, 0, 0, 0, 500, 500, 2592000, 1, -1};
    uint32_t draw = sim_random_below(&world->random, 14);
    return draw == 13 ? SIM_UNIX_START + world->now_ms / 1000 + 900 : ttls[draw];
}

static mcp_verb
draw_verb(sim_world *world, uint32_t key, int is_reader)
{
    static const mcp_verb texts[] = {
        MCP_GET, MCP_GET,     MCP_GET,    MCP_GET,     MCP_SET, MCP_SET,   MCP_SET, MCP_DELETE,
        MCP_ADD, MCP_REPLACE, MCP_APPEND, MCP_PREPEND, MCP_CAS, MCP_TOUCH, MCP_GAT, MCP_INCR};
    static const mcp_verb recorded[] = {
        MCP_GET, MCP_GET,    MCP_GET,    MCP_GET, MCP_GET, MCP_SET, MCP_SET,     MCP_SET,
        MCP_SET, MCP_DELETE, MCP_DELETE, MCP_ADD, MCP_CAS, MCP_GAT, MCP_REPLACE, MCP_TOUCH};
    static const mcp_verb counters[] = {MCP_GET,  MCP_GET,  MCP_SET,    MCP_INCR, MCP_INCR,
                                        MCP_INCR, MCP_DECR, MCP_DELETE, MCP_GAT,  MCP_ADD};
    if (world->plan.keeps_record)
        return recorded[sim_random_below(&world->random, 16)];
    if (is_reader)
        return MCP_GET;
    return sim_key_is_counter(key) ? counters[sim_random_below(&world->random, 10)]
                                   : texts[sim_random_below(&world->random, 16)];
}

static void
draw_value(sim_world *world, uint32_t key, mcp_request *request, uint8_t *value)
{
    uint32_t id = (uint32_t)world->n_ops;
    request->value = value;
    request->flags = id + 1;
    if (sim_key_is_counter(key))
        request->value_len = (size_t)sprintf(
            (char *)value, "%llu",
            (unsigned long long)((key + 1) * (uint64_t)SIM_COUNTER_STEP + 1000000 + id));
    else if (!sim_random_chance(&world->random, 4))
        request->value_len = sim_piece_write(key, id, draw_filler(world), value);
}

/* Also cas tokens that name nothing, or another server's value. */
static uint64_t
draw_token(sim_world *world, const sim_client *client, uint32_t key)
{
    uint32_t draw = sim_random_below(&world->random, 10);
    if (draw == 0)
        return sim_random_next(&world->random);
    if (draw == 1)
        return client->tokens[sim_random_below(&world->random, world->plan.n_keys)];
    return client->tokens[key];
}

static void
issue_direct(sim_world *world, sim_client *client)
{
    static const mcp_verb verbs[] = {MCP_PING, MCP_VERSION, MCP_STATS};
    mcp_request request = MCP_REQUEST_INIT;
    request.verb = verbs[sim_random_below(&world->random, 3)];
    request.server = (int)sim_random_below(&world->random, world->n_hosts);
    sim_world_submit(world, client->number, &request);
}

/* 0: not now. */
static int
draw_request(sim_world *world, sim_client *client, mcp_request *drawn, char *text, uint8_t *value)
{
    mcp_request request = MCP_REQUEST_INIT;
    uint32_t key = sim_random_below(&world->random, world->plan.n_keys);
    uint32_t owner = world->plan.keeps_record ? UINT32_MAX : sim_key_owner(world, key);
    if (owner == client->number && client->busy_key[key] > 0)
        return 0; /* one at a time */
    request.verb = draw_verb(world, key, owner != UINT32_MAX && owner != client->number);
    sim_key_text(key, text, KEY_SIZE);
    request.key = text;
    request.key_len = strlen(text);
    request.want = sim_random_below(&world->random, 4);
    if (request.verb >= MCP_SET && request.verb <= MCP_CAS)
        draw_value(world, key, &request, value);
    if (request.verb == MCP_CAS)
        request.cas = draw_token(world, client, key);
    if (request.verb != MCP_GET && request.verb != MCP_DELETE)
        request.ttl = draw_ttl(world);
    if (request.verb == MCP_INCR || request.verb == MCP_DECR) {
        request.delta = (uint64_t)world->n_ops;
        request.with_initial = !world->plan.keeps_record && sim_key_is_counter(key) &&
                               sim_random_chance(&world->random, 50);
        request.initial = (key + 1) * (uint64_t)SIM_COUNTER_STEP + 2000000;
    }
    *drawn = request;
    return 1;
}

/* Several at once, as mcp_batch() and mcp_mget() take them. */
static void
issue_batch(sim_world *world, sim_client *client)
{
    char text[KEY_SIZE];
    static uint8_t value[16384];
    sim_op *ops[SIM_BATCH_MAX];
    uint32_t n = 0, most = 2 + sim_random_below(&world->random, SIM_BATCH_MAX - 1);
    sim_driver_enter(world, client);
    for (uint32_t i = 0; i < most; i++) {
        mcp_request request;
        if (!draw_request(world, client, &request, text, value))
            continue;
        ops[n] = add_op(world, client->number, &request);
        begin(world, client, ops[n++]);
    }
    if (n > 0)
        sim_quiet_batch(world, client, ops, n);
}

void
sim_ops_issue(sim_world *world, sim_client *client)
{
    char text[KEY_SIZE];
    static uint8_t value[16384];
    mcp_request request;
    if (client->is_blocking && world->plan.batch_percent > 0 &&
        sim_random_chance(&world->random, world->plan.batch_percent))
        issue_batch(world, client);
    else if (sim_random_chance(&world->random, 4))
        issue_direct(world, client);
    else if (draw_request(world, client, &request, text, value))
        sim_world_submit(world, client->number, &request);
}
