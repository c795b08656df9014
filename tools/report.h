/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * report: what a request came to, for a person (standard error) or a program (JSON on standard
 * output, one object a line).
 */
#ifndef MCPROXY_TOOLS_REPORT_H
#define MCPROXY_TOOLS_REPORT_H

#include <jansson.h>

#include "session.h"

/* "ok", "not_found", ...: the name of the status in mcproxy.h, lower case, without MCP_. */
const char *cli_status_word(mcp_status status);

/*
 * Puts bytes under `name`, or, where they are not UTF-8, in base64 under NAME_base64.
 */
void cli_json_bytes(json_t *object, const char *name, const void *bytes, size_t len);

/* {"key":..,"status":..,"server":..,"from_backup":..,"copies":{"primary":..,"backup":..}}; where
 * the status is negative "error" with a text for people. `key` NULL: none. */
json_t *cli_json_outcome(const cli *session, const void *key, size_t key_len,
                         const mcp_result *result, const char *error);

/* {"server":..,"number":..,"role":..,"index":..} of one server */
json_t *cli_json_server(const cli *session, int server);

/* Writes the object as one line on standard output and frees it. */
void cli_json_print(json_t *object);

/*
 * Does the requests, all of them or none: the keys are looked at before anything is sent. Reports
 * misses and failures on standard error (unless --json, which reports them itself), notes them for
 * the exit status, and tells with --verbose which server answered.
 *
 * Returns CLI_EXIT_DONE when it has results, CLI_EXIT_USAGE when nothing was sent.
 */
int cli_request(cli *session, const mcp_request *requests, mcp_result *results, size_t n);

/* Why a result is what it is, for people; `n`: how many requests went out with it. Lasts until the
 * next call on the client. */
const char *cli_result_text(const cli *session, const mcp_result *result, size_t n);

/* A key, shown with quotation marks; `out` has room for what a key needs. */
#define CLI_SHOWN_KEY 300
const char *cli_show_key(char out[CLI_SHOWN_KEY], const void *key, size_t len);

#endif
