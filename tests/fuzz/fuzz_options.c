/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any text as options: it is taken, or refused with one clear line; nothing is half done, nothing
 * leaks, and read twice it says the same.
 */
#include <stdlib.h>
#include <string.h>

#include "api/options.h"
#include "fuzz/fuzz.h"

const char fuzz_name[] = "options";
const unsigned fuzz_rounds = 60000;
const char *const fuzz_words[] = {"server=",
                                  "backup=",
                                  "name=",
                                  "weight=",
                                  "10.0.0.4",
                                  ":11211",
                                  "[::1]",
                                  "[fe80::1%lo]",
                                  "unix:/run/x",
                                  "timeout=",
                                  "ms",
                                  "s",
                                  "us",
                                  "distribution=",
                                  "hash=",
                                  "ketama",
                                  "hash_tag={}",
                                  "namespace=",
                                  "prefix=",
                                  "mirror=",
                                  "backup",
                                  "next",
                                  "probe",
                                  "off",
                                  "\"",
                                  "\\",
                                  "#",
                                  ";",
                                  "\n",
                                  "--",
                                  "=",
                                  "max-value=4G",
                                  "yes",
                                  "no",
                                  "strict",
                                  "0",
                                  "file=/dev/null",
                                  "view-interval=200ms",
                                  "ack=primary",
                                  " ",
                                  NULL};

/* One line of what can be shown. */
static void
check_reason(const mcp__err *err)
{
    size_t len = strlen(err->text);
    FUZZ_NEED(err->status == MCP_BAD_ARGUMENT);
    FUZZ_NEED(len > 5 && len < sizeof err->text);
    for (size_t i = 0; i < len; i++)
        FUZZ_NEED((uint8_t)err->text[i] >= ' ' && (uint8_t)err->text[i] < 0x7f);
}

static void
check_config(const mcp__config *config)
{
    FUZZ_NEED(config->n_primaries >= 1 && config->servers != NULL);
    FUZZ_NEED(config->namespace_text != NULL && config->namespace_len < MCP_KEY_MAX);
    FUZZ_NEED(config->prefix != NULL && config->prefix_len >= 1 && config->prefix_len <= 64);
    FUZZ_NEED(config->timeout_ms >= 1 && config->retry_min_ms <= config->retry_max_ms);
    FUZZ_NEED(config->mirror != MCP__MIRROR_BACKUP || config->n_backups > 0);
    for (size_t i = 0; i < config->n_primaries + config->n_backups; i++) {
        const mcp__server_spec *spec = &config->servers[i];
        FUZZ_NEED(spec->name != NULL && spec->address != NULL && spec->host != NULL);
        FUZZ_NEED(spec->weight >= 1 && (spec->is_unix || spec->port != 0));
        FUZZ_NEED(!spec->is_unix || strlen(spec->host) < 108);
    }
}

static void
explain(const char *text, int is_good)
{
    char why[16] = "not touched";
    char *lines = mcp_options_explain(text, why, sizeof why);
    FUZZ_NEED((lines != NULL) == is_good);
    FUZZ_NEED(memchr(why, '\0', sizeof why) != NULL && (is_good || why[0] != '\0'));
    free(lines);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    mcp__config config, again;
    mcp__err err, err_again;
    char *text = fuzz_copy(NULL, len + 1);
    memcpy(text, bytes, len);
    text[len] = '\0';
    mcp__err_clear(&err);
    mcp__err_clear(&err_again);
    const mcp__mem *mem = fuzz_memory();
    mcp_status status = mcp__options_parse(&config, mem, text, &err);
    FUZZ_NEED(mcp__options_parse(&again, mem, text, &err_again) == status);
    FUZZ_NEED(status == MCP_OK || status == MCP_BAD_ARGUMENT);
    if (status == MCP_OK) {
        check_config(&config);
        FUZZ_NEED(mcp__options_config8(&config) == mcp__options_config8(&again));
        mcp__options_fini(&config);
        mcp__options_fini(&again);
    } else {
        check_reason(&err);
        FUZZ_NEED(strcmp(err.text, err_again.text) == 0);
    }
    explain(text, status == MCP_OK);
    fuzz_memory_end();
    free(text);
    return 0;
}
