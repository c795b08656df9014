/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/server.h"

#include <stdio.h>

#include "sim/items.h"

#define LINE_MAX_LEN 2048

void
sim_server_init(sim_server *server, uint32_t number, int64_t now_ms)
{
    *server = (sim_server){.number = number,
                           .version = "1.6.18",
                           .item_max = 8192,
                           .has_meta = 1,
                           .echoes_misses = 1,
                           .born_ms = now_ms};
}

void
sim_server_fini(sim_server *server)
{
    sim_items_drop_all(server);
}

void
sim_server_restart(sim_server *server, int64_t now_ms)
{
    sim_items_drop_all(server);
    server->last_cas = 0;
    server->n_flushes = server->n_commands = 0;
    server->flush_at_s = 0;
    server->born_ms = now_ms;
}

void
sim_session_fini(sim_session *session)
{
    sim_bytes_free(&session->in);
    sim_bytes_free(&session->out);
}

/* ---- answers ---- */

static void
tell(sim_server *server, sim_session *session, sim_request *c)
{
    if (server->watch != NULL)
        server->watch(server->context, server, session, &c->deed);
}

static void
say(sim_session *session, const char *line)
{
    sim_bytes_text(&session->out, line);
    sim_bytes_text(&session->out, "\r\n");
}

static void
put_returned(sim_server *server, sim_session *session, const sim_request *c, const sim_item *item,
             int64_t expires_s, int64_t now_ms)
{
    char text[64];
    for (size_t i = c->first_flag; i < c->n; i++) {
        const sim_token *flag = &c->tokens[i];
        text[0] = '\0';
        switch (flag->text[0]) {
        case 'O':
            sim_bytes_text(&session->out, " ");
            sim_bytes_put(&session->out, flag->text, flag->len);
            break;
        case 'k':
            sim_bytes_text(&session->out, " k");
            sim_bytes_put(&session->out, c->tokens[1].text, c->tokens[1].len);
            break;
        case 'c':
            snprintf(text, sizeof text, " c%llu", (unsigned long long)c->deed.cas);
            break;
        case 'f':
            if (item != NULL)
                snprintf(text, sizeof text, " f%u", item->flags);
            break;
        case 's':
            if (item != NULL)
                snprintf(text, sizeof text, " s%zu", item->len);
            break;
        case 't':
            if (item != NULL && expires_s == 0)
                snprintf(text, sizeof text, " t-1");
            else if (item != NULL)
                snprintf(text, sizeof text, " t%lld",
                         (long long)(expires_s - sim_items_second(server, now_ms)));
            break;
        default:
            break;
        }
        sim_bytes_text(&session->out, text);
    }
}

/* "HD", "NS" ... with the flags that every reply returns. */
static void
answer(sim_server *server, sim_session *session, sim_request *c, const char *word)
{
    memcpy(c->deed.reply, word, 2);
    int is_miss = memcmp(word, "EN", 2) == 0 || memcmp(word, "NF", 2) == 0;
    sim_bytes_put(&session->out, word, 2);
    for (size_t i = c->first_flag; i < c->n; i++) {
        const sim_token *flag = &c->tokens[i];
        char letter = flag->text[0];
        if ((letter != 'O' && letter != 'k') || (is_miss && !server->echoes_misses))
            continue;
        sim_bytes_text(&session->out, letter == 'O' ? " " : " k");
        sim_bytes_put(&session->out, letter == 'O' ? flag->text : c->tokens[1].text,
                      letter == 'O' ? flag->len : c->tokens[1].len);
    }
    sim_bytes_text(&session->out, "\r\n");
    tell(server, session, c);
}

static void
answer_error(sim_server *server, sim_session *session, sim_request *c, const char *line)
{
    memcpy(c->deed.reply, "er", 2);
    say(session, line);
    tell(server, session, c);
}

