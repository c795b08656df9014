/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
mcp__err_clear(mcp__err *err)
{
    err->status = MCP_OK;
    err->server = -1;
    err->os_error = 0;
    err->text[0] = '\0';
}

mcp_status
mcp__err_set(mcp__err *err, mcp_status status, const char *format, ...)
{
    va_list arguments;
    err->status = status;
    err->server = -1;
    err->os_error = 0;
    va_start(arguments, format);
    vsnprintf(err->text, sizeof err->text, format, arguments);
    va_end(arguments);
    return status;
}

const char *
mcp__err_quote(char *out, size_t size, const void *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *in = bytes;
    size_t used = 0;
    for (size_t i = 0; i < len; i++) {
        int plain = in[i] >= 0x20 && in[i] < 0x7f && in[i] != '\\';
        size_t needed = plain ? 1 : 4;
        if (used + needed + 4 > size) {
            memcpy(out + used, "...", 3);
            used += 3;
            break;
        }
        if (plain) {
            out[used++] = (char)in[i];
        } else {
            out[used++] = '\\';
            out[used++] = 'x';
            out[used++] = digits[in[i] >> 4];
            out[used++] = digits[in[i] & 15];
        }
    }
    out[used] = '\0';
    return out;
}
