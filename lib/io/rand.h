/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rand: random numbers from the system. For seeds, once per client and once more after a fork;
 * everybody below io/ is given numbers made from one.
 */
#ifndef MCPROXY_IO_RAND_H
#define MCPROXY_IO_RAND_H

#include <stdint.h>

/*
 * 64 random bits from the kernel, different in parent and child. Never blocks and never fails:
 * where the kernel has none to give, times, process number and addresses are mixed instead. That is
 * enough to tell clients apart and not fit for secrets.
 */
uint64_t mcp__rand_64(void);

/* What is used in the kernel's stead. Two calls differ. Apart so that it can be tested. */
uint64_t mcp__rand_mixed(void);

#endif
