/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of ops/write share. */
#ifndef MCPROXY_OPS_WRITE_PARTS_H
#define MCPROXY_OPS_WRITE_PARTS_H

#include "ops/op.h"

/*
 * phases       both:      BOTH ------------------------------> done
 *                            `--> CLEAN (a copy refused it)--^
 *                            `--> FETCH (gat: only the backup is left) --> done
 *              decided:   DECIDE --> MIRROR --> done
 *                            `--> FETCH --^ `--> CLEAN --> done
 *              one stands or is cold: the same from DECIDE on, whatever the verb, then
 *                         MIRROR --> CHECK --> done
 *              both stand, and what is there counts: AGREE --the same--> DECIDE
 *                         `--differ--> no, or CLEAR --> DECIDE where there may be none
 *              not mirrored: ALONE --> done
 *              one copy only, with the record: RECORDED --> done
 *              delete:    ERASE, see ops/erase
 *              a count met a stub: LOOK, DROP, see ops/stubs
 *              an append was made to nothing: FETCH --> BASE --empty, too--> MIRROR
 *                         `--a value--> UNMAKE --> DECIDE there   `--none--> UNMAKE --> no
 */
enum { ALONE = 8, AGREE, CLEAR, BOTH, DECIDE, FETCH, MIRROR, CHECK, CLEAN, RECORDED, BASE, UNMAKE };
/* Below ALONE: the phases of ops/erase. */

/* This copy's word counts. */
mcp__step mcp__write_decide_at(mcp__op *op, int leg);

/* Both stand, and the change builds on what is there: first it is asked whether they agree. The reply
 * NULL: this copy has not answered. */
int mcp__write_wants_agreement(const mcp__op *op);
mcp__step mcp__write_begin_agreement(mcp__op *op);
mcp__step mcp__write_take_agreement(mcp__op *op, int leg, const mcp__reply *reply);
/* Both were to be emptied: with one of them silent nothing may be built on it. */
mcp__step mcp__write_take_clear(mcp__op *op, int leg);

/* A count was told "not a number" by this copy, and it may be a stub's. */
mcp__step mcp__write_meet_stub(mcp__op *op, int leg);
mcp__step mcp__write_answer_stub(mcp__op *op, int leg, const mcp__reply *reply);
mcp__step mcp__write_failed_stub(mcp__op *op, int leg);

/*
 * An append has left no more than what was appended: there was an empty value, or the stub of somebody
 * who copies the key there or has a lease of it, of whom this client need not know. Then what it made is
 * no value, and must not take the place of the other copy's, which tells.
 */
int mcp__write_may_have_met_stub(const mcp__op *op);
mcp__step mcp__write_ask_base(mcp__op *op);
mcp__step mcp__write_answer_base(mcp__op *op, int leg, const mcp__reply *reply);
mcp__step mcp__write_failed_base(mcp__op *op, int leg);

/* What the append has left is kept: the other copy gets it. */
mcp__step mcp__write_copy_append(mcp__op *op);

#endif
