/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fork: has this process been forked since we last looked? A page that the kernel hands to a child
 * filled with zeros holds a mark, so that the question costs a load and a compare. Kernels that
 * know no such page (before 4.14) cost a getpid per question.
 *
 * The child that finds out closes its copies of the sockets without a word (mcp__sock_forget,
 * mcp__name_child), takes a new seed, and then calls mcp__fork_renew.
 */
#ifndef MCPROXY_IO_FORK_H
#define MCPROXY_IO_FORK_H

#include <stddef.h>
#include <stdint.h>

typedef struct mcp__fork {
    const volatile uint32_t *mark; /* in the page, or NULL: compare `pid` */
    void *page;                    /* owned */
    size_t page_len;
    int64_t pid;
} mcp__fork;

/* Never fails: without a page it falls back to the process number. */
void mcp__fork_init(mcp__fork *fork);
/* The same without a page, for kernels that lack it and for tests. */
void mcp__fork_init_by_pid(mcp__fork *fork);
void mcp__fork_fini(mcp__fork *fork);

int mcp__fork_happened_slow(const mcp__fork *fork);

/* 1 in a child (and its children) until it calls mcp__fork_renew; 0 else. */
static inline int
mcp__fork_happened(const mcp__fork *fork)
{
    if (fork->mark != NULL)
        return *fork->mark == 0;
    return mcp__fork_happened_slow(fork);
}

/* From here on this process is the one that owns what the mark guards. */
void mcp__fork_renew(mcp__fork *fork);

#endif
