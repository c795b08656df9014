/* SPDX-License-Identifier: BSD-3-Clause */
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "quote.h"

const char *
cli_status_word(mcp_status status)
{
    switch (status) {
    case MCP_OK:
        return "ok";
    case MCP_NOT_FOUND:
        return "not_found";
    case MCP_NOT_STORED:
        return "not_stored";
    case MCP_EXISTS:
        return "exists";
    case MCP_TOO_BIG:
        return "too_big";
    case MCP_NOT_NUMBER:
        return "not_number";
    case MCP_SERVER_FULL:
        return "server_full";
    case MCP_LEASED:
        return "leased";
    case MCP_BAD_ARGUMENT:
        return "bad_argument";
    case MCP_BAD_KEY:
        return "bad_key";
    case MCP_BUSY:
        return "busy";
    case MCP_UNSUPPORTED:
        return "unsupported";
    case MCP_CANCELLED:
        return "cancelled";
    case MCP_FULL:
        return "full";
    case MCP_TIMEOUT:
        return "timeout";
    case MCP_NO_SERVER:
        return "no_server";
    case MCP_UNKNOWN:
        return "unknown";
    case MCP_PROTOCOL:
        return "protocol";
    case MCP_SERVER_ERROR:
        return "server_error";
    case MCP_REFUSED:
        return "refused";
    case MCP_NO_MEMORY:
        return "no_memory";
    case MCP_NO_RESOURCE:
        return "no_resource";
    }
    return "failed";
}

const char *
cli_show_key(char out[CLI_SHOWN_KEY], const void *key, size_t len)
{
    out[0] = '"';
    cli_quote(out + 1, CLI_SHOWN_KEY - 2, key, len);
    strcat(out, "\"");
    return out;
}

static char *
base64(const unsigned char *in, size_t len)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = cli_alloc((len + 2) / 3 * 4 + 1);
    char *out = text;
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        unsigned long three = (unsigned long)in[i] << 16;
        three |= left > 1 ? (unsigned long)in[i + 1] << 8 : 0;
        three |= left > 2 ? (unsigned long)in[i + 2] : 0;
        *out++ = letters[three >> 18];
        *out++ = letters[three >> 12 & 63];
        *out++ = left > 1 ? letters[three >> 6 & 63] : '=';
        *out++ = left > 2 ? letters[three & 63] : '=';
    }
    return text;
}

void
cli_json_bytes(json_t *object, const char *name, const void *bytes, size_t len)
{
    json_t *text = json_stringn(len > 0 ? bytes : "", len);
    if (text != NULL) {
        json_object_set_new(object, name, text);
        return;
    }
    char *long_name = cli_format("%s_base64", name);
    char *encoded = base64(bytes, len);
    json_object_set_new(object, long_name, json_string(encoded));
    free(encoded);
    free(long_name);
}

static void
put_server_name(json_t *object, const cli *session, int server)
{
    if (server < 0) {
        json_object_set_new(object, "server", json_null());
        return;
    }
    const char *name = cli_server_name(session, server);
    cli_json_bytes(object, "server", name, strlen(name));
}

json_t *
cli_json_outcome(const cli *session, const void *key, size_t key_len, const mcp_result *result,
                 const char *error)
{
    json_t *object = json_object();
    json_t *copies = json_object();
    if (key != NULL)
        cli_json_bytes(object, "key", key, key_len);
    json_object_set_new(object, "status", json_string(cli_status_word(result->status)));
    if (result->status < 0 && error != NULL)
        cli_json_bytes(object, "error", error, strlen(error));
    put_server_name(object, session, result->server);
    json_object_set_new(object, "from_backup", json_boolean(result->from_backup));
    json_object_set_new(copies, "primary", json_string(mcp_strcopy(result->primary)));
    json_object_set_new(copies, "backup", json_string(mcp_strcopy(result->backup)));
    json_object_set_new(object, "copies", copies);
    return object;
}

json_t *
cli_json_server(const cli *session, int server)
{
    mcp_server info = MCP_SERVER_INIT;
    json_t *object = json_object();
    mcp_server_info(session->client, server, &info);
    put_server_name(object, session, server);
    json_object_set_new(object, "number", json_integer(server));
    json_object_set_new(object, "role", json_string(info.is_backup ? "backup" : "primary"));
    json_object_set_new(object, "index", json_integer(info.index));
    return object;
}

