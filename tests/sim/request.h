/* SPDX-License-Identifier: BSD-3-Clause */
/* request: a memcached command line taken apart, for server.c. */
#ifndef MCPROXY_SIM_REQUEST_H
#define MCPROXY_SIM_REQUEST_H

#include "sim/server.h"

#define SIM_TOKENS_MAX 24

typedef struct sim_token {
    const char *text;
    size_t len;
} sim_token;

/* One command line taken apart, and what its flags say. */
typedef struct sim_request {
    sim_token tokens[SIM_TOKENS_MAX];
    size_t n;
    size_t first_flag;
    uint64_t cas, delta, initial;
    int64_t ttl, vivify_ttl, early_s;
    uint32_t client_flags;
    char mode;
    int has_cas, has_ttl, vivifies, is_early, has_value, is_quiet;
    sim_deed deed;
} sim_request;

/* The words of a line. */
size_t sim_request_split(const char *line, size_t len, sim_token *tokens);
int sim_token_is(const sim_token *token, const char *word);
/* All of it must be one decimal number, with or without a minus. */
int sim_number_read(const char *text, size_t len, int64_t *number);
/* The flags from `first_flag` on. 0: one that does not exist, comes twice, or is malformed. */
int sim_request_flags(sim_request *c);

#endif
