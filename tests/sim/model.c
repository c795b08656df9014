/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/model.h"

#include "sim/ops.h"
#include "sim/rules.h"

static int
is_modelled(const sim_world *world, uint32_t key, const mcp__pair *pair)
{
    uint32_t owner = sim_key_owner(world, key);
    return owner != UINT32_MAX && world->issues && !world->clients[owner].was_troubled &&
           world->clients[owner].memory.n_failed == 0 &&
           !world->hosts[pair->primary].was_troubled && world->plan.mirrors_writes &&
           (pair->backup == MCP__NO_SERVER || !world->hosts[pair->backup].was_troubled);
}

static void
put(sim_model *model, const sim_op *op)
{
    sim_bytes_clear(&model->value);
    sim_bytes_put(&model->value, op->value, op->request.value_len);
    model->flags = op->request.flags;
    model->exists = op->request.ttl >= 0;
    model->is_mortal = op->request.ttl > 0 && op->request.ttl < 100;
}

static void
join(sim_model *model, const sim_op *op)
{
    sim_bytes both = {0};
    if (op->request.verb == MCP_PREPEND)
        sim_bytes_put(&both, op->value, op->request.value_len);
    sim_bytes_put(&both, model->value.block + model->value.start, sim_bytes_len(&model->value));
    if (op->request.verb == MCP_APPEND)
        sim_bytes_put(&both, op->value, op->request.value_len);
    sim_bytes_free(&model->value);
    model->value = both;
}

static void
add(sim_model *model, const sim_op *op)
{
    char digits[24] = {0};
    size_t len = sim_bytes_len(&model->value);
    uint64_t number = op->request.initial;
    if (model->exists) {
        memcpy(digits, model->value.block + model->value.start, len < 23 ? len : 23);
        number = strtoull(digits, NULL, 10);
        number += op->request.verb == MCP_INCR ? op->request.delta : 0 - op->request.delta;
    } else {
        model->flags = 0;
        model->exists = op->request.ttl >= 0;
        model->is_mortal = op->request.ttl > 0 && op->request.ttl < 100;
    }
    len = (size_t)sprintf(digits, "%llu", (unsigned long long)number);
    sim_bytes_clear(&model->value);
    sim_bytes_put(&model->value, digits, len);
}

/* What one memcached would have said. MCP_EXISTS and MCP_OK of a cas depend on its token. */
static mcp_status
expected(const sim_world *world, const sim_model *model, const sim_op *op)
{
    size_t len = op->request.value_len;
    int is_big = len > world->hosts[op->pair.primary].memcached.item_max;
    switch (op->request.verb) {
    case MCP_SET:
        return is_big && op->request.ttl >= 0 ? MCP_TOO_BIG : MCP_OK;
    case MCP_ADD:
        return is_big ? MCP_TOO_BIG : model->exists ? MCP_NOT_STORED : MCP_OK;
    case MCP_REPLACE:
        return is_big ? MCP_TOO_BIG : model->exists ? MCP_OK : MCP_NOT_STORED;
    case MCP_APPEND:
    case MCP_PREPEND:
        if (!is_big && model->exists &&
            sim_bytes_len(&model->value) + len > world->hosts[op->pair.primary].memcached.item_max)
            return MCP_NOT_STORED;
        return is_big ? MCP_TOO_BIG : model->exists ? MCP_OK : MCP_NOT_STORED;
    case MCP_INCR:
    case MCP_DECR:
        if (model->exists && !sim_key_is_counter(op->key_number))
            return MCP_NOT_NUMBER;
        return model->exists || op->request.with_initial ? MCP_OK : MCP_NOT_FOUND;
    default:
        return model->exists ? MCP_OK : MCP_NOT_FOUND;
    }
}

