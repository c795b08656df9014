/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/notes.h"

#include "pair/marks.h"
#include "sim/items.h"
#include "sim/ops.h"
#include "sim/rules.h"

#define SEGMENTS MCP__MARKS_SEGMENTS
#define QUARANTINE_MS 100
#define PINGS 8

/* Clocks may differ by 5 %. */
#define SLACK(ms) ((ms) - (ms) / 18)

/* One journal segment. */
typedef struct segment {
    uint8_t exists, is_whole;
    uint8_t was_listed; /* the marks have said that it was begun: its absence is noticed, */
    uint8_t was_cut;    /* but for one that a repair has replayed and taken away */
    int64_t changed_ms;
    uint64_t whole_order;
    uint64_t line_order[SIM_KEYS_MAX]; /* of the key's last line; 0: none */
    uint64_t lost_order[SIM_KEYS_MAX]; /* of lines that were evicted, not replayed yet */
    uint64_t lost_whole_order;
} segment;

/* What stands on one server about another one. */
typedef struct note {
    int64_t since_ms;
    uint32_t inc8;
    uint8_t stands;
    segment segments[SEGMENTS];
} note;

struct sim_notes {
    uint32_t n_hosts;
    uint32_t id8[SIM_SERVERS_MAX];
    uint64_t bump_order[SIM_SERVERS_MAX];
    uint64_t removed_order[SIM_SERVERS_MAX][SIM_KEYS_MAX];
    uint64_t stored_order[SIM_SERVERS_MAX][SIM_KEYS_MAX];
    int64_t answered_ms[SIM_SERVERS_MAX][SIM_CLIENTS_MAX][PINGS]; /* the last pings, newest first */
    uint32_t deletes[SIM_SERVERS_MAX][SIM_CLIENTS_MAX][SIM_KEYS_MAX];
    note notes[SIM_SERVERS_MAX][SIM_SERVERS_MAX]; /* on, about */
};

sim_notes *
sim_notes_new(const sim_world *world)
{
    sim_notes *notes = sim_need(calloc(1, sizeof *notes));
    notes->n_hosts = world->n_hosts;
    for (uint32_t i = 0; i < world->n_hosts; i++)
        notes->id8[i] = mcp__marks_id8(world->hosts[i].name, strlen(world->hosts[i].name));
    return notes;
}

void
sim_notes_free(sim_notes *notes)
{
    free(notes);
}

static mcp__promise
times_of(const sim_world *world)
{
    mcp__promise times = {0};
    mcp__promise_set_times(&times, world->plan.view_interval_ms, world->plan.timeout_ms);
    return times;
}

static int64_t
hold_ms(const sim_world *world)
{
    return SLACK((int64_t)times_of(world).hold_ms);
}

static uint32_t
host_of_id8(const sim_notes *notes, uint32_t id8)
{
    for (uint32_t i = 0; i < notes->n_hosts; i++) {
        if (notes->id8[i] == id8)
            return i;
    }
    return SIM_SERVERS_MAX;
}

/* Whether a server still has what it had of a key before a line of its journal was written: 0:
 * there was no such line. */
static int
is_left(sim_world *world, uint32_t about, uint32_t key, uint64_t line_order)
{
    const sim_notes *notes = world->notes;
    char text[24];
    sim_key_text(key, text, sizeof text);
    return line_order > notes->removed_order[about][key] &&
           line_order > notes->stored_order[about][key] &&
           sim_server_find(&world->hosts[about].memcached, text, strlen(text), world->now_ms) !=
               NULL;
}

/* ---- marks ---- */

/* When the line of a key was written that was evicted, or the "*" that meant it. */
static uint64_t
lost_order(const segment *s, uint32_t index, uint32_t key)
{
    char text[24];
    sim_key_text(key, text, sizeof text);
    int is_in_it = mcp__marks_segment(text, strlen(text)) == index;
    return is_in_it && s->lost_whole_order > s->lost_order[key] ? s->lost_whole_order
                                                                : s->lost_order[key];
}

static void
check_cleared(sim_world *world, uint32_t host, uint32_t about, const sim_deed *deed)
{
    note *was = &world->notes->notes[host][about];
    const char *on = world->hosts[host].name, *whom = world->hosts[about].name;
    if (deed->mode != 'C')
        sim_rules_break(world, "I2", "%s: the mark of %s goes without a cas", on, whom);
    if (world->now_ms - was->since_ms < hold_ms(world))
        sim_rules_break(world, "I16", "%s: the mark of %s goes after %lld ms", on, whom,
                        (long long)(world->now_ms - was->since_ms));
    for (uint32_t i = 0; i < SEGMENTS; i++) {
        const segment *s = &was->segments[i];
        if (s->exists)
            sim_rules_break(world, "I2", "%s: the mark of %s goes, and segment %u stands", on, whom,
                            i);
        for (uint32_t key = 0; key < world->plan.n_keys; key++) {
            /* Never listed, it has only lines of writes that nobody has been told of (I3). */
            if (s->was_listed && is_left(world, about, key, lost_order(s, i, key)))
                sim_rules_break(world, "I2",
                                "%s: the mark of %s goes, and key %u of the evicted segment %u was "
                                "not made good",
                                on, whom, key, i);
        }
        memset(was->segments[i].lost_order, 0, sizeof s->lost_order);
        was->segments[i].lost_whole_order = 0;
        was->segments[i].was_listed = was->segments[i].was_cut = 0;
    }
}

