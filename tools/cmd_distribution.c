/* SPDX-License-Identifier: BSD-3-Clause */
/* distribution: how keys spread over the servers, and what would move. No server is asked. */
#include "commands.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "memory.h"
#include "report.h"
#include "spread.h"
#include "table.h"

#define GENERATED_KEYS 1000000
#define SHORTEST_BAR 10

/* The servers as they are, and, with --add or --remove, as they would be. */
typedef struct plan {
    cli *session;
    cli_spread now;
    cli_spread then; /* its client NULL: nothing changes */
    int *later;      /* by primary of now: its number then; -1: removed */
    uint64_t moved;
    uint64_t bad;
} plan;

/* ---- The other pool ----------------------------------------------------------------------- */

/* The primary that --remove means; -1 after having said what is wrong. */
static int
primary_of(const plan *p, const char *word)
{
    int first, last;
    if (cli_get_servers(p->session, word, &first, &last) != 0)
        return -1;
    if (first != last && p->now.n_primaries + p->now.n_backups > 1) {
        cli_wrong(p->session, "--remove %s: one server, please", word);
        return -1;
    }
    if (first < p->now.n_primaries)
        return first;
    cli_wrong(p->session, "--remove %s: a backup; only primaries can be removed here", word);
    return -1;
}

/* Drops the word of the nth primary, and what belongs to it. */
static void
drop_primary(cli_words *words, int nth)
{
    size_t at = 0;
    while (at < words->n && (strcmp(words->items[at].name, "server") != 0 || nth-- > 0))
        at++;
    if (at == words->n)
        return;
    cli_words_drop(words, at);
    while (at < words->n && strcmp(words->items[at].name, "server") != 0 &&
           strcmp(words->items[at].name, "backup") != 0) {
        if (cli_optword_is_pool(&words->items[at]))
            cli_words_drop(words, at);
        else
            at++;
    }
}

static int
mark_removed(plan *p)
{
    const char *word;
    for (size_t i = 0; (word = cli_args_value(p->session->args, OPT_REMOVE, i)) != NULL; i++) {
        int primary = primary_of(p, word);
        if (primary < 0)
            return CLI_EXIT_USAGE;
        if (p->later[primary] < 0)
            return cli_wrong(p->session, "--remove %s: removed already", word);
        p->later[primary] = -1;
    }
    return 0;
}

static int
open_then(plan *p)
{
    cli_words words = {0};
    const char *added;
    cli_words_append(&words, &p->session->options);
    for (int i = p->now.n_primaries - 1; i >= 0; i--)
        if (p->later[i] < 0)
            drop_primary(&words, i);
    for (size_t i = 0; (added = cli_args_value(p->session->args, OPT_ADD, i)) != NULL; i++)
        cli_words_add_server(&words, "server", added, 0, "--add");
    int n = 0;
    for (int i = 0; i < p->now.n_primaries; i++)
        if (p->later[i] >= 0)
            p->later[i] = n++;
    mcp_client *client = cli_open_words(p->session, &words);
    cli_words_fini(&words);
    if (client == NULL)
        return CLI_EXIT_USAGE;
    cli_spread_init(&p->then, client);
    return 0;
}

static int
prepare(plan *p)
{
    const cli_args *args = p->session->args;
    cli_spread_init(&p->now, p->session->client);
    p->later = cli_alloc((size_t)p->now.n_primaries * sizeof *p->later);
    if (cli_args_count(args, OPT_ADD) + cli_args_count(args, OPT_REMOVE) == 0)
        return 0;
    return mark_removed(p) != 0 ? CLI_EXIT_USAGE : open_then(p);
}

/* ---- Counting ----------------------------------------------------------------------------- */

/* 0, or -1 where it is no key. */
static int
count(plan *p, const char *key, size_t len)
{
    int before = cli_spread_add(&p->now, key, len);
    if (before < 0)
        return -1;
    if (p->then.client != NULL)
        p->moved += p->later[before] != cli_spread_add(&p->then, key, len);
    return 0;
}

static void
count_generated(plan *p)
{
    char key[32];
    for (int i = 0; i < GENERATED_KEYS; i++) {
        int len = snprintf(key, sizeof key, "key:%d", i);
        if (count(p, key, (size_t)len) < 0) {
            p->bad++;
            return;
        }
    }
}

