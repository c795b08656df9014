/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz: what every program of tests/fuzz consists of. LLVMFuzzerTestOneInput() takes any bytes and
 * aborts when something that must always hold does not. Linked with clang's libFuzzer it is guided
 * by coverage (make fuzz); linked with the driver here it replays its corpus and runs a fixed
 * number of mutations of it, the same ones every time (make check).
 */
#ifndef MCPROXY_TESTS_FUZZ_FUZZ_H
#define MCPROXY_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "sim/memory.h"

/* The bytes are a block of exactly that size. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* For the driver: the folder of tests/fuzz/corpus, how many mutations it takes a part of (driver.c),
 * and words to put in; the last one is NULL. */
extern const char fuzz_name[];
extern const unsigned fuzz_rounds;
extern const char *const fuzz_words[];

/* Something that must hold whatever the input is. */
#define FUZZ_NEED(condition)                                                                       \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fuzz_broken(#condition, __FILE__, __LINE__);                                           \
    } while (0)

_Noreturn void fuzz_broken(const char *condition, const char *file, int line);

/* An input as a row of decisions. Behind its end everything is 0. */
typedef struct fuzz_feed {
    const uint8_t *at, *end;
} fuzz_feed;

fuzz_feed fuzz_feed_of(const uint8_t *bytes, size_t len);
uint8_t fuzz_byte(fuzz_feed *feed);
uint32_t fuzz_below(fuzz_feed *feed, uint32_t n); /* 0 to n - 1; n >= 1 */
uint64_t fuzz_number(fuzz_feed *feed);            /* all sizes, small ones often */
/* At most `max` of the bytes that are left, as they stand. */
size_t fuzz_bytes(fuzz_feed *feed, size_t max, const uint8_t **bytes);

/* Memory that is counted, and after which nothing may be left. One life at a time. */
const mcp__mem *fuzz_memory(void);
void fuzz_memory_end(void);

/* A copy in a block of exactly that size, so that a sanitizer sees one byte too much; of NULL: only
 * the block. Freed by the caller. */
void *fuzz_copy(const void *bytes, size_t len);

/* A text of `len` bytes is whole: its last 60 beginnings, each a block of that size, want more. */
void fuzz_beginnings(const uint8_t *bytes, size_t len,
                     int (*wants_more)(uint8_t *bytes, size_t len));

#endif
