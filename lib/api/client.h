/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * client: what mcp_open() hands out. It owns the options, the placement, the engine and its world,
 * and keeps the values lent out by the last call.
 *
 *     client --owns--> config --read by--> pairing, engine, world
 *        `---owns----> lent: the operation whose value the user may still look at
 *                      arena: values of the last batch
 */
#ifndef MCPROXY_API_CLIENT_H
#define MCPROXY_API_CLIENT_H

#include "api/calls.h"
#include "api/events.h"
#include "api/options.h"
#include "engine/drive.h"
#include "io/fork.h"
#include "io/wait.h"
#include "pair/marks.h"
#include "wire/key.h"

/* Blocks of bytes for the values of one batch; they stay for the next one. */
typedef struct mcp__arena_block {
    struct mcp__arena_block *next;
    size_t size;
    size_t used;
    uint8_t bytes[];
} mcp__arena_block;

struct mcp_client {
    mcp__mem mem;
    mcp__config config;
    mcp__pairing *pairing;
    mcp__engine engine;
    mcp__world world;
    mcp__tls *tls; /* NULL: without */
    mcp__fork fork;
    mcp__task *lent;
    int is_inside;      /* a call has begun and not returned */
    const void *thread; /* with asserts: in which thread */
    int is_shared;      /* options and placement belong to the pool that lends it, */
    size_t place;       /* where it has this place */
    mcp__events events;
    mcp__log *log;          /* NULL: never asked for; the engine has it while somebody reads it */
    mcp__calls calls;       /* submitted */
    mcp__hooks hooks;       /* the user's loop, if world.hooks is set */
    struct mcp__next *next; /* what takes its place soon, see client_reload.h; NULL: nothing */
    char *options;          /* with discovery: their text, which is read again */
    char *found;            /* the servers' words, as they were found; NULL: not yet */
    uint64_t found_version;
    mcp__arena_block *arena;
    uint8_t *notes; /* one for each request of a batch, see api/many.h */
    size_t notes_size;
    mcp__err err;
    mcp_error last_error;
};

/* Times are cut to whole milliseconds, so a deadline could come one too early: it is given one
 * more. */
#define MCP__CLOCK_LAG_MS 1

/* ---- what client and batch share ---- */

/* The start of every call: notices a fork, takes back what the last call lent, and clears up after
 * a call that something jumped out of (a signal handler, a PHP timeout). */
void mcp__client_enter_slowly(mcp_client *client);
static inline void
mcp__client_enter(mcp_client *client)
{
    if (client->lent != NULL || client->is_inside || mcp__fork_happened(&client->fork))
        mcp__client_enter_slowly(client);
    client->is_inside = 1;
}
/* Its end. */
static inline void
mcp__client_leave(mcp_client *client)
{
    client->is_inside = 0;
}

/* With a loop: it learns what a call has changed. */
void mcp__client_watch(mcp_client *client);

/*
 * The very end of a call, when its result has been given: the user is told what happened to
 * servers.
 */
static inline void
mcp__client_tell(mcp_client *client)
{
    if (client->world.hooks != NULL)
        mcp__client_watch(client);
    if (client->engine.log != NULL)
        mcp__events_tell_log(&client->events, client->log, client->engine.now_ms);
    if (client->engine.news.n > 0 && client->events.callback != NULL)
        mcp__events_tell(&client->events, &client->engine.news);
}

/* Is this a call from inside one of the user's functions, or beside requests that were submitted?
 * It is refused, and touches nothing. */
static inline int
mcp__client_is_busy(const mcp_client *client)
{
    return client->events.is_calling_back || client->calls.n > 0 || client->calls.is_telling;
}

/*
 * A client whose options and placement are somebody else's, who keeps them as they are until it has
 * left them (mcp__reload_shared) or is closed. NULL: `err` says why.
 */
mcp_client *mcp__client_open_shared(const mcp__mem *mem, const mcp__config *config,
                                    mcp__pairing *pairing, mcp__err *err);
/* Everything behind the options, with memory from `mem`, which outlives the client. What was made
 * before a failure is unmade, but for the pairing. */
mcp_status mcp__client_build(mcp_client *client, const mcp__mem *mem);
/* Unmakes that, and the options. */
void mcp__client_unbuild(mcp_client *client);
/* What mcp_close() does, whoever owns its options; owed replies are waited for so long. */
void mcp__client_close(mcp_client *client, int64_t patience_ms);

/* There is a key, not too long with the namespace in front, which leaves room for one byte. */
static inline int
mcp__client_key_fits(const mcp_client *client, const mcp_request *request)
{
    return request->key != NULL &&
           request->key_len - 1 < MCP__KEY_MAX - client->config.namespace_len;
}

/* With a namespace in front only the namespace itself could begin like a reserved key. */
static inline int
mcp__client_key_is_reserved(const mcp_client *client, const mcp_request *request)
{
    const mcp__config *config = &client->config;
    return config->namespace_len == 0 && mcp__marks_is_reserved(config->prefix, config->prefix_len,
                                                                request->key, request->key_len);
}

/* What nearly every request is. The rules stand in mcp__client_check_slowly(), which says what is
 * wrong with others. */
static inline int
mcp__client_is_everyday(const mcp_client *client, const mcp_request *request)
{
    int is_bare = request->value_len == 0 ||
                  (request->value != NULL && request->value_len <= client->config.max_value);
    return request->size >= offsetof(mcp_request, route) &&
           (unsigned)request->verb - MCP_GET < MCP_FLUSH - MCP_GET && request->ttl <= INT32_MAX &&
           request->timeout_ms <= INT32_MAX && request->route == NULL && is_bare &&
           mcp__client_key_fits(client, request) &&
           mcp__key_is_clean(request->key, request->key_len) &&
           !mcp__client_key_is_reserved(client, request);
}

mcp_status mcp__client_check_slowly(mcp_client *client, const mcp_request *request);

/* Checks a request and says what is wrong with it, if anything. */
static inline mcp_status
mcp__client_check(mcp_client *client, const mcp_request *request)
{
    return mcp__client_is_everyday(client, request) ? MCP_OK
                                                    : mcp__client_check_slowly(client, request);
}

/* A request of an older or newer program as one of ours: `size` stays the caller's (NULL: 0), and
 * what it does not know of is as MCP_REQUEST_INIT has it. */
mcp_request mcp__client_request(const mcp_request *request);

/* Writes as much of a result as the caller knows of. */
void mcp__client_give(mcp_result *to, const mcp_result *from);
/* Whether it has room for a status at least; 0: client->err says so. Zeros would stay zeros, which
 * reads as MCP_OK. */
int mcp__client_can_tell(mcp_client *client, const mcp_result *result);

static inline uint32_t
mcp__client_timeout_ms(const mcp_client *client, const mcp_request *request)
{
    uint32_t timeout_ms =
        request->timeout_ms != 0 ? request->timeout_ms : client->config.timeout_ms;
    return timeout_ms + MCP__CLOCK_LAG_MS;
}

#endif
