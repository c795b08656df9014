/* SPDX-License-Identifier: BSD-3-Clause */
#include "nearest.h"

#include <string.h>

#define LONGEST 24

static size_t
least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edit distance with swaps of neighbours (optimal string alignment); three rows are enough. */
static size_t
distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][LONGEST + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_len; j++)
        above[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t wrong = a[i - 1] != b[j - 1];
            row[j] = least(above[j - 1] + wrong, least(above[j], row[j - 1]) + 1);
            int swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped)
                row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *spare = before;
        before = above;
        above = row;
        row = spare;
    }
    return above[b_len];
}

const char *
cli_nearest(const char *typed, size_t len, const char *const *names, size_t n)
{
    const char *best = NULL;
    size_t best_distance = 4;
    if (len > LONGEST)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        size_t name_len = strlen(names[i]);
        if (name_len > LONGEST)
            continue;
        size_t d = distance(typed, len, names[i], name_len);
        if (d < best_distance && d * 3 <= name_len + 1) {
            best = names[i];
            best_distance = d;
        }
    }
    return best;
}
