/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A call of quiet times goes without an operation, and nobody may be able to tell: each verb with
 * each answer is played twice, by an operation and without one. The same bytes have to go to the
 * same servers in the same order, with the same result, and the same work has to be left behind.
 */
#include "engine/express_way.h"

#include <stdio.h>
#include <string.h>

#include "engine/line.h"
#include "world.h"

/* ---- what can be seen from outside ---- */

static char seen[20000];

static void
note(const char *what, const char *text)
{
    size_t used = strlen(seen);
    snprintf(seen + used, sizeof seen - used, "%s<%s>\n", what, text);
}

static void
note_sent(void)
{
    char name[20];
    for (uint32_t i = 0; i < w.engine.n_servers; i++) {
        snprintf(name, sizeof name, "to %u", i);
        if (mcp__link_has_output(&w.engine.servers[i].link))
            note(name, world_sent(i));
    }
    (void)world_wishes();
}

static void
note_result(const mcp_result *r)
{
    char text[300];
    snprintf(text, sizeof text,
             "status %d server %d copies %d %d from_backup %d value %.*s flags %u ttl %lld cas "
             "%llx number %llu",
             r->status, r->server, r->primary, r->backup, r->from_backup, (int)r->value_len,
             r->value_len > 0 ? (const char *)r->value : "", r->flags, (long long)r->ttl,
             (unsigned long long)r->cas, (unsigned long long)r->number);
    note("result", text);
}

/* What nobody waits for; and the counters. */
static void
note_rest(void)
{
    char text[200];
    mcp__drive_hasten(&w.engine, w.now_ms);
    note_sent();
    for (uint32_t i = 0; i < w.engine.n_servers; i++) {
        const mcp__server *server = &w.engine.servers[i];
        snprintf(text, sizeof text, "calls %llu hits %llu misses %llu state %d pending %u",
                 (unsigned long long)server->tally.calls, (unsigned long long)server->tally.hits,
                 (unsigned long long)server->tally.misses, server->health.state,
                 server->link.pending_count);
        note("counts", text);
    }
    snprintf(text, sizeof text, "%zu", w.engine.n_background);
    note("background", text);
}

/* ---- a script ---- */

typedef struct script {
    const char *name;
    mcp_verb verb;
    uint32_t want;
    int n_backups;
    int is_spare;           /* the backup is not written to */
    const char *answers[2]; /* of the server that is asked first, and second; NULL: none comes */
    uint8_t order[2];       /* who that is */
} script;

#define P_THEN_B                                                                                   \
    {                                                                                              \
        0, 1                                                                                       \
    }
#define B_THEN_P                                                                                   \
    {                                                                                              \
        1, 0                                                                                       \
    }

