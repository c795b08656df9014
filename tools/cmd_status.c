/* SPDX-License-Identifier: BSD-3-Clause */
/* status: is everything up and right; if not, what is not, why, who says so, and what to do */
#include "commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "duration.h"
#include "memory.h"
#include "number.h"
#include "report.h"
#include "table.h"
#include "watch.h"

/* What of a server's `stats` is worth a column. */
enum { UPTIME, ITEMS, BYTES, LIMIT, HITS, MISSES, EVICTIONS, CONNECTIONS, N_FIGURES };

static const char *const figure_names[N_FIGURES] = {
    "uptime",   "curr_items", "bytes",     "limit_maxbytes",
    "get_hits", "get_misses", "evictions", "curr_connections"};

/* With --watch every server is asked so often. */
#define WATCH_MS 200

typedef struct row {
    mcp_server info;
    mcp_status status; /* of the question that was put to it */
    char error[160];
    int has_figures;
    uint64_t figures[N_FIGURES];
} row;

static int
is_up(const row *r)
{
    return r->status == MCP_OK && r->info.state == MCP_STATE_UP;
}

static void
read_figures(row *r, const mcp_result *result)
{
    mcp_stat stat;
    for (size_t position = 0; mcp_stat_next(result, &position, &stat) == 1;) {
        for (size_t i = 0; i < N_FIGURES; i++) {
            char text[24] = "";
            if (strlen(figure_names[i]) != stat.name_len ||
                memcmp(figure_names[i], stat.name, stat.name_len) != 0 ||
                stat.value_len >= sizeof text)
                continue;
            memcpy(text, stat.value, stat.value_len);
            if (cli_number_unsigned(text, UINT64_MAX, &r->figures[i]))
                r->has_figures = 1;
        }
    }
}

/* The figures of those that answer; a server that went away in between is just without. */
static void
ask_figures(cli *session, row *rows, size_t n)
{
    mcp_request model = MCP_REQUEST_INIT;
    size_t n_there = 0;
    cli_asked *asked = cli_alloc(n * sizeof *asked);
    for (size_t i = 0; i < n; i++)
        if (rows[i].status == MCP_OK)
            asked[n_there++].server = (int)i;
    model.verb = MCP_STATS;
    cli_ask(session, &model, asked, n_there);
    for (size_t i = 0; i < n_there; i++)
        if (asked[i].result.status == MCP_OK)
            read_figures(&rows[asked[i].server], &asked[i].result);
    free(asked);
}

static row *
ask_all(cli *session, size_t *n)
{
    mcp_request model = MCP_REQUEST_INIT;
    cli_asked *asked = cli_ask_list(0, mcp_server_count(session->client) - 1, n);
    row *rows = cli_alloc(*n * sizeof *rows);
    model.verb = MCP_VERSION;
    cli_ask(session, &model, asked, *n);
    for (size_t i = 0; i < *n; i++) {
        rows[i].info = (mcp_server)MCP_SERVER_INIT;
        rows[i].status = asked[i].result.status;
        mcp_server_info(session->client, (int)i, &rows[i].info);
        if (rows[i].status != MCP_OK)
            snprintf(rows[i].error, sizeof rows[i].error, "%s",
                     cli_ask_text(session, &asked[i], *n));
    }
    free(asked);
    return rows;
}

static void
add_percent(cli_table *table, uint64_t part, uint64_t whole)
{
    char text[24] = "-";
    if (whole > 0)
        snprintf(text, sizeof text, "%.1f %%", 100.0 * (double)part / (double)whole);
    cli_table_add(table, CLI_PLAIN, text);
}

static void
add_number(cli_table *table, uint64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, number);
    cli_table_add(table, CLI_PLAIN, text);
}

/* How long its answer to this run took. */
static void
add_latency(cli_table *table, const mcp_server *info)
{
    char text[24] = "-";
    if (info->latency_n > 0)
        snprintf(text, sizeof text, "%.1f ms", (double)info->latency_us / 1000);
    cli_table_add(table, CLI_PLAIN, text);
}

static void
add_figures(cli_table *table, const row *r)
{
    char text[24];
    const uint64_t *f = r->figures;
    if (!r->has_figures) {
        for (int i = 0; i < 6; i++)
            cli_table_add(table, CLI_PLAIN, "-");
        return;
    }
    cli_table_add(table, CLI_PLAIN, cli_duration(text, f[UPTIME] * 1000));
    add_number(table, f[ITEMS]);
    add_percent(table, f[BYTES], f[LIMIT]);
    add_percent(table, f[HITS], f[HITS] + f[MISSES]);
    add_number(table, f[EVICTIONS]);
    add_number(table, f[CONNECTIONS]);
}

