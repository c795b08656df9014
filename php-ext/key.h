/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keys as the old extension cooks them: a prefix in front, cut at 250 bytes, every byte up to 0x20
 * replaced by an underscore. What it let pass and memcached cannot hold (0x7f) is refused.
 */
#ifndef MCPROXY_KEY_H
#define MCPROXY_KEY_H

#include "php_mcproxy.h"

typedef struct mcproxy_key {
    const char *bytes; /* into `cooked` or into the text it was made of */
    size_t len;
    zend_string *text; /* the key as a PHP string, borrowed; NULL: it was cooked */
    zend_string *held; /* the text, when it was made from something else; NULL else */
    char cooked[MCP_KEY_MAX];
} mcproxy_key;

/*
 * Any PHP value; `prefix` may be NULL. False when it is no key: the user has been warned, or there
 * is an exception. mcproxy_key_done() after true.
 */
bool mcproxy_key_cook(mcproxy_key *key, zval *value, const zend_string *prefix);
void mcproxy_key_done(mcproxy_key *key);

/* The prefix that a rule of the ini means in this request; NULL: none. */
zend_string *mcproxy_key_prefix(const mcproxy_prefix_rule *rule);

#endif
