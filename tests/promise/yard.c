/* SPDX-License-Identifier: BSD-3-Clause */
#include "yard.h"

#include <check.h>
#include <sys/mman.h>

yard *
yard_new(void)
{
    yard *y = mmap(NULL, sizeof *y, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    ck_assert(y != MAP_FAILED);
    return y;
}

void
yard_free(yard *y)
{
    munmap(y, sizeof *y);
}
