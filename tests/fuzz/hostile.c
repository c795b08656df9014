/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz/hostile.h"

#include <stdio.h>
#include <string.h>

#define WORDS_MAX 24

static uint64_t n_values;

void
hostile_forget(hostile *peer)
{
    sim_bytes_clear(&peer->in);
    sim_bytes_clear(&peer->out);
    peer->swallow = 0;
    peer->is_open = 0;
    peer->is_asked = 0;
    peer->is_mute = 0;
    peer->n = 0;
}

/* ---- what it is sent ---- */

static void
take_flag(hostile_question *q, const char *word)
{
    size_t len = strlen(word);
    if (word[0] == 'O') {
        FUZZ_NEED(len == 9);
        memcpy(q->opaque, word + 1, 9);
    }
    if (strcmp(word, "v") == 0)
        q->wants_value = 1;
}

/* Of one who was taken for a server without the meta commands: is there a value behind the line? */
static int
is_classic_store(const char *word)
{
    static const char *const words[] = {"set", "add", "replace", "append", "prepend", "cas"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(word, words[i]) == 0)
            return 1;
    }
    return 0;
}

/* One command line, without its end. */
static void
take_line(hostile *peer, char *line)
{
    char *words[WORDS_MAX], *next = line;
    size_t n = 0;
    while (n < WORDS_MAX && (words[n] = strsep(&next, " ")) != NULL) {
        FUZZ_NEED(words[n][0] != '\0');
        n++;
    }
    FUZZ_NEED(n >= 1 && next == NULL && peer->n < HOSTILE_QUESTIONS_MAX);
    hostile_question *q = &peer->questions[peer->n++];
    *q = (hostile_question){.is_arithmetic = strcmp(words[0], "ma") == 0};
    snprintf(q->verb, sizeof q->verb, "%s", words[0]);
    if (is_classic_store(words[0])) {
        unsigned len;
        FUZZ_NEED(n >= 5 && sscanf(words[4], "%u", &len) == 1);
        peer->swallow = len + 2;
    }
    if (strlen(words[0]) != 2 || strcmp(words[0], "mn") == 0)
        return;
    FUZZ_NEED(n >= 2 && strlen(words[1]) < sizeof q->key);
    snprintf(q->key, sizeof q->key, "%s", words[1]);
    size_t first = 2;
    if (strcmp(words[0], "ms") == 0) {
        unsigned len;
        FUZZ_NEED(n >= 3 && sscanf(words[2], "%u", &len) == 1);
        peer->swallow = len + 2;
        first = 3;
    }
    for (size_t i = first; i < n; i++)
        take_flag(q, words[i]);
    FUZZ_NEED(q->opaque[0] != '\0');
}

static size_t
swallow(hostile *peer)
{
    size_t len = sim_bytes_len(&peer->in);
    if (len > peer->swallow)
        len = peer->swallow;
    peer->swallow -= len;
    sim_bytes_take(&peer->in, len);
    return len;
}

void
hostile_hear(hostile *peer, const void *bytes, size_t len)
{
    sim_bytes_put(&peer->in, bytes, len);
    for (;;) {
        char line[2048];
        if (swallow(peer) > 0)
            continue;
        size_t all = sim_bytes_len(&peer->in);
        const uint8_t *from = peer->in.block + peer->in.start;
        const uint8_t *lf = all > 0 ? memchr(from, '\n', all) : NULL;
        if (lf == NULL)
            return;
        size_t line_len = (size_t)(lf - from);
        FUZZ_NEED(line_len >= 1 && line_len < sizeof line && lf[-1] == '\r');
        memcpy(line, from, line_len - 1);
        line[line_len - 1] = '\0';
        sim_bytes_take(&peer->in, line_len + 1);
        take_line(peer, line);
    }
}

/* ---- what it says ---- */

void
hostile_say(hostile *peer, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len && !peer->is_mute; i++) {
        uint8_t byte = bytes[i] == 'O' ? 'o' : bytes[i];
        sim_bytes_put(&peer->out, &byte, 1);
    }
}

/* What servers hold about each other and themselves, of all kinds. */
static const char *
record_of(uint8_t which)
{
    static const char *const texts[] = {"R 17 900 00c0ffee 700 901",
                                        "W 17 900 00c0ffee 700 901",
                                        "R 18 1700000000 deadbeef 1 1700000001",
                                        "*",
                                        "kone\nktwo\nbb25l\n",
                                        "kone\nkmcp:s\nk\n",
                                        "ffffffff=00000001;",
                                        "ffffffff+07.00000009;01234567=00000000;",
                                        "no such thing",
                                        ""};
    return texts[which % (sizeof texts / sizeof texts[0])];
}

