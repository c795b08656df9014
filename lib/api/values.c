/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/values.h"

#include <stdio.h>
#include <string.h>

#include "wire/key.h"

#define SERVER_NAME_MAX 200

char
mcp__values_fold(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return c == '-' ? '_' : c;
}

/* ---- Numbers ------------------------------------------------------------------------------ */

/* Digits at the front of `*text`, which moves behind them. 0: none, or not below 10^15. */
static int
take_digits(const char **text, uint64_t *number)
{
    const char *at = *text;
    uint64_t sum = 0;
    while (*at == '0')
        at++;
    const char *first = at;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (at - first < 15)
            sum = sum * 10 + (uint64_t)(*at - '0');
    }
    int fits = at > *text && at - first <= 15;
    *text = at;
    *number = sum;
    return fits;
}

const char *
mcp__values_duration(const char *text, uint64_t *us)
{
    static const struct {
        const char *unit;
        uint64_t us;
    } units[] = {{"us", 1}, {"ms", 1000}, {"s", 1000000}, {"m", 60000000}};
    const char *at = text;
    uint64_t number;
    int fits = take_digits(&at, &number);
    if (text[0] == '-')
        return "a time cannot be negative";
    if (at == text)
        return "a time is a whole number with a unit: 20us, 250ms, 2s or 5m";
    if (*at == '\0')
        return "a time needs a unit: us, ms, s or m, as in 250ms";
    if (*at == '.' || *at == ',')
        return "a time is a whole number with a unit; write 1500ms for 1.5s";
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(at, units[i].unit) != 0)
            continue;
        /* Too large for the product is too large for every option as well. */
        *us = fits && number <= UINT64_MAX / units[i].us ? number * units[i].us : UINT64_MAX;
        return NULL;
    }
    return "that unit of time is not known; us, ms, s and m are";
}

const char *
mcp__values_size(const char *text, uint64_t *bytes)
{
    static const char wrong[] = "a size is a number of bytes, or one with k, m or g, as in 64m";
    const char *at = text;
    uint64_t number;
    unsigned shift = 0;
    int fits = take_digits(&at, &number);
    if (at == text)
        return wrong;
    switch (mcp__values_fold(*at)) {
    case 'k':
        shift = 10;
        break;
    case 'm':
        shift = 20;
        break;
    case 'g':
        shift = 30;
        break;
    case '\0':
        break;
    default:
        return wrong;
    }
    if (*at != '\0' && at[1] != '\0')
        return wrong;
    *bytes = fits && number <= UINT64_MAX >> shift ? number << shift : UINT64_MAX;
    return NULL;
}

const char *
mcp__values_count(const char *text, uint64_t *number)
{
    const char *at = text;
    int fits = take_digits(&at, number);
    if (at == text || *at != '\0')
        return "a whole number belongs here";
    if (!fits)
        *number = UINT64_MAX;
    return NULL;
}

const char *
mcp__values_rate(const char *text, uint64_t *per_second)
{
    const char *at = text;
    int fits = take_digits(&at, per_second);
    if (at == text || (*at != '\0' && strcmp(at, "/s") != 0))
        return "a rate is a number a second, as in 20000/s";
    if (!fits)
        *per_second = UINT64_MAX;
    return NULL;
}

/* ---- Choices ------------------------------------------------------------------------------ */

static int
same_folded(const char *one, const char *other)
{
    while (*one != '\0' && mcp__values_fold(*one) == mcp__values_fold(*other)) {
        one++;
        other++;
    }
    return *one == '\0' && *other == '\0';
}

int
mcp__values_choice(const mcp__choice *choices, const char *text, int *value)
{
    for (const mcp__choice *choice = choices; choice->text != NULL; choice++) {
        if (same_folded(choice->text, text)) {
            *value = choice->value;
            return 1;
        }
    }
    return 0;
}

const char *
mcp__values_chosen(const mcp__choice *choices, int value)
{
    for (const mcp__choice *choice = choices; choice->text != NULL; choice++) {
        if (choice->value == value)
            return choice->text;
    }
    return "?";
}

static int
is_proper(const mcp__choice *choices, const mcp__choice *choice)
{
    for (const mcp__choice *earlier = choices; earlier < choice; earlier++) {
        if (earlier->value == choice->value)
            return 0;
    }
    return 1;
}

const char *
mcp__values_list(const mcp__choice *choices, char *out, size_t size)
{
    const char *waiting = NULL;
    size_t used = 0;
    out[0] = '\0';
    for (const mcp__choice *choice = choices;; choice++) {
        int end = choice->text == NULL;
        if (!end && !is_proper(choices, choice))
            continue;
        if (waiting != NULL && used < size) {
            const char *glue = used == 0 ? "" : end ? " or " : ", ";
            int n = snprintf(out + used, size - used, "%s%s", glue, waiting);
            used += n > 0 ? (size_t)n : 0;
        }
        if (end)
            return out;
        waiting = choice->text;
    }
}

/* ---- Texts -------------------------------------------------------------------------------- */

const char *
mcp__values_key_text(const char *text, size_t len)
{
    if (mcp__key_is_clean((const uint8_t *)text, len))
        return NULL;
    return "it becomes part of keys, which hold no blank and no control byte";
}

const char *
mcp__values_server_name(const char *text, size_t len)
{
    if (len == 0 || len > SERVER_NAME_MAX)
        return "the name of a server has 1 to 200 bytes";
    for (size_t i = 0; i < len; i++) {
        if (text[i] <= 0x20 || text[i] >= 0x7f || text[i] == '"' || text[i] == '\\')
            return "the name of a server is printable ASCII without blank, \" and \\";
    }
    return NULL;
}

#define DISTANCE_MAX 31

static unsigned
least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned
mcp__values_distance(const char *one, const char *other)
{
    size_t n = strlen(one);
    size_t m = strlen(other);
    unsigned rows[3][DISTANCE_MAX + 1]; /* the last three of the usual table, by i modulo 3 */
    if (n > DISTANCE_MAX || m > DISTANCE_MAX)
        return 99;
    for (size_t j = 0; j <= m; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3];
        const unsigned *twice_above = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned change = one[i - 1] != other[j - 1];
            row[j] = least(above[j - 1] + change, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1])
                row[j] = least(row[j], twice_above[j - 2] + 1);
        }
    }
    return rows[n % 3][m];
}
