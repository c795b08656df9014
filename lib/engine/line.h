/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * line: the life of one server's connection as the engine sees it: opened when first needed,
 * greeted, used, lost, probed. It puts commands on the link, keeps health and counters up to date
 * and queues the legs that will get no answer as fallen; what becomes of them is not its business.
 *
 * Two rules stand here and nowhere else:
 *   - A connection on which anything is in doubt is reset and never used again.
 *   - A command is put on a second connection only when the first one took no byte of it, or when
 *     it only reads, the connection had worked before and no byte of the reply was there. Once.
 */
#ifndef MCPROXY_ENGINE_LINE_H
#define MCPROXY_ENGINE_LINE_H

#include "engine/pool.h"

/* A connection that has rested longer than this is looked at before it is used: the server may
 * have closed it meanwhile. One system call more, and only after a pause. */
#define MCP__REST_MS 1000

/* Requests that may wait on a connection for company. */
#define MCP__RIDERS_MAX 64

/* Sends the leg's bundle to its server, now or as soon as its link is open. */
void mcp__line_put(mcp__engine *engine, mcp__leg *leg);

/* Puts one command on a link that stands; it is given an opaque. 0, or -1: no memory. */
int mcp__line_put_command(mcp__engine *engine, mcp__server *server, mcp__command *command,
                          mcp__asker *asker);

/* What the engine asks for itself, on a connection that stands; its pending has no op. */
typedef enum mcp__question {
    MCP__ASK_NOTHING = 0, /* whoever asked has lost interest */
    MCP__ASK_MARKS,
    MCP__ASK_EPOCH,
    MCP__ASK_STATS,        /* why it has no epoch */
    MCP__ASK_NUMBER,       /* stores something for a second, to see what number it is given */
    MCP__ASK_EPOCH_STORED, /* stores the epoch as the ledger has it, if nobody else was faster */
} mcp__question;
/* 0, also where no connection stands; -1: no memory, as if lost on the way. */
int mcp__line_ask(mcp__engine *engine, mcp__server *server, mcp__question question);

/* Asks for its marks anew if they are about to be too old to go by. */
void mcp__line_refresh(mcp__engine *engine, mcp__server *server);

/* When a ledger is asked for anew: when it is a view interval old and, for the epochs that are asked
 * for beside, a sixteenth. The earlier, the longer the calls are apart, so that it is not too old to
 * go by at the next one; but not before half an interval is over. */
static inline int
mcp__line_is_ageing(const mcp__engine *engine, const mcp__server *server)
{
    const mcp__promise *promise = &engine->settings.promise;
    int64_t interval_ms = promise->view_interval_ms;
    int64_t age_ms = engine->now_ms - server->ledger.queued_ms;
    if (age_ms < interval_ms / 2) /* never asked: its age has no double */
        return 0;
    int64_t due_ms = interval_ms + (promise->view_life_ms - interval_ms + 1) / 2;
    if (promise->view_life_ms - engine->gap_ms * 2 < due_ms)
        due_ms = promise->view_life_ms - engine->gap_ms * 2;
    return age_ms >= due_ms;
}

/*
 * Whether a change that its primary is told beside this server, its backup, is to bring a question for
 * the marks along. An older view may not know yet that the primary has missed somebody's write, and
 * that one may still be on its way there: it would land behind the change, and whoever made it would
 * read what was before it (G1). A look at the backup that is sent with the change or later is enough,
 * since a mark that is made after it is that of a write which nobody had been told of before. Not with
 * consistency=strict: there such a write waits until nobody has an older view.
 */
static inline int
mcp__line_wants_marks(const mcp__engine *engine, const mcp__server *server)
{
    return server->asked_to <= server->link.sent && !engine->settings.promise.is_strict;
}

/* A question for its marks was queued last. */
static inline void
mcp__line_note_marks(mcp__server *server)
{
    server->asked_to = server->link.queued;
}

/* Opens the connection, if there is none and nothing speaks against it. */
void mcp__line_warm(mcp__engine *engine, mcp__server *server);

/* Whether its connection was opened no earlier than `since_ms`; an older one on which nothing is
 * under way is closed and opened again. */
int mcp__line_renew(mcp__engine *engine, mcp__server *server, int64_t since_ms);

/* Whether anything is put on record about this server, or on it. */
int mcp__line_keeps_record(const mcp__engine *engine, const mcp__server *server);

/* Who has something on the way, or to send, is busy. */
void mcp__line_watch(mcp__engine *engine, mcp__server *server);

/* Its state for people: health, and what stands against it. */
mcp_state mcp__line_state(const mcp__engine *engine, const mcp__server *server);

/* The socket is connected. */
void mcp__line_connected(mcp__engine *engine, mcp__server *server);

/* The greeting was answered: whoever waited for the link is sent now. */
void mcp__line_greeted(mcp__engine *engine, mcp__server *server);

/*
 * The connection, or the attempt to get one, is over. `was_peer`: the other side closed or reset
 * it (commands may move to a new connection); otherwise we gave it up. MCP__LINE_UNDONE: it has
 * said that it does nothing of all that is outstanding (all commands may move).
 */
#define MCP__LINE_UNDONE 2
void mcp__line_lost(mcp__engine *engine, mcp__server *server, mcp__failure failure, int was_peer,
                    int os_error, const char *why);

/* It refused something that it had better be asked in another protocol: the same, but no fault, and
 * a greeting begins anew. */
void mcp__line_refused(mcp__engine *engine, mcp__server *server, const char *why);

/* This leg has waited long enough. */
void mcp__line_give_up(mcp__engine *engine, mcp__leg *leg);

/* The connection is reset, and nobody is told about what was on it. */
void mcp__line_abandon(mcp__engine *engine, mcp__server *server);

/* Something waits for company. The timer is not stopped when it has gone, but looks then what there
 * is: it is set once in a view interval, and not once in a call. */
static inline void
mcp__line_mount(mcp__engine *engine, mcp__server *server)
{
    if (!mcp__link_has_riders(&server->link))
        server->mounted_ms = engine->now_ms;
    if (server->ride.place == 0)
        mcp__timer_set(&engine->timers, &server->ride,
                       engine->now_ms + engine->settings.promise.view_interval_ms);
}

/* The server's timer has fired. */
void mcp__line_timer(mcp__engine *engine, mcp__server *server);

#endif