static void
put_value(sim_bytes *text, const hostile_question *q, int is_right, fuzz_feed *feed)
{
    char value[160], head[128];
    if (q->is_arithmetic)
        snprintf(value, sizeof value, "%u", fuzz_byte(feed));
    else if (strncmp(q->key, "mcp:", 4) == 0)
        snprintf(value, sizeof value, "%s", record_of(fuzz_byte(feed)));
    else
        snprintf(value, sizeof value, "%s=%llu%c", q->key, (unsigned long long)n_values++,
                 is_right ? '+' : '-');
    uint8_t cas = fuzz_byte(feed);
    snprintf(head, sizeof head, "VA %zu O%s f%u c%u t%d%s\r\n", strlen(value), q->opaque, cas & 15u,
             cas, cas & 1 ? -1 : cas,
             cas > 240   ? " W"
             : cas > 225 ? " X Z"
                         : "");
    sim_bytes_text(text, head);
    sim_bytes_text(text, value);
    sim_bytes_text(text, "\r\n");
}

static void
put_line(sim_bytes *text, const char *word, const hostile_question *q)
{
    sim_bytes_text(text, word);
    sim_bytes_text(text, " O");
    sim_bytes_text(text, q->opaque);
    sim_bytes_text(text, " c7\r\n");
}

static void
put_right(sim_bytes *text, const hostile_question *q, int is_right, fuzz_feed *feed)
{
    if (q->opaque[0] == '\0' && q->verb[0] == 'v')
        sim_bytes_text(text, fuzz_byte(feed) == 255 ? "VERSION 1.6.12\r\n" : "VERSION 1.6.18\r\n");
    else if (q->opaque[0] == '\0' && q->verb[0] == 'm')
        sim_bytes_text(text, "MN\r\n");
    else if (q->opaque[0] == '\0' && q->verb[0] == 's')
        sim_bytes_text(text, "STAT pid 17\r\nSTAT uptime 100\r\nSTAT time 1000\r\n"
                             "STAT cmd_flush 0\r\nEND\r\n");
    else if (q->opaque[0] == '\0')
        sim_bytes_text(text, fuzz_byte(feed) & 1 ? "OK\r\n" : "key=one exp=-1 la=1\nEND\r\n");
    else if (q->wants_value)
        put_value(text, q, is_right, feed);
    else
        put_line(text, "HD", q);
}

static void
put_miss(sim_bytes *text, const hostile_question *q)
{
    put_line(text, q->verb[1] == 'g' ? "EN" : q->verb[1] == 's' ? "NS" : "NF", q);
}

static void
put_wrong_kind(sim_bytes *text, const hostile_question *q, fuzz_feed *feed)
{
    static const char *const words[] = {"HD", "EN", "NS", "EX", "NF", "MN"};
    uint8_t which = fuzz_byte(feed);
    if (which & 0x80)
        put_value(text, q, 1, feed);
    else
        put_line(text, words[which % 6], q);
}

static void
put_error(sim_bytes *text, fuzz_feed *feed)
{
    static const char *const lines[] = {"SERVER_ERROR out of memory storing object\r\n",
                                        "SERVER_ERROR object too large for cache\r\n",
                                        "SERVER_ERROR x\r\n",
                                        "CLIENT_ERROR bad data chunk\r\n",
                                        "CLIENT_ERROR unauthenticated\r\n",
                                        "CLIENT_ERROR invalid flag\r\n",
                                        "ERROR\r\n",
                                        "ERROR Too many open connections\r\n",
                                        "BUSY\r\n"};
    sim_bytes_text(text, lines[fuzz_byte(feed) % 9]);
}

int
hostile_answer(hostile *peer, hostile_way way, fuzz_feed *feed)
{
    sim_bytes text = {0};
    if (peer->n == 0)
        return 0;
    hostile_question q = peer->questions[0];
    memmove(peer->questions, peer->questions + 1, --peer->n * sizeof q);
    if (way == HOSTILE_WRONG_OPAQUE)
        q.opaque[fuzz_byte(feed) & 3] ^=
            1; /* the last ones would make it that of a lost question */
    int is_right = way == HOSTILE_RIGHT || way == HOSTILE_TWICE;
    if (way == HOSTILE_MISS && q.opaque[0] != '\0')
        put_miss(&text, &q);
    else if (way == HOSTILE_WRONG_KIND && q.opaque[0] != '\0')
        put_wrong_kind(&text, &q, feed);
    else if (way == HOSTILE_ERROR)
        put_error(&text, feed);
    else if (way != HOSTILE_SKIP)
        put_right(&text, &q, is_right, feed);
    if (way == HOSTILE_TWICE)
        put_right(&text, &q, 0, feed);
    size_t len = sim_bytes_len(&text);
    if (way == HOSTILE_CUT)
        len = len > 0 ? fuzz_below(feed, (uint32_t)len) : 0;
    if (!peer->is_mute)
        sim_bytes_put(&peer->out, text.block, len);
    if (way == HOSTILE_CUT && q.opaque[0] != '\0' && len > 0)
        peer->is_mute |= memmem(text.block, len, q.opaque, 8) != NULL;
    sim_bytes_free(&text);
    return 1;
}

int
hostile_is_right_value(const char *key, const void *value, size_t len)
{
    char text[160];
    size_t key_len = strlen(key);
    if (len >= sizeof text || len < key_len + 3)
        return 0;
    memcpy(text, value, len);
    text[len] = '\0';
    return memcmp(text, key, key_len) == 0 && text[key_len] == '=' && text[len - 1] == '+';
}
