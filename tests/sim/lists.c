/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/ops.h"
#include "sim/rules.h"

/* What the engine holds, looked at after every call into it. */

#define TASKS_MAX 256

typedef struct seen {
    const mcp__task *tasks[TASKS_MAX];
    size_t n;
} seen;

static void
see(seen *all, void *op)
{
    const mcp__task *task = mcp__task_of(op);
    if (task->op.is_background)
        return; /* nobody waits for it */
    for (size_t i = 0; i < all->n; i++) {
        if (all->tasks[i] == task)
            return;
    }
    if (all->n < TASKS_MAX)
        all->tasks[all->n++] = task;
}

#define LISTS(condition, text)                                                                     \
    do {                                                                                           \
        if (!(condition))                                                                          \
            sim_rules_break(world, "LISTS", "client %u, %s, after %s: %s", client->number,         \
                            world->hosts[server->number].name, event, text);                       \
    } while (0)

static void
check_waiting(sim_world *world, const sim_client *client, mcp__server *server, const char *event,
              seen *all)
{
    const mcp__leg *previous = NULL;
    for (mcp__leg *leg = server->first_waiting; leg != NULL; leg = leg->next_waiting) {
        LISTS(leg->state == MCP__LEG_WAITING, "a leg waits and does not know it");
        LISTS(leg->server == server->number, "a leg waits for another server");
        LISTS(leg->previous_waiting == previous, "the waiting list is torn");
        see(all, mcp__op_of_leg(leg));
        previous = leg;
    }
    LISTS(server->last_waiting == previous, "the waiting list has another end");
    LISTS(previous == NULL || server->link.state == MCP__LINK_OPENING ||
              server->link.state == MCP__LINK_GREETING,
          "legs wait for a link that nobody opens");
}

static void
check_pending(sim_world *world, const sim_client *client, const mcp__server *server,
              const char *event, seen *all)
{
    const mcp__link *link = &server->link;
    uint32_t n_awaited = 0;
    for (uint32_t i = 0; i < link->pending_count; i++) {
        const mcp__pending *pending = &link->pending[(link->pending_head + i) & link->pending_mask];
        n_awaited += pending->is_awaited;
        if (pending->op == NULL || pending->is_check)
            continue; /* a convoy's has none either */
        const mcp__leg *leg = &((mcp__op *)pending->op)->leg[pending->leg];
        LISTS(leg->state == MCP__LEG_SENT, "a request's leg has not been sent");
        LISTS(leg->server == server->number, "a request's leg is another server's");
        see(all, pending->op);
    }
    LISTS(n_awaited == link->n_awaited, "awaited replies are miscounted");
    LISTS(link->state >= MCP__LINK_GREETING || link->pending_count == 0,
          "requests on a link that is not connected");
    LISTS(link->state >= MCP__LINK_GREETING || !mcp__link_has_output(link),
          "output on a link that is not connected");
}

static void
check_server(sim_world *world, const sim_client *client, mcp__server *server, const char *event)
{
    const mcp__link *link = &server->link;
    const mcp__health *health = &server->health;
    int is_opening = link->state == MCP__LINK_OPENING || link->state == MCP__LINK_GREETING;
    int needs_ear = is_opening || link->n_awaited > 0 || mcp__link_has_output(link) ||
                    mcp__link_owes(link) || link->is_raw;
    LISTS(server->is_busy == needs_ear,
          needs_ear ? "not busy, but there is something to hear" : "busy for no reason");
    LISTS(!is_opening || server->timer.place != 0, "an attempt has no limit");
    LISTS(health->state != MCP_STATE_DOWN || link->state == MCP__LINK_CLOSED,
          "down, and connected");
    LISTS(health->state != MCP_STATE_DOWN ||
              (server->timer.place != 0 && server->timer.at_ms <= health->next_probe_ms),
          "down, and no probe will be sent");
    LISTS(health->state != MCP_STATE_PROBING || is_opening, "probing without a probe");
    LISTS(health->state != MCP_STATE_SUSPECT || is_opening || server->timer.place != 0,
          "suspect, and no probe will be sent");
}

/* ---- states ---- */

static int
is_drawn(uint8_t from, uint8_t to)
{
    static const uint8_t ways[] = {
        [MCP_STATE_UP] = 1 << MCP_STATE_SUSPECT | 1 << MCP_STATE_DOWN,
        [MCP_STATE_SUSPECT] = 1 << MCP_STATE_UP | 1 << MCP_STATE_DOWN,
        [MCP_STATE_DOWN] = 1 << MCP_STATE_PROBING,
        [MCP_STATE_PROBING] = 1 << MCP_STATE_UP | 1 << MCP_STATE_DOWN,
    };
    return from == to || (ways[from] >> to & 1);
}

/* Somebody asks for this server who has no better copy. */
static int
is_called_for(const mcp__server *server)
{
    for (mcp__leg *leg = server->first_waiting; leg != NULL; leg = leg->next_waiting) {
        const mcp__op *op = mcp__op_of_leg(leg);
        int other = MCP__OTHER(leg->index);
        if (op->is_direct || mcp__op_keeps_record(op) || !op->view.exists[other] ||
            !op->view.is_usable[other] || op->leg[other].failure != MCP__FAILURE_NONE)
            return 1;
    }
    return 0;
}

