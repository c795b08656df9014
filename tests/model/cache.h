/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cache: the commands of memcached that the models use, over the state of a model, as a server
 * would answer them. At most one of them in a step.
 */
#ifndef TESTS_MODEL_CACHE_H
#define TESTS_MODEL_CACHE_H

#include "model/explore.h"

/* mg k v c: what there is, or an absent item. */
model_item cache_get(model *m, int server, int item);

/* mg k N10 v c: MODEL_W: ours to fill, by got.cas; MODEL_Z: somebody else's; MODEL_VA: a hit. */
model_reply cache_lease(model *m, int server, int item, model_item *got);

/* ms k c; the new CAS. */
int cache_set(model *m, int server, int item, int value);
/* The same with an `extra`, see cache_add. */
int cache_put(model *m, int server, int item, int value, int extra);

/* ms k ME: HD or NS. `extra`: the tag of a journal, the "+" entries of mcp:s. */
model_reply cache_add(model *m, int server, int item, int value, int extra);

/* ms k C<cas>: HD, EX or NF. */
model_reply cache_set_cas(model *m, int server, int item, int value, int extra, int cas);

/* md k: HD or NF. md k C<cas>: HD, EX or NF. */
model_reply cache_delete(model *m, int server, int item);
model_reply cache_delete_cas(model *m, int server, int item, int cas);

/*
 * ms k MA: HD or NS. Of a journal: adds keys; of mcp:s: an entry "=" counts when there was none,
 * "+" entries are added. Nothing to add is the bump: only the CAS changes.
 */
model_reply cache_append(model *m, int server, int item, int value, int extra);

/* ma k: HD or NF. */
model_reply cache_incr(model *m, int server, int item, int delta);

/* No command: the server restarts empty, or throws an item out. */
void cache_restart(model *m, int server);
void cache_evict(model *m, int server, int item);

const char *cache_item_name(int item);
const char *cache_tell(const model_command *command, char *out, size_t size);

#endif
