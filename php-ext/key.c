/* SPDX-License-Identifier: BSD-3-Clause */
#include "key.h"

#include "SAPI.h"
#include "zend_exceptions.h"
#include "zend_smart_str.h"

static bool
is_bad(char byte)
{
    return (uint8_t)byte <= 0x20;
}

#define EACH_BYTE (UINT64_MAX / 0xff)
#define HIGH_BITS (EACH_BYTE * 0x80)

/* Eight bytes at once: 0 when none is below 0x21 and none is 0x7f. */
static inline uint64_t
odd_of_eight(uint64_t eight)
{
    uint64_t last = eight ^ EACH_BYTE * 0x7f;
    return (((eight - EACH_BYTE * 0x21) & ~eight) | ((last - EACH_BYTE) & ~last)) & HIGH_BITS;
}

static inline uint64_t
eight_at(const char *bytes)
{
    uint64_t eight;
    memcpy(&eight, bytes, sizeof eight);
    return eight;
}

static inline uint64_t
four_at(const char *bytes)
{
    uint32_t four;
    memcpy(&four, bytes, sizeof four);
    return four;
}

/* Whether there is a byte that is to be cooked, or that memcached cannot hold. The last bytes are
 * looked at together with some before them, twice that is. */
static inline bool
has_odd_bytes(const char *bytes, size_t len)
{
    uint64_t odd = 0;
    if (len < 4) {
        for (size_t at = 0; at < len; at++)
            odd |= is_bad(bytes[at]) || bytes[at] == 0x7f;
        return odd != 0;
    }
    if (len < 8)
        return odd_of_eight(four_at(bytes) | four_at(bytes + len - 4) << 32) != 0;
    for (size_t at = 0; at + 8 < len; at += 8)
        odd |= odd_of_eight(eight_at(bytes + at));
    return (odd | odd_of_eight(eight_at(bytes + len - 8))) != 0;
}

/* Copies as much as there is room for behind `used` bytes of prefix. */
static size_t
cook(char *out, size_t used, const char *bytes, size_t len)
{
    size_t room = MCP_KEY_MAX - used;
    len = len < room ? len : room;
    for (size_t i = 0; i < len; i++)
        out[used + i] = is_bad(bytes[i]) ? '_' : bytes[i];
    return used + len;
}

static bool
refuse(mcproxy_key *key)
{
    mcproxy_key_done(key);
    if (EG(exception) == NULL)
        php_error_docref(NULL, E_WARNING, "Invalid key");
    return false;
}

bool
mcproxy_key_cook(mcproxy_key *key, zval *value, const zend_string *prefix)
{
    bool is_shared = Z_ISREF_P(value);
    ZVAL_DEREF(value);
    key->held = NULL;
    zend_string *text = Z_TYPE_P(value) == IS_STRING ? Z_STR_P(value) : NULL;
    if (UNEXPECTED(is_shared && text != NULL))
        key->held = zend_string_copy(text); /* others may write to it */
    if (text == NULL)
        text = key->held = zval_try_get_string(value);
    if (text == NULL || ZSTR_LEN(text) == 0 || EG(exception) != NULL)
        return refuse(key);
    key->text = text;
    key->bytes = ZSTR_VAL(text);
    key->len = ZSTR_LEN(text);
    if (EXPECTED(prefix == NULL && key->len <= MCP_KEY_MAX && !has_odd_bytes(key->bytes, key->len)))
        return true;
    size_t used = prefix != NULL ? cook(key->cooked, 0, ZSTR_VAL(prefix), ZSTR_LEN(prefix)) : 0;
    key->len = cook(key->cooked, used, key->bytes, key->len);
    key->bytes = key->cooked;
    key->text = NULL;
    return memchr(key->bytes, 0x7f, key->len) == NULL ? true : refuse(key);
}

void
mcproxy_key_done(mcproxy_key *key)
{
    if (key->held != NULL)
        zend_string_release(key->held);
    key->held = NULL;
}

/* ---- Prefixes ----------------------------------------------------------------------------- */

/* The host name that the request came to; NULL on the command line. */
static const char *
server_name(void)
{
    zend_string *server = zend_string_init("_SERVER", sizeof "_SERVER" - 1, 0);
    zend_is_auto_global(server);
    zval *table = zend_hash_find(&EG(symbol_table), server);
    zend_string_release(server);
    if (table == NULL || Z_TYPE_P(table) != IS_ARRAY)
        return NULL;
    zval *name = zend_hash_str_find(Z_ARRVAL_P(table), "SERVER_NAME", sizeof "SERVER_NAME" - 1);
    return name != NULL && Z_TYPE_P(name) == IS_STRING ? Z_STRVAL_P(name) : NULL;
}

/* "www.shop.example.org": with remove_subdomain what stands in front of the last two parts goes. */
static const char *
without_front(const mcproxy_prefix_rule *rule, const char *name)
{
    if (rule->remove_www && strncasecmp(name, "www.", 4) == 0)
        name += 4;
    if (!rule->remove_subdomain)
        return name;
    const char *last = strrchr(name, '.'), *at = last;
    while (at != NULL && at > name && at[-1] != '.')
        at--;
    return at != NULL ? at : name;
}

zend_string *
mcproxy_key_prefix(const mcproxy_prefix_rule *rule)
{
    smart_str prefix = {0};
    const char *name = rule->host_key ? server_name() : NULL;
    if (rule->static_key != NULL)
        smart_str_appends(&prefix, rule->static_key);
    if (name != NULL)
        smart_str_appends(&prefix, without_front(rule, name));
    smart_str_0(&prefix);
    return prefix.s;
}