static const script scripts[] = {
    {"get", MCP_GET, 0, 1, 0, {"VA 2 O@ f7\r\nhi\r\n"}, P_THEN_B},
    {"get, nothing", MCP_GET, 0, 1, 0, {"VA 0 O@ f7\r\n\r\n"}, P_THEN_B},
    {"get, missing", MCP_GET, 0, 1, 0, {"EN O@\r\n"}, P_THEN_B},
    {"get, missing, older server", MCP_GET, 0, 1, 0, {"EN\r\n"}, P_THEN_B},
    {"get, cas", MCP_GET, MCP_WANT_CAS, 1, 0, {"VA 2 O@ f7 c12\r\nhi\r\n"}, P_THEN_B},
    {"get, ttl", MCP_GET, MCP_WANT_TTL, 1, 0, {"VA 2 O@ f7 t60\r\nhi\r\n"}, P_THEN_B},
    {"get, somebody's stub", MCP_GET, 0, 1, 0, {"VA 0 O@ f0 Z\r\n\r\n"}, P_THEN_B},
    {"get, error", MCP_GET, 0, 1, 0, {"SERVER_ERROR oops\r\n", "EN O@\r\n"}, P_THEN_B},
    {"get, not understood", MCP_GET, 0, 1, 0, {"CLIENT_ERROR oops\r\n"}, P_THEN_B},
    {"get, another's answer", MCP_GET, 0, 1, 0, {"VA 2 O00000000 f7\r\nhi\r\n"}, P_THEN_B},
    {"get, two answers", MCP_GET, 0, 1, 0, {"EN O@\r\nEN O00000000\r\n"}, P_THEN_B},
    {"get, a part", MCP_GET, 0, 1, 0, {"VA 2 O@ f7\r\nh"}, P_THEN_B},
    {"get, silence", MCP_GET, 0, 1, 0, {NULL}, P_THEN_B},
    {"get, one copy", MCP_GET, 0, 0, 0, {"VA 2 O@ f7\r\nhi\r\n"}, P_THEN_B},
    {"get, spare", MCP_GET, 0, 1, 1, {"VA 2 O@ f7\r\nhi\r\n"}, P_THEN_B},
    {"set", MCP_SET, 0, 1, 0, {"HD O@ c11\r\n", "HD O@ c22\r\n"}, P_THEN_B},
    {"set, no numbers", MCP_SET, 0, 1, 0, {"HD O@\r\n", "HD O@\r\n"}, P_THEN_B},
    {"set, backup first", MCP_SET, 0, 1, 0, {"HD O@ c22\r\n", "HD O@ c11\r\n"}, B_THEN_P},
    {"set, too large",
     MCP_SET,
     0,
     1,
     0,
     {"SERVER_ERROR object too large for cache\r\n", "HD O@ c22\r\n"},
     P_THEN_B},
    {"set, backup full",
     MCP_SET,
     0,
     1,
     0,
     {"HD O@ c11\r\n", "SERVER_ERROR out of memory storing object\r\n"},
     P_THEN_B},
    {"set, backup silent", MCP_SET, 0, 1, 0, {"HD O@ c11\r\n", NULL}, P_THEN_B},
    {"set, a part", MCP_SET, 0, 1, 0, {"HD O@ c11\r\n", "HD O@ c2"}, P_THEN_B},
    {"set, one copy", MCP_SET, MCP_WANT_CAS, 0, 0, {"HD O@ c11\r\n"}, P_THEN_B},
    {"set, spare", MCP_SET, 0, 1, 1, {"HD O@\r\n"}, P_THEN_B},
    {"touch", MCP_TOUCH, 0, 1, 0, {"HD O@\r\n", "HD O@\r\n"}, P_THEN_B},
    {"touch, missing", MCP_TOUCH, 0, 1, 0, {"EN O@\r\n", "EN O@\r\n"}, P_THEN_B},
    {"incr", MCP_INCR, 0, 1, 0, {"VA 2 O@\r\n42\r\n", "VA 2 O@\r\n43\r\n"}, P_THEN_B},
    {"incr, missing", MCP_INCR, 0, 1, 0, {"NF O@\r\n", "NF O@\r\n"}, P_THEN_B},
    {"incr, no number",
     MCP_INCR,
     0,
     1,
     0,
     {"CLIENT_ERROR cannot increment or decrement non-numeric value\r\n",
      "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n"},
     P_THEN_B},
    {"decr", MCP_DECR, 0, 1, 0, {"VA 2 O@\r\n9 \r\n", "VA 2 O@\r\n9 \r\n"}, P_THEN_B},
    {"decr, one copy", MCP_DECR, 0, 0, 0, {"VA 1 O@\r\n9\r\n"}, P_THEN_B},
    {"delete", MCP_DELETE, 0, 1, 0, {"HD O@\r\n", "HD O@\r\n"}, B_THEN_P},
    {"delete, only there", MCP_DELETE, 0, 1, 0, {"HD O@\r\n", "NF O@\r\n"}, B_THEN_P},
    {"delete, only here", MCP_DELETE, 0, 1, 0, {"NF O@\r\n", "HD O@\r\n"}, B_THEN_P},
    {"delete, missing", MCP_DELETE, 0, 1, 0, {"NF O@\r\n", "NF O@\r\n"}, B_THEN_P},
    {"delete, error first", MCP_DELETE, 0, 1, 0, {"SERVER_ERROR oops\r\n", "HD O@\r\n"}, B_THEN_P},
    {"delete, error second", MCP_DELETE, 0, 1, 0, {"HD O@\r\n", "SERVER_ERROR oops\r\n"}, B_THEN_P},
    {"delete, silence second", MCP_DELETE, 0, 1, 0, {"NF O@\r\n", NULL}, B_THEN_P},
    {"delete, one copy", MCP_DELETE, 0, 0, 0, {"NF O@\r\n"}, P_THEN_B},
    {"delete, spare", MCP_DELETE, 0, 1, 1, {"HD O@\r\n"}, P_THEN_B},
    {"delete, spare, missing", MCP_DELETE, 0, 1, 1, {"NF O@\r\n"}, P_THEN_B},
};

