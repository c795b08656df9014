/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * async: the calls of mcproxy/async.h. They stand on the same engine as the calls that wait;
 * io/hook is their driver, and api/calls keeps what was submitted.
 */
#ifndef MCPROXY_API_ASYNC_H
#define MCPROXY_API_ASYNC_H

#include "api/client.h"
#include "mcproxy/async.h"

#endif
