/* SPDX-License-Identifier: BSD-3-Clause */
/* repair, resync: put servers right now, and say what was done */
#include "commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "memory.h"
#include "progress.h"
#include "report.h"
#include "watch.h"

#define RATE 20000
#define RATE_MAX 1000000000
#define WATCH_MS 1000

/* One server, before and after. */
typedef struct patient {
    uint64_t repaired; /* counters of the client when the work began */
    uint64_t refilled;
    int stood; /* there was something on record against it */
} patient;

typedef struct work {
    cli *session;
    patient *patients; /* of every server */
    size_t n;
    int is_watching;
    cli_progress progress;
    char said[300]; /* the last failure told while watching */
} work;

static mcp_server
info_of(const cli *session, size_t server)
{
    mcp_server info = MCP_SERVER_INIT;
    mcp_server_info(session->client, (int)server, &info);
    return info;
}

/* It answers, and nothing is known against it. */
static int
is_fine(const cli *session, size_t server)
{
    mcp_server info = info_of(session, server);
    return info.missed_on < 0 && (info.state == MCP_STATE_UP || info.state == MCP_STATE_WARMING);
}

static void
note_event(void *context, const mcp_event *event)
{
    work *w = context;
    if ((event->kind == MCP_EVENT_MARK_SEEN || event->kind == MCP_EVENT_MARKED) &&
        event->server >= 0 && (size_t)event->server < w->n)
        w->patients[event->server].stood = 1;
    if (!w->is_watching)
        return;
    cli_progress_end(&w->progress);
    cli_watch_print(w->session, event);
}

static void
begin(work *w, cli *session, int is_watching)
{
    *w = (work){.session = session, .is_watching = is_watching};
    w->n = (size_t)mcp_server_count(session->client);
    w->patients = cli_alloc(w->n * sizeof *w->patients);
    cli_progress_init(&w->progress, session);
    cli_watch_interrupts();
    mcp_on_event(session->client, note_event, w);
}

/* From here on is counted anew. */
static void
begin_round(work *w)
{
    for (size_t i = 0; i < w->n; i++) {
        mcp_server info = info_of(w->session, i);
        w->patients[i] = (patient){info.repaired, info.refilled, info.missed_on >= 0};
    }
}

static void
end(work *w)
{
    mcp_on_event(w->session->client, NULL, NULL);
    free(w->patients);
}

/* ---- What was done ------------------------------------------------------------------------ */

static void
report_json(const work *w, size_t server, mcp_status status, uint64_t took_ms)
{
    mcp_server info = info_of(w->session, server);
    const patient *before = &w->patients[server];
    json_t *object = cli_json_server(w->session, (int)server);
    json_object_set_new(object, "status", json_string(cli_status_word(status)));
    if (status != MCP_OK) {
        const char *text = mcp_last_error(w->session->client)->text;
        cli_json_bytes(object, "error", text, strlen(text));
    }
    json_object_set_new(object, "state", json_string(mcp_strstate(info.state)));
    json_object_set_new(object, "stood", json_boolean(before->stood));
    json_object_set_new(object, "repaired",
                        json_integer((json_int_t)(info.repaired - before->repaired)));
    json_object_set_new(object, "filled",
                        json_integer((json_int_t)(info.refilled - before->refilled)));
    json_object_set_new(object, "elapsed_ms", json_integer((json_int_t)took_ms));
    cli_json_print(object);
}

static void
report_text(const work *w, size_t server, uint64_t filled, uint64_t took_ms)
{
    char took[CLI_DURATION];
    const patient *before = &w->patients[server];
    mcp_server info = info_of(w->session, server);
    uint64_t repaired = info.repaired - before->repaired;
    printf("%s: ", info.name);
    if (!before->stood && repaired == 0)
        printf("nothing to repair");
    else
        printf("repaired, %" PRIu64 " key%s made good", repaired, repaired == 1 ? "" : "s");
    if (filled != UINT64_MAX)
        printf("; %" PRIu64 " key%s filled in", filled, filled == 1 ? "" : "s");
    printf(" (%s)\n", cli_duration(took, took_ms));
}