/* ---- both ways ---- */

static const char *name_space = "";

static void
begin(const script *s)
{
    world_defaults();
    if (!s->is_spare)
        world_keep_record();
    w.settings.promise.keeps_record = !s->is_spare && s->n_backups > 0;
    w.settings.promise.verifies = 1;
    w.settings.mirrors_writes = !s->is_spare;
    w.settings.has_backup_list = s->n_backups > 0;
    world_begin(1, (size_t)s->n_backups);
    mcp__task *task = world_ask(MCP_GET);
    for (int rounds = 0; rounds < 8 && !task->is_finished; rounds++) {
        for (uint32_t i = 0; i < w.engine.n_servers; i++) {
            if (w.engine.servers[i].link.state == MCP__LINK_OPENING)
                world_open(i);
            const char *sent = world_sent(i);
            if (strncmp(sent, "mg mcp:s", 8) == 0)
                world_say(i, "EN O@\r\n");
            if (strncmp(sent, "mg k", 4) == 0)
                world_say(i, "EN O@\r\n");
        }
    }
    ck_assert_int_eq(world_result(task).status, MCP_NOT_FOUND);
    if (s->n_backups > 0 && w.engine.servers[1].link.state != MCP__LINK_OPEN) { /* a spare */
        mcp__line_warm(&w.engine, &w.engine.servers[1]);
        world_open(1);
    }
    (void)world_wishes();
    w.engine.name_space = name_space;
    w.engine.name_space_len = strlen(name_space);
    w.request.want = s->want;
    w.request.value = "value";
    w.request.value_len = 5;
    w.request.ttl = s->verb == MCP_SET || s->verb == MCP_TOUCH ? 60 : 0;
    w.request.delta = 1;
    w.request.verb = s->verb;
    seen[0] = '\0';
}

/* Time passes until the operation is over, whatever it takes. */
static void
wait_for(mcp__task *task)
{
    for (int i = 0; i < 100 && !task->is_finished; i++) {
        world_time(w.now_ms + 10);
        note_sent();
    }
    mcp_result result = world_result(task);
    note_result(&result);
    note_rest();
}

/* A change brings the question for the backup's marks along, in front of it. */
static const char *
answer_of(const script *s, int i)
{
    static char text[512];
    const mcp__pending *oldest = mcp__link_oldest(&w.engine.servers[s->order[i]].link);
    int is_question = oldest != NULL && oldest->op == NULL;
    snprintf(text, sizeof text, "%s%s", is_question ? "EN O@\r\n" : "", s->answers[i]);
    return text;
}

static void
say(const script *s, int from, mcp__task *task)
{
    for (int i = from; i < 2; i++) {
        uint32_t server = s->order[i];
        int is_there =
            server < w.engine.n_servers && w.engine.servers[server].link.state == MCP__LINK_OPEN;
        if (s->answers[i] != NULL && is_there && !task->is_finished)
            world_say(server, answer_of(s, i));
        note_sent();
    }
    wait_for(task);
}