void
cli_json_print(json_t *object)
{
    json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(object);
}

const char *
cli_result_text(const cli *session, const mcp_result *result, size_t n)
{
    const mcp_error *error = mcp_last_error(session->client);
    if (n == 1 && error->status == result->status && error->text[0] != '\0')
        return error->text;
    return mcp_strstatus(result->status);
}

/* All keys, and none sent before all of them are good: where a key lives is pure arithmetic. */
static int
check_keys(const cli *session, const mcp_request *requests, mcp_location *at, size_t n)
{
    int bad = CLI_EXIT_DONE;
    for (size_t i = 0; i < n && bad != CLI_EXIT_AWAY; i++) {
        const mcp_request *r = &requests[i];
        char shown[CLI_SHOWN_KEY];
        at[i] = (mcp_location){-1, -1};
        if (r->key == NULL || r->server >= 0)
            continue;
        mcp_status status =
            mcp_where(session->client, r->key, r->key_len, r->route, r->route_len, &at[i]);
        if (status == MCP_OK)
            continue;
        cli_wrong(session, "%s: %s", cli_show_key(shown, r->key, r->key_len),
                  mcp_last_error(session->client)->text);
        bad = cli_exit_worst(bad, cli_exit_of(status));
    }
    return bad;
}

static void
tell_copies(const cli *session, const mcp_request *request, const mcp_result *result,
            mcp_location at)
{
    char shown[CLI_SHOWN_KEY];
    cli_show_key(shown, request->key, request->key_len);
    const char *copies = at.backup < 0 ? "no backup" : cli_server_name(session, at.backup);
    cli_say(session, "%s: %s%s (primary %s: %s, %s%s%s%s)", shown,
            result->server < 0 ? "no answer" : "answer of ",
            result->server < 0 ? "" : cli_server_name(session, result->server),
            cli_server_name(session, at.primary), mcp_strcopy(result->primary),
            at.backup < 0 ? "" : "backup ", copies, at.backup < 0 ? "" : ": ",
            at.backup < 0 ? "" : mcp_strcopy(result->backup));
}

/* "p0: connect: Connection refused", put behind what `text` holds. */
static void
add_trouble(const cli *session, char *text, size_t size, int server)
{
    mcp_server info = MCP_SERVER_INIT;
    size_t len = strlen(text);
    if (server < 0 || mcp_server_info(session->client, server, &info) != MCP_OK)
        return;
    if (info.state != MCP_STATE_UP && info.why[0] != '\0')
        snprintf(text + len, size - len, "%s%s: %s", len > 0 ? "; " : "", info.name, info.why);
}

/* Of a single request the library has said it all; of many it told only the last one's story. */
static void
tell(cli *session, const mcp_request *request, const mcp_result *result, size_t n, mcp_location at)
{
    char shown[CLI_SHOWN_KEY];
    char trouble[400] = "";
    cli_note(session, result->status);
    if (result->status == MCP_OK || session->json)
        return;
    if (n > 1 && result->status < 0) {
        add_trouble(session, trouble, sizeof trouble, at.primary);
        add_trouble(session, trouble, sizeof trouble, at.backup);
    }
    cli_say(session, "%s: %s%s%s%s", cli_show_key(shown, request->key, request->key_len),
            cli_result_text(session, result, n), trouble[0] != '\0' ? " (" : "", trouble,
            trouble[0] != '\0' ? ")" : "");
}

int
cli_request(cli *session, const mcp_request *requests, mcp_result *results, size_t n)
{
    mcp_location *at = cli_alloc(n * sizeof *at);
    int bad = check_keys(session, requests, at, n);
    if (bad != CLI_EXIT_DONE) {
        free(at);
        return bad;
    }
    for (size_t i = 0; i < n; i++)
        results[i] = (mcp_result)MCP_RESULT_INIT;
    if (n == 1)
        mcp_call(session->client, &requests[0], &results[0]);
    else
        mcp_batch(session->client, requests, results, n);
    for (size_t i = 0; i < n; i++)
        tell(session, &requests[i], &results[i], n, at[i]);
    for (size_t i = 0; session->verbose && i < n; i++)
        tell_copies(session, &requests[i], &results[i], at[i]);
    free(at);
    return CLI_EXIT_DONE;
}
