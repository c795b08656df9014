/* SPDX-License-Identifier: BSD-3-Clause */
/* dump: the keys that servers hold */
#include "commands.h"

#include <inttypes.h>
#include <mcproxy/dump.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "quote.h"
#include "report.h"

/* A terminal is told every so many keys. */
#define STEP 10000

typedef struct listing {
    const cli *session;
    int is_told; /* how far it is, on standard error */
    uint64_t n;
} listing;

static const char *
copy_word(int copy)
{
    if (copy == MCP_DUMP_PRIMARY)
        return "primary";
    return copy == MCP_DUMP_BACKUP ? "backup" : "stray";
}

static void
show_json(const listing *list, const mcp_dump_item *item)
{
    json_t *object = json_object();
    cli_json_bytes(object, "key", item->key, item->key_len);
    json_object_set_new(object, "server",
                        json_string(cli_server_name(list->session, item->server)));
    json_object_set_new(object, "copy", json_string(copy_word(item->copy)));
    json_object_set_new(object, "ttl", json_integer(item->ttl));
    if (item->idle >= 0)
        json_object_set_new(object, "idle", json_integer(item->idle));
    if (item->bytes > 0)
        json_object_set_new(object, "bytes", json_integer((json_int_t)item->bytes));
    if (item->has_flags)
        json_object_set_new(object, "flags", json_integer(item->flags));
    cli_json_print(object);
}

static void
show(const listing *list, const mcp_dump_item *item)
{
    char key[4 * MCP_KEY_MAX + 1];
    fputs(cli_quote(key, sizeof key, item->key, item->key_len), stdout);
    if (item->ttl < 0)
        fputs("\t-", stdout);
    else
        printf("\t%" PRId64, item->ttl);
    printf("\t%s\t%s\n", copy_word(item->copy), cli_server_name(list->session, item->server));
}

static int
take(void *context, const mcp_dump_item *item)
{
    listing *list = context;
    if (list->session->json)
        show_json(list, item);
    else
        show(list, item);
    if (++list->n % STEP == 0 && list->is_told)
        fprintf(stderr, "\r%" PRIu64 " keys", list->n);
    return ferror(stdout);
}

int
cli_do_dump(cli *session)
{
    listing list = {.session = session};
    const char *word = session->n_words > 0 ? session->words[0].text : NULL;
    int first, last;
    if (cli_get_servers(session, word, &first, &last) != 0)
        return CLI_EXIT_USAGE;
    /* Where the keys themselves scroll by, only the sum in the end. */
    int is_terminal = isatty(STDERR_FILENO) && !session->quiet;
    list.is_told = is_terminal && !isatty(STDOUT_FILENO);
    for (int i = first; i <= last && !ferror(stdout); i++) {
        mcp_status status = mcp_dump(session->client, i, 0, take, &list);
        if (status == MCP_OK || status == MCP_NOT_STORED)
            continue;
        if (list.is_told && list.n >= STEP)
            fputc('\n', stderr);
        cli_note(session, status);
        cli_say(session, "%s", mcp_last_error(session->client)->text);
    }
    if (is_terminal)
        fprintf(stderr, "%s%" PRIu64 " key%s\n", list.is_told ? "\r" : "", list.n,
                list.n == 1 ? "" : "s");
    return session->exit;
}