static void
list_segments(note *n, const mcp__mark *mark)
{
    for (uint32_t i = 0; i < SEGMENTS; i++) {
        if (mark->segment == i || mark->segment == MCP__MARKS_EVERY)
            n->segments[i].was_listed = 1;
    }
}

static void
read_marks(sim_world *world, sim_server *server, const sim_deed *deed)
{
    sim_notes *notes = world->notes;
    uint8_t listed[SIM_SERVERS_MAX] = {0};
    const sim_item *item = sim_items_find(server, "mcp:s", 5, world->now_ms);
    const uint8_t *at = item != NULL ? item->value : NULL;
    const uint8_t *end = item != NULL ? at + item->len : NULL;
    mcp__mark mark;
    while (at != NULL && at < end && mcp__marks_next(&at, end, &mark)) {
        uint32_t about = host_of_id8(notes, mark.id8);
        if (about == SIM_SERVERS_MAX)
            continue;
        note *n = &notes->notes[server->number][about];
        if (mark.is_segment)
            list_segments(n, &mark);
        if (mark.is_segment || listed[about])
            continue;
        listed[about] = 1;
        if (!n->stands || n->inc8 != mark.inc8)
            n->since_ms = world->now_ms;
        n->stands = 1;
        n->inc8 = mark.inc8;
    }
    for (uint32_t about = 0; about < notes->n_hosts; about++) {
        note *n = &notes->notes[server->number][about];
        if (n->stands && !listed[about] && deed != NULL)
            check_cleared(world, server->number, about, deed);
        n->stands = listed[about];
    }
}

int
sim_notes_stands(const sim_world *world, uint32_t host, uint32_t about, int64_t *since_ms)
{
    const note *n = &world->notes->notes[host][about];
    if (since_ms != NULL)
        *since_ms = n->since_ms;
    return n->stands;
}

/* ---- journals ---- */

static int
is_key_of(const sim_world *world, uint32_t key, const char *bytes, size_t len)
{
    char text[24];
    if (key >= world->plan.n_keys)
        return 0;
    sim_key_text(key, text, sizeof text);
    return strlen(text) == len && memcmp(text, bytes, len) == 0;
}

static uint32_t
key_number(const sim_world *world, const char *bytes, size_t len)
{
    char text[24] = {0};
    if (len < 2 || len >= sizeof text)
        return SIM_KEYS_MAX;
    memcpy(text, bytes, len);
    uint32_t key = (uint32_t)strtoul(text + 1, NULL, 10);
    return is_key_of(world, key, bytes, len) ? key : SIM_KEYS_MAX;
}

static segment *
segment_of(sim_world *world, uint32_t host, const char *key, size_t len, note **n, uint32_t *about,
           uint32_t *index)
{
    char text[40] = {0};
    unsigned id8, number;
    if (len >= sizeof text || len < 6 || memcmp(key, "mcp:j:", 6) != 0)
        return NULL;
    memcpy(text, key, len);
    if (sscanf(text + 6, "%8x:%u", &id8, &number) != 2 || number >= SEGMENTS)
        return NULL;
    *about = host_of_id8(world->notes, id8);
    if (*about == SIM_SERVERS_MAX)
        return NULL;
    *n = &world->notes->notes[host][*about];
    *index = number;
    return &(*n)->segments[number];
}

static void
take_lines(sim_world *world, segment *s, const sim_deed *deed)
{
    const uint8_t *at = deed->value, *end = at + deed->len;
    mcp__span key;
    int is_base64;
    int was_whole = s->is_whole;
    if (deed->mode != 'A') {
        s->is_whole = deed->len > 0 && *at == '*';
        memset(s->line_order, 0, sizeof s->line_order);
    }
    if (s->is_whole && !was_whole)
        s->whole_order = ++world->order;
    s->exists = 1;
    s->was_cut = 0;
    s->changed_ms = world->now_ms;
    while (at < end && mcp__marks_next_line(&at, end, &key, &is_base64)) {
        uint32_t number = key_number(world, key.bytes, key.len);
        if (number < SIM_KEYS_MAX)
            s->line_order[number] = ++world->order;
    }
}

