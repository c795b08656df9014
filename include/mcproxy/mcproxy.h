/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libmcproxy: many memcached servers used as one cache that survives any one of them.
 *
 * Vocabulary
 *
 *   server    one memcached, named by its address or by `name=`.
 *   primary   a server of the `server=` list. Every key hashes to one of them.
 *   backup    a server of the `backup=` list. Every key hashes to one of them, too.
 *   pair      the primary and the backup of one key.
 *   mirror    what a write does: it is sent to both servers of the pair.
 *   copy      what one server of the pair holds.
 *   failover  a read that the primary could not answer is answered by the backup, within the
 *             same deadline.
 *   probe     one connection attempt and one greeting, to learn whether a server is back.
 *
 *   mark      a word, kept on one server of a pair, that the other one missed writes. While it
 *             stands, nobody reads that other one.
 *   journal   beside the mark: which keys were missed.
 *   view      what a client knows of the marks; never older than nine eighths of `view_interval`
 *             when it is used.
 *   repair    copying the missed keys to a server that is back, and then taking the mark away.
 *   epoch     a word, kept on a server about itself, that vanishes when it restarts: so a restart
 *             is noticed, and whether what it lost has been filled in again.
 *   resync    filling a server that came back empty from its partners.
 *   lease     the right to fill in one missing value, held by one client at a time.
 *
 * Ten lines
 *
 *     char why[160];
 *     mcp_client *c = mcp_open("server=10.0.0.4 server=10.0.0.5 backup=10.0.0.7", why, sizeof why);
 *     if (c == NULL) { fprintf(stderr, "%s\n", why); return 1; }
 *     mcp_set(c, "user:1", 6, "Ada", 3, 3600, 0);
 *     mcp_result r = MCP_RESULT_INIT;
 *     if (mcp_get(c, "user:1", 6, &r) == MCP_OK)
 *         printf("%.*s\n", (int)r.value_len, (const char *)r.value);
 *     mcp_close(c);
 *
 * Threads: a client belongs to one thread at a time. The library starts no thread, takes no lock
 * and keeps nothing global, so any number of clients may live in any number of threads. For threads
 * that share some clients there is mcproxy/pool.h.
 *
 * Ownership: what the caller passes in is only read, and only until the call returns. Values and
 * texts in a result are borrowed: they stand in the client's memory until the next call on that
 * client or mcp_close(); mcp_result_take() gives the caller a copy of its own.
 *
 * Blocking: mcp_open(), mcp_where(), the mcp_server_* calls and those about events, logs, errors
 * and words never wait for anything (with `discovery=`, mcp_where() waits for the first list of
 * servers, as a call does). Every other call has one deadline, `timeout` (500 ms unless the options
 * or the request say otherwise), for everything it does: name look-up, connecting, the primary and
 * the backup. What may take longer says so: mcp_flush() of all, mcp_repair(), mcp_resync(),
 * mcp_dump(). A program with an event loop waits for nothing: mcproxy/async.h.
 *
 * The process: the library never prints, exits, aborts, installs a signal handler or raises
 * SIGPIPE.
 */
#ifndef MCPROXY_MCPROXY_H
#define MCPROXY_MCPROXY_H

#include <stddef.h>
#include <stdint.h>

#include "server.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define MCP_API __attribute__((visibility("default")))
#else
#define MCP_API
#endif

#define MCP_VERSION_TEXT "0.1.0"

/* The longest key that memcached holds, in bytes, `namespace=` included. */
#define MCP_KEY_MAX 250

/*
 * Status of a call. 0: yes. Positive: a server answered no. Negative: we could not do it, in
 * bands: -1xx the caller, -2xx the network and the servers, -3xx memory and file descriptors here.
 * A miss and a failure are never the same code.
 */