/* "VA 3 f7 ..." with the value, or "HD f7 ..." without. */
static void
answer_item(sim_server *server, sim_session *session, sim_request *c, const sim_item *item,
            const void *value, size_t len, int64_t now_ms, int64_t shown_expiry_s)
{
    char head[32] = "HD";
    memcpy(c->deed.reply, c->has_value ? "VA" : "HD", 2);
    c->deed.cas = item->cas;
    c->deed.value = value;
    c->deed.len = len;
    if (c->has_value)
        snprintf(head, sizeof head, "VA %zu", len);
    sim_bytes_text(&session->out, head);
    put_returned(server, session, c, item, shown_expiry_s, now_ms);
    if (item->is_won || item->is_stub || c->deed.was_stub)
        sim_bytes_text(&session->out, item->is_won ? " Z" : " W");
    sim_bytes_text(&session->out, "\r\n");
    if (c->has_value) {
        sim_bytes_put(&session->out, value, len);
        sim_bytes_text(&session->out, "\r\n");
    }
    tell(server, session, c);
}

/* ---- the meta commands ---- */

static void
do_mg(sim_server *server, sim_session *session, sim_request *c, int64_t now_ms)
{
    sim_item *item = sim_items_find(server, c->tokens[1].text, c->tokens[1].len, now_ms);
    if (item == NULL && c->vivifies) {
        item = sim_items_make(server, &c->tokens[1], now_ms);
        sim_items_give(server, item, "", 0);
        item->is_stub = 1;
        item->expires_s = sim_items_expiry(server, c->vivify_ttl, now_ms);
    }
    if (item == NULL) {
        answer(server, session, c, "EN");
        return;
    }
    /* Flags are carried out in their order: a `t` in front of the `T` shows the time before. */
    int64_t shown_s = item->expires_s;
    size_t shows = c->n, sets = c->n;
    for (size_t i = c->first_flag; i < c->n; i++) {
        shows = c->tokens[i].text[0] == 't' ? i : shows;
        sets = c->tokens[i].text[0] == 'T' ? i : sets;
    }
    if (c->has_ttl)
        item->expires_s = sim_items_expiry(server, c->ttl, now_ms);
    int is_due =
        c->is_early && shown_s != 0 && shown_s - sim_items_second(server, now_ms) < c->early_s;
    c->deed.was_stub = is_due;
    answer_item(server, session, c, item, item->value, item->len, now_ms,
                sets < shows ? item->expires_s : shown_s);
    item->is_won = item->is_won || item->is_stub || is_due;
}

static const char *
store(sim_server *server, sim_request *c, const uint8_t *value, size_t len, int64_t now_ms)
{
    sim_item *item = sim_items_find(server, c->tokens[1].text, c->tokens[1].len, now_ms);
    c->deed.was_stub = item != NULL && item->is_stub;
    int joins = c->deed.mode == 'A' || c->deed.mode == 'P';
    if (c->has_cas && item == NULL)
        return "NF";
    if (c->has_cas && item->cas != c->cas)
        return "EX";
    if (c->deed.mode == 'E' ? item != NULL : (joins || c->deed.mode == 'R') && item == NULL)
        return "NS";
    if (joins && item->len + len > server->item_max)
        return "NS";
    if (joins) {
        sim_items_join(server, item, value, len, c->deed.mode == 'A');
        c->deed.cas = item->cas;
        return "HD";
    }
    if (item == NULL)
        item = sim_items_make(server, &c->tokens[1], now_ms);
    sim_items_give(server, item, value, len);
    item->flags = c->client_flags;
    item->expires_s = c->has_ttl ? sim_items_expiry(server, c->ttl, now_ms) : 0;
    item->stored_s = sim_items_second(server, now_ms);
    c->deed.cas = item->cas;
    return "HD";
}

static void
do_ms(sim_server *server, sim_session *session, sim_request *c, const uint8_t *value, size_t len,
      int64_t now_ms)
{
    c->deed.value = value;
    c->deed.len = len;
    if (value[len] != '\r' || value[len + 1] != '\n') {
        answer_error(server, session, c, "CLIENT_ERROR bad data chunk");
        return;
    }
    const char *word = store(server, c, value, len, now_ms);
    memcpy(c->deed.reply, word, 2);
    sim_bytes_put(&session->out, word, 2);
    put_returned(server, session, c, NULL, 0, now_ms);
    sim_bytes_text(&session->out, "\r\n");
    tell(server, session, c);
}

