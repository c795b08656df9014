/* SPDX-License-Identifier: BSD-3-Clause */
#include "squeeze.h"

#include <zlib.h>

#include "room.h"

zend_string *
mcproxy_deflate(const char *bytes, size_t len, size_t most)
{
    uLongf out_len = compressBound((uLong)len);
    zend_string *out = zend_string_alloc(out_len, 0);
    int code = compress((Bytef *)ZSTR_VAL(out), &out_len, (const Bytef *)bytes, (uLong)len);
    if (code != Z_OK || out_len >= most) {
        zend_string_release(out);
        return NULL;
    }
    out = zend_string_truncate(out, out_len, 0);
    ZSTR_VAL(out)[out_len] = '\0';
    return out;
}

/* Room for what comes next; the first guess is what text usually becomes. */
static zend_string *
more_room(zend_string *out, size_t used, size_t most)
{
    size_t size = used * 2 < most ? used * 2 : most;
    if (size <= used)
        return NULL;
    mcproxy_room_for(size);
    return zend_string_extend(out, size, 0);
}

zend_string *
mcproxy_inflate(const char *bytes, size_t len, size_t most)
{
    z_stream stream = {0};
    size_t first = len < (most - 64) / 4 ? len * 4 + 64 : most;
    zend_string *out;
    int code;
    if (len > UINT_MAX || first > UINT_MAX || inflateInit(&stream) != Z_OK)
        return NULL;
    out = zend_string_alloc(first, 0);
    stream.next_in = (Bytef *)bytes;
    stream.avail_in = (uInt)len;
    do {
        size_t used = stream.total_out;
        if (used == ZSTR_LEN(out)) {
            zend_string *wider = more_room(out, used, most);
            if (wider == NULL)
                break;
            out = wider;
        }
        size_t room = ZSTR_LEN(out) - used;
        stream.next_out = (Bytef *)ZSTR_VAL(out) + used;
        stream.avail_out = room > UINT_MAX ? UINT_MAX : (uInt)room;
        code = inflate(&stream, Z_NO_FLUSH);
    } while (code == Z_OK);
    size_t total = stream.total_out;
    inflateEnd(&stream);
    if (code != Z_STREAM_END) {
        zend_string_release(out);
        return NULL;
    }
    out = zend_string_truncate(out, total, 0);
    ZSTR_VAL(out)[total] = '\0';
    return out;
}

/* ---- FastLZ -------------------------------------------------------------------------------
 * The format, from its author's description: the top three bits of the first byte are the level.
 * A control byte below 32 is a run of that many literals plus one. Else its top three bits are a
 * length (7: more follows) and the rest is the high part of a distance back. Level 2 adds lengths
 * of any size and distances above 8191. */

typedef struct lz {
    const uint8_t *in, *in_end;
    uint8_t *out, *out_begin, *out_end;
} lz;

static bool
literals(lz *z, size_t n)
{
    if ((size_t)(z->in_end - z->in) < n || (size_t)(z->out_end - z->out) < n)
        return false;
    memcpy(z->out, z->in, n);
    z->in += n;
    z->out += n;
    return true;
}

/* Byte by byte: what is copied may overlap what it becomes. */
static bool
copy_back(lz *z, size_t n, size_t distance)
{
    if ((size_t)(z->out - z->out_begin) < distance || (size_t)(z->out_end - z->out) < n)
        return false;
    for (; n > 0; n--, z->out++)
        *z->out = *(z->out - distance);
    return true;
}

/* The next byte; -1 at the end. */
static int
next(lz *z)
{
    return z->in < z->in_end ? *z->in++ : -1;
}

static bool
match(lz *z, int control, int level)
{
    size_t n = (size_t)(control >> 5) + 2;
    size_t distance = (size_t)(control & 31) << 8;
    int byte = 0;
    if (control >> 5 == 7) {
        do {
            if ((byte = next(z)) < 0)
                return false;
            n += (size_t)byte;
        } while (level == 2 && byte == 255);
    }
    if ((byte = next(z)) < 0)
        return false;
    if (level == 2 && byte == 255 && distance == 31u << 8) {
        int high = next(z), low = next(z);
        if (low < 0)
            return false;
        return copy_back(z, n, ((size_t)high << 8) + (size_t)low + 8192);
    }
    return copy_back(z, n, distance + (size_t)byte + 1);
}

zend_string *
mcproxy_fastlz(const char *bytes, size_t len, size_t want)
{
    int level = len > 0 ? ((uint8_t)bytes[0] >> 5) + 1 : 0;
    if (level != 1 && level != 2)
        return NULL;
    mcproxy_room_for(want);
    zend_string *text = zend_string_alloc(want, 0);
    uint8_t *begin = (uint8_t *)ZSTR_VAL(text);
    lz z = {(const uint8_t *)bytes, (const uint8_t *)bytes + len, begin, begin, begin + want};
    int control = next(&z) & 31;
    bool good = true;
    while (good && control >= 0) {
        good = control < 32 ? literals(&z, (size_t)control + 1) : match(&z, control, level);
        control = next(&z);
    }
    if (!good || z.out != z.out_end) {
        zend_string_release(text);
        return NULL;
    }
    ZSTR_VAL(text)[want] = '\0';
    return text;
}