typedef enum mcp_status {
    MCP_OK = 0,

    MCP_NOT_FOUND = 1,  /* no such key */
    MCP_NOT_STORED = 2, /* add: the key exists; replace, append, prepend: it does not */
    MCP_EXISTS = 3,     /* cas: the value has changed since the token was handed out */
    MCP_TOO_BIG = 4,    /* larger than the server takes: no old value remains on either copy; or
                           larger than `max_value`: nothing was sent */
    MCP_NOT_NUMBER = 5, /* incr, decr: the value is not a decimal number below 2^64 */
    MCP_SERVER_FULL = 6, /* the server has no memory for it; no old value remains */
    MCP_LEASED = 7,      /* MCP_LEASE: missing, and somebody else is recomputing it: ask again */

    MCP_BAD_ARGUMENT = -101, /* see mcp_last_error() for which and why */
    MCP_BAD_KEY = -102,      /* empty, too long, reserved, or with a byte <= 0x20 or 0x7f; see
                             keys= in mcproxy_options(7) */
    MCP_BUSY = -103,         /* called from a callback of the same client, or while requests that
                                were submitted are under way */
    MCP_UNSUPPORTED = -104,  /* this server, or this build of the library, cannot do it */
    MCP_CANCELLED = -105,    /* submitted, and cancelled: it may have been done or not */
    MCP_FULL = -106,         /* too much was submitted and is under way: nothing was done */

    MCP_TIMEOUT = -201,      /* nobody answered before the deadline; nothing was changed */
    MCP_NO_SERVER = -202,    /* neither copy could be reached; nothing was changed */
    MCP_UNKNOWN = -203,      /* sent, and not answered: it may have been done or not */
    MCP_PROTOCOL = -204,     /* the peer does not speak the protocol, or broke it; or TLS could not
                                be agreed upon: mcp_last_error() says why */
    MCP_SERVER_ERROR = -205, /* the server answered SERVER_ERROR or CLIENT_ERROR */
    MCP_REFUSED = -206,      /* the server wants a password, or does not take ours */

    MCP_NO_MEMORY = -301,   /* malloc failed here */
    MCP_NO_RESOURCE = -302, /* no file descriptor or socket buffer to be had here */
} mcp_status;

/* What happened to one copy in one call. */
typedef enum mcp_copy {
    MCP_COPY_SKIPPED = 0, /* not asked: there is no such copy, or there was no need */
    MCP_COPY_OK = 1,      /* it answered */
    MCP_COPY_FAILED = 2,  /* it did not get the command, or refused it */
    MCP_COPY_UNKNOWN = 3, /* it was sent the command and did not answer in time */
} mcp_copy;

typedef enum mcp_verb {
    MCP_GET = 1,  /* value and flags; and the cas token and the remaining ttl (see want) */
    MCP_GAT,      /* get and touch: the value, and `ttl` is the new time to live */
    MCP_SET,
    MCP_ADD,      /* store only if the key does not exist */
    MCP_REPLACE,  /* store only if it does */
    MCP_APPEND,   /* flags and ttl of the existing value stay */
    MCP_PREPEND,
    MCP_CAS,      /* store only if the value is still the one `cas` was handed out with */
    MCP_DELETE,
    MCP_TOUCH,    /* `ttl` is the new time to live */
    MCP_INCR,     /* wraps at 2^64; MCP_NOT_FOUND where there is no value and no initial one */
    MCP_DECR,     /* stops at 0 */
    MCP_FLUSH,    /* of one server: drops everything, `ttl` seconds from now (0: at once) */
    MCP_STATS,    /* of one server: `key` is the argument ("items", "settings", ...) or empty */
    MCP_VERSION,  /* of one server: its version text is the value */
    MCP_PING,     /* of one server: MCP_OK when it answers */
    MCP_LEASE,    /* get; where there is no value, one caller wins the right to store it: see
                     mcp_get_or_lease(). `ttl`: of the lease; `delta`: seconds before its end from
                     which a value is to be recomputed */
} mcp_verb;

/* request.want: what a MCP_GET is to bring beside value and flags. */
enum {
    MCP_WANT_CAS = 1, /* result.cas */
    MCP_WANT_TTL = 2, /* result.ttl */
};
#define MCP_TTL_UNKNOWN (-2) /* result.ttl of servers that do not tell it, see libmcproxy(7) */

/* Everything a user can ask. Start from MCP_REQUEST_INIT, then set what the verb uses; members may
 * be added at the end in later versions, which is what `size` is for. */