static void
do_md(sim_server *server, sim_session *session, sim_request *c, int64_t now_ms)
{
    sim_item *item = sim_items_find(server, c->tokens[1].text, c->tokens[1].len, now_ms);
    if (item == NULL) {
        answer(server, session, c, "NF");
    } else if (c->has_cas && item->cas != c->cas) {
        answer(server, session, c, "EX");
    } else {
        sim_items_drop(server, item);
        answer(server, session, c, "HD");
    }
}

static int
number_of(const sim_item *item, uint64_t *number)
{
    char text[24];
    char *end;
    if (item->len == 0 || item->len > 20 || item->value[0] < '0' || item->value[0] > '9')
        return 0;
    memcpy(text, item->value, item->len);
    text[item->len] = '\0';
    *number = strtoull(text, &end, 10);
    while (*end == ' ')
        end++;
    return *end == '\0';
}

static void
do_ma(sim_server *server, sim_session *session, sim_request *c, int64_t now_ms)
{
    char text[32];
    uint64_t number = c->initial;
    sim_item *item = sim_items_find(server, c->tokens[1].text, c->tokens[1].len, now_ms);
    int is_new = item == NULL;
    if (is_new && !c->vivifies) {
        answer(server, session, c, "NF");
        return;
    }
    if (!is_new && !number_of(item, &number)) {
        answer_error(server, session, c,
                     "CLIENT_ERROR cannot increment or decrement non-numeric value");
        return;
    }
    if (is_new) {
        item = sim_items_make(server, &c->tokens[1], now_ms);
        item->expires_s = sim_items_expiry(server, c->vivify_ttl, now_ms);
    } else if (c->deed.mode == 'I') {
        number += c->delta;
    } else {
        number = number > c->delta ? number - c->delta : 0;
    }
    int len = snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    sim_bytes padded = {0};
    sim_bytes_put(&padded, text, (size_t)len);
    while (!is_new && sim_bytes_len(&padded) < item->len)
        sim_bytes_put(&padded, " ", 1); /* the old width stays */
    sim_items_give(server, item, padded.block, sim_bytes_len(&padded));
    sim_bytes_free(&padded);
    if (c->has_ttl)
        item->expires_s = sim_items_expiry(server, c->ttl, now_ms);
    answer_item(server, session, c, item, text, (size_t)len, now_ms, item->expires_s);
}

/* ---- the classic commands ---- */

static void
do_stats(sim_server *server, sim_session *session, const sim_request *c, int64_t now_ms)
{
    char lines[512];
    uint64_t n_items = 0;
    if (c->n > 1 && sim_token_is(&c->tokens[1], "reset")) {
        say(session, "RESET");
        return;
    }
    if (c->n > 1 && !sim_token_is(&c->tokens[1], "settings")) {
        say(session, sim_token_is(&c->tokens[1], "items") ? "END" : "ERROR");
        return;
    }
    for (const sim_item *item = server->items; item != NULL; item = item->next)
        n_items++;
    snprintf(lines, sizeof lines,
             "STAT pid %lld\r\nSTAT uptime %lld\r\nSTAT time %lld\r\nSTAT version %s\r\n"
             "STAT cmd_flush %llu\r\nSTAT curr_items %llu\r\nSTAT item_size_max %zu\r\nEND\r\n",
             (long long)(server->number * 10000000 + 1000000 + server->born_ms),
             (long long)((now_ms - server->born_ms) / 1000 + 2),
             (long long)(SIM_UNIX_START + now_ms / 1000), server->version,
             (unsigned long long)server->n_flushes, (unsigned long long)n_items, server->item_max);
    sim_bytes_text(&session->out, lines);
}

static void
do_flush(sim_server *server, sim_session *session, sim_request *c, int64_t now_ms)
{
    int64_t delay_s = 0;
    if (c->n > 1 && !sim_number_read(c->tokens[1].text, c->tokens[1].len, &delay_s)) {
        say(session, "CLIENT_ERROR invalid exptime argument");
        return;
    }
    server->n_flushes++;
    if (delay_s > 0)
        server->flush_at_s = sim_items_second(server, now_ms) + delay_s;
    else
        sim_items_drop_all(server);
    server->last_cas += delay_s <= 0; /* what it remembers the flush by */
    say(session, "OK");
    memcpy(c->deed.verb, "fl", 2);
    memcpy(c->deed.reply, "OK", 2);
    tell(server, session, c);
}

