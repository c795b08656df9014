/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/coach.h"

#include <string.h>

void
mcp__coaches_fini(mcp__coaches *coaches, const mcp__mem *mem)
{
    for (uint32_t i = 0; i < coaches->n; i++)
        mcp__mem_free(mem, coaches->all[i]);
    coaches->n = coaches->n_filling = 0;
}

void
mcp__coaches_clear(mcp__coaches *coaches)
{
    for (uint32_t i = 0; i < coaches->n; i++)
        coaches->all[i]->state = MCP__COACH_FREE;
    coaches->n_filling = 0;
}

static void
note_one(const mcp__coach *coach, uint8_t *notes, uint8_t note)
{
    for (uint32_t i = 0; i < coach->n; i++) {
        if (!coach->seats[i].is_answered)
            notes[coach->seats[i].tag] = note;
    }
}

void
mcp__coaches_note(const mcp__coaches *coaches, uint8_t *notes, uint8_t note)
{
    for (uint32_t i = 0; i < coaches->n; i++) {
        if (coaches->all[i]->state != MCP__COACH_FREE)
            note_one(coaches->all[i], notes, note);
    }
}

void
mcp__coach_set(mcp__coaches *coaches, mcp__coach *coach, mcp__coach_state state)
{
    coaches->n_filling -= coach->state == MCP__COACH_FILLING;
    coaches->n_filling += state == MCP__COACH_FILLING;
    coach->state = (uint8_t)state;
}

static mcp__coach *
find_free(mcp__coaches *coaches, const mcp__mem *mem)
{
    for (uint32_t i = 0; i < coaches->n; i++) {
        if (coaches->all[i]->state == MCP__COACH_FREE)
            return coaches->all[i];
    }
    if (coaches->n == MCP__COACHES_MAX)
        return NULL;
    mcp__coach *coach = mcp__mem_new(mem, sizeof *coach);
    if (coach == NULL)
        return NULL;
    coach->number = coaches->n;
    coach->state = MCP__COACH_FREE;
    coaches->all[coaches->n++] = coach;
    return coach;
}

mcp__coach *
mcp__coach_for(mcp__coaches *coaches, const mcp__mem *mem, uint32_t server, int has_cas)
{
    mcp__coach *coach;
    for (uint32_t i = 0; coaches->n_filling > 0 && i < coaches->n; i++) {
        coach = coaches->all[i];
        if (coach->state == MCP__COACH_FILLING && coach->server == server &&
            coach->has_cas == has_cas)
            return coach;
    }
    coach = find_free(coaches, mem);
    if (coach == NULL)
        return NULL;
    coach->server = server;
    coach->has_cas = (uint8_t)has_cas;
    coach->n = coach->n_left = coach->next = 0;
    coach->text_len = 0;
    mcp__coach_set(coaches, coach, MCP__COACH_FILLING);
    return coach;
}

/* FNV-1a, by Fowler, Noll and Vo (public domain): it only saves comparisons. */
static uint32_t
hash_of(mcp__span key)
{
    uint32_t hash = 2166136261u;
    const uint8_t *bytes = key.bytes;
    for (size_t i = 0; i < key.len; i++)
        hash = (hash ^ bytes[i]) * 16777619u;
    return hash;
}

static int
is_key(const mcp__coach *coach, const mcp__seat *seat, mcp__span key, uint32_t hash)
{
    return seat->hash == hash && seat->key_len == key.len &&
           memcmp(coach->text + seat->at, key.bytes, key.len) == 0;
}

int
mcp__coach_put(mcp__coach *coach, mcp__span key, uint32_t tag)
{
    uint32_t hash = hash_of(key);
    if (coach->n == MCP__COACH_SEATS || coach->text_len + 1 + key.len > sizeof coach->text)
        return 0;
    for (uint32_t i = 0; i < coach->n; i++) {
        if (is_key(coach, &coach->seats[i], key, hash))
            return 0;
    }
    coach->text[coach->text_len++] = ' ';
    coach->seats[coach->n++] = (mcp__seat){
        .hash = hash, .tag = tag, .at = (uint16_t)coach->text_len, .key_len = (uint8_t)key.len};
    memcpy(coach->text + coach->text_len, key.bytes, key.len);
    coach->text_len += key.len;
    coach->n_left++;
    return 1;
}

/* Most servers answer in the order of the keys; nothing says that they must. */
mcp__seat *
mcp__coach_find(mcp__coach *coach, mcp__span key)
{
    uint32_t hash = hash_of(key);
#ifdef MCP_MUTANT_COACH_BY_ORDER
    return mcp__coach_left(coach);
#endif
    for (uint32_t i = 0; i < coach->n; i++) {
        mcp__seat *seat = &coach->seats[(coach->next + i) % coach->n];
        if (!seat->is_answered && is_key(coach, seat, key, hash))
            return seat;
    }
    return NULL;
}

mcp__seat *
mcp__coach_left(mcp__coach *coach)
{
    while (coach->seats[coach->next % coach->n].is_answered)
        coach->next++;
    return &coach->seats[coach->next % coach->n];
}

void
mcp__coach_answer(mcp__coach *coach, mcp__seat *seat)
{
    seat->is_answered = 1;
    coach->n_left--;
    coach->next = (uint32_t)(seat - coach->seats) + 1;
}

uint32_t
mcp__coach_lose(mcp__coaches *coaches, uint32_t number)
{
    mcp__coach *coach = coaches->all[number];
    mcp__coach_set(coaches, coach, MCP__COACH_FREE);
    return coach->n_left;
}
