/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/rules.h"

#include "sim/notes.h"
#include "sim/ops.h"
#include "sim/promise.h"

/* ---- which opaque belongs to what ---- */

static size_t
place_of(const sim_world *world, uint64_t opaque, uint32_t client, uint32_t server)
{
    uint64_t hash = opaque ^ client ^ (uint64_t)server << 8;
    hash = (hash ^ hash >> 32) * 0x9e3779b97f4a7c15u; /* a counter's low digits are the last bytes */
    size_t at = (size_t)(hash >> 32) & (world->opaques_capacity - 1);
    while (world->opaques[at].opaque != 0 &&
           (world->opaques[at].opaque != opaque || world->opaques[at].client != client ||
            world->opaques[at].server != server))
        at = (at + 1) & (world->opaques_capacity - 1);
    return at;
}

static sim_opaque *
look_up(const sim_world *world, uint64_t opaque, uint32_t client, uint32_t server)
{
    if (world->n_opaques == 0)
        return NULL;
    sim_opaque *found = &world->opaques[place_of(world, opaque, client, server)];
    return found->opaque == 0 ? NULL : found;
}

static void
grow(sim_world *world)
{
    sim_opaque *old = world->opaques;
    size_t old_capacity = world->opaques_capacity;
    if ((world->n_opaques + 1) * 2 < old_capacity)
        return;
    world->opaques_capacity = old_capacity == 0 ? 1024 : old_capacity * 2;
    world->opaques = sim_need(calloc(world->opaques_capacity, sizeof *old));
    for (size_t i = 0; i < old_capacity; i++) {
        if (old[i].opaque != 0)
            world->opaques[place_of(world, old[i].opaque, old[i].client, old[i].server)] = old[i];
    }
    free(old);
}

/* The key of a third delete: a check, or, without memory for one, a command that nobody looks
 * after. NULL: it is something else that the engine does by itself. */
static const char *
key_of_third(const mcp__pending *pending, size_t *len)
{
    const mcp__check *check = pending->op;
    const mcp__op *op = pending->op;
    if (pending->op == NULL || pending->kind != MCP__COMMAND_DELETE)
        return NULL;
    if (pending->is_check) {
        *len = check->key_len;
        return check->key;
    }
    if (op->verb != MCP__VERB_ASK || mcp__task_of(pending->op)->job != NULL)
        return NULL;
    *len = op->key.len;
    return op->key.bytes;
}

/* The delete that has just finished, and whose third this is; SIM_NO_OP: none. */
static uint32_t
owner_of_owed(sim_world *world, sim_client *client, uint32_t server, const mcp__pending *pending)
{
    size_t len;
    const char *key = key_of_third(pending, &len);
    if (key == NULL)
        return SIM_NO_OP;
    for (mcp__task *task = client->engine.first_finished; task != NULL; task = task->next) {
        sim_op *op = world->ops[task->tag];
        int is_delete = task->op.verb == MCP_DELETE || task->op.verb == MCP_SET;
        if (!op->has_owed && op->pair.backup == server && is_delete && task->op.key.len == len &&
            memcmp(task->op.key.bytes, key, len) == 0 &&
            task->op.leg[MCP__PRIMARY].copy == MCP_COPY_OK &&
            task->op.leg[MCP__BACKUP].copy == MCP_COPY_OK &&
            (task->op.verb == MCP_DELETE || task->op.ttl < 0)) {
            op->has_owed = 1;
            return op->id;
        }
    }
    return SIM_NO_OP;
}

static void
learn(sim_world *world, sim_client *client, uint32_t server, const mcp__pending *pending)
{
    if (pending->kind >= MCP__COMMAND_PING || look_up(world, pending->opaque, client->number, server))
        return;
    const mcp__op *op = pending->is_check ? NULL : pending->op;
    int is_quiet = pending->is_convoy ||
                   (client->express_op != NULL && op == &client->engine.express.task->op);
    int is_own = !is_quiet && (op == NULL || op->is_background);
    uint32_t asker = pending->is_convoy ? client->batch_first + pending->tag
                     : is_own           ? owner_of_owed(world, client, server, pending)
                                        : (uint32_t)mcp__task_of(pending->op)->tag;
    if (world->plan.keeps_record && is_quiet)
        sim_promise_asked_plainly(world, client, world->ops[asker], server);
    else if (world->plan.keeps_record)
        sim_promise_asked(world, client, pending, server);
    grow(world);
    world->opaques[place_of(world, pending->opaque, client->number, server)] =
        (sim_opaque){pending->opaque,
                     client->number,
                     server,
                     asker,
                     is_own ? MCP__BACKUP : pending->leg,
                     pending->kind,
                     pending->word,
                     (uint8_t)is_own};
    world->n_opaques++;
}

