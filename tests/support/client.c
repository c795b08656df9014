/* SPDX-License-Identifier: BSD-3-Clause */
#include "client.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "wait.h"

mcp_client *
client_open(const char *format, ...)
{
    char options[16384];
    char why[256] = "";
    mcp_client *c;
    va_list args;

    va_start(args, format);
    vsnprintf(options, sizeof options, format, args);
    va_end(args);
    c = mcp_open(options, why, sizeof why);
    ck_assert_msg(c != NULL, "mcp_open(\"%s\"): %s", options, why);
    return c;
}

mcp_client *
client_pair(const server *primary, const server *backup, const char *words)
{
    return client_open("server=%s backup=%s %s", primary->address, backup->address, words);
}

mcp_request
client_request(mcp_verb verb, const char *key)
{
    mcp_request request = MCP_REQUEST_INIT;

    request.verb = verb;
    request.key = key;
    request.key_len = strlen(key);
    return request;
}

mcp_result
client_call(mcp_client *c, mcp_verb verb, const char *key, const char *value)
{
    mcp_request request = client_request(verb, key);
    mcp_result result = MCP_RESULT_INIT;

    if (value != NULL) {
        request.value = value;
        request.value_len = strlen(value);
    }
    ck_assert_int_eq(mcp_call(c, &request, &result), result.status);
    return result;
}

void
client_expect(mcp_client *c, mcp_status status, mcp_status wanted, const char *what)
{
    ck_assert_msg(status == wanted, "%s: %s instead of %s; last error: %s", what,
                  mcp_strstatus(status), mcp_strstatus(wanted), mcp_last_error(c)->text);
}

void
client_reads(mcp_client *c, const char *key, const char *text)
{
    mcp_result r = MCP_RESULT_INIT;

    client_expect(c, mcp_get(c, T(key), &r), MCP_OK, key);
    ck_assert_uint_eq(r.value_len, strlen(text));
    ck_assert_int_eq(memcmp(r.value, text, r.value_len), 0);
}

mcp_server
client_info(mcp_client *c, int number)
{
    mcp_server info = MCP_SERVER_INIT;

    ck_assert_int_eq(mcp_server_info(c, number, &info), MCP_OK);
    return info;
}

struct waiting {
    mcp_client *c;
    int number;
    mcp_state state;
};

static int
is_in_state(void *context)
{
    struct waiting *w = context;

    mcp_maintain(w->c);
    return client_info(w->c, w->number).state == w->state;
}

int
client_wait_state(mcp_client *c, int number, mcp_state state, int ms)
{
    struct waiting w = {c, number, state};

    return wait_until(is_in_state, &w, ms);
}

int64_t
client_slack(int64_t ms)
{
    const char *slow = getenv("MCP_SLOW");
    long factor = slow == NULL ? 1 : strtol(slow, NULL, 10);

    return ms * (factor < 1 ? 1 : factor);
}