static void
play_with_operation(const script *s)
{
    begin(s);
    mcp__task *task = world_ask(s->verb);
    note_sent();
    say(s, 0, task);
    world_end();
}

/* How many answers were good. */
static int
hear(const script *s)
{
    int n = w.engine.express.n_legs == 2 || w.engine.express.plain == MCP__PLAIN_ERASE ? 2 : 1;
    for (int i = 0; i < n; i++) {
        if (s->answers[i] == NULL)
            return i;
        world_whisper(s->order[i], answer_of(s, i));
        if (!mcp__express_hear(&w.engine, s->order[i]))
            return i;
        if (i == 0 && w.engine.express.plain == MCP__PLAIN_ERASE)
            mcp__express_go_on(&w.engine);
        note_sent();
    }
    return n;
}

static int
play_without(const script *s)
{
    begin(s);
    ck_assert_msg(mcp__express_begin(&w.engine, &w.request, w.settings.timeout_ms, w.now_ms),
                  "%s: not taken", s->name);
    note_sent();
    int n_good = hear(s);
    int is_all = n_good == (s->verb == MCP_GET || s->n_backups == 0 || s->is_spare ? 1 : 2);
    if (is_all) {
        mcp_result result = MCP_RESULT_INIT;
        if (mcp__express_has_third(&w.engine))
            mcp__express_put_third(&w.engine);
        mcp__express_finish(&w.engine, &result);
        note_sent();
        note_result(&result);
        note_rest();
    } else {
        mcp__task *task = mcp__express_give_up(&w.engine);
        note_sent();
        say(s, n_good + 1, task);
    }
    world_end();
    return is_all;
}

START_TEST(nobody_can_tell)
{
    static char with_operation[sizeof seen];
    int n_without = 0;
    name_space = _i == 0 ? "" : "app:";
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        const script *s = &scripts[i];
        play_with_operation(s);
        memcpy(with_operation, seen, sizeof seen);
        n_without += play_without(s);
        ck_assert_msg(strcmp(seen, with_operation) == 0, "%s\nwith an operation:\n%s\nwithout:\n%s",
                      s->name, with_operation, seen);
    }
    ck_assert_int_ge(n_without, 15);
    ck_assert_int_lt(n_without, (int)(sizeof scripts / sizeof *scripts));
    name_space = "";
}
END_TEST

/* ---- what is not quiet ---- */

static const script a_set = {"set", MCP_SET, 0, 1, 0, {NULL}, P_THEN_B};

static int
is_taken(void)
{
    return mcp__express_begin(&w.engine, &w.request, w.settings.timeout_ms, w.now_ms);
}

static uint8_t
epoch_now(void)
{
    return w.engine.servers[0].ledger.epoch;
}

START_TEST(any_trouble_is_for_an_operation)
{
    for (int trouble = 0; trouble < 12; trouble++) {
        begin(&a_set);
        mcp__server *primary = &w.engine.servers[0], *backup = &w.engine.servers[1];
        mcp__missed missed = {.id8 = primary->ledger.id8};
        mcp__missed *kept = backup->ledger.missed;
        ck_assert_int_eq(epoch_now(), MCP__EPOCH_READY);
        switch (trouble) {
        case 0:
            primary->health.state = MCP_STATE_SUSPECT;
            break;
        case 1:
            backup->health.state = MCP_STATE_DOWN;
            break;
        case 2:
            world_break(0, 0);
            break;
        case 3:
            backup->ledger.missed = &missed;
            backup->ledger.n_missed = 1;
            break;
        case 4:
            primary->ledger.is_foreign = 1;
            break;
        case 5:
            primary->ledger.epoch = MCP__EPOCH_WARMING;
            break;
        case 6:
            w.now_ms += 150; /* about to be too old */
            break;
        case 7:
            w.now_ms += 1500; /* the connection has rested */
            break;
        case 8:
            primary->is_cut_off = 1;
            break;
        case 9:
            backup->has_other_list = 1;
            break;
        case 10:
            w.request.ttl = -1;
            break;
        default:
            primary->link.hello.has_meta = 0;
            break;
        }
        ck_assert_msg(!is_taken(), "trouble %d", trouble);
        expect_sent(0, "");
        expect_sent(1, "");
        backup->ledger.missed = kept;
        world_end();
    }
}
END_TEST