typedef struct mcp_request {
    size_t size;         /* sizeof(mcp_request), set by MCP_REQUEST_INIT */
    mcp_verb verb;
    int server;          /* server number, for FLUSH, STATS, VERSION and PING; else -1 */
    const void *key;     /* 1 to 250 bytes: none <= 0x20, no 0x7f (keys=base64: any bytes) */
    size_t key_len;
    const void *route;   /* group key: hashed instead of the key; NULL: the key itself */
    size_t route_len;
    const void *value;   /* SET, ADD, REPLACE, APPEND, PREPEND, CAS; any bytes */
    size_t value_len;
    int64_t ttl;         /* seconds. 0: never expires; 1 to 2,592,000: from now; above: absolute
                            Unix time; negative: expires at once; 2^31 and above: refused */
    uint32_t flags;      /* stored with the value, given back with it */
    uint32_t want;       /* MCP_WANT_... */
    uint64_t cas;        /* CAS: a token from an earlier result. Opaque: it names a value on one
                            server; offered to another server it answers MCP_EXISTS */
    uint64_t delta;      /* INCR, DECR */
    uint64_t initial;    /* INCR, DECR: stored, with `ttl`, where there is no value, */
    int with_initial;    /* if this is not 0 */
    uint32_t timeout_ms; /* deadline of this call; 0: the client's */
} mcp_request;

#define MCP_REQUEST_INIT                                                                           \
    {                                                                                              \
        sizeof(mcp_request), MCP_GET, -1, NULL, 0, NULL, 0, NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0        \
    }

/* Everything the library answers. Start from MCP_RESULT_INIT: one of zeros has no room for anything,
 * and a call that is given it does nothing but say MCP_BAD_ARGUMENT. */
typedef struct mcp_result {
    size_t size;       /* sizeof(mcp_result), set by MCP_RESULT_INIT */
    mcp_status status;
    int server;        /* number of the server whose answer this is; -1: none */
    mcp_copy primary;  /* what happened to each copy */
    mcp_copy backup;
    int from_backup;   /* 1: the backup's answer */
    const void *value; /* borrowed until the next call on the client; not terminated by a NUL */
    size_t value_len;
    uint32_t flags;
    int64_t ttl;       /* with MCP_WANT_TTL: seconds left, -1: never expires, MCP_TTL_UNKNOWN */
    uint64_t cas;      /* with MCP_WANT_CAS, of reads and stores: token for MCP_CAS */
    uint64_t number;   /* INCR, DECR: the new value */
} mcp_result;

#define MCP_RESULT_INIT                                                                            \
    {                                                                                              \
        sizeof(mcp_result), MCP_OK, -1, MCP_COPY_SKIPPED, MCP_COPY_SKIPPED, 0, NULL, 0, 0, 0, 0, 0 \
    }

typedef struct mcp_client mcp_client;

/* Where memory comes from. The three functions behave like malloc, realloc and free. */
typedef struct mcp_allocator {
    void *(*allocate)(void *context, size_t size);
    void *(*reallocate)(void *context, void *memory, size_t size);
    void (*release)(void *context, void *memory);
    void *context;
} mcp_allocator;

/* ---- Opening and closing ------------------------------------------------------------------ */

/*
 * Opens a client. `options` is a text of words, see mcproxy_options(7):
 * "server=10.0.0.4:11211 server=10.0.0.5 backup=unix:/run/mc.sock timeout=250ms". It parses and
 * allocates only: it never resolves a name, connects or waits. NULL on failure, with the reason
 * (which word, where in the text, what would be right) in `why`, always terminated, cut at
 * `why_size` bytes; `why` may be NULL when `why_size` is 0.
 */
MCP_API mcp_client *mcp_open(const char *options, char *why, size_t why_size);

/*
 * The same, with memory from `allocator` (copied; its context must outlive the client; NULL: malloc
 * and free). What c-ares needs while it resolves a name, and one page that notices a fork, come from
 * the system all the same.
 */
MCP_API mcp_client *mcp_open_with(const char *options, const mcp_allocator *allocator, char *why,
                                  size_t why_size);

/*
 * Reads the replies still owed (at most one timeout), closes every connection and frees
 * everything. NULL is allowed. In a forked child the connections are the parent's and only let go
 * of; where the parent was in the middle of a call, the memory is left alone, too.
 */
MCP_API void mcp_close(mcp_client *client);

/*
 * Gives the client other options (a whole text, as for mcp_open(); a `file=` is read anew), between
 * two calls. Servers that stand in the old list and in the new one, with the same name and address,
 * keep their connections, their counters and what is known of them; they may get other numbers.
 * Others are left as mcp_close() leaves them, or are new. Work in the background is finished first,
 * as far as it goes within one timeout, and taken up again. MCP_OK, or else the client is as it was,
 * and mcp_last_error() says why: MCP_BAD_ARGUMENT (the word and its place), MCP_NO_MEMORY;
 * MCP_REFUSED: a server that is to go has on record what one that stays missed; MCP_BUSY: this is a
 * callback of mcp_on_event(); MCP_UNSUPPORTED: a pool lent this client. With an event loop nothing
 * is waited for: see mcp_reload(3). Give all clients of the servers the new list soon after one
 * another: until then they look for some keys on different servers. Texts of mcp_server end with it.
 */
