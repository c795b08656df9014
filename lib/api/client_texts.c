/* SPDX-License-Identifier: BSD-3-Clause */
/* Words for people, and values for keeps. */
#include "api/client.h"

#include <string.h>

#include "server/health.h"

const char *
mcp_strstatus(mcp_status status)
{
    switch (status) {
    case MCP_OK:
        return "done";
    case MCP_NOT_FOUND:
        return "not found";
    case MCP_NOT_STORED:
        return "not stored";
    case MCP_EXISTS:
        return "changed meanwhile";
    case MCP_TOO_BIG:
        return "too large";
    case MCP_NOT_NUMBER:
        return "not a number";
    case MCP_SERVER_FULL:
        return "the server has no memory for it";
    case MCP_LEASED:
        return "missing; somebody else is computing it";
    case MCP_BAD_ARGUMENT:
        return "bad argument";
    case MCP_BAD_KEY:
        return "bad key";
    case MCP_BUSY:
        return "called from a callback of the same client, or beside submitted requests";
    case MCP_UNSUPPORTED:
        return "not supported";
    case MCP_CANCELLED:
        return "cancelled";
    case MCP_FULL:
        return "too much is under way";
    case MCP_TIMEOUT:
        return "no answer in time";
    case MCP_NO_SERVER:
        return "no server could be reached";
    case MCP_UNKNOWN:
        return "outcome unknown";
    case MCP_PROTOCOL:
        return "the peer does not speak the protocol";
    case MCP_SERVER_ERROR:
        return "server error";
    case MCP_REFUSED:
        return "the server did not let us in";
    case MCP_NO_MEMORY:
        return "no memory";
    case MCP_NO_RESOURCE:
        return "no file descriptor or socket buffer";
    }
    return "no such status";
}

const char *
mcp_strstate(mcp_state state)
{
    return mcp__health_name(state);
}

const char *
mcp_strevent(mcp_event_kind kind)
{
    static const char *const words[] = {
        [MCP_EVENT_STATE] = "state",           [MCP_EVENT_MARKED] = "marked",
        [MCP_EVENT_MARK_SEEN] = "mark-seen",   [MCP_EVENT_MARK_GONE] = "mark-gone",
        [MCP_EVENT_RESTARTED] = "restarted",   [MCP_EVENT_FLUSHED] = "flushed",
        [MCP_EVENT_FILLED] = "filled",         [MCP_EVENT_RECORD_LOST] = "record-lost",
        [MCP_EVENT_OTHER_LIST] = "other-list", [MCP_EVENT_OTHER_FORMAT] = "other-format",
        [MCP_EVENT_CUT_OFF] = "cut-off",       [MCP_EVENT_SERVER_TWICE] = "server-twice",
    };
    const char *word = (unsigned)kind < sizeof words / sizeof words[0] ? words[kind] : NULL;
    return word != NULL ? word : "no such event";
}

const char *
mcp_strlevel(mcp_log_level level)
{
    static const char *const words[] = {"none", "error", "warning", "info", "debug"};
    return (unsigned)level < sizeof words / sizeof words[0] ? words[level] : "no such level";
}

const char *
mcp_strcopy(mcp_copy copy)
{
    static const char *const words[] = {"skipped", "ok", "failed", "unknown"};
    return (unsigned)copy < sizeof words / sizeof words[0] ? words[copy] : "no such outcome";
}

const char *
mcp_library_version(void)
{
    return MCP_VERSION_TEXT;
}

const mcp_error *
mcp_last_error(const mcp_client *client)
{
    const mcp__err *err = &client->err;
    /* The shown form is derived from the kept one whenever somebody looks. */
    mcp_error *shown = (mcp_error *)&client->last_error;
    shown->status = err->status;
    shown->server = err->server;
    shown->os_error = err->os_error;
    shown->text = err->text[0] != '\0' ? err->text : mcp_strstatus(err->status);
    return shown;
}

mcp_status
mcp_result_take(mcp_client *client, mcp_result *result)
{
    char *copy =
        mcp__mem_text(&client->mem, result->value != NULL ? result->value : "", result->value_len);
    if (copy == NULL)
        return MCP_NO_MEMORY;
    result->value = copy;
    return MCP_OK;
}

void
mcp_release(mcp_client *client, const void *value)
{
    mcp__mem_free(&client->mem, (void *)value);
}
