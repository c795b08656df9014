/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scene: some calls on a client of two real memcached, while something of this process fails, and
 * the look at everything afterwards. Each write is remembered with what it was answered, so that
 * each read, then and later, can be judged:
 *
 *     answered MCP_OK       from now on that value, and no miss
 *     not answered MCP_OK   that value or what might have been there before, or a miss
 */
#ifndef MCPROXY_TESTS_FAIL_SCENE_H
#define MCPROXY_TESTS_FAIL_SCENE_H

#include <stddef.h>
#include <stdint.h>

#include "mcproxy/mcproxy.h"
#include "sim/memory.h"
#include "support/fault.h"
#include "support/server.h"

#define SCENE_KEYS 6

typedef struct scene {
    mcp_client *c;
    server *primary, *backup;
    fault *endpoint;    /* tells of the primary; NULL: the options name it */
    uint64_t list;      /* the version of what it tells */
    sim_memory *memory; /* NULL: malloc */
    char options[512];
    char what[96]; /* what fails, for the message */
    /* The primary came back empty, and what fails may keep this client from the backup: that is two
     * faults at once, and a miss is not judged while it lasts. */
    int is_without_backup;
    int is_primary_away, was_primary_lost;
    int has_backup_missed; /* a write of this client, by what its result says */
    int is_untroubled;     /* nothing fails at all */
    uint64_t n_calls;      /* made on the client */
    uint64_t n_bad;        /* of these, answered with a negative status */
    struct {
        uint64_t first, last; /* versions that may be there; last 0: none */
        uint64_t safe;        /* since the last one that is known to be on both servers */
        int may_miss, is_safe;
    } keys[SCENE_KEYS];
} scene;

/* Who acts in it. `c` is open. */
typedef void scene_play(scene *s);

/* Two servers and the options of a pair with short times, and `words`. */
void scene_begin(scene *s, const char *words);

/* Opens the client; 0: it failed, and said why. */
int scene_open(scene *s);

/* The calls; every answer is judged. `large`: a value that is not copied into the send buffer. */
mcp_status scene_set(scene *s, int key, int large);
mcp_status scene_get(scene *s, int key);
mcp_status scene_delete(scene *s, int key);
/* Its primary is killed. What the backup did not get is gone: two failures at once. */
void scene_lose_primary(scene *s);
/* And is back, if it is away: with nothing that fails, for the harness makes system calls, too. */
void scene_bring_primary(scene *s);
/* Any other call was answered so: is that a status for what fails? */
void scene_judge(scene *s, mcp_status status, const char *what);

/*
 * Nothing fails any more, and the primary is back: the next calls work (within a second), what
 * missed writes is repaired, all values are right through this client and through a new one, no
 * stale value stands on either server. Closes the client; nothing of its memory may be left.
 */
void scene_end(scene *s);

/* The stories themselves. */
void scene_verbs(scene *s);
void scene_batch(scene *s);
void scene_servers(scene *s);
void scene_leases(scene *s);
void scene_again(scene *s);
void scene_killed(scene *s);
void scene_returned(scene *s);
void scene_emptied(scene *s);
void scene_reload(scene *s);

#endif