MCP_API mcp_status mcp_reload(mcp_client *client, const char *options);

/* ---- One call, many calls ----------------------------------------------------------------- */

/*
 * Does one request and waits for its result, at most until its deadline. The return value is
 * result->status. `result` may be NULL.
 */
MCP_API mcp_status mcp_call(mcp_client *client, const mcp_request *request, mcp_result *result);

/*
 * Does `n` requests, of any mix of verbs, on all servers in parallel, under one deadline (the
 * longest of the requests'). results[i], from MCP_RESULT_INIT, answers requests[i]; one that fails
 * hides no other. They run at the same time: in which order is not defined, not even for those of
 * one key. Returns how many results are negative: 0 when every server answered. Values stay until
 * the next call on the client, so all of them are held: mcp_mget_each() holds none.
 */
MCP_API size_t mcp_batch(mcp_client *client, const mcp_request *requests, mcp_result *results,
                         size_t n);

/*
 * Gets many keys, on all servers in parallel, within one deadline, `timeout`. `key_lens` may be NULL
 * when every key ends with a NUL. results[i], from MCP_RESULT_INIT, answers keys[i]; a key that
 * stands there twice is answered twice, and one that fails hides no other. Returns how many results
 * are negative. Values stay until the next call on the client.
 */
MCP_API size_t mcp_mget(mcp_client *client, const void *const *keys, const size_t *key_lens,
                        size_t n, mcp_result *results);

/*
 * The same, told one by one as they come, in any order: nothing is kept, whatever the number of keys.
 * Called exactly once for each key; the value stands until it returns. It must return (no longjmp)
 * and not call the client: see mcp_on_event(). With MCP_BUSY (the call returns n) it is not called.
 */
typedef void (*mcp_mget_callback)(void *context, size_t index, const mcp_result *result);
MCP_API size_t mcp_mget_each(mcp_client *client, const void *const *keys, const size_t *key_lens,
                             size_t n, mcp_mget_callback callback, void *context);

/* ---- The everyday verbs: thin wrappers around mcp_call ------------------------------------ */

MCP_API mcp_status mcp_get(mcp_client *client, const void *key, size_t key_len, mcp_result *result);
/* mcp_get() that brings the cas token and the remaining ttl, too. */
MCP_API mcp_status mcp_gets(mcp_client *client, const void *key, size_t key_len,
                            mcp_result *result);
MCP_API mcp_status mcp_gat(mcp_client *client, const void *key, size_t key_len, int64_t ttl,
                           mcp_result *result);
MCP_API mcp_status mcp_set(mcp_client *client, const void *key, size_t key_len, const void *value,
                           size_t value_len, int64_t ttl, uint32_t flags);
MCP_API mcp_status mcp_add(mcp_client *client, const void *key, size_t key_len, const void *value,
                           size_t value_len, int64_t ttl, uint32_t flags);
MCP_API mcp_status mcp_replace(mcp_client *client, const void *key, size_t key_len,
                               const void *value, size_t value_len, int64_t ttl, uint32_t flags);
MCP_API mcp_status mcp_append(mcp_client *client, const void *key, size_t key_len,
                              const void *value, size_t value_len);
MCP_API mcp_status mcp_prepend(mcp_client *client, const void *key, size_t key_len,
                               const void *value, size_t value_len);
MCP_API mcp_status mcp_cas(mcp_client *client, const void *key, size_t key_len, const void *value,
                           size_t value_len, int64_t ttl, uint32_t flags, uint64_t cas);
MCP_API mcp_status mcp_delete(mcp_client *client, const void *key, size_t key_len);
MCP_API mcp_status mcp_touch(mcp_client *client, const void *key, size_t key_len, int64_t ttl);
/* `number` receives the new value and may be NULL. */
MCP_API mcp_status mcp_incr(mcp_client *client, const void *key, size_t key_len, uint64_t delta,
                            uint64_t *number);
MCP_API mcp_status mcp_decr(mcp_client *client, const void *key, size_t key_len, uint64_t delta,
                            uint64_t *number);
