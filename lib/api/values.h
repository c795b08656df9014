/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * values: what stands behind the `=` of an option, read as a number, a choice or a text. Pure.
 * Every function returns NULL or says in a static text what is wrong and what would be right.
 */
#ifndef MCPROXY_API_VALUES_H
#define MCPROXY_API_VALUES_H

#include <stddef.h>
#include <stdint.h>

/* One allowed text; several with the same value are spellings of it, the first is the proper one.
 * A list ends with {NULL, 0}. */
typedef struct mcp__choice {
    const char *text;
    int value;
} mcp__choice;

/* Lower case and `_` for `-`: the form in which names and choices are compared. */
char mcp__values_fold(char c);
/* `20us`, `250ms`, `2s`, `5m`, as microseconds. A bare number is refused. */
const char *mcp__values_duration(const char *text, uint64_t *us);
/* `4096`, `64k`, `1m`, `2g`, as bytes; k is 1024. */
const char *mcp__values_size(const char *text, uint64_t *bytes);
/* A decimal number. */
const char *mcp__values_count(const char *text, uint64_t *number);
/* `20000/s` or `20000`. */
const char *mcp__values_rate(const char *text, uint64_t *per_second);
/* 1 when the choice is on the list. Case does not matter, `-` and `_` are the same. */
int mcp__values_choice(const mcp__choice *choices, const char *text, int *value);
/* The proper spelling of a value; "?" when there is none. */
const char *mcp__values_chosen(const mcp__choice *choices, int value);
/* Writes the proper spellings, "a, b or c", cut to fit. Returns `out`. */
const char *mcp__values_list(const mcp__choice *choices, char *out, size_t size);
/* Bytes that a key may hold: none <= 0x20, no 0x7f. */
const char *mcp__values_key_text(const char *text, size_t len);
/* `name=`: printable ASCII without blanks, quotes and backslashes, 1 to 200 bytes. */
const char *mcp__values_server_name(const char *text, size_t len);

/*
 * How many letters must be changed, added, left out or swapped with their neighbour to make one
 * word the other. Words above 31 bytes are far from everything (99).
 */
unsigned mcp__values_distance(const char *one, const char *other);

#endif
