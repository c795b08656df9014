/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * op_kit: one operation on a pair, without an engine: its steps are read as words, its legs are
 * answered one reply after the other.
 */
#ifndef MCPROXY_TESTS_UNIT_OP_KIT_H
#define MCPROXY_TESTS_UNIT_OP_KIT_H

#include "ops/op.h"
#include "support.h"

enum { P = MCP__PRIMARY, B = MCP__BACKUP };
/* Short names of the two servers, and the marks of their cas tokens. */
enum { P_ID8 = 0x0000aaaa, B_ID8 = 0x0000bbbb, P_MARK = 100, B_MARK = 200 };

typedef struct kit {
    mcp__op op;
    mcp__promise promise;
    mcp__ledger ledger[2];
    mcp_request request;
    supply memory;
    mcp__step step; /* the last one */
} kit;

extern kit k;

/* A verified pair in peace, at time 1000; everything in `k` may be changed before the beginning. */
void kit_init(mcp_verb verb);
/* kit_init() must have been called; op->verb is set to `verb`, which may be MCP__VERB_.... */
void kit_begin(int verb);
/* Ends it; nothing may be left. */
void kit_fini(void);

/* The last step was "done", with this status; kit_fini() is called. */
void kit_ends(int status);
/* The same, and the answer is this leg's, with this value (NULL: whatever it is). */
void kit_gives(int status, int answered, const char *value);

/* Reads what stands on a server: `text` "": nothing. `cas` 0: it has no such item. */
void kit_marks(int leg, const char *text, uint64_t cas);

/* The last step as words: "P:lease", "P:get B:get", "B:set look journal size bump marks", "done",
 * "wait". */
const char *kit_words(void);
#define expect_step(text) ck_assert_str_eq(kit_words(), text)

/* The next word on a leg is answered. Each sets k.step. */
void kit_reply(int leg, mcp__reply reply, mcp_status status);
void kit_done(int leg, uint64_t cas);                     /* HD */
void kit_stub(int leg);                                   /* HD: it was somebody's stub */
void kit_value(int leg, const char *value, uint64_t cas); /* VA, flags 5, no end */
void kit_lease(int leg, const char *value, uint64_t cas, uint8_t lease);
void kit_miss(int leg);                  /* EN, or NF */
void kit_no(int leg, mcp_status status); /* NS, EX, too big, ... */
void kit_fail(int leg, mcp__failure failure, int was_sent);

#endif