void
sim_truth_learn(sim_world *world, sim_client *client)
{
    const mcp__engine *engine = &client->engine;
    if (client->known_opaques == engine->opaque_count)
        return;
    client->known_opaques = engine->opaque_count;
    for (uint32_t i = 0; i < engine->n_servers; i++) {
        const mcp__link *link = &engine->servers[i].link;
        for (uint32_t j = 0; j < link->pending_count; j++)
            learn(world, client, i, &link->pending[(link->pending_head + j) & link->pending_mask]);
    }
}

/* ---- what a server did ---- */

/* A delete that clears up after an operation, and is not what it asked for. */
static int
is_cleaning(const sim_op *op, const sim_opaque *is)
{
    mcp_verb verb = op->request.verb;
    if (is->kind != MCP__COMMAND_DELETE || verb == MCP_DELETE)
        return 0;
    if (verb == MCP_SET && op->request.ttl < 0)
        return 0;
    /* What was decided and expires at once is mirrored as a delete. */
    int is_mirror = (verb == MCP_ADD || verb == MCP_REPLACE || verb == MCP_CAS) &&
                    op->request.ttl < 0 && op->truth[MCP__OTHER(is->leg)].n_done > 0;
    return !is_mirror;
}

static void
check_value(sim_world *world, const sim_op *op, const sim_opaque *is, const sim_deed *deed)
{
    int is_copy_of_join = is->kind == MCP__COMMAND_SET &&
                          (op->request.verb == MCP_APPEND || op->request.verb == MCP_PREPEND);
    if (deed->verb[1] != 's' || deed->value == NULL)
        return;
    int is_same = is_copy_of_join
                      ? sim_value_is_sound(op->key_number, deed->value, deed->len)
                      : deed->len == op->request.value_len &&
                            (deed->len == 0 || memcmp(deed->value, op->value, deed->len) == 0);
    if (!is_same)
        sim_rules_break(world, "INTACT", "op %u: the value of %s %s arrived changed", op->id,
                        sim_verb_name(op->request.verb), op->key);
}

static void
count(sim_world *world, sim_op *op, const sim_opaque *is, const sim_deed *deed)
{
    sim_truth *truth = &op->truth[is->leg];
    if (is->is_owed) {
        truth->n_owed++;
        return;
    }
    memcpy(truth->reply, deed->reply, 2);
    truth->seen[is->kind]++;
    if (deed->reply[0] == 'V') {
        truth->read_any = 1;
        truth->read_hash = sim_hash(deed->value, deed->len);
    }
    if (is->kind == MCP__COMMAND_GET || is_cleaning(op, is))
        return;
    /* Nothing was counted: it may have been a stub, so it is looked at, and may be asked again. */
    if ((is->kind == MCP__COMMAND_INCR || is->kind == MCP__COMMAND_DECR) && deed->reply[0] == 'e') {
        truth->was_no_number = 1;
        return;
    }
    truth->n_asked++;
    truth->n_done = (uint16_t)(truth->n_done + (deed->reply[0] == 'H' || deed->reply[0] == 'V'));
    if (truth->n_asked > 1)
        sim_rules_break(world, "ONCE", "op %u: %s carries out %s %s %u times", op->id,
                        world->hosts[is->leg == 0 ? op->pair.primary : op->pair.backup].name,
                        sim_verb_name(op->request.verb), op->key, truth->n_asked);
}

/* Everything is put in order behind a record: what counts is what the servers have. */
static void
watch_record(sim_world *world, sim_server *server, const sim_conn *conn, const sim_opaque *is,
             const sim_deed *deed)
{
    sim_op *op = is->op == SIM_NO_OP ? NULL : world->ops[is->op];
    int is_change = op != NULL && is->word < MCP__WORD_MARKS && is->kind != MCP__COMMAND_GET &&
                    is->kind != MCP__COMMAND_LEASE && is->kind != MCP__COMMAND_DELETE &&
                    deed->reply[0] == 'H';
    if (is_change && deed->verb[1] == 's' && ++op->truth[is->leg].n_done > 1)
        sim_rules_break(world, "I11", "op %u: %s stores %s twice", op->id,
                        world->hosts[server->number].name, op->key);
    if (is_change && deed->verb[1] == 's')
        op->changed_order[is->leg] = ++world->order;
    if (op != NULL && deed->verb[1] == 's' && deed->reply[0] == 'e' && deed->key[0] != 'm')
        op->was_refused[is->leg] = 1;
    sim_notes_deed(world, server, conn, deed, op);
    uint32_t key = op != NULL ? op->key_number : SIM_KEYS_MAX;
    if (deed->verb[1] == 's' && deed->reply[0] == 'H' && deed->key_len > 1 && deed->key[0] != 'm')
        key = (uint32_t)strtoul(deed->key + 1, NULL, 10);
    if (key < SIM_KEYS_MAX && deed->verb[1] == 's')
        sim_promise_look(world, key);
}

