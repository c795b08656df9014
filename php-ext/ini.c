/* SPDX-License-Identifier: BSD-3-Clause */
#include "ini.h"

#include "zend_smart_str.h"

#include "address.h"

/* What is no number, all of it, counts as -1. */
static zend_long
number_of(const zend_string *text)
{
    char *end;
    zend_long number = ZEND_STRTOL(ZSTR_VAL(text), &end, 10);
    return ZSTR_LEN(text) > 0 && *end == '\0' ? number : -1;
}

static void
refuse(zend_ini_entry *entry, const char *rule, const zend_string *text)
{
    php_error_docref(NULL, E_WARNING, "%s must be %s ('%s' given)", ZSTR_VAL(entry->name), rule,
                     ZSTR_VAL(text));
}

ZEND_INI_MH(mcproxy_ini_positive)
{
    if (number_of(new_value) < 1) {
        refuse(entry, "a positive integer", new_value);
        return FAILURE;
    }
    MCPROXY_G(generation)++;
    return OnUpdateLong(entry, new_value, mh_arg1, mh_arg2, mh_arg3, stage);
}

ZEND_INI_MH(mcproxy_ini_size)
{
    if (ZSTR_LEN(new_value) > 0 && number_of(new_value) < 0) {
        refuse(entry, "a positive integer", new_value);
        return FAILURE;
    }
    return OnUpdateLong(entry, new_value, mh_arg1, mh_arg2, mh_arg3, stage);
}

ZEND_INI_MH(mcproxy_ini_static_key)
{
    if (new_value != NULL && strchr(ZSTR_VAL(new_value), '.') != NULL) {
        php_error_docref(NULL, E_WARNING, "%s cannot have dot inside (.)", ZSTR_VAL(entry->name));
        return FAILURE;
    }
    return OnUpdateString(entry, new_value, mh_arg1, mh_arg2, mh_arg3, stage);
}

/* Which of the words it is, from 0; -1: none, and the user was told. */
static int
word_of(zend_ini_entry *entry, const zend_string *text, const char *const *words)
{
    smart_str list = {0};
    for (int i = 0; words[i] != NULL; i++) {
        if (strcasecmp(ZSTR_VAL(text), words[i]) == 0) {
            smart_str_free(&list);
            return i;
        }
        smart_str_appends(&list, i == 0 ? "in set {" : ", ");
        smart_str_appends(&list, words[i]);
    }
    smart_str_appendc(&list, '}');
    smart_str_0(&list);
    refuse(entry, ZSTR_VAL(list.s), text);
    smart_str_free(&list);
    return -1;
}

ZEND_INI_MH(mcproxy_ini_protocol)
{
    static const char *const words[] = {"ascii", "binary", NULL};
    int word = word_of(entry, new_value, words);
    if (word < 0)
        return FAILURE;
    MCPROXY_G(is_binary) = word == 1;
    return SUCCESS;
}

ZEND_INI_MH(mcproxy_ini_strategy)
{
    static const char *const words[] = {"standard", "consistent", NULL};
    int word = word_of(entry, new_value, words);
    if (word < 0)
        return FAILURE;
    MCPROXY_G(is_standard) = word == 0;
    return SUCCESS;
}

ZEND_INI_MH(mcproxy_ini_function)
{
    static const char *const words[] = {"crc32", "fnv", NULL};
    int word = word_of(entry, new_value, words);
    if (word < 0)
        return FAILURE;
    MCPROXY_G(is_fnv) = word == 1;
    return SUCCESS;
}

ZEND_INI_MH(mcproxy_ini_serializer)
{
    static const char *const words[] = {"php", "igbinary", "msgpack", NULL};
    int word = word_of(entry, new_value, words);
    if (word < 0)
        return FAILURE;
    MCPROXY_G(serializer) = (mcproxy_serializer)word;
    return SUCCESS;
}

ZEND_INI_MH(mcproxy_ini_format)
{
    static const char *const words[] = {"memcache", "memcached", NULL};
    int word = word_of(entry, new_value, words);
    if (word < 0)
        return FAILURE;
    MCPROXY_G(is_other_format) = word == 1;
    return SUCCESS;
}

ZEND_INI_MH(mcproxy_ini_pool_bool)
{
    MCPROXY_G(generation)++;
    return OnUpdateBool(entry, new_value, mh_arg1, mh_arg2, mh_arg3, stage);
}

/* Without the words that say where in an options text it stands: the user wrote none. */
static const char *
bare_reason(const char *why)
{
    const char *reason = strstr(why, ": ");
    return reason != NULL ? reason + 2 : why;
}

/* False, and a warning: what stands there is no server. */
static bool
is_server(zend_ini_entry *entry, const char *at, size_t len)
{
    char why[200];
    zend_string *address = mcproxy_address(at, len, 0);
    const char *wrong = mcproxy_address_wrong(address, why, sizeof why);
    zend_string_release(address);
    if (wrong != NULL)
        php_error_docref(NULL, E_WARNING, "%s must be servers ('%.*s' given): %s",
                         ZSTR_VAL(entry->name), (int)len, at, bare_reason(wrong));
    return wrong == NULL;
}

ZEND_INI_MH(mcproxy_ini_backup)
{
    const char *at = new_value != NULL ? ZSTR_VAL(new_value) : "";
    while (*at != '\0') {
        size_t len = strcspn(at, ", \t\r\n");
        if (len > 0 && !is_server(entry, at, len))
            return FAILURE;
        at += len + (at[len] != '\0');
    }
    MCPROXY_G(generation)++;
    return OnUpdateString(entry, new_value, mh_arg1, mh_arg2, mh_arg3, stage);
}
