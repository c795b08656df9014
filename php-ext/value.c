/* SPDX-License-Identifier: BSD-3-Clause */
#include "value.h"

#include "ext/standard/php_var.h"
#include "zend_exceptions.h"
#include "zend_smart_str.h"

#include "room.h"
#include "squeeze.h"

#ifndef ZVAL_STRINGL_FAST /* before PHP 8.1 */
#define ZVAL_STRINGL_FAST ZVAL_STRINGL
#endif

/* php-memcached's flags: the low four bits are a type, the next ones say how it is compressed. */
enum {
    OTHER_STRING = 0,
    OTHER_LONG = 1,
    OTHER_DOUBLE = 2,
    OTHER_BOOL = 3,
    OTHER_PHP = 4,
    OTHER_IGBINARY = 5,
    OTHER_JSON = 6,
    OTHER_MSGPACK = 7,
    OTHER_TYPE_BITS = 0x0f,
    OTHER_COMPRESSED = 0x10,
    OTHER_ZLIB = 0x20,
    OTHER_FASTLZ = 0x40,
    OTHER_ZSTD = 0x80,
};

/* ---- Serializers --------------------------------------------------------------------------
 * igbinary and msgpack are asked through their PHP functions: no header of theirs is needed to
 * build, and it does not matter in which order the modules were loaded. */

/* False when there is no such function, or it threw or returned what counts as failure. */
static bool
call_by_name(const char *name, zval *result, zval *argument)
{
    zval callee;
    ZVAL_UNDEF(result);
    if (!zend_hash_str_exists(EG(function_table), name, strlen(name))) {
        php_error_docref(NULL, E_WARNING,
                         "The serializer needs %s(), whose extension is not loaded", name);
        return false;
    }
    ZVAL_STRING(&callee, name);
    int code = call_user_function(NULL, NULL, &callee, result, 1, argument);
    zval_ptr_dtor(&callee);
    if (code == SUCCESS && !EG(exception))
        return true;
    zval_ptr_dtor(result);
    ZVAL_UNDEF(result);
    return false;
}

static zend_string *
serialize_by_name(const char *name, zval *value)
{
    zval result;
    if (!call_by_name(name, &result, value))
        return NULL;
    if (Z_TYPE(result) == IS_STRING)
        return Z_STR(result);
    zval_ptr_dtor(&result);
    return NULL;
}

static zend_string *
serialize_php(zval *value)
{
    smart_str text = {0};
    php_serialize_data_t seen;
    PHP_VAR_SERIALIZE_INIT(seen);
    php_var_serialize(&text, value, &seen);
    PHP_VAR_SERIALIZE_DESTROY(seen);
    if (EG(exception) != NULL || text.s == NULL) {
        smart_str_free(&text);
        return NULL;
    }
    smart_str_0(&text);
    return text.s;
}

static zend_string *
serialize(zval *value, uint32_t *flags)
{
    *flags |= MCPROXY_SERIALIZED;
    /* null is "N;" in every case: short, and every reader knows it. */
    if (Z_TYPE_P(value) > IS_NULL && MCPROXY_G(serializer) == MCPROXY_IGBINARY) {
        *flags |= MCPROXY_BY_IGBINARY;
        return serialize_by_name("igbinary_serialize", value);
    }
    if (Z_TYPE_P(value) > IS_NULL && MCPROXY_G(serializer) == MCPROXY_MSGPACK) {
        *flags |= MCPROXY_BY_MSGPACK;
        return serialize_by_name("msgpack_pack", value);
    }
    return serialize_php(value);
}

/* ---- Packing ------------------------------------------------------------------------------ */

static void
pack_digits(mcproxy_packed *packed, int len, uint32_t type)
{
    packed->bytes = packed->digits;
    packed->len = (size_t)len;
    packed->flags = (packed->flags & MCPROXY_USER_BITS) | type;
}

