/* SPDX-License-Identifier: BSD-3-Clause */
#include "number.h"

int
cli_number_unsigned(const char *text, uint64_t most, uint64_t *number)
{
    uint64_t value = 0;
    if (*text == '\0')
        return 0;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return 0;
        uint64_t digit = (uint64_t)(*text - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return 0;
        value = value * 10 + digit;
    }
    *number = value;
    return value <= most;
}

int
cli_number_signed(const char *text, int64_t most, int64_t *number)
{
    int minus = *text == '-';
    uint64_t value;
    if (!cli_number_unsigned(text + minus, (uint64_t)most, &value))
        return 0;
    *number = minus ? -(int64_t)value : (int64_t)value;
    return 1;
}
