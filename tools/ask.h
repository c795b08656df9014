/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ask: one question to many servers at once.
 */
#ifndef MCPROXY_TOOLS_ASK_H
#define MCPROXY_TOOLS_ASK_H

#include "session.h"

typedef struct cli_asked {
    int server;
    mcp_result result; /* its value lasts until the next call on the client */
} cli_asked;

/*
 * Asks the servers of `asked` in parallel, under one deadline: `model` with their numbers. Nothing
 * is reported or noted.
 */
void cli_ask(cli *session, const mcp_request *model, cli_asked *asked, size_t n);

/* An array for the servers `first` to `last`, results empty; free() it. */
cli_asked *cli_ask_list(int first, int last, size_t *n);

/* Why a server did not do it, for people; lasts until the next call on the client. */
const char *cli_ask_text(cli *session, const cli_asked *asked, size_t n);

#endif