static void
print_table(const row *rows, size_t n)
{
    static const char *const heads[] = {"#",     "SERVER", "ROLE", "STATE",   "VERSION", "UPTIME",
                                        "ITEMS", "MEMORY", "HITS", "EVICTED", "CONNS",   "ANSWER"};
    cli_table table;
    cli_table_init(&table, sizeof heads / sizeof heads[0], 0xfe1);
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        cli_table_add(&table, CLI_BOLD, heads[i]);
    for (size_t i = 0; i < n; i++) {
        const row *r = &rows[i];
        int answers = r->status == MCP_OK || r->info.state != MCP_STATE_UP;
        cli_colour colour = is_up(r) ? CLI_GREEN
                            : r->info.state == MCP_STATE_DOWN || r->info.state == MCP_STATE_PROBING
                                ? CLI_RED
                                : CLI_YELLOW;
        add_number(&table, i);
        cli_table_add(&table, CLI_PLAIN, r->info.name);
        cli_table_add(&table, CLI_PLAIN, r->info.is_backup ? "backup" : "primary");
        cli_table_add(&table, colour, answers ? mcp_strstate(r->info.state) : "no answer");
        cli_table_add(&table, CLI_PLAIN, r->info.version[0] != '\0' ? r->info.version : "-");
        add_figures(&table, r);
        add_latency(&table, &r->info);
    }
    cli_table_print(&table);
    cli_table_fini(&table);
}

/* "p0 (10.0.0.4:11211): down for 12 s: connect: Connection refused; next probe in 2.1 s" */
static void
print_state(const row *r)
{
    char time[CLI_DURATION];
    const mcp_server *info = &r->info;
    const char *why = info->why[0] != '\0' ? info->why : r->error;
    printf("%s", info->name);
    if (strcmp(info->name, info->address) != 0)
        printf(" (%s)", info->address);
    if (info->state == MCP_STATE_UP) {
        printf(": %s\n", r->error);
        return;
    }
    printf(": %s", mcp_strstate(info->state));
    /* What was just learned was not seen to begin. */
    if (info->since_ms >= 1000)
        printf(" for %s", cli_duration(time, info->since_ms));
    printf(": %s", why);
    if (info->state == MCP_STATE_DOWN)
        printf("; next probe in %s", cli_duration(time, info->next_probe_ms));
    putchar('\n');
}

/* What this run is doing for it. */
static void
print_job(const mcp_server *info)
{
    char time[CLI_DURATION];
    if (info->job == MCP_JOB_NONE)
        return;
    printf("    %s", info->job == MCP_JOB_REPAIR ? "repair" : "resync");
    if (info->job_phase[0] != '\0')
        printf(", %s", info->job_phase);
    if (info->job_total > 0)
        printf(": %" PRIu64 " of %" PRIu64 " keys", info->job_done, info->job_total);
    if (info->job_wait_ms > 0)
        printf(", goes on in %s", cli_duration(time, info->job_wait_ms));
    putchar('\n');
}

static void
print_trouble(const cli *session, const row *r)
{
    const mcp_server *info = &r->info;
    int is_there = info->state == MCP_STATE_RECOVERING || info->state == MCP_STATE_WARMING;
    print_state(r);
    if (info->missed_on >= 0 && info->missed_least > 0)
        printf("    on record are %" PRIu64 " keys or more\n", info->missed_least);
    if (info->missed_on >= 0 && is_there)
        printf("    its partners answer for it; mcp-cli repair %s puts it right now\n", info->name);
    else if (info->missed_on >= 0)
        printf("    missed writes, on record on %s; they are made good when it is back\n",
               cli_server_name(session, info->missed_on));
    else if (info->state == MCP_STATE_WARMING)
        printf("    misses are filled from its partners; mcp-cli resync %s fills all of it now\n",
               info->name);
    print_job(info);
}

static size_t
count_state(const row *rows, size_t n, mcp_state state)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += rows[i].status == MCP_OK && rows[i].info.state == state;
    return count;
}

static void
print_text(const cli *session, const row *rows, size_t n, size_t n_up)
{
    size_t n_recovering = count_state(rows, n, MCP_STATE_RECOVERING);
    size_t n_warming = count_state(rows, n, MCP_STATE_WARMING);
    print_table(rows, n);
    putchar('\n');
    for (size_t i = 0; i < n; i++)
        if (!is_up(&rows[i]))
            print_trouble(session, &rows[i]);
    printf("%zu of %zu server%s up", n_up, n, n == 1 ? "" : "s");
    if (n_recovering > 0)
        printf(", %zu recovering", n_recovering);
    if (n_warming > 0)
        printf(", %zu warming", n_warming);
    putchar('\n');
}

static void
add_job_json(json_t *object, const mcp_server *info)
{
    if (info->job == MCP_JOB_NONE)
        return;
    json_object_set_new(object, "job",
                        json_pack("{s:s,s:s,s:I,s:I,s:I}", "kind",
                                  info->job == MCP_JOB_REPAIR ? "repair" : "resync", "phase",
                                  info->job_phase, "done", (json_int_t)info->job_done, "total",
                                  (json_int_t)info->job_total, "wait_ms",
                                  (json_int_t)info->job_wait_ms));
}