static void
compress_packed(mcproxy_packed *packed, bool is_forced, const mcproxy_squeeze *squeeze)
{
    bool is_long = squeeze->threshold > 0 && packed->len >= (size_t)squeeze->threshold;
    if (!is_forced && !is_long)
        return;
    size_t most = (size_t)((double)packed->len * (1.0 - squeeze->savings));
    packed->unpacked_len = packed->len;
    zend_string *smaller = mcproxy_deflate(packed->bytes, packed->len, most);
    if (smaller == NULL)
        return;
    if (packed->held != NULL)
        zend_string_release(packed->held);
    packed->held = smaller;
    packed->bytes = ZSTR_VAL(smaller);
    packed->len = ZSTR_LEN(smaller);
    packed->flags |= MCPROXY_COMPRESSED;
}

/* As few digits as read back as the same number, 17 at most. */
static int
print_double(char *out, double number)
{
    for (int digits = 15; digits <= 17; digits++) {
        php_gcvt(number, digits, '.', 'e', out);
        if (zend_strtod(out, NULL) == number)
            break;
    }
    return (int)strlen(out);
}

/* In the old extension's format. */
static bool
pack_usual(mcproxy_packed *packed, zval *value, uint32_t flags, const mcproxy_squeeze *squeeze)
{
    bool is_forced = (flags & MCPROXY_COMPRESSED) != 0;
    packed->held = NULL;
    packed->flags = flags & MCPROXY_USER_BITS;
    switch (Z_TYPE_P(value)) {
    case IS_STRING:
        packed->bytes = Z_STRVAL_P(value);
        packed->len = Z_STRLEN_P(value);
        break;
    case IS_LONG:
        pack_digits(packed, slprintf(packed->digits, sizeof packed->digits, ZEND_LONG_FMT,
                                     Z_LVAL_P(value)), MCPROXY_IS_LONG);
        return true;
    case IS_DOUBLE:
        pack_digits(packed, print_double(packed->digits, Z_DVAL_P(value)),
                    MCPROXY_IS_DOUBLE);
        return true;
    case IS_TRUE:
    case IS_FALSE:
        packed->digits[0] = Z_TYPE_P(value) == IS_TRUE ? '1' : '0';
        pack_digits(packed, 1, MCPROXY_IS_BOOL);
        return true;
    default:
        packed->held = serialize(value, &packed->flags);
        if (packed->held == NULL) {
            php_error_docref(NULL, E_WARNING, "Failed to serialize value");
            return false;
        }
        packed->bytes = ZSTR_VAL(packed->held);
        packed->len = ZSTR_LEN(packed->held);
    }
    compress_packed(packed, is_forced, squeeze);
    return true;
}

/* php-memcached's words for what is no decimal; it writes nothing for false. */
static void
rewrite_scalar(mcproxy_packed *packed, const zval *value)
{
    const char *word = NULL;
    if (Z_TYPE_P(value) == IS_DOUBLE && zend_isnan(Z_DVAL_P(value)))
        word = "NaN";
    else if (Z_TYPE_P(value) == IS_DOUBLE && zend_isinf(Z_DVAL_P(value)))
        word = Z_DVAL_P(value) < 0 ? "-Infinity" : "Infinity";
    else if (Z_TYPE_P(value) == IS_FALSE)
        word = "";
    if (word != NULL) {
        packed->bytes = word;
        packed->len = strlen(word);
    }
}

/* In front of what is compressed it wants the length of what is not. */
static void
prepend_length(mcproxy_packed *packed)
{
    zend_string *whole = zend_string_alloc(packed->len + 4, 0);
    for (int i = 0; i < 4; i++)
        ZSTR_VAL(whole)[i] = (char)(packed->unpacked_len >> 8 * i);
    memcpy(ZSTR_VAL(whole) + 4, packed->bytes, packed->len + 1);
    zend_string_release(packed->held);
    packed->held = whole;
    packed->bytes = ZSTR_VAL(whole);
    packed->len = ZSTR_LEN(whole);
}