/* Whether a server has answered a client twice since then, Q apart. */
static int
is_quarantined(const sim_world *world, uint32_t server, uint32_t client, int64_t since_ms)
{
    const int64_t *pings = world->notes->answered_ms[server][client];
    for (int i = 0; i < PINGS; i++) {
        for (int j = i + 1; j < PINGS; j++) {
            if (pings[j] > since_ms && pings[i] - pings[j] >= SLACK(QUARANTINE_MS))
                return 1;
        }
    }
    return 0;
}

/* All that the keys of a segment could still be on the server that missed them. */
static void
check_cut(sim_world *world, uint32_t about, const segment *s, uint32_t index, const sim_deed *deed,
          const sim_conn *conn)
{
    const char *whom = world->hosts[about].name;
    char text[24];
    if (deed->mode != 'C')
        sim_rules_break(world, "I4", "segment %u of %s goes without a cas", index, whom);
    if (world->now_ms - s->changed_ms < hold_ms(world))
        sim_rules_break(world, "I16", "segment %u of %s goes %lld ms after its last entry", index,
                        whom, (long long)(world->now_ms - s->changed_ms));
    if (!is_quarantined(world, about, conn->client, s->changed_ms))
        sim_rules_break(world, "Q", "segment %u of %s goes, and client %u did not wait for zombies",
                        index, whom, conn->client);
    for (uint32_t key = 0; key < world->plan.n_keys; key++) {
        sim_key_text(key, text, sizeof text);
        if (is_left(world, about, key, s->line_order[key]))
            sim_rules_break(world, "I4", "segment %u of %s goes before %s was deleted there", index,
                            whom, text);
        if (s->is_whole && mcp__marks_segment(text, strlen(text)) == index &&
            is_left(world, about, key, s->whole_order))
            sim_rules_break(world, "I4", "segment %u of %s goes, and %s is still there", index,
                            whom, text);
    }
}

static void
forget_segment(segment *s)
{
    s->exists = s->is_whole = 0;
    memset(s->line_order, 0, sizeof s->line_order);
}

static void
take_journal(sim_world *world, sim_server *server, const sim_conn *conn, const sim_deed *deed,
             sim_op *op)
{
    note *n;
    uint32_t about, index;
    int leg = op != NULL && server->number == op->pair.backup;
    if (deed->verb[1] == 's' && op != NULL && op->told_order[leg] == 0)
        op->told_order[leg] = ++world->order;
    segment *s = segment_of(world, server->number, deed->key, deed->key_len, &n, &about, &index);
    if (s == NULL)
        return;
    if (deed->verb[1] == 's') {
        take_lines(world, s, deed);
    } else if (deed->verb[1] == 'd') {
        check_cut(world, about, s, index, deed, conn);
        forget_segment(s);
        s->was_cut = 1;
    }
}

int
sim_notes_covers(const sim_world *world, uint32_t host, uint32_t about, const char *key,
                 size_t key_len)
{
    const note *n = &world->notes->notes[host][about];
    uint32_t number = key_number(world, key, key_len);
    const segment *s = &n->segments[mcp__marks_segment(key, key_len)];
    /* What was evicted, or has been flushed away before it was listed, is made good before the mark
     * goes, and is as good as there until then. */
    return (s->exists && (s->is_whole || s->line_order[number] > 0)) || s->lost_order[number] > 0 ||
           s->lost_whole_order > 0 ||
           (!s->exists && s->was_listed && !s->was_cut);
}

/* A segment is gone that was not replayed. */
static void
forget_journal(sim_world *world, const sim_server *server, const char *name, size_t name_len)
{
    note *n;
    uint32_t about, index;
    segment *s = segment_of(world, server->number, name, name_len, &n, &about, &index);
    if (s == NULL)
        return;
    for (uint32_t key = 0; key < SIM_KEYS_MAX; key++) {
        if (s->line_order[key] > s->lost_order[key])
            s->lost_order[key] = s->line_order[key];
    }
    if (s->is_whole)
        s->lost_whole_order = s->whole_order;
    forget_segment(s);
}

/* ---- whatever a server does ---- */