/* A read asks the primary alone: how old the primary's own words are does not matter. */
START_TEST(a_get_needs_the_backups_word_only)
{
    begin(&a_set);
    w.request.verb = MCP_GET;
    w.engine.servers[0].ledger.asked_ms = w.engine.servers[0].ledger.queued_ms = 0;
    ck_assert(is_taken());
    expect_sent(0, "mg k O@ v f\r\n");
    world_whisper(0, "EN O@\r\n");
    ck_assert(mcp__express_hear(&w.engine, 0));
    mcp__express_finish(&w.engine, NULL);
    w.request.verb = MCP_SET;
    ck_assert(!is_taken());
    world_end();
}
END_TEST

/* What rides is answered in front of the call; found different, it is dealt with behind it. */
START_TEST(checks_ride_in_front)
{
    for (int moved = 0; moved < 2; moved++) {
        begin(&a_set);
        ck_assert(is_taken());
        world_sent(0);
        world_sent(1);
        world_whisper(0, "HD O@ c11\r\n");
        ck_assert(mcp__express_hear(&w.engine, 0));
        world_whisper(1, "EN O@\r\nHD O@ c22\r\n");
        ck_assert(mcp__express_hear(&w.engine, 1));
        mcp__express_finish(&w.engine, NULL);
        ck_assert_uint_eq(w.engine.n_background, 1);
        ck_assert(!mcp__link_has_output(&w.engine.servers[0].link));
        ck_assert(is_taken());
        expect_sent(0, "mg k O@ c\r\nms k 5 O@ T60 c\r\nvalue\r\n");
        expect_sent(1, "mg k O@ c\r\n" MARKS "ms k 5 O@ T60 c\r\nvalue\r\n");
        world_whisper(0, moved ? "HD O@ c12\r\nHD O@ c13\r\n" : "HD O@ c11\r\nHD O@ c13\r\n");
        ck_assert(mcp__express_hear(&w.engine, 0));
        world_whisper(1, "HD O@ c22\r\nEN O@\r\nHD O@ c24\r\n");
        ck_assert(mcp__express_hear(&w.engine, 1));
        mcp__express_finish(&w.engine, NULL);
        ck_assert_uint_eq(w.engine.n_background, moved ? 2 : 1);
        /* Another writer came between: the backup's copy goes if it is still that one. */
        if (moved)
            ck_assert_ptr_nonnull(strstr(world_sent(1), "md k O@ C22\r\n"));
        world_end();
    }
}
END_TEST

/* ---- what is heard of a check ---- */

/* What both servers answer when the numbers are asked for, in front of what they answer to the next
 * store. '#': the id8 of the primary. */