/* What was packed in the old extension's format becomes php-memcached's. */
static void
repack_other(mcproxy_packed *packed, const zval *value)
{
    uint32_t flags = packed->flags & MCPROXY_USER_BITS;
    uint32_t type = packed->flags & MCPROXY_TYPE_BITS;
    if (type == MCPROXY_IS_LONG)
        flags |= OTHER_LONG;
    else if (type == MCPROXY_IS_DOUBLE)
        flags |= OTHER_DOUBLE;
    else if (type == MCPROXY_IS_BOOL)
        flags |= OTHER_BOOL;
    else if (packed->flags & MCPROXY_BY_IGBINARY)
        flags |= OTHER_IGBINARY;
    else if (packed->flags & MCPROXY_BY_MSGPACK)
        flags |= OTHER_MSGPACK;
    else if (packed->flags & MCPROXY_SERIALIZED)
        flags |= OTHER_PHP;
    if (packed->flags & MCPROXY_COMPRESSED) {
        flags |= OTHER_COMPRESSED | OTHER_ZLIB;
        prepend_length(packed);
    }
    rewrite_scalar(packed, value);
    packed->flags = flags;
}

bool
mcproxy_pack(mcproxy_packed *packed, zval *value, uint32_t flags, const mcproxy_squeeze *squeeze)
{
    ZVAL_DEREF(value);
    if (!pack_usual(packed, value, flags, squeeze))
        return false;
    if (UNEXPECTED(MCPROXY_G(is_other_format)))
        repack_other(packed, value);
    return true;
}

void
mcproxy_packed_done(mcproxy_packed *packed)
{
    if (packed->held != NULL)
        zend_string_release(packed->held);
    packed->held = NULL;
}

/* ---- Unserializing ------------------------------------------------------------------------ */

static bool
failed_to_unserialize(void)
{
    php_error_docref(NULL, E_NOTICE, "Failed to unserialize data");
    return false;
}

/* The allowed_classes ini as a set of lower-case names; NULL: any class. */
static HashTable *
allowed_classes(void)
{
    const char *list = MCPROXY_G(allowed_classes);
    if (list == NULL || strcmp(list, "*") == 0)
        return NULL;
    HashTable *set;
    ALLOC_HASHTABLE(set);
    zend_hash_init(set, 8, NULL, NULL, 0);
    for (const char *at = list; *at != '\0';) {
        size_t len = strcspn(at, ", \t");
        if (len > 0) {
            zend_string *name = zend_string_init(at, len, 0);
            zend_string *lower = zend_string_tolower(name);
            zend_hash_add_empty_element(set, lower);
            zend_string_release(lower);
            zend_string_release(name);
        }
        at += len + (at[len] != '\0');
    }
    return set;
}

static bool
unserialize_php(zval *value, const char *bytes, size_t len)
{
    const unsigned char *at = (const unsigned char *)bytes;
    HashTable *classes = allowed_classes();
    php_unserialize_data_t seen;
    PHP_VAR_UNSERIALIZE_INIT(seen);
    /* Inside another unserialize() `seen` is that one's: what it allows comes back afterwards. */
    HashTable *before = php_var_unserialize_get_allowed_classes(seen);
    php_var_unserialize_set_allowed_classes(seen, classes);
    /* References inside need a slot that lives as long as `seen`. */
    zval *slot = var_tmp_var(&seen);
    int good = php_var_unserialize(slot, &at, at + len, &seen);
    if (good)
        ZVAL_COPY_DEREF(value, slot);
    php_var_unserialize_set_allowed_classes(seen, before);
    PHP_VAR_UNSERIALIZE_DESTROY(seen);
    if (classes != NULL) {
        zend_hash_destroy(classes);
        FREE_HASHTABLE(classes);
    }
    return good || EG(exception) != NULL ? good : failed_to_unserialize();
}

static bool
unserialize_by_name(const char *name, zval *value, const char *bytes, size_t len)
{
    zval text, result;
    ZVAL_STRINGL(&text, bytes, len);
    bool good = call_by_name(name, &result, &text);
    zval_ptr_dtor(&text);
    if (!good)
        return EG(exception) != NULL ? false : failed_to_unserialize();
    ZVAL_COPY_VALUE(value, &result);
    return true;
}

/* ---- Numbers ------------------------------------------------------------------------------ */

static bool
is_whole_number(const char *bytes, size_t len)
{
    size_t i = len > 0 && bytes[0] == '-', digits = i;
    while (i < len && bytes[i] >= '0' && bytes[i] <= '9')
        i++;
    if (i == digits)
        return false;
    while (i < len && bytes[i] == ' ') /* memcached pads what it counted down */
        i++;
    return i == len;
}

