/* SPDX-License-Identifier: BSD-3-Clause */
#include "watch.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "report.h"

#define TICK_MS 20

static volatile sig_atomic_t interrupted;

static void
interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

void
cli_watch_interrupts(void)
{
    struct sigaction action = {.sa_handler = interrupt, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int
cli_watch_ended(void)
{
    return interrupted;
}

uint64_t
cli_watch_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void
cli_watch_idle(cli *session, unsigned ms)
{
    uint64_t end_ms = cli_watch_now_ms() + ms;
    while (!interrupted && cli_watch_now_ms() < end_ms) {
        mcp_maintain(session->client);
        poll(NULL, 0, TICK_MS);
    }
}

/* ---- What happens ------------------------------------------------------------------------- */

/* What it means for the server, with room for the name of the partner. */
static const char *
sentence(mcp_event_kind kind)
{
    switch (kind) {
    case MCP_EVENT_STATE:
        break; /* says it itself */
    case MCP_EVENT_MARKED:
        return "missed a write of this client; on record on %s";
    case MCP_EVENT_MARK_SEEN:
        return "missed writes, on record on %s: not read until they are made good";
    case MCP_EVENT_MARK_GONE:
        return "nothing is on record against it on %s any more";
    case MCP_EVENT_RESTARTED:
        return "came back empty";
    case MCP_EVENT_FLUSHED:
        return "was flushed on purpose: stays as it is";
    case MCP_EVENT_FILLED:
        return "is whole again";
    case MCP_EVENT_RECORD_LOST:
        return "a part of its record on %s is gone: more than it missed is removed from it";
    case MCP_EVENT_OTHER_LIST:
        return "is used by a client with another list of servers";
    case MCP_EVENT_OTHER_FORMAT:
        return "what is on record on %s was written by another version of the library";
    case MCP_EVENT_CUT_OFF:
        return "cannot be reached by this client alone";
    case MCP_EVENT_SERVER_TWICE:
        return "stands twice in the list";
    }
    return "";
}

static void
print_text(const cli *session, const mcp_event *event, const struct tm *at)
{
    char format[120];
    const char *text = sentence(event->kind);
    const char *gap = strstr(text, "%s");
    printf("%02d:%02d:%02d %s: ", at->tm_hour, at->tm_min, at->tm_sec,
           cli_server_name(session, event->server));
    if (event->kind == MCP_EVENT_STATE)
        printf("%s -> %s", mcp_strstate(event->before), mcp_strstate(event->state));
    else if (gap == NULL)
        printf("%s", text);
    else {
        snprintf(format, sizeof format, "%.*s", (int)(gap - text), text);
        printf("%s%s%s", format, cli_server_name(session, event->partner), gap + 2);
    }
    printf("%s%s\n", event->why[0] != '\0' ? ": " : "", event->why);
}

static void
print_json(const cli *session, const mcp_event *event, const struct tm *at)
{
    char when[32];
    json_t *object = cli_json_server(session, event->server);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", at);
    json_object_set_new(object, "event", json_string(mcp_strevent(event->kind)));
    json_object_set_new(object, "time", json_string(when));
    if (event->kind == MCP_EVENT_STATE) {
        json_object_set_new(object, "before", json_string(mcp_strstate(event->before)));
        json_object_set_new(object, "state", json_string(mcp_strstate(event->state)));
    }
    if (event->partner >= 0) {
        const char *name = cli_server_name(session, event->partner);
        cli_json_bytes(object, "partner", name, strlen(name));
    }
    cli_json_bytes(object, "why", event->why, strlen(event->why));
    cli_json_print(object);
}

void
cli_watch_print(void *context, const mcp_event *event)
{
    const cli *session = context;
    time_t now = time(NULL);
    struct tm at;
    localtime_r(&now, &at);
    if (session->json)
        print_json(session, event, &at);
    else
        print_text(session, event, &at);
    fflush(stdout);
}
