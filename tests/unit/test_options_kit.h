/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tests of the option grammar share: memory that counts and fails on demand, and a config
 * that is parsed with it. One .c file includes this once.
 */
#ifndef MCPROXY_TEST_OPTIONS_KIT_H
#define MCPROXY_TEST_OPTIONS_KIT_H

#include <check.h>
#include <stdlib.h>

#include "api/options.h"

typedef struct ledger {
    long live;
    long calls;
    long fail_from; /* this call and, */
    long fail_to;   /* up to this one, all in between fail */
} ledger;

static int
fails(ledger *book)
{
    book->calls++;
    return book->calls >= book->fail_from && book->calls <= book->fail_to;
}

static void *
ledger_allocate(void *context, size_t size)
{
    ledger *book = context;
    if (fails(book))
        return NULL;
    book->live++;
    return malloc(size);
}

static void *
ledger_reallocate(void *context, void *memory, size_t size)
{
    ledger *book = context;
    if (fails(book))
        return NULL;
    book->live += memory == NULL;
    return realloc(memory, size);
}

static void
ledger_release(void *context, void *memory)
{
    ((ledger *)context)->live--;
    free(memory);
}

static ledger book;
static mcp__config config;
static mcp__err err;

static mcp_status
parse(const char *text)
{
    const mcp__mem mem = {ledger_allocate, ledger_reallocate, ledger_release, &book};
    return mcp__options_parse(&config, &mem, text, &err);
}

static void
take(const char *text)
{
    mcp_status status = parse(text);
    ck_assert_msg(status == MCP_OK, "%s: %s", text, err.text);
}

static void
done(void)
{
    mcp__options_fini(&config);
    ck_assert_int_eq(book.live, 0);
    mcp__options_fini(&config); /* once more does no harm */
}

static void
setup(void)
{
    book = (ledger){0};
}

#endif
