/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * place_kit: lists of servers and random keys for the tests of placement. Header-only, so that each
 * test stays a program of one file.
 */
#ifndef TESTS_UNIT_PLACE_KIT_H
#define TESTS_UNIT_PLACE_KIT_H

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "place/map.h"
#include "place/spec.h"

#define KIT_NAME 320

/* A list of servers with its own texts. */
typedef struct kit_list {
    mcp__server_spec *servers;
    size_t n;
    size_t room;
} kit_list;

typedef struct kit_random {
    uint64_t state;
} kit_random;

/* xorshift64*: any non-zero seed. */
static inline uint32_t
kit_draw(kit_random *r, uint32_t below)
{
    r->state ^= r->state >> 12;
    r->state ^= r->state << 25;
    r->state ^= r->state >> 27;
    return (uint32_t)((r->state * 0x2545f4914f6cdd1du >> 32) * below >> 32);
}

static inline char *
kit_text(const char *text)
{
    char *copy = malloc(strlen(text) + 1);
    ck_assert_ptr_nonnull(copy);
    return strcpy(copy, text);
}

/* `name` may be NULL; port 0 and a host that begins with '/' make a unix socket. */
static inline void
kit_add(kit_list *list, const char *host, unsigned port, uint32_t weight, const char *name)
{
    char address[KIT_NAME + 16];
    if (list->n == list->room) {
        list->room = list->room > 0 ? 2 * list->room : 8;
        list->servers = realloc(list->servers, list->room * sizeof *list->servers);
        ck_assert_ptr_nonnull(list->servers);
    }
    mcp__server_spec *s = &list->servers[list->n++];
    *s = (mcp__server_spec){.port = (uint16_t)port, .is_unix = host[0] == '/', .weight = weight};
    if (s->is_unix)
        snprintf(address, sizeof address, "unix:%s", host);
    else
        snprintf(address, sizeof address, "%s:%u", host, port);
    s->address = kit_text(address);
    s->name = name != NULL ? kit_text(name) : s->address;
    s->host = kit_text(host);
}

static inline void
kit_clear(kit_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        if (list->servers[i].name != list->servers[i].address)
            free((void *)(uintptr_t)list->servers[i].name);
        free((void *)(uintptr_t)list->servers[i].address);
        free((void *)(uintptr_t)list->servers[i].host);
    }
    free(list->servers);
    *list = (kit_list){0};
}

/* "host:port" or "/path", from a list of likely forms; distinct for distinct i. */
static inline void
kit_add_some(kit_list *list, kit_random *r, size_t i, uint32_t most_weight)
{
    char host[KIT_NAME];
    unsigned port = kit_draw(r, 2) ? 11211 : 1024 + kit_draw(r, 60000);
    switch (kit_draw(r, 5)) {
    case 0:
        snprintf(host, sizeof host, "cache%zu.example.com", i);
        break;
    case 1:
        snprintf(host, sizeof host, "/run/memcached/%zu.sock", i);
        port = 0;
        break;
    case 2:
        snprintf(host, sizeof host, "mc-%zu", i);
        break;
    default:
        snprintf(host, sizeof host, "10.%u.%zu.%zu", kit_draw(r, 256), i / 256, i % 256);
        break;
    }
    kit_add(list, host, port, 1 + kit_draw(r, most_weight), NULL);
}

/* 1 to 250 bytes, of all values in one key out of two, else printable. */
static inline size_t
kit_key(kit_random *r, char key[250])
{
    size_t len = 1 + kit_draw(r, kit_draw(r, 4) ? 40 : 250);
    int printable = kit_draw(r, 2) != 0;
    for (size_t i = 0; i < len; i++)
        key[i] = (char)(printable ? 33 + kit_draw(r, 94) : kit_draw(r, 256));
    return len;
}

/* A map that must come into being. */
static inline mcp__map *
kit_map(mcp__distribution distribution, mcp__hash hash, const mcp__server_spec *servers, size_t n)
{
    static mcp__mem mem;
    mcp__err err;
    mcp__place_spec place = {.distribution = distribution, .hash = hash};
    mem = mcp__mem_system();
    mcp__err_clear(&err);
    mcp__map *map = mcp__map_new(&mem, &place, servers, n, &err);
    ck_assert_msg(map != NULL, "%s", err.text);
    return map;
}

static inline uint32_t
kit_find(const mcp__map *map, const void *key, size_t len)
{
    return mcp__map_find(map, mcp__map_hash(map, key, len));
}

/* Runs one case without a time limit of its own; for main(). */
static inline int
kit_run(const char *name, TCase *tests, enum fork_status fork_status)
{
    Suite *suite = suite_create(name);
    tcase_set_timeout(tests, 120);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, fork_status);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

#endif
