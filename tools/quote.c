/* SPDX-License-Identifier: BSD-3-Clause */
#include "quote.h"

#include <stdio.h>
#include <string.h>

const char *
cli_quote(char *out, size_t size, const void *bytes, size_t len)
{
    const unsigned char *in = bytes;
    size_t used = 0;
    for (size_t i = 0; i < len; i++) {
        int plain = in[i] >= 0x20 && in[i] < 0x7f;
        if (used + (plain ? 1 : 4) + (i + 1 < len ? 3 : 0) >= size) {
            memcpy(out + used, "...", 3);
            used += 3;
            break;
        }
        if (plain)
            out[used++] = (char)in[i];
        else
            used += (size_t)snprintf(out + used, size - used, "\\x%02x", in[i]);
    }
    out[used] = '\0';
    return out;
}