/* The bytes with a NUL behind them; numbers are never longer. */
static const char *
terminated(char *out, size_t size, const char *bytes, size_t len)
{
    len = len < size - 1 ? len : size - 1;
    memcpy(out, bytes, len);
    out[len] = '\0';
    return out;
}

static void
unpack_long(zval *value, const char *bytes, size_t len)
{
    char text[64];
    ZVAL_LONG(value, ZEND_STRTOL(terminated(text, sizeof text, bytes, len), NULL, 10));
}

static void
unpack_double(zval *value, const char *bytes, size_t len)
{
    char text[384];
    const char *number = terminated(text, sizeof text, bytes, len);
    bool is_negative = number[0] == '-';
    const char *word = number + (is_negative || number[0] == '+');
    if (strncasecmp(word, "inf", 3) == 0)
        ZVAL_DOUBLE(value, is_negative ? -ZEND_INFINITY : ZEND_INFINITY);
    else if (strncasecmp(word, "nan", 3) == 0)
        ZVAL_DOUBLE(value, ZEND_NAN);
    else
        ZVAL_DOUBLE(value, zend_strtod(number, NULL));
}

/* ---- Unpacking ---------------------------------------------------------------------------- */

static bool
failed_to_uncompress(void)
{
    php_error_docref(NULL, E_NOTICE, "Failed to uncompress data");
    return false;
}

/* The header of a zlib stream (RFC 1950, section 2.2) as both extensions write it. */
static bool
is_zlib(const char *bytes, size_t len)
{
    const uint8_t *b = (const uint8_t *)bytes;
    return len > 2 && b[0] == 0x78 && ((unsigned)b[0] << 8 | b[1]) % 31 == 0;
}

static bool
unpack_serialized(zval *value, const char *bytes, size_t len, uint32_t flags)
{
    if (flags & MCPROXY_BY_IGBINARY)
        return unserialize_by_name("igbinary_unserialize", value, bytes, len);
    if (flags & MCPROXY_BY_MSGPACK)
        return unserialize_by_name("msgpack_unpack", value, bytes, len);
    return unserialize_php(value, bytes, len);
}

/* Ours, compressed. */
static bool
unpack_zlib(zval *value, const char *bytes, size_t len, uint32_t flags)
{
    zend_string *text = mcproxy_inflate(bytes, len, (size_t)MCPROXY_G(unpacked_max));
    if (text == NULL)
        return failed_to_uncompress();
    if ((flags & MCPROXY_SERIALIZED) == 0) {
        ZVAL_STR(value, text);
        return true;
    }
    bool good = unpack_serialized(value, ZSTR_VAL(text), ZSTR_LEN(text), flags);
    zend_string_release(text);
    return good;
}

/* php-memcached's, uncompressed. */
static bool
unpack_other_type(zval *value, const char *bytes, size_t len, uint32_t type)
{
    switch (type) {
    case OTHER_LONG:
        unpack_long(value, bytes, len);
        return true;
    case OTHER_DOUBLE:
        unpack_double(value, bytes, len);
        return true;
    case OTHER_BOOL:
        ZVAL_BOOL(value, len > 0 && bytes[0] == '1');
        return true;
    case OTHER_PHP:
        return unserialize_php(value, bytes, len);
    case OTHER_IGBINARY:
        return unserialize_by_name("igbinary_unserialize", value, bytes, len);
    case OTHER_JSON:
        return unserialize_by_name("json_decode", value, bytes, len);
    case OTHER_MSGPACK:
        return unserialize_by_name("msgpack_unpack", value, bytes, len);
    case OTHER_STRING:
        ZVAL_STRINGL(value, bytes, len);
        return true;
    default:
        return failed_to_unserialize();
    }
}

/* php-memcached 3.3 and later, if it is told to. */
static bool
failed_of_zstd(void)
{
    php_error_docref(NULL, E_WARNING,
                     "The value is compressed with zstd, which is not read here; let php-memcached "
                     "write it with memcached.compression_type = zlib or fastlz");
    return false;
}