static const struct {
    const char *name;
    const char *answers[2];
} heard[] = {
    {"as it was", {"HD O@ c12345\r\n", "HD O@ c67890\r\nEN O@\r\n"}},
    {"with more than was asked for", {"HD O@ c12345 s0\r\n", "HD O@ c67890 s0\r\nEN O@\r\n"}},
    {"the primary's moved, its last digit", {"HD O@ c12346\r\n", "HD O@ c67890\r\nEN O@\r\n"}},
    {"its first digit", {"HD O@ c22345\r\n", "HD O@ c67890\r\nEN O@\r\n"}},
    {"a digit more", {"HD O@ c123456\r\n", "HD O@ c67890\r\nEN O@\r\n"}},
    {"a digit less", {"HD O@ c1234\r\n", "HD O@ c67890\r\nEN O@\r\n"}},
    {"the primary's is gone", {"EN O@\r\n", "HD O@ c67890\r\nEN O@\r\n"}},
    {"the backup's moved", {"HD O@ c12345\r\n", "HD O@ c67891\r\nEN O@\r\n"}},
    {"the backup's is gone", {"HD O@ c12345\r\n", "EN O@\r\nEN O@\r\n"}},
    {"both moved", {"HD O@ c99999\r\n", "HD O@ c99999\r\nEN O@\r\n"}},
    {"the primary is marked",
     {"HD O@ c12345\r\n", "HD O@ c67890\r\nVA 18 O@ f1 c9\r\n#=00000001;\r\n"}},
    {"another one is",
     {"HD O@ c12345\r\n", "HD O@ c67890\r\nVA 18 O@ f1 c9\r\n00000007=00000001;\r\n"}},
    {"the primary has no memory",
     {"SERVER_ERROR out of memory\r\n", "HD O@ c67890\r\nEN O@\r\n"}},
    {"the backup has none for the number",
     {"HD O@ c12345\r\n", "SERVER_ERROR out of memory\r\nEN O@\r\n"}},
    {"the backup has none for the marks",
     {"HD O@ c12345\r\n", "HD O@ c67890\r\nSERVER_ERROR out of memory\r\n"}},
    {"another's answer", {"HD O00000000 c12345\r\n", "HD O@ c67890\r\nEN O@\r\n"}},
    {"another's answer for the marks",
     {"HD O@ c12345\r\n", "HD O@ c67890\r\nEN O00000000\r\n"}},
};

static const char *
with_mark(char *room, const char *first, const char *second)
{
    const char *mark = strchr(first, '#');
    if (mark == NULL)
        sprintf(room, "%s%s", first, second);
    else
        sprintf(room, "%.*s%08x%s%s", (int)(mark - first), first, w.engine.servers[0].ledger.id8,
                mark + 1, second);
    return room;
}

/* A store, with what is answered in front of each copy's own answer. */
static void
store(int is_without, const char *const before[2], const char *const answers[2])
{
    char text[200];
    mcp_result result = MCP_RESULT_INIT;
    mcp__task *task = NULL;
    if (is_without)
        ck_assert(is_taken());
    else
        task = world_ask(MCP_SET);
    note_sent();
    for (uint32_t i = 0; i < 2; i++) {
        const char *said = with_mark(text, before[i], answers[i]);
        if (task == NULL) {
            world_whisper(i, said);
            if (mcp__express_hear(&w.engine, (int)i))
                continue;
            task = mcp__express_give_up(&w.engine);
        } else if (w.engine.servers[i].link.state == MCP__LINK_OPEN) {
            world_say(i, said);
        }
    }
    note_sent();
    if (task != NULL) {
        wait_for(task);
        return;
    }
    mcp__express_finish(&w.engine, &result);
    note_sent();
    note_result(&result);
    note_rest();
}

static void
play_check(int is_without, const char *const answers[2])
{
    static const char *const nothing[2] = {"", ""};
    static const char *const first[2] = {"HD O@ c12345\r\n", "HD O@ c67890\r\n"};
    static const char *const second[2] = {"HD O@ c100000\r\n", "HD O@ c200000\r\n"};
    begin(&a_set);
    store(is_without, nothing, first);
    seen[0] = '\0'; /* its questions have been hastened */
    store(is_without, answers, second);
    note_rest();
    world_end();
}

/* What an operation stored has no echo: that of the check that stood in its place before is not taken
 * for one. */