static void
say_error(work *w, mcp_status status)
{
    const char *text = mcp_last_error(w->session->client)->text;
    if (w->session->json)
        return;
    if (w->is_watching && strcmp(text, w->said) == 0)
        return;
    snprintf(w->said, sizeof w->said, "%s", text);
    if (status == MCP_NOT_STORED)
        cli_say(w->session, "interrupted; the same command goes on from here");
    else
        cli_say(w->session, "%s", text);
}

/* ---- repair ------------------------------------------------------------------------------- */

/* One server, or with -1 all of them at once. */
static mcp_status
repair(work *w, int server)
{
    begin_round(w);
    uint64_t start_ms = cli_watch_now_ms();
    mcp_status status = mcp_repair(w->session->client, server, 0, cli_progress_tell, &w->progress);
    uint64_t took_ms = cli_watch_now_ms() - start_ms;
    cli_progress_end(&w->progress);
    size_t first = server < 0 ? 0 : (size_t)server;
    size_t last = server < 0 ? w->n - 1 : first;
    for (size_t i = first; i <= last; i++) {
        int is_right = status == MCP_OK || (server < 0 && is_fine(w->session, i));
        if (w->is_watching && !w->patients[i].stood)
            continue;
        if (w->session->json)
            report_json(w, i, is_right ? MCP_OK : status, took_ms);
        else if (is_right && (w->patients[i].stood || status == MCP_OK))
            report_text(w, i, UINT64_MAX, took_ms);
    }
    if (status != MCP_OK)
        say_error(w, status);
    else
        w->said[0] = '\0';
    fflush(stdout);
    return status;
}

static int
watch(work *w)
{
    while (!cli_watch_ended() && !ferror(stdout)) {
        repair(w, -1);
        cli_watch_idle(w->session, WATCH_MS);
    }
    return CLI_EXIT_DONE;
}

static int
repair_words(work *w)
{
    cli *session = w->session;
    for (size_t i = 0; i < session->n_words && !cli_watch_ended(); i++) {
        int first, last;
        cli_get_servers(session, session->words[i].text, &first, &last);
        cli_note(session, repair(w, last > first ? -1 : first));
    }
    return session->exit;
}

int
cli_do_repair(cli *session)
{
    work w;
    int result, first, last;
    int is_watching = cli_args_count(session->args, OPT_WATCH) > 0;
    if (is_watching && session->n_words > 0)
        return cli_wrong(session, "--watch is for all servers");
    for (size_t i = 0; i < session->n_words; i++)
        if (cli_get_servers(session, session->words[i].text, &first, &last) != 0)
            return CLI_EXIT_USAGE;
    begin(&w, session, is_watching);
    if (is_watching)
        result = watch(&w);
    else if (session->n_words > 0)
        result = repair_words(&w);
    else {
        cli_note(session, repair(&w, -1));
        result = session->exit;
    }
    end(&w);
    return result;
}

/* ---- resync ------------------------------------------------------------------------------- */

int
cli_do_resync(cli *session)
{
    work w;
    int server, last;
    uint32_t rate = RATE;
    if (cli_get_u32(session, OPT_RATE, &rate) != 0)
        return CLI_EXIT_USAGE;
    if (rate > RATE_MAX)
        return cli_wrong(session, "--rate: a number of keys a second up to %d", RATE_MAX);
    if (cli_get_servers(session, session->words[0].text, &server, &last) != 0)
        return CLI_EXIT_USAGE;
    if (server != last)
        return cli_wrong(session, "one server at a time");
    begin(&w, session, 0);
    begin_round(&w);
    uint64_t start_ms = cli_watch_now_ms();
    mcp_status status =
        mcp_resync(session->client, server, rate, 0, cli_progress_tell, &w.progress);
    uint64_t took_ms = cli_watch_now_ms() - start_ms;
    cli_progress_end(&w.progress);
    cli_note(session, status);
    uint64_t filled = info_of(session, (size_t)server).refilled - w.patients[server].refilled;
    if (session->json)
        report_json(&w, (size_t)server, status, took_ms);
    else if (status == MCP_OK)
        report_text(&w, (size_t)server, filled, took_ms);
    else
        say_error(&w, status);
    end(&w);
    return session->exit;
}
