/* SPDX-License-Identifier: BSD-3-Clause */
#include "server/hello.h"

#include <string.h>

#include "wire/token.h"

/* Around user, password and prefix: "set auth 0 -1 \r\n\r\n" and 20 digits. */
#define LOGIN_EXTRA 48

static uint8_t *
put(uint8_t *out, const void *bytes, size_t len)
{
    memcpy(out, bytes, len);
    return out + len;
}

static int
write_login(mcp__buf *out, const mcp__login *login)
{
    const mcp__span *auth = &login->auth;
    uint8_t *room = mcp__buf_room(out, login->prefix.len + auth->len + LOGIN_EXTRA);
    if (room == NULL)
        return -1;
    uint8_t *at = put(room, "set ", 4);
    at = put(at, login->prefix.bytes, login->prefix.len);
    at = put(at, "auth 0 -1 ", 10);
    at = mcp__token_put(at, auth->len);
    at = put(at, "\r\n", 2);
    uint8_t *value = at;
    at = put(at, auth->bytes, auth->len);
    uint8_t *colon = memchr(value, ':', auth->len);
    if (colon != NULL)
        *colon = ' ';
    at = put(at, "\r\n", 2);
    mcp__buf_filled(out, (size_t)(at - room));
    return 0;
}

size_t
mcp__hello_key(char out[MCP__HELLO_KEY_MAX], const mcp__login *login)
{
    static const char name[] = "hello";
    size_t len = login->prefix.len;
    if (len > 0)
        memcpy(out, login->prefix.bytes, len);
    memcpy(out + len, name, sizeof name - 1);
    return len + sizeof name - 1;
}

static uint8_t *
put_question(uint8_t *at, const mcp__login *login, mcp__greeting greeting)
{
    char key[MCP__HELLO_KEY_MAX];
    size_t key_len = mcp__hello_key(key, login);
    if (greeting == MCP__GREETING_PLAIN)
        return put(put(put(at, "get ", 4), key, key_len), "\r\n", 2);
    at = put(at, "version\r\n", 9);
    if (greeting == MCP__GREETING_META)
        return put(at, "mn\r\n", 4);
    if (greeting == MCP__GREETING_CLASSIC)
        return put(put(put(at, "gat 0 ", 6), key, key_len), "\r\n", 2);
    return at;
}

int
mcp__hello_write(mcp__buf *out, const mcp__login *login, mcp__greeting greeting)
{
    if (login->auth.len > 0 && write_login(out, login) != 0)
        return -1;
    uint8_t question[MCP__HELLO_KEY_MAX + 32];
    size_t len = (size_t)(put_question(question, login, greeting) - question);
    uint8_t *room = mcp__buf_room(out, len);
    if (room == NULL)
        return -1;
    memcpy(room, question, len);
    mcp__buf_filled(out, len);
    return 0;
}

size_t
mcp__hello_read_login(const uint8_t *bytes, size_t len)
{
    static const char stored[] = "STORED\r\n";
    size_t n = sizeof stored - 1;
    return len >= n && memcmp(bytes, stored, n) == 0 ? n : 0;
}

/* "1.6.18" as 1006018; what follows the third number (a suffix) does not matter. 0: unreadable. */
static uint32_t
version_number(const char *text)
{
    const uint8_t *at = (const uint8_t *)text;
    const uint8_t *end = at + strlen(text);
    uint32_t all = 0;
    for (int part = 0; part < 3; part++) {
        uint64_t number;
        at = mcp__token_get(at, end, &number);
        if (at == NULL || number > 999)
            return 0;
        all = all * 1000 + (uint32_t)number;
        if (part < 2 && (at == end || *at++ != '.'))
            return 0;
    }
    return all;
}

int
mcp__hello_read(mcp__hello *hello, const mcp__reply *reply)
{
    int is_unknown = reply->kind == MCP__REPLY_ERROR && reply->value.len == 0;
    *hello = (mcp__hello){.version = ""};
    if (is_unknown)
        return 0;
    if (reply->kind != MCP__REPLY_VERSION)
        return -1;
    size_t len = reply->value.len;
    if (len >= sizeof hello->version)
        len = sizeof hello->version - 1;
    memcpy(hello->version, reply->value.bytes, len);
    hello->version[len] = '\0';
    for (size_t i = 0; i < len; i++) {
        if (hello->version[i] < 0x20 || hello->version[i] > 0x7e)
            hello->version[i] = '?'; /* it is shown to people */
    }
    uint32_t number = version_number(hello->version);
    hello->has_meta = number >= 1006010;
    hello->echoes_misses = number >= 1006018;
    hello->has_gat = number >= 1005003;
    return 0;
}