static void
check_state(sim_world *world, sim_client *client, const mcp__server *server, const char *event)
{
    const mcp__health *old = &client->before[server->number], *now = &server->health;
    uint8_t from = old->state, to = now->state;
    if (from != to) {
        sim_world_say(world, "client %u thinks %s is %s (%s)", client->number,
                      world->hosts[server->number].name, mcp_strstate(to), now->why);
        sim_world_mix(world, 77, to);
        client->up_ms[server->number] =
            to == MCP_STATE_UP ? sim_client_now(world, client) : client->up_ms[server->number];
    }
    int was_opened = server->link.state == MCP__LINK_OPENING &&
                     server->attempt_ms == sim_client_now(world, client) &&
                     (client->link_before[server->number] != MCP__LINK_OPENING || from != to);
    /* Down and asked again at once is two steps of the drawing; so are a greeting and nonsense
     * that came together. */
    int is_two_steps =
        (to == MCP_STATE_PROBING && from != MCP_STATE_DOWN && was_opened) ||
        (to == MCP_STATE_SUSPECT && from == MCP_STATE_PROBING && strcmp(event, "received") == 0);
    if (!is_drawn(from, to) && !is_two_steps)
        sim_rules_break(world, "HEALTH", "client %u, after %s: %s went from %s to %s",
                        client->number, event, world->hosts[server->number].name,
                        mcp_strstate(from), mcp_strstate(to));
    if (to == MCP_STATE_PROBING && was_opened &&
        sim_client_now(world, client) < now->next_probe_ms && !is_called_for(server))
        sim_rules_break(world, "QUIET", "client %u, after %s: %s is asked %lld ms early",
                        client->number, event, world->hosts[server->number].name,
                        (long long)(now->next_probe_ms - sim_client_now(world, client)));
    int64_t wait_ms = now->next_probe_ms - sim_client_now(world, client);
    int is_first = to == MCP_STATE_DOWN && (from == MCP_STATE_UP || from == MCP_STATE_SUSPECT);
    if ((to == MCP_STATE_DOWN && from != to && wait_ms > world->plan.retry_max_ms) ||
        (is_first && wait_ms < world->plan.retry_min_ms * 3 / 4))
        sim_rules_break(world, "HEALTH", "client %u: the next probe of %s is %lld ms away",
                        client->number, world->hosts[server->number].name, (long long)wait_ms);
}

/* ---- the doors ---- */

void
sim_rules_before(sim_world *world, sim_client *client)
{
    for (uint32_t i = 0; i < world->n_hosts; i++) {
        client->before[i] = client->engine.servers[i].health;
        client->link_before[i] = client->engine.servers[i].link.state;
    }
}

/* strict: done, and to be told later. */
static void
see_held(seen *all, const mcp__engine *engine)
{
    for (size_t i = 1; i <= engine->timers.n; i++) {
        mcp__timer *timer = engine->timers.heap[i];
        if (timer->kind != MCP__TIMER_OP)
            continue;
        mcp__task *task = (mcp__task *)((char *)timer - offsetof(mcp__task, timer));
        if (task->op.hold_ms != 0)
            see(all, &task->op);
    }
}

static void
check_tasks(sim_world *world, const sim_client *client, seen *all, const char *event)
{
    const mcp__engine *engine = &client->engine;
    see_held(all, engine);
    if (all->n < TASKS_MAX && all->n != engine->n_unfinished)
        sim_rules_break(world, "TIMER",
                        "client %u, after %s: of %zu operations %zu wait for nothing",
                        client->number, event, engine->n_unfinished, engine->n_unfinished - all->n);
    for (size_t i = 0; i < all->n; i++) {
        const mcp__task *task = all->tasks[i];
        if (task->is_finished)
            sim_rules_break(world, "LISTS", "client %u, after %s: a finished operation still waits",
                            client->number, event);
        else if (task->timer.place == 0 || task->timer.at_ms > task->op.deadline_ms)
            sim_rules_break(world, "TIMER", "client %u, after %s: an operation has no timer",
                            client->number, event);
    }
}

void
sim_rules_after(sim_world *world, sim_client *client, const char *event)
{
    mcp__engine *engine = &client->engine;
    seen all = {.n = 0};
    uint32_t n_busy = 0;
    sim_truth_learn(world, client);
    for (uint32_t i = 0; i < world->n_hosts; i++) {
        mcp__server *server = &engine->servers[i];
        check_waiting(world, client, server, event, &all);
        check_pending(world, client, server, event, &all);
        check_server(world, client, server, event);
        check_state(world, client, server, event);
        n_busy += server->is_busy;
    }
    for (uint32_t i = world->n_hosts; i < engine->n_lines; i++)
        n_busy += engine->servers[i].is_busy; /* the line for dumps */
    for (const mcp__server *server = engine->first_busy; server != NULL;
         server = server->next_busy) {
        LISTS(server->is_busy && n_busy > 0, "the busy list is torn");
        if (n_busy-- == 0)
            break;
    }
    if (n_busy != 0 || engine->first_fallen != NULL)
        sim_rules_break(world, "LISTS", "client %u, after %s: %s", client->number, event,
                        n_busy != 0 ? "the busy list lacks some" : "legs have fallen unheard");
    check_tasks(world, client, &all, event);
}

void
sim_rules_open(sim_world *world, sim_client *client, uint32_t server)
{
    if (client->conn[server] != NULL)
        sim_rules_break(world, "ATTEMPT", "client %u: %s gets a second connection", client->number,
                        world->hosts[server].name);
}
