/* SPDX-License-Identifier: BSD-3-Clause */
/* where: the pair of each key. Arithmetic only, so the output is what takes the time. */
#include "commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "memory.h"
#include "report.h"

typedef struct where {
    cli *session;
    const char *route;
    char **ends; /* of a line, by server number: what does not depend on the key */
    int bad;
} where;

/* {"index":0,"name":"..."} */
static char *
json_end(const cli *session, int server)
{
    mcp_server info = MCP_SERVER_INIT;
    json_t *object = json_object();
    mcp_server_info(session->client, server, &info);
    json_object_set_new(object, "index", json_integer(info.index));
    cli_json_bytes(object, "name", info.name, strlen(info.name));
    char *text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    return text;
}

static void
prepare(where *w)
{
    int n = mcp_server_count(w->session->client);
    w->ends = cli_alloc((size_t)n * sizeof *w->ends);
    for (int i = 0; i < n; i++) {
        const char *name = cli_server_name(w->session, i);
        w->ends[i] = w->session->json ? json_end(w->session, i) : cli_copy(name, strlen(name));
    }
}

static int
needs_no_escape(const char *key, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (key[i] < 0x20 || key[i] > 0x7e || key[i] == '"' || key[i] == '\\')
            return 0;
    return 1;
}

/* {"key":"k0" and no more. Most keys need no JSON library, and there may be millions. */
static void
print_json_key(const char *key, size_t len)
{
    if (needs_no_escape(key, len)) {
        fputs_unlocked("{\"key\":\"", stdout);
        fwrite_unlocked(key, 1, len, stdout);
        putc_unlocked('"', stdout);
        return;
    }
    json_t *object = json_object();
    cli_json_bytes(object, "key", key, len);
    char *text = json_dumps(object, JSON_COMPACT);
    fwrite_unlocked(text, 1, strlen(text) - 1, stdout);
    free(text);
    json_decref(object);
}

/* {"key":"k0","primary":..,"backup":..} */
static void
print_json(const where *w, const char *key, size_t len, mcp_location at)
{
    print_json_key(key, len);
    fputs_unlocked(",\"primary\":", stdout);
    fputs_unlocked(w->ends[at.primary], stdout);
    fputs_unlocked(",\"backup\":", stdout);
    fputs_unlocked(at.backup < 0 ? "null" : w->ends[at.backup], stdout);
    fputs_unlocked("}\n", stdout);
}

static void
print_text(const where *w, const char *key, size_t len, mcp_location at)
{
    fwrite_unlocked(key, 1, len, stdout);
    putc_unlocked('\t', stdout);
    fputs_unlocked(w->ends[at.primary], stdout);
    putc_unlocked('\t', stdout);
    fputs_unlocked(at.backup < 0 ? "-" : w->ends[at.backup], stdout);
    putc_unlocked('\n', stdout);
}

/* `line`: where the key stood in standard input; 0: on the command line. */
static void
tell(where *w, const char *key, size_t len, size_t line)
{
    mcp_location at;
    size_t route_len = w->route == NULL ? 0 : strlen(w->route);
    if (mcp_where(w->session->client, key, len, w->route, route_len, &at) != MCP_OK) {
        char shown[CLI_SHOWN_KEY];
        const char *why = mcp_last_error(w->session->client)->text;
        cli_show_key(shown, key, len);
        if (line > 0)
            cli_wrong(w->session, "line %zu: %s: %s", line, shown, why);
        else
            cli_wrong(w->session, "%s: %s", shown, why);
        w->bad = 1;
        return;
    }
    if (w->session->json)
        print_json(w, key, len, at);
    else
        print_text(w, key, len, at);
}

static void
tell_lines(where *w)
{
    cli_lines lines;
    cli_lines_init(&lines, NULL);
    while (!ferror(stdout) && cli_lines_next(&lines))
        tell(w, lines.line, lines.len, lines.number);
    if (lines.failed != 0) {
        cli_wrong(w->session, "standard input: %s", strerror(lines.failed));
        w->bad = 1;
    }
    cli_lines_fini(&lines);
}

int
cli_do_where(cli *session)
{
    where w = {.session = session, .route = cli_args_value(session->args, OPT_ROUTE, 0)};
    prepare(&w);
    for (size_t i = 0; i < session->n_words; i++) {
        if (cli_word_is_stdin(&session->words[i]))
            tell_lines(&w);
        else
            tell(&w, session->words[i].text, strlen(session->words[i].text), 0);
    }
    for (int i = 0; i < mcp_server_count(session->client); i++)
        free(w.ends[i]);
    free(w.ends);
    return w.bad ? CLI_EXIT_USAGE : CLI_EXIT_DONE;
}