/* With a value to start from: `initial` is stored, with `ttl`, where there is none. */
MCP_API mcp_status mcp_incr_from(mcp_client *client, const void *key, size_t key_len,
                                 uint64_t delta, uint64_t initial, int64_t ttl, uint64_t *number);
MCP_API mcp_status mcp_decr_from(mcp_client *client, const void *key, size_t key_len,
                                 uint64_t delta, uint64_t initial, int64_t ttl, uint64_t *number);

/* ---- Servers ------------------------------------------------------------------------------ */

/*
 * Servers have numbers: the primaries from 0 in the order of the options, the backups behind them.
 */
MCP_API int mcp_server_count(const mcp_client *client);

/*
 * Drops everything `delay` seconds from now (0: at once) on one server, or, with `server` -1, on
 * all of them: first all backups, then all primaries, 64 at a time with a deadline for each such
 * group. Returns the first failure, after having tried them all.
 */
MCP_API mcp_status mcp_flush(mcp_client *client, int server, int64_t delay);
/*
 * The lines of `stats ARGUMENT` (NULL: none; else words with single blanks) of one server are the
 * result's value. MCP_UNSUPPORTED: it has no stats of that name.
 */
MCP_API mcp_status mcp_stats(mcp_client *client, int server, const char *argument,
                             mcp_result *result);
/* The version text of one server is the result's value. */
MCP_API mcp_status mcp_version(mcp_client *client, int server, mcp_result *result);
MCP_API mcp_status mcp_ping(mcp_client *client, int server);

/* One name and value out of the text that mcp_stats() brought; neither is terminated by a NUL. */
typedef struct mcp_stat {
    const char *name;
    size_t name_len;
    const char *value;
    size_t value_len;
} mcp_stat;

/*
 * Walks over the result of mcp_stats(): `*position` starts at 0. Returns 1 with the next entry, 0
 * at the end. The entry is borrowed as the result's value is.
 */
MCP_API int mcp_stat_next(const mcp_result *result, size_t *position, mcp_stat *stat);

/* The pair of a key: server numbers; backup -1: the key has one copy. */
typedef struct mcp_location {
    int primary;
    int backup;
} mcp_location;

/*
 * Tells where a key lives. Pure arithmetic, the same before, during and after an outage. `route`
 * as in mcp_request. MCP_OK, MCP_BAD_KEY, or MCP_BAD_ARGUMENT (an empty route).
 */
MCP_API mcp_status mcp_where(mcp_client *client, const void *key, size_t key_len, const void *route,
                             size_t route_len, mcp_location *location);

/* What this client knows of one server, see server.h. MCP_BAD_ARGUMENT when there is no such
 * number, or `info` is not from MCP_SERVER_INIT. */
MCP_API mcp_status mcp_server_info(const mcp_client *client, int server, mcp_server *info);

/*
 * Gives the client a moment without a call: answers of probes are looked at, due probes sent,
 * owed replies read, and a slice of repair or resync done (at most 2 ms). For programs that idle;
 * ordinary calls do the same on the side. With discovery= and no list of servers yet it asks for
 * that, and waits for it as long as a call.
 */
MCP_API void mcp_maintain(mcp_client *client);

/* ---- Putting servers right --------------------------------------------------------------- */

/* How far a repair or a resync has come. */
typedef struct mcp_progress {
    size_t size;        /* sizeof(mcp_progress) as the library has it */
    int server;         /* which server is put right */
    int partner;        /* and from which one; -1: none at the moment */
    int job;            /* MCP_JOB_...; NONE while nothing can be done yet */
    const char *phase;  /* what it is at, in words; "": nothing; stands until the callback returns */
    uint64_t done;      /* keys dealt with */
    uint64_t total;     /* of so many; 0: not known yet */
    uint64_t wait_ms;   /* nothing can be done for so long */
    uint64_t elapsed_ms;
    uint64_t remaining_ms; /* estimated; 0: not known yet */
} mcp_progress;

/*
 * Called a few times a second for each server that is not done; anything but 0 ends the work (it may
 * be taken up again any time). It must return (no longjmp) and not call the client: see
 * mcp_on_event().
 */
typedef int (*mcp_progress_callback)(void *context, const mcp_progress *progress);

