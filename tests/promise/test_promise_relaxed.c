/* SPDX-License-Identifier: BSD-3-Clause */
/* The promise with consistency=relaxed: real servers, real client processes, every fault once. */
#include "promise/cases.h"

int
main(void)
{
    return cases_run("promise, relaxed", 0);
}
