/* SPDX-License-Identifier: BSD-3-Clause */
/* batch: many requests of any kind at once, see many.h: each is asked as it is asked alone. */
#ifndef MCPROXY_API_BATCH_H
#define MCPROXY_API_BATCH_H

#include "api/many.h"

#endif