/* "%XX" for every byte that is no letter, digit or one of "-._~". */
static void
put_encoded(sim_bytes *out, const char *key, size_t len)
{
    char text[4];
    for (size_t i = 0; i < len; i++) {
        char c = key[i];
        int is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       (c != '\0' && strchr("-._~", c) != NULL);
        snprintf(text, sizeof text, is_plain ? "%c" : "%%%02X", is_plain ? c : (unsigned char)c);
        sim_bytes_text(out, text);
    }
}

/* Items by their place in the hash table: in no order that anybody could rely on. */
static void
do_dump(sim_server *server, sim_session *session, sim_request *c, int64_t now_ms)
{
    char text[160];
    if (c->n < 3 || !sim_token_is(&c->tokens[1], "metadump")) {
        say(session, "ERROR");
        return;
    }
    if (!sim_token_is(&c->tokens[2], "hash") && !sim_token_is(&c->tokens[2], "all")) {
        say(session, "BADCLASS invalid class id");
        return;
    }
    if (server->is_dumping) {
        say(session, "BUSY currently processing crawler request");
        return;
    }
    int64_t now_s = sim_items_second(server, now_ms);
    for (const sim_item *item = server->items; item != NULL; item = item->next) {
        if (item->expires_s != 0 && item->expires_s <= now_s)
            continue;
        sim_bytes_text(&session->out, "key=");
        put_encoded(&session->out, item->key, item->key_len);
        int64_t unix_s = SIM_UNIX_START + now_ms / 1000;
        snprintf(text, sizeof text, " exp=%lld la=%lld cas=%llu fetch=no cls=1 size=%zu\n",
                 (long long)(item->expires_s == 0 ? -1 : unix_s + item->expires_s - now_s),
                 (long long)(unix_s + item->stored_s - now_s), (unsigned long long)item->cas,
                 item->len + item->key_len + 50);
        sim_bytes_text(&session->out, text);
    }
    say(session, "END");
}

static void
do_classic(sim_server *server, sim_session *session, sim_request *c, int64_t now_ms)
{
    char line[64];
    const sim_token *word = &c->tokens[0];
    if (c->n == 0) {
        say(session, "ERROR");
    } else if (sim_token_is(word, "version")) {
        snprintf(line, sizeof line, "VERSION %s", server->version);
        say(session, line);
    } else if (sim_token_is(word, "mn") && server->has_meta) {
        say(session, "MN");
        memcpy(c->deed.verb, "mn", 2);
        tell(server, session, c);
    } else if (sim_token_is(word, "stats")) {
        do_stats(server, session, c, now_ms);
    } else if (sim_token_is(word, "lru_crawler")) {
        do_dump(server, session, c, now_ms);
    } else if (sim_token_is(word, "flush_all")) {
        do_flush(server, session, c, now_ms);
    } else {
        say(session, "ERROR");
    }
}

/* ---- from bytes to commands ---- */

/* The value cannot be taken: it is thrown away, and so is the old one, whatever the mode. */
static void
refuse_value(sim_server *server, sim_session *session, sim_request *c, size_t len, const char *line,
             int64_t now_ms)
{
    sim_item *item = sim_items_find(server, c->tokens[1].text, c->tokens[1].len, now_ms);
    if (item != NULL)
        sim_items_drop(server, item);
    session->swallow = len + 2;
    session->held_line = line;
    memcpy(c->deed.reply, "er", 2);
    tell(server, session, c);
    if (server->answers_early && len > SIM_EARLY_MIN) {
        server->answers_early = 0;
        say(session, line);
        session->held_line = NULL;
    }
}