void
sim_truth_watch(void *context, sim_server *server, sim_session *session, const sim_deed *deed)
{
    sim_world *world = context;
    const sim_conn *conn = session->owner;
    uint64_t opaque = 0;
    sim_world_mix(world, (uint64_t)(uint8_t)deed->verb[1] << 8 | (uint8_t)deed->reply[0],
                  server->number);
    if (deed->verb[0] == 'f' && world->notes != NULL)
        sim_notes_emptied(world, server);
    if (deed->verb[1] == 'n' && world->notes != NULL)
        sim_notes_answered(world, server, conn);
    if (deed->verb[0] != 'm' || deed->verb[1] == 'n')
        return;
    char mode = deed->mode != 0 ? deed->mode : ' ';
    sim_world_say(world, "    %s: %.2s %.*s %c from client %u: %.2s",
                  world->hosts[server->number].name, deed->verb, (int)deed->key_len, deed->key,
                  mode, conn->client, deed->reply);
    memcpy(&opaque, deed->opaque, sizeof opaque);
    const sim_opaque *is = look_up(world, opaque, conn->client, server->number);
    if (deed->opaque_len != sizeof opaque || is == NULL) {
        sim_rules_break(world, "TRUTH", "%s got a request that client %u did not make: %.2s %.*s",
                        world->hosts[server->number].name, conn->client, deed->verb,
                        (int)deed->key_len, deed->key);
        return;
    }
    if (world->notes != NULL) {
        watch_record(world, server, conn, is, deed);
        return;
    }
    if (is->op == SIM_NO_OP)
        return;
    sim_op *op = world->ops[is->op];
    uint32_t meant = is->leg == MCP__PRIMARY ? op->pair.primary : op->pair.backup;
    if (meant != server->number || deed->key_len != op->request.key_len ||
        memcmp(deed->key, op->key, deed->key_len) != 0)
        sim_rules_break(world, "TRUTH", "op %u: %s got what was meant for another", op->id,
                        world->hosts[server->number].name);
    check_value(world, op, is, deed);
    count(world, op, is, deed);
}

/* ---- what the results said ---- */

static void
check_copy(sim_world *world, const sim_op *op, int leg, mcp_copy copy)
{
    const sim_truth *truth = &op->truth[leg];
    int any = truth->n_asked > 0 || truth->was_no_number || truth->seen[MCP__COMMAND_GET] > 0;
    /* A get that is asked for once more is told as if that were all. */
    if (copy == MCP_COPY_SKIPPED && any && !op->was_lost)
        sim_rules_break(world, "TRUTH", "op %u: %s %s: a copy was asked, the result says skipped",
                        op->id, sim_verb_name(op->request.verb), op->key);
    if (copy == MCP_COPY_FAILED && truth->n_done > 0 && !op->saw_dirt)
        sim_rules_break(world, "TRUTH", "op %u: %s %s: a copy did it, the result says failed",
                        op->id, sim_verb_name(op->request.verb), op->key);
    if (copy == MCP_COPY_OK && !any)
        sim_rules_break(world, "TRUTH", "op %u: %s %s: a copy never got it, the result says ok",
                        op->id, sim_verb_name(op->request.verb), op->key);
}

void
sim_truth_finale(sim_world *world, const sim_op *op)
{
    if (op->key_number == SIM_KEYS_MAX)
        return;
    check_copy(world, op, MCP__PRIMARY, op->result.primary);
    check_copy(world, op, MCP__BACKUP, op->result.backup);
    int is_delete =
        op->request.verb == MCP_DELETE || (op->request.verb == MCP_SET && op->request.ttl < 0);
    const sim_truth *backup = &op->truth[MCP__BACKUP];
    if (op->pair.backup == MCP__NO_SERVER || !is_delete || !world->plan.mirrors_writes)
        return;
    int both = op->result.primary == MCP_COPY_OK && op->result.backup == MCP_COPY_OK;
    int was_well =
        !world->hosts[op->pair.backup].was_troubled && !world->clients[op->client].was_troubled;
    if (backup->n_owed > both || (was_well && both && backup->n_owed != 1))
        sim_rules_break(world, "THIRD", "op %u: delete %s reached the backup %u times more", op->id,
                        op->key, backup->n_owed);
}