static int
count_file(plan *p, const cli_word *word)
{
    cli_lines lines;
    char shown[CLI_SHOWN_KEY];
    const char *path = cli_word_is_stdin(word) ? NULL : word->text;
    const char *name = path == NULL ? "standard input" : path;
    if (cli_lines_init(&lines, path) < 0)
        return cli_wrong(p->session, "%s: %s", name, strerror(errno));
    while (cli_lines_next(&lines)) {
        if (count(p, lines.line, lines.len) == 0)
            continue;
        if (p->bad++ < 10)
            cli_wrong(p->session, "%s line %zu: %s: %s", name, lines.number,
                      cli_show_key(shown, lines.line, lines.len),
                      mcp_last_error(p->session->client)->text);
    }
    int failed = lines.failed;
    cli_lines_fini(&lines);
    return failed == 0 ? 0 : cli_wrong(p->session, "%s: %s", name, strerror(failed));
}

/* ---- Showing ------------------------------------------------------------------------------ */

/* 1234567 as "1,234,567" */
static const char *
thousands(char out[32], uint64_t number)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%" PRIu64, number);
    char *at = out;
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            *at++ = ',';
        *at++ = digits[i];
    }
    *at = '\0';
    return out;
}

static size_t
longer(size_t one, size_t other)
{
    return one > other ? one : other;
}

static double
percent(uint64_t part, uint64_t whole)
{
    return whole > 0 ? 100.0 * (double)part / (double)whole : 0;
}

static void
add_bar(cli_table *table, const cli_spread *spread, int copy, int server, size_t room)
{
    uint64_t most = 1;
    int i;
    int end = cli_spread_servers(spread, copy, &i);
    for (; i < end; i++)
        most = spread->keys[copy][i] > most ? spread->keys[copy][i] : most;
    size_t len = (size_t)((double)spread->keys[copy][server] / (double)most * (double)room + 0.5);
    char *bar = cli_alloc(room + 1);
    memset(bar, '#', len < room ? len : room);
    double ratio = cli_spread_ratio(spread, copy, server);
    cli_table_add(table, ratio <= 1.1 ? CLI_GREEN : ratio <= 1.5 ? CLI_YELLOW : CLI_RED, bar);
    free(bar);
}

/* What is left of a line behind the other columns of the table. */
static size_t
bar_room(const cli_spread *spread, int copy)
{
    char text[32];
    size_t columns[4] = {0};
    size_t width = cli_table_width();
    int i;
    int end = cli_spread_servers(spread, copy, &i);
    for (; i < end; i++) {
        mcp_server info = MCP_SERVER_INIT;
        uint64_t keys = spread->keys[copy][i];
        mcp_server_info(spread->client, i, &info);
        columns[0] = longer(columns[0], (size_t)snprintf(text, sizeof text, "%d", i));
        columns[1] = longer(columns[1], strlen(info.name));
        columns[2] = longer(columns[2], strlen(thousands(text, keys)));
        columns[3] = longer(columns[3], (size_t)snprintf(text, sizeof text, "%.2f %%",
                                                         percent(keys, spread->total[copy])));
    }
    size_t left = columns[0] + columns[1] + columns[2] + columns[3] + 4 * CLI_TABLE_GAP;
    return width > left + SHORTEST_BAR ? width - left : SHORTEST_BAR;
}

static void
print_bars(const cli_spread *spread, int copy)
{
    cli_table table;
    int i;
    int end = cli_spread_servers(spread, copy, &i);
    size_t room = bar_room(spread, copy);
    cli_table_init(&table, 5, 0xd);
    for (; i < end; i++) {
        char number[32], text[32], digits[32];
        mcp_server info = MCP_SERVER_INIT;
        mcp_server_info(spread->client, i, &info);
        uint64_t keys = spread->keys[copy][i];
        snprintf(number, sizeof number, "%d", i);
        cli_table_add(&table, CLI_PLAIN, number);
        cli_table_add(&table, CLI_PLAIN, info.name);
        cli_table_add(&table, CLI_PLAIN, thousands(digits, keys));
        snprintf(text, sizeof text, "%.2f %%", percent(keys, spread->total[copy]));
        cli_table_add(&table, CLI_PLAIN, text);
        add_bar(&table, spread, copy, i, room);
    }
    cli_table_print(&table);
    cli_table_fini(&table);
}

