/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sessions, under the name of the module: key, value, lock and choice of servers are those of the
 * old extension, so that both may serve the same sessions while machines are switched over.
 *
 *     key        prefix and session id: what PHP serialized; expires gc_maxlifetime from now
 *     key.lock   "0" free, "1" and above: one holder and those who asked in vain
 */
#ifndef MCPROXY_SESSION_H
#define MCPROXY_SESSION_H

#include "pool.h"

/* Adds the servers of a save path to the pool. False, and a warning, when it is none. */
bool mcproxy_session_path(mcproxy_pool *pool, const char *path);

#endif