/*
 * Makes good what `server` missed (all of it, on all its partners; -1: every server), and waits for
 * the end, at most `limit_ms` (0: as long as it takes, while the servers answer; one that has been
 * DOWN for longer than `timeout` is not waited for). Asks all servers first. Safe beside writers and
 * beside other clients doing the same. `callback` may be NULL. MCP_OK: nothing stands against it any
 * more (also when nothing did). MCP_TIMEOUT: not all done within the limit. MCP_NO_SERVER: it, or a
 * partner that may hold its record, does not answer. MCP_NOT_STORED: the callback ended it.
 */
MCP_API mcp_status mcp_repair(mcp_client *client, int server, uint64_t limit_ms,
                              mcp_progress_callback callback, void *context);

/*
 * Fills `server` from its partners: every key they hold and it lacks is copied, with flags and
 * remaining time to live. What it missed is repaired first. Values it has are left alone, so it may
 * be broken off and taken up again. `rate`: keys a second at most; 0: no limit. Otherwise as
 * mcp_repair(). Keys that were stored with a route key are not found this way: they are filled by
 * use. MCP_UNSUPPORTED: a partner cannot list its keys.
 */
MCP_API mcp_status mcp_resync(mcp_client *client, int server, uint32_t rate, uint64_t limit_ms,
                              mcp_progress_callback callback, void *context);

/* ---- Leases ------------------------------------------------------------------------------- */

/*
 * Gets a value; where there is none, one caller wins the right to store it, so that a crowd does
 * not recompute it. MCP_OK: a value. MCP_NOT_FOUND with result->cas != 0: this caller is to compute
 * it and hand it to mcp_fill() with that token; after `lease_seconds` (1 to 3600) somebody else may
 * win. MCP_LEASED: somebody else has won: ask again a little later. With `early_seconds` != 0 a
 * value that expires in less than that is handed out with MCP_OK, and to one caller with
 * result->cas != 0: that one may recompute it while the others go on with the old one.
 */
MCP_API mcp_status mcp_get_or_lease(mcp_client *client, const void *key, size_t key_len,
                                    uint32_t lease_seconds, uint32_t early_seconds,
                                    mcp_result *result);
/* Stores what the lease was won for, on both copies. MCP_EXISTS: the lease is over, or the key was
 * written or deleted meanwhile; nothing was changed. */
MCP_API mcp_status mcp_fill(mcp_client *client, const void *key, size_t key_len, const void *value,
                            size_t value_len, int64_t ttl, uint32_t flags, uint64_t lease);

/* ---- Events ------------------------------------------------------------------------------- */

typedef enum mcp_event_kind {
    MCP_EVENT_STATE = 1,      /* a server's state has changed: `before`, `state`, `why` */
    MCP_EVENT_MARKED = 2,     /* this client has put a server's mark on `partner` */
    MCP_EVENT_MARK_SEEN = 3,  /* somebody else has: the mark was found on `partner` */
    MCP_EVENT_MARK_GONE = 4,  /* the mark is gone: the server is right again */
    MCP_EVENT_RESTARTED = 5,  /* a server came back empty */
    MCP_EVENT_FLUSHED = 6,    /* a server was flushed on purpose: it is not refilled */
    MCP_EVENT_FILLED = 7,     /* a server that came back empty is whole again */
    MCP_EVENT_RECORD_LOST = 8, /* part of what was on record on `partner` is gone, or the server came
                                  back with a memory of some time ago: more than was missed is
                                  removed from the server to be safe */
    MCP_EVENT_OTHER_LIST = 9, /* another client of the pool has another list of servers */
    MCP_EVENT_OTHER_FORMAT = 10, /* the record on a server is of another version of the library */
    MCP_EVENT_CUT_OFF = 11,   /* this client alone cannot reach a server */
    MCP_EVENT_SERVER_TWICE = 12, /* the same server stands twice in the list, first as `partner` */
} mcp_event_kind;

typedef struct mcp_event {
    size_t size; /* sizeof(mcp_event) as the library has it */
    mcp_event_kind kind;
    int server;       /* which server it is about */
    int partner;      /* the server that said so; -1: none */
    mcp_state before; /* STATE */
    mcp_state state;
    const char *why;  /* one line; "" where the kind says it all; stands until the callback returns */
} mcp_event;

/*
 * `callback` is told what happens to servers: from inside later calls on this client, just before
 * they return; mcp_repair() and mcp_resync() tell as they go. NULL: none. At most 64 events wait
 * between two calls, and until there is a callback; older ones give way to newer ones.
 *
 * A callback must return (no longjmp), and must not call the client: such a call returns MCP_BUSY
 * and does nothing, as do mcp_maintain() and mcp_close(). mcp_server_info() and mcp_last_error() are
 * allowed.
 */