/* php-memcached's floats: a decimal, or a word for what is none. */
static bool
is_number(const char *bytes, size_t len)
{
    size_t sign = len > 0 && (bytes[0] == '-' || bytes[0] == '+');
    const char *at = bytes + sign;
    if (len - sign >= 3 && (strncasecmp(at, "inf", 3) == 0 || strncasecmp(at, "nan", 3) == 0))
        return true;
    return len > sign && (at[0] == '.' || (at[0] >= '0' && at[0] <= '9'));
}

/* Flags that mean "compressed" in the old extension's format, and these bytes are not. */
static bool
unpack_float_or_bool(zval *value, const char *bytes, size_t len, uint32_t type)
{
    bool is_good = type == OTHER_DOUBLE ? is_number(bytes, len)
                                        : len == 0 || (len == 1 && (bytes[0] & ~1) == '0');
    return is_good ? unpack_other_type(value, bytes, len, type) : failed_to_uncompress();
}

/* In front of its compressed values stands the original length, four bytes, little-endian. */
static zend_string *
unpack_other(const char *bytes, size_t len, uint32_t flags)
{
    const uint8_t *b = (const uint8_t *)bytes;
    if (len < 4)
        return NULL;
    size_t want = (size_t)b[0] | (size_t)b[1] << 8 | (size_t)b[2] << 16 | (size_t)b[3] << 24;
    if (want > (size_t)MCPROXY_G(unpacked_max))
        return NULL;
    if (flags & OTHER_ZLIB)
        return mcproxy_inflate(bytes + 4, len - 4, want > 64 ? want : 64);
    return flags & OTHER_FASTLZ ? mcproxy_fastlz(bytes + 4, len - 4, want) : NULL;
}

static bool
unpack_others(zval *value, const char *bytes, size_t len, uint32_t flags)
{
    uint32_t type = flags & OTHER_TYPE_BITS;
    if ((flags & OTHER_COMPRESSED) == 0)
        return unpack_other_type(value, bytes, len, type);
    zend_string *text = unpack_other(bytes, len, flags);
    if (text == NULL)
        return flags & OTHER_ZSTD ? failed_of_zstd() : failed_to_uncompress();
    bool good = unpack_other_type(value, ZSTR_VAL(text), ZSTR_LEN(text), type);
    zend_string_release(text);
    return good;
}

static void
unpack_scalar(zval *value, const char *bytes, size_t len, uint32_t type)
{
    if (type == MCPROXY_IS_LONG)
        unpack_long(value, bytes, len);
    else if (type == MCPROXY_IS_DOUBLE)
        unpack_double(value, bytes, len);
    else if (type == MCPROXY_IS_BOOL)
        ZVAL_BOOL(value, len > 0 && bytes[0] == '1');
    else
        ZVAL_STRINGL(value, bytes, len);
}

bool
mcproxy_value_is_code(uint32_t flags)
{
    uint32_t low = flags & 0xffff;
    return low != 0 && (low & MCPROXY_TYPE_BITS) == 0;
}

zend_string *
mcproxy_own_bytes(const char *bytes, size_t len)
{
    mcproxy_room_for(len);
    return zend_string_init(bytes, len, 0);
}

bool
mcproxy_unpack(zval *value, const char *bytes, size_t len, uint32_t flags)
{
    uint32_t low = flags & 0xffff;
    ZVAL_NULL(value);
    mcproxy_room_for(len);
    if (low == 0) {
        ZVAL_STRINGL_FAST(value, bytes, len);
        return true;
    }
    if (low & MCPROXY_TYPE_BITS) {
        unpack_scalar(value, bytes, len, low & MCPROXY_TYPE_BITS);
        return true;
    }
    if (low & (OTHER_COMPRESSED | OTHER_ZLIB | OTHER_FASTLZ | OTHER_ZSTD) ||
        (low & OTHER_TYPE_BITS) >= OTHER_PHP)
        return unpack_others(value, bytes, len, low);
    /* 1 to 3 mean one thing here and another there; the bytes tell which. */
    if (low & MCPROXY_COMPRESSED)
        return is_zlib(bytes, len) ? unpack_zlib(value, bytes, len, low)
                                   : unpack_float_or_bool(value, bytes, len, low);
    if (low == OTHER_LONG && is_whole_number(bytes, len)) {
        unpack_long(value, bytes, len);
        return true;
    }
    return unpack_serialized(value, bytes, len, low);
}
