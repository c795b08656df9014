/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reload: mcp_reload(), which gives a client other options. Everything that can fail is made first,
 * beside the client; then what is under way is brought to its end, and then the old is exchanged
 * for the new, which cannot fail.
 */
#ifndef MCPROXY_API_RELOAD_H
#define MCPROXY_API_RELOAD_H

#include "api/client.h"

#endif
