/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/explain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

/* 10,000 servers with names of 200 bytes stay below it. */
#define TEXT_MAX (8u << 20)

static int add_line(mcp__buf *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* 0: no memory. Longer lines are cut. */
static int
add_line(mcp__buf *out, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    if (n < 0)
        return 0;
    size_t len = strlen(line);
    line[len++] = '\n';
    uint8_t *room = mcp__buf_room(out, len);
    if (room == NULL)
        return 0;
    memcpy(room, line, len);
    mcp__buf_filled(out, len);
    return 1;
}

static int
add_servers(mcp__buf *out, const mcp__config *config)
{
    size_t n = config->n_primaries + config->n_backups;
    for (size_t i = 0; i < n; i++) {
        const mcp__server_spec *spec = &config->servers[i];
        int named = strcmp(spec->name, spec->address) != 0;
        char backup[48] = "";
        if (i >= config->n_primaries)
            snprintf(backup, sizeof backup, "backup %zu%s, ", i - config->n_primaries,
                     config->mirror == MCP__MIRROR_BACKUP ? "" : " without use");
        if (!add_line(out, "server %zu: %s (%s%s%s%sweight %u)", i, spec->address, backup,
                      named ? "name " : "", named ? spec->name : "", named ? ", " : "",
                      (unsigned)spec->weight))
            return 0;
    }
    return 1;
}

static int
add_option(mcp__buf *out, const mcp__config *config, size_t index)
{
    const mcp__row *row = mcp__table_row(index);
    const mcp_option *option = &row->option;
    char value[300];
    int given = (config->given >> index & 1) != 0;
    mcp__table_show(config, index, value, sizeof value);
    if (given)
        return add_line(out, "%s: %s", option->name, value);
    return add_line(out, "%s: %s (default%s%s)", option->name, value,
                    option->missing != NULL ? "; " : "",
                    option->missing != NULL ? option->missing : "");
}

static int
add_all(mcp__buf *out, const mcp__config *config)
{
    if (!add_servers(out, config))
        return 0;
    for (size_t i = 0; mcp__table_row(i) != NULL; i++) {
        mcp__kind kind = mcp__table_row(i)->kind;
        if (kind == MCP__KIND_SERVER || kind == MCP__KIND_BACKUP || kind == MCP__KIND_NAME ||
            kind == MCP__KIND_WEIGHT)
            continue;
        if (!add_option(out, config, i))
            return 0;
    }
    return 1;
}

char *
mcp__explain_config(const mcp__config *config, const mcp__mem *mem)
{
    mcp__buf out;
    char *text = NULL;
    mcp__buf_init(&out, mem, TEXT_MAX);
    if (add_all(&out, config))
        text = mcp__mem_text(mem, (const char *)mcp__buf_bytes(&out), mcp__buf_len(&out));
    mcp__buf_fini(&out);
    return text;
}

static void
tell(const mcp__err *err, char *why, size_t why_size)
{
    if (why != NULL && why_size > 0)
        snprintf(why, why_size, "%s", err->text);
}

char *
mcp_options_explain(const char *options, char *why, size_t why_size)
{
    mcp__config config;
    mcp__err err;
    const mcp__mem mem = mcp__mem_system();
    mcp__err_clear(&err);
    tell(&err, why, why_size);
    if (mcp__options_parse(&config, &mem, options, &err) != MCP_OK) {
        tell(&err, why, why_size);
        return NULL;
    }
    char *text = mcp__explain_config(&config, &mem);
    mcp__options_fini(&config);
    if (text == NULL) {
        mcp__err_set(&err, MCP_NO_MEMORY, "no memory to explain the options");
        tell(&err, why, why_size);
    }
    return text;
}
