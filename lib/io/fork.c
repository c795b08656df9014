/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/fork.h"

#include <sys/mman.h>
#include <unistd.h>

/* What a C library older than the kernel does not name; linux/mman.h. */
#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

void
mcp__fork_init_by_pid(mcp__fork *fork)
{
    *fork = (mcp__fork){.pid = getpid()};
}

void
mcp__fork_init(mcp__fork *fork)
{
    mcp__fork_init_by_pid(fork);
    long len = sysconf(_SC_PAGESIZE);
    if (len <= 0)
        return;
    /* MADV_WIPEONFORK is for private anonymous memory only, madvise(2). */
    void *page =
        mmap(NULL, (size_t)len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return;
    if (madvise(page, (size_t)len, MADV_WIPEONFORK) != 0) {
        munmap(page, (size_t)len);
        return;
    }
    fork->page = page;
    fork->page_len = (size_t)len;
    fork->mark = page;
    mcp__fork_renew(fork);
}

void
mcp__fork_fini(mcp__fork *fork)
{
    if (fork->page != NULL)
        munmap(fork->page, fork->page_len);
    *fork = (mcp__fork){0};
}

int
mcp__fork_happened_slow(const mcp__fork *fork)
{
    return fork->pid != getpid();
}

void
mcp__fork_renew(mcp__fork *fork)
{
    fork->pid = getpid();
    if (fork->page != NULL)
        *(volatile uint32_t *)fork->page = 1;
}