/* Returns how many bytes the command took; 0: its value is not all there yet. */
static size_t
take_ms(sim_server *server, sim_session *session, sim_request *c, size_t line_len, size_t have,
        int64_t now_ms)
{
    int64_t len = 0;
    if (c->n < 3 || !sim_number_read(c->tokens[2].text, c->tokens[2].len, &len) || len < 0) {
        answer_error(server, session, c, "CLIENT_ERROR bad command line format");
        return line_len;
    }
    c->first_flag = 3;
    if (!sim_request_flags(c)) {
        session->swallow = (size_t)len + 2;
        session->held_line = "CLIENT_ERROR bad token in command line format";
        return line_len;
    }
    c->deed.mode = c->has_cas ? 'C' : c->mode != 0 ? c->mode : 'S';
    if ((size_t)len > server->item_max)
        refuse_value(server, session, c, (size_t)len, "SERVER_ERROR object too large for cache",
                     now_ms);
    else if (server->is_full || (server->answers_early && len > SIM_EARLY_MIN))
        refuse_value(server, session, c, (size_t)len, "SERVER_ERROR out of memory storing object",
                     now_ms);
    else if (have < line_len + (size_t)len + 2)
        return 0;
    else {
        const uint8_t *value = session->in.block + session->in.start + line_len;
        do_ms(server, session, c, value, (size_t)len, now_ms);
        return line_len + (size_t)len + 2;
    }
    return line_len;
}

static size_t
take_line(sim_server *server, sim_session *session, const char *line, size_t len, size_t line_len,
          int64_t now_ms)
{
    static const char *const verbs[] = {"mg", "ms", "md", "ma"};
    sim_request c = {.first_flag = 2};
    c.n = sim_request_split(line, len, c.tokens);
    int verb = -1;
    for (int i = 0; i < 4 && c.n > 0 && server->has_meta; i++)
        verb = sim_token_is(&c.tokens[0], verbs[i]) ? i : verb;
    if (verb < 0 || c.n < 2) {
        do_classic(server, session, &c, now_ms);
        return line_len;
    }
    memcpy(c.deed.verb, verbs[verb], 2);
    c.deed.key = c.tokens[1].text;
    c.deed.key_len = c.tokens[1].len;
    if (c.tokens[1].len > SIM_KEY_MAX) {
        answer_error(server, session, &c, "CLIENT_ERROR bad command line format");
        return line_len;
    }
    if (verb == 1)
        return take_ms(server, session, &c, line_len, sim_bytes_len(&session->in), now_ms);
    if (!sim_request_flags(&c)) {
        answer_error(server, session, &c, "CLIENT_ERROR invalid or duplicate flag");
        return line_len;
    }
    c.deed.mode = verb == 3 ? (c.mode == 'D' || c.mode == '-' ? 'D' : 'I') : 0;
    if (verb == 2 && c.has_cas)
        c.deed.mode = 'C';
    if (verb == 0)
        do_mg(server, session, &c, now_ms);
    else if (verb == 2)
        do_md(server, session, &c, now_ms);
    else
        do_ma(server, session, &c, now_ms);
    return line_len;
}

/* Returns whether anything moved. */
static int
take_one(sim_server *server, sim_session *session, int64_t now_ms)
{
    size_t len = sim_bytes_len(&session->in);
    if (session->swallow > 0 && len > 0) {
        size_t taken = len < session->swallow ? len : session->swallow;
        sim_bytes_take(&session->in, taken);
        session->swallow -= taken;
        if (session->swallow == 0 && session->held_line != NULL)
            say(session, session->held_line);
        return 1;
    }
    const char *line = len == 0 ? NULL : (const char *)session->in.block + session->in.start;
    const char *end = len == 0 ? NULL : memchr(line, '\n', len);
    if (end == NULL) {
        if (len > LINE_MAX_LEN)
            session->is_closing = 1;
        return 0;
    }
    size_t line_len = (size_t)(end - line) + 1;
    size_t text_len = line_len >= 2 && end[-1] == '\r' ? line_len - 2 : line_len - 1;
    size_t used = take_line(server, session, line, text_len, line_len, now_ms);
    if (used == 0)
        return 0;
    server->n_commands++;
    sim_bytes_take(&session->in, used);
    return 1;
}

void
sim_server_feed(sim_server *server, sim_session *session, int64_t now_ms)
{
    while (!session->is_closing && take_one(server, session, now_ms)) {
    }
}