static void
print_copies(const cli_spread *spread, int copy, const char *when)
{
    int first;
    char keys[32];
    int end = cli_spread_servers(spread, copy, &first);
    const char *role = copy == CLI_SECOND && spread->n_backups > 0 ? "backup" : "primar";
    const char *many = role[0] == 'b' ? "s" : "ies";
    const char *one = role[0] == 'b' ? "" : "y";
    printf("%s%s %s%s on %d %s%s: fullest %.3f of its share, emptiest %.3f\n", when,
           thousands(keys, spread->total[copy]), copy == CLI_FIRST ? "key" : "second cop",
           copy == CLI_FIRST ? (spread->total[copy] == 1 ? "" : "s")
                             : (spread->total[copy] == 1 ? "y" : "ies"),
           end - first, role, end - first == 1 ? one : many, cli_spread_fullest(spread, copy),
           cli_spread_emptiest(spread, copy));
    print_bars(spread, copy);
}

static void
print_spread(const cli_spread *spread, const char *when)
{
    print_copies(spread, CLI_FIRST, when);
    if (spread->total[CLI_SECOND] == 0 && spread->n_backups == 0)
        return;
    putchar('\n');
    print_copies(spread, CLI_SECOND, when);
}

static void
print_text(const plan *p)
{
    char moved[32], all[32];
    print_spread(&p->now, "");
    if (p->then.client == NULL)
        return;
    putchar('\n');
    print_spread(&p->then, "then: ");
    printf("\nmove to another primary: %s of %s keys, %.2f %%\n", thousands(moved, p->moved),
           thousands(all, p->now.total[CLI_FIRST]), percent(p->moved, p->now.total[CLI_FIRST]));
}

static void
print_json_of(const plan *p, const cli_spread *spread, const char *when)
{
    for (int copy = CLI_FIRST; copy <= CLI_SECOND; copy++) {
        int i;
        int end = cli_spread_servers(spread, copy, &i);
        if (copy == CLI_SECOND && spread->total[copy] == 0 && spread->n_backups == 0)
            return;
        for (; i < end; i++) {
            mcp_server info = MCP_SERVER_INIT;
            json_t *object = json_object();
            mcp_server_info(spread->client, i, &info);
            if (p->then.client != NULL)
                json_object_set_new(object, "when", json_string(when));
            json_object_set_new(object, "copy",
                                json_string(copy == CLI_FIRST ? "primary" : "backup"));
            cli_json_bytes(object, "server", info.name, strlen(info.name));
            json_object_set_new(object, "number", json_integer(i));
            json_object_set_new(object, "index", json_integer(info.index));
            json_object_set_new(object, "weight", json_integer(info.weight));
            json_object_set_new(object, "keys", json_integer((json_int_t)spread->keys[copy][i]));
            json_object_set_new(object, "ratio", json_real(cli_spread_ratio(spread, copy, i)));
            cli_json_print(object);
        }
    }
}

static void
print_json(const plan *p)
{
    json_t *object = json_object();
    print_json_of(p, &p->now, "now");
    if (p->then.client != NULL)
        print_json_of(p, &p->then, "then");
    json_object_set_new(object, "keys", json_integer((json_int_t)p->now.total[CLI_FIRST]));
    json_object_set_new(object, "fullest", json_real(cli_spread_fullest(&p->now, CLI_FIRST)));
    json_object_set_new(object, "emptiest", json_real(cli_spread_emptiest(&p->now, CLI_FIRST)));
    if (p->then.client != NULL) {
        json_object_set_new(object, "fullest_then",
                            json_real(cli_spread_fullest(&p->then, CLI_FIRST)));
        json_object_set_new(object, "moved", json_integer((json_int_t)p->moved));
        json_object_set_new(object, "moved_percent",
                            json_real(percent(p->moved, p->now.total[CLI_FIRST])));
    }
    cli_json_print(object);
}

/* ---- All of it ---------------------------------------------------------------------------- */

static int
run(plan *p)
{
    int result = prepare(p);
    if (result != 0)
        return result;
    if (p->session->n_words == 0)
        count_generated(p);
    else
        result = count_file(p, &p->session->words[0]);
    if (result != 0)
        return result;
    if (p->bad > 10)
        cli_wrong(p->session, "%" PRIu64 " lines are no keys", p->bad);
    if (p->session->json)
        print_json(p);
    else
        print_text(p);
    return p->bad > 0 ? CLI_EXIT_USAGE : CLI_EXIT_DONE;
}

int
cli_do_distribution(cli *session)
{
    plan p = {.session = session};
    int result = run(&p);
    mcp_client *then = p.then.client;
    cli_spread_fini(&p.now);
    cli_spread_fini(&p.then);
    mcp_close(then);
    free(p.later);
    return result;
}