static void
follow(sim_world *world, sim_model *model, const sim_op *op, const mcp_result *result)
{
    char digits[24];
    if (result->status == MCP_TOO_BIG)
        model->exists = 0;
    if (result->status != MCP_OK)
        return;
    switch (op->request.verb) {
    case MCP_SET:
    case MCP_ADD:
    case MCP_REPLACE:
    case MCP_CAS:
        put(model, op);
        break;
    case MCP_APPEND:
    case MCP_PREPEND:
        join(model, op);
        break;
    case MCP_DELETE:
        model->exists = 0;
        break;
    case MCP_TOUCH:
    case MCP_GAT:
        model->exists = op->request.ttl >= 0;
        model->is_mortal = op->request.ttl > 0 && op->request.ttl < 100;
        break;
    case MCP_INCR:
    case MCP_DECR:
        add(model, op);
        snprintf(digits, sizeof digits, "%.*s", (int)sim_bytes_len(&model->value),
                 (char *)model->value.block + model->value.start);
        if (result->number != strtoull(digits, NULL, 10))
            sim_rules_break(world, "MODEL", "op %u: %s %s: a wrong number", op->id,
                            sim_verb_name(op->request.verb), op->key);
        break;
    default:
        break;
    }
}

static void
check_read(sim_world *world, const sim_model *model, const sim_op *op, const mcp_result *result)
{
    size_t len = sim_bytes_len(&model->value);
    int is_same =
        result->value_len == len && result->flags == model->flags &&
        (len == 0 || memcmp(result->value, model->value.block + model->value.start, len) == 0);
    if (!is_same)
        sim_rules_break(world, "MODEL", "op %u: %s %s: not the value or the flags of before",
                        op->id, sim_verb_name(op->request.verb), op->key);
}

void
sim_model_check(sim_world *world, const sim_client *client, const sim_op *op,
                const mcp_result *result)
{
    if (op->key_number >= SIM_KEYS_MAX || sim_key_owner(world, op->key_number) != client->number)
        return;
    sim_model *model = &world->models[op->key_number];
    if (!is_modelled(world, op->key_number, &op->pair))
        return;
    if (model->is_mortal) { /* it may have expired: unknown until it is written again */
        int is_certain = op->request.verb == MCP_SET || op->request.verb == MCP_DELETE;
        if (!is_certain || result->status < MCP_OK)
            return;
        model->is_mortal = 0;
        model->exists = op->request.verb == MCP_DELETE && result->status == MCP_OK;
    }
    int is_cas = op->request.verb == MCP_CAS;
    mcp_status wanted = expected(world, model, op);
    int is_allowed = is_cas ? result->status >= MCP_OK : result->status == wanted;
    if (!is_allowed)
        sim_rules_break(world, "MODEL", "op %u: %s %s: %s instead of %s", op->id,
                        sim_verb_name(op->request.verb), op->key, mcp_strstatus(result->status),
                        mcp_strstatus(wanted));
    int is_read = op->request.verb == MCP_GET || op->request.verb == MCP_GAT;
    if (is_read && result->status == MCP_OK && model->exists)
        check_read(world, model, op, result);
    follow(world, model, op, result);
    model->is_known = 1;
}

/* ---- at rest ---- */

static int
is_equal(const sim_item *a, const sim_item *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return a->len == b->len && a->flags == b->flags && memcmp(a->value, b->value, a->len) == 0 &&
           (a->expires_s == 0) == (b->expires_s == 0);
}

void
sim_model_finale(sim_world *world)
{
    char text[24];
    for (uint32_t key = 0; key < world->plan.n_keys; key++) {
        sim_key_text(key, text, sizeof text);
        size_t len = strlen(text);
        mcp__pair pair = mcp__pairing_find(world->pairing, text, len);
        const sim_model *model = &world->models[key];
        if (!is_modelled(world, key, &pair) || model->is_mortal)
            continue;
        const sim_item *first =
            sim_server_find(&world->hosts[pair.primary].memcached, text, len, world->now_ms);
        const sim_item *second =
            pair.backup == MCP__NO_SERVER
                ? first
                : sim_server_find(&world->hosts[pair.backup].memcached, text, len, world->now_ms);
        if (!is_equal(first, second))
            sim_rules_break(world, "TWINS", "%s: the copies differ", text);
        if (model->is_known && model->exists != (first != NULL))
            sim_rules_break(world, "TWINS", "%s is %s the servers", text,
                            first != NULL ? "still on" : "not on");
    }
}

void
sim_model_free(sim_world *world)
{
    for (uint32_t key = 0; key < SIM_KEYS_MAX; key++)
        sim_bytes_free(&world->models[key].value);
}
