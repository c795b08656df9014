/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PHP's memory_limit, asked before a value is taken over. Where PHP only notes that the limit was
 * passed and ends the request when the running function returns, a list of many values would come
 * to twice the limit first, and PHP then ends the whole process. So the request is ended here.
 */
#ifndef MCPROXY_ROOM_H
#define MCPROXY_ROOM_H

#include "php_mcproxy.h"

static inline void
mcproxy_room_for(size_t len)
{
    size_t limit = PG(memory_limit) > 0 ? (size_t)PG(memory_limit) : SIZE_MAX;
    if (EXPECTED(len < limit && zend_memory_usage(0) < limit - len))
        return;
    zend_error_noreturn(E_ERROR,
                        "Allowed memory size of %zu bytes exhausted (tried to allocate %zu bytes)",
                        limit, len);
}

#endif