static void
take_user_key(sim_world *world, sim_server *server, const sim_conn *conn, const sim_deed *deed,
              const sim_op *op)
{
    sim_notes *notes = world->notes;
    uint32_t key = key_number(world, deed->key, deed->key_len);
    if (key == SIM_KEYS_MAX)
        return;
    if (deed->verb[1] == 'd') {
        notes->deletes[server->number][conn->client][key] += deed->mode != 'C';
        int is_gone = deed->reply[0] == 'H' || (deed->reply[0] == 'N' && deed->reply[1] == 'F');
        if (is_gone)
            notes->removed_order[server->number][key] = ++world->order;
        return;
    }
    if (deed->verb[1] != 's' || deed->reply[0] != 'H')
        return;
    notes->stored_order[server->number][key] = ++world->order;
    const sim_item *item = sim_items_find(server, deed->key, deed->key_len, world->now_ms);
    int is_own = op != NULL && (item == NULL || item->flags == op->id + 1 ||
                                op->request.verb == MCP_APPEND || op->request.verb == MCP_PREPEND);
    if (!is_own && !(deed->mode == 'C' && deed->was_stub))
        sim_rules_break(world, "I8", "%s: client %u stores an old %.*s, and not in its stub",
                        world->hosts[server->number].name, conn->client, (int)deed->key_len,
                        deed->key);
}

void
sim_notes_deed(sim_world *world, sim_server *server, const sim_conn *conn, const sim_deed *deed,
               sim_op *op)
{
    sim_notes *notes = world->notes;
    if (deed->verb[0] == 'f') {
        sim_notes_emptied(world, server);
        return;
    }
    int is_change = deed->reply[0] == 'H' && deed->verb[1] != 'g';
    if (deed->key_len < 4 || memcmp(deed->key, "mcp:", 4) != 0) {
        take_user_key(world, server, conn, deed, op);
        return;
    }
    /* A store that failed has taken with it what was there. */
    int is_dropped = deed->verb[1] == 's' && deed->reply[0] == 'e';
    if (is_dropped && deed->key[4] == 'j')
        forget_journal(world, server, deed->key, deed->key_len);
    if (is_dropped && deed->key_len == 5 && deed->key[4] == 's')
        read_marks(world, server, NULL);
    if (!is_change)
        return;
    if (deed->key_len == 5 && deed->key[4] == 's') {
        notes->bump_order[server->number] = ++world->order;
        read_marks(world, server, deed);
    } else if (deed->key[4] == 'j') {
        take_journal(world, server, conn, deed, op);
    }
}

void
sim_notes_answered(sim_world *world, const sim_server *server, const sim_conn *conn)
{
    int64_t *pings = world->notes->answered_ms[server->number][conn->client];
    memmove(pings + 1, pings, (PINGS - 1) * sizeof *pings);
    pings[0] = world->now_ms;
}

uint32_t
sim_notes_deletes(const sim_world *world, uint32_t server, uint32_t client, uint32_t key)
{
    return world->notes->deletes[server][client][key];
}

void
sim_notes_evicted(sim_world *world, sim_server *server, const sim_item *item)
{
    forget_journal(world, server, item->key, item->key_len);
}

void
sim_notes_emptied(sim_world *world, sim_server *server)
{
    sim_notes *notes = world->notes;
    for (uint32_t i = 0; i < notes->n_hosts; i++)
        memset(&notes->notes[server->number][i], 0, sizeof notes->notes[0][0]);
    for (uint32_t key = 0; key < SIM_KEYS_MAX; key++)
        notes->removed_order[server->number][key] = ++world->order;
}

/* ---- acknowledgements ---- */

void
sim_notes_acknowledged(sim_world *world, const sim_op *op)
{
    const sim_notes *notes = world->notes;
    const mcp_copy copies[2] = {op->result.primary, op->result.backup};
    const uint32_t servers[2] = {op->pair.primary, op->pair.backup};
    if ((copies[0] == MCP_COPY_OK) == (copies[1] == MCP_COPY_OK))
        return;
    int missed = copies[0] == MCP_COPY_OK;
    if (op->was_refused[missed]) /* nothing of before is left there: see I1 */
        return;
    uint32_t host = servers[1 - missed], about = servers[missed];
    const note *n = &notes->notes[host][about];
    const char *on = world->hosts[host].name, *whom = world->hosts[about].name;
    uint64_t told_order = op->told_order[1 - missed];
    if (told_order == 0)
        sim_rules_break(world, "I3", "op %u: %s %s: %s missed it, and %s was not told", op->id,
                        sim_verb_name(op->request.verb), op->key, whom, on);
    else if (op->changed_order[1 - missed] > told_order)
        sim_rules_break(world, "I3", "op %u: %s %s: %s was told before it had the change", op->id,
                        sim_verb_name(op->request.verb), op->key, on);
    else if (notes->bump_order[host] <= told_order)
        sim_rules_break(world, "I3", "op %u: %s %s: the marks of %s were not bumped", op->id,
                        sim_verb_name(op->request.verb), op->key, on);
    if (world->plan.is_strict && n->stands &&
        world->now_ms - n->since_ms < SLACK((int64_t)times_of(world).view_life_ms))
        sim_rules_break(world, "I5", "op %u: %s %s: told %lld ms after the mark of %s", op->id,
                        sim_verb_name(op->request.verb), op->key,
                        (long long)(world->now_ms - n->since_ms), whom);
}