/* Who has it on record that it missed writes; null: nobody. */
static void
add_record_json(json_t *object, const cli *session, const mcp_server *info)
{
    if (info->missed_on < 0) {
        json_object_set_new(object, "missed_on", json_null());
        return;
    }
    const char *name = cli_server_name(session, info->missed_on);
    cli_json_bytes(object, "missed_on", name, strlen(name));
    json_object_set_new(object, "missed_ms", json_integer((json_int_t)info->missed_ms));
    json_object_set_new(object, "missed_least", json_integer((json_int_t)info->missed_least));
}

typedef struct figure {
    const char *name;
    uint64_t number;
} figure;

static json_t *
figures_json(const figure *figures, size_t n)
{
    json_t *object = json_object();
    for (size_t i = 0; i < n; i++)
        json_object_set_new(object, figures[i].name, json_integer((json_int_t)figures[i].number));
    return object;
}

static json_t *
counters_json(const mcp_server *info)
{
    const figure figures[] = {
        {"calls", info->calls},         {"gets", info->gets},
        {"hits", info->hits},           {"misses", info->misses},
        {"sets", info->sets},           {"deletes", info->deletes},
        {"others", info->others},       {"errors", info->errors},
        {"timeouts", info->timeouts},   {"connects", info->connects},
        {"failovers", info->failovers}, {"journaled", info->journaled},
        {"repaired", info->repaired},   {"refilled", info->refilled},
    };
    return figures_json(figures, sizeof figures / sizeof figures[0]);
}

/* How long the answers to this run took, in microseconds. */
static json_t *
latency_json(const mcp_server *info)
{
    const figure figures[] = {
        {"timed", info->latency_n},       {"mean_us", info->latency_us},
        {"p50_us", info->latency_p50_us}, {"p99_us", info->latency_p99_us},
        {"max_us", info->latency_max_us},
    };
    return figures_json(figures, sizeof figures / sizeof figures[0]);
}

static void
print_json(const cli *session, const row *r, int server)
{
    const mcp_server *info = &r->info;
    json_t *object = cli_json_server(session, server);
    cli_json_bytes(object, "address", info->address, strlen(info->address));
    json_object_set_new(object, "weight", json_integer(info->weight));
    json_object_set_new(object, "up", json_boolean(is_up(r)));
    json_object_set_new(object, "status", json_string(cli_status_word(r->status)));
    if (r->status != MCP_OK)
        cli_json_bytes(object, "error", r->error, strlen(r->error));
    json_object_set_new(object, "state", json_string(mcp_strstate(info->state)));
    json_object_set_new(object, "since_ms", json_integer((json_int_t)info->since_ms));
    cli_json_bytes(object, "why", info->why, strlen(info->why));
    cli_json_bytes(object, "version", info->version, strlen(info->version));
    json_object_set_new(object, "next_probe_ms", json_integer((json_int_t)info->next_probe_ms));
    add_record_json(object, session, info);
    add_job_json(object, info);
    json_object_set_new(object, "counters", counters_json(info));
    json_object_set_new(object, "latency", latency_json(info));
    if (r->has_figures) {
        json_t *figures = json_object();
        for (size_t i = 0; i < N_FIGURES; i++)
            json_object_set_new(figures, figure_names[i], json_integer((json_int_t)r->figures[i]));
        json_object_set_new(object, "stats", figures);
    }
    cli_json_print(object);
}

/* A picture of now; the exit status. */
static int
show(cli *session)
{
    size_t n, n_up = 0, n_there = 0;
    row *rows = ask_all(session, &n);
    ask_figures(session, rows, n);
    for (size_t i = 0; i < n; i++) {
        n_up += (size_t)is_up(&rows[i]);
        n_there += rows[i].status == MCP_OK;
    }
    for (size_t i = 0; session->json && i < n; i++)
        print_json(session, &rows[i], (int)i);
    if (!session->json)
        print_text(session, rows, n, n_up);
    free(rows);
    if (n_up == n)
        return CLI_EXIT_DONE;
    return n_there > 0 ? CLI_EXIT_NO : CLI_EXIT_AWAY;
}

static void
ping_all(cli *session)
{
    mcp_request model = MCP_REQUEST_INIT;
    size_t n;
    cli_asked *asked = cli_ask_list(0, mcp_server_count(session->client) - 1, &n);
    model.verb = MCP_PING;
    cli_ask(session, &model, asked, n);
    free(asked);
}

int
cli_do_status(cli *session)
{
    if (cli_args_count(session->args, OPT_WATCH) == 0)
        return show(session);
    cli_watch_interrupts();
    show(session);
    fflush(stdout);
    /* What the picture showed is told once more, as the beginning of what follows. */
    mcp_on_event(session->client, cli_watch_print, session);
    while (!cli_watch_ended() && !ferror(stdout)) {
        ping_all(session);
        cli_watch_idle(session, WATCH_MS);
    }
    return CLI_EXIT_DONE;
}