START_TEST(an_echo_of_another_time)
{
    static const char *const numbers[] = {"12345", "100000", "200000"};
    char answers[3][40], before[3][2][60];
    begin(&a_set);
    for (int i = 0; i < 3; i++) {
        snprintf(answers[i], sizeof answers[i], "HD O@ c%s\r\n", numbers[i]);
        snprintf(before[i][0], sizeof before[i][0], "HD O@ c%s\r\n", numbers[i]);
        snprintf(before[i][1], sizeof before[i][1], "HD O@ c%s\r\nEN O@\r\n", numbers[i]);
    }
    const char *const nothing[2] = {"", ""};
    store(1, nothing, (const char *const[2]){answers[0], answers[0]});
    store(0, (const char *const[2]){before[0][0], before[0][1]},
          (const char *const[2]){answers[1], answers[1]});
    ck_assert_uint_eq(w.engine.n_background, 1);
    seen[0] = '\0';
    store(1, (const char *const[2]){before[0][0], before[0][1]},
          (const char *const[2]){answers[2], answers[2]});
    ck_assert_msg(strstr(seen, "md k O@ C100000\r\n") != NULL, "%s", seen);
    world_end();
}
END_TEST

/* Straight down or by the general way: it comes to the same. */
START_TEST(checks_are_heard_alike)
{
    static char with_operation[sizeof seen];
    for (size_t i = 0; i < sizeof heard / sizeof *heard; i++) {
        play_check(0, heard[i].answers);
        memcpy(with_operation, seen, sizeof seen);
        play_check(1, heard[i].answers);
        ck_assert_msg(strcmp(seen, with_operation) == 0, "%s\nwith an operation:\n%s\nwithout:\n%s",
                      heard[i].name, with_operation, seen);
    }
}
END_TEST

/* The third delete's answer is read in front of the next call's; then nobody listens any more,
 * which would be a system call for nothing. */
START_TEST(what_is_owed_is_read_in_front)
{
    begin(&a_set);
    w.request.verb = MCP_DELETE;
    ck_assert(is_taken());
    expect_sent(1, MARKS "md k O@\r\n");
    world_whisper(1, "EN O@\r\nHD O@\r\n");
    ck_assert(mcp__express_hear(&w.engine, 1));
    mcp__express_go_on(&w.engine);
    expect_sent(0, "md k O@\r\n");
    world_whisper(0, "HD O@\r\n");
    ck_assert(mcp__express_hear(&w.engine, 0));
    ck_assert(mcp__express_has_third(&w.engine));
    mcp__express_put_third(&w.engine);
    if (_i == 0) { /* it goes at once, as nearly always, or not */
        expect_sent(1, "md k O@\r\n");
        mcp__express_finish(&w.engine, NULL);
        expect_wishes("");
    } else {
        mcp__express_finish(&w.engine, NULL);
        expect_wishes("1:send");
        expect_sent(1, "md k O@\r\n");
    }
    ck_assert_uint_eq(w.engine.n_background, 1);
    ck_assert_ptr_eq(w.engine.first_busy, &w.engine.servers[1]);
    w.request.verb = MCP_TOUCH;
    ck_assert(is_taken());
    expect_sent(0, "mg k O@ T60\r\n");
    expect_sent(1, MARKS "mg k O@ T60\r\n");
    world_whisper(0, "HD O@\r\n");
    ck_assert(mcp__express_hear(&w.engine, 0));
    world_whisper(1, "NF O@\r\nEN O@\r\nHD O@\r\n");
    ck_assert(mcp__express_hear(&w.engine, 1));
    mcp__express_finish(&w.engine, NULL);
    ck_assert_uint_eq(w.engine.n_background, 0);
    ck_assert_ptr_null(w.engine.first_busy);
    world_end();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("express");
    TCase *all = tcase_create("express");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, nobody_can_tell, 0, 2); /* without and with a namespace */
    tcase_add_test(all, any_trouble_is_for_an_operation);
    tcase_add_test(all, a_get_needs_the_backups_word_only);
    tcase_add_test(all, checks_ride_in_front);
    tcase_add_test(all, checks_are_heard_alike);
    tcase_add_test(all, an_echo_of_another_time);
    tcase_add_loop_test(all, what_is_owed_is_read_in_front, 0, 2);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