typedef void (*mcp_event_callback)(void *context, const mcp_event *event);
MCP_API void mcp_on_event(mcp_client *client, mcp_event_callback callback, void *context);

/* ---- Log ---------------------------------------------------------------------------------- */

typedef enum mcp_log_level {
    MCP_LOG_NONE = 0,
    MCP_LOG_ERROR = 1,   /* what does not heal by itself: a password refused, a wrong protocol */
    MCP_LOG_WARNING = 2, /* what went wrong and is dealt with: connections lost, servers down */
    MCP_LOG_INFO = 3,    /* connections made, repairs and resyncs, lists exchanged */
    MCP_LOG_DEBUG = 4,   /* calls that failed, with their keys; probes that came to nothing */
} mcp_log_level;

typedef struct mcp_log_entry {
    size_t size; /* sizeof(mcp_log_entry) as the library has it */
    mcp_log_level level;
    int server;       /* which server it is about; -1: none in particular */
    uint64_t ago_ms;  /* how long before this it happened */
    const char *text; /* one line without its end; stands until the callback returns */
} mcp_log_entry;

/*
 * `callback` is told, line by line, of levels up to `most`: when, and what it may do, is as for
 * mcp_on_event(). NULL, or MCP_LOG_NONE: nobody. What happened before is not told. At most 128 lines
 * wait for the end of one call; then a line says how many were lost. Lines hold no passwords; keys
 * in them are escaped. MCP_OK or MCP_NO_MEMORY (nobody is told).
 */
typedef void (*mcp_log_callback)(void *context, const mcp_log_entry *entry);
MCP_API mcp_status mcp_on_log(mcp_client *client, mcp_log_level most, mcp_log_callback callback,
                              void *context);

/* ---- Words -------------------------------------------------------------------------------- */

/*
 * Why the last call on this client that did not answer MCP_OK failed; after a batch, or many keys,
 * the last of them that did not. Not of MCP_BUSY, nor of mcp_server_info(), mcp_cancel(),
 * mcp_loop_attach() and mcp_result_take(), whose status says it all.
 */
typedef struct mcp_error {
    mcp_status status;
    int server;       /* the server that it is about; -1: none in particular */
    int os_error;     /* errno; 0: none */
    const char *text; /* one line; borrowed until the next call on the client */
} mcp_error;

MCP_API const mcp_error *mcp_last_error(const mcp_client *client);

/* A short English phrase; never NULL. */
MCP_API const char *mcp_strstatus(mcp_status status);
/* "up", "suspect", "down", "probing", "recovering", "warming" */
MCP_API const char *mcp_strstate(mcp_state state);
/* "state", "marked", "mark-seen", ...; see mcp_event_kind */
MCP_API const char *mcp_strevent(mcp_event_kind kind);
/* "error", "warning", "info", "debug" */
MCP_API const char *mcp_strlevel(mcp_log_level level);
/* "skipped", "ok", "failed", "unknown" */
MCP_API const char *mcp_strcopy(mcp_copy copy);
/* The library's own version, "0.1.0". */
MCP_API const char *mcp_library_version(void);

/*
 * Gives the caller a copy of a result's value, with a NUL behind it: result->value then points to
 * it until the caller frees it with mcp_release(). MCP_OK or MCP_NO_MEMORY (the value is as it
 * was).
 */
MCP_API mcp_status mcp_result_take(mcp_client *client, mcp_result *result);
MCP_API void mcp_release(mcp_client *client, const void *value);

/* ---- Options ------------------------------------------------------------------------------ */

/* One row of the table of options, see mcproxy_options(7). The texts are static. */
typedef struct mcp_option {
    const char *name;
    const char *values;  /* what may stand behind the "=" */
    const char *standard; /* what holds when it is not given */
    const char *meaning;
    const char *missing; /* NULL: it is there. Else why not in this build; giving it is refused */
} mcp_option;

/* The table that parser, help and manual share. NULL past its end. */
MCP_API const mcp_option *mcp_option_at(size_t index);

/*
 * Explains an options text, one line per word: what it sets and to what, passwords as ***. Returns
 * a text that the caller frees with free(), or NULL with the reason in `why`, as mcp_open().
 */
MCP_API char *mcp_options_explain(const char *options, char *why, size_t why_size);

#ifdef __cplusplus
}
#endif

#endif
