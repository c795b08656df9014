/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the three files of the room share: repair.c (the phases, and how a job ends), repair_round.c
 * (reading the marks, and clearing them), repair_replay.c (what is done to the keys).
 *
 * A step of a phase returns 1 when an errand was given or there is nothing to do now, and 0 when it
 * went on to something else, which is to be asked at once.
 */
#ifndef MCPROXY_OPS_REPAIR_PARTS_H
#define MCPROXY_OPS_REPAIR_PARTS_H

#include "ops/repair.h"

/* The errands of a job, told apart by the low byte of their tag; side and segment stand above. */
typedef enum mcp__repair_tag {
    MCP__REPAIR_TAG_LOCK = 1,
    MCP__REPAIR_TAG_PEEK,
    MCP__REPAIR_TAG_LIST,
    MCP__REPAIR_TAG_SEGMENT,
    MCP__REPAIR_TAG_PING, /* and RENEW */
    MCP__REPAIR_TAG_KEY,
    MCP__REPAIR_TAG_DUMP,
    MCP__REPAIR_TAG_CUT,
    MCP__REPAIR_TAG_CLEAR,
    MCP__REPAIR_TAG_COMPARE,
} mcp__repair_tag;

/* How long to wait for what somebody else is doing: a dump, the other job. */
#define MCP__REPAIR_PAUSE_MS 500

static inline uint32_t
mcp__repair_tag_of(mcp__repair_tag kind, uint32_t side, uint32_t segment)
{
    return (uint32_t)kind | side << 8 | segment << 16;
}

/* ---- repair.c */

/* Counts an errand of the job's own as in flight. */
void mcp__repair_give(mcp__repair *job, mcp__errand *errand, mcp__errand_what what, uint32_t server,
                      uint32_t tag);
void mcp__repair_enter(mcp__repair *job, mcp__repair_phase phase);
/* Nothing new is begun; the first reason counts. */
void mcp__repair_end(mcp__repair *job, mcp__repair_result result);
/* 1: not before `due_ms`, which the errand NONE then says. */
int mcp__repair_must_wait(int64_t due_ms, int64_t now_ms, mcp__errand *errand);
/* Another incarnation of a mark: nothing that was known about its journal counts any more. */
void mcp__repair_take_inc8(mcp__repair_side *side, uint32_t inc8, int64_t since_ms);
/* How often "+" entries list a segment, as of now. */
void mcp__repair_note_listed(mcp__repair_segment *segment, uint16_t listed, int64_t now_ms);

/* ---- repair_round.c */

void mcp__repair_begin_round(mcp__repair *job);
/* Gives back what a round has read. */
void mcp__repair_forget_round(mcp__repair *job);
int mcp__repair_peek(mcp__repair *job, mcp__errand *errand);
int mcp__repair_hold(mcp__repair *job, int64_t now_ms, mcp__errand *errand);
int mcp__repair_read(mcp__repair *job, int64_t now_ms, mcp__errand *errand);
int mcp__repair_cut(mcp__repair *job, mcp__errand *errand);
int mcp__repair_clear(mcp__repair *job, mcp__errand *errand);
void mcp__repair_told_peek(mcp__repair *job, uint32_t tag, const mcp__outcome *outcome,
                           int64_t now_ms);
void mcp__repair_told_list(mcp__repair *job, uint32_t tag, const mcp__outcome *outcome,
                           int64_t now_ms);
void mcp__repair_told_segment(mcp__repair *job, uint32_t tag, const mcp__outcome *outcome,
                              int64_t now_ms);
void mcp__repair_told_cut(mcp__repair *job, uint32_t tag, const mcp__outcome *outcome,
                          int64_t now_ms);
void mcp__repair_told_clear(mcp__repair *job, const mcp__outcome *outcome);

/* ---- repair_replay.c */

void mcp__repair_begin_quarantine(mcp__repair *job);
int mcp__repair_quarantine(mcp__repair *job, int64_t now_ms, mcp__errand *errand);
int mcp__repair_replay(mcp__repair *job, int64_t now_ms, mcp__errand *errand);
void mcp__repair_told_ping(mcp__repair *job, int64_t now_ms);
void mcp__repair_told_dump(mcp__repair *job, const mcp__outcome *outcome, int64_t now_ms);

#endif
