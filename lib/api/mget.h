/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mget: one get for many keys, told as an array of results or one by one. The keys stay the
 * caller's and no request is ever made of more of them than are under way, so that with one by one
 * nothing grows with their number.
 */
#ifndef MCPROXY_API_MGET_H
#define MCPROXY_API_MGET_H

#include "api/many.h"

#endif
