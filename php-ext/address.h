/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Servers as PHP code writes them, and as the library's options do:
 *
 *     'h', 11211          h:11211             '::1', 11211        [::1]:11211
 *     'tcp://h', 11211    h:11211             'h:11211', 0        h:11211
 *     'unix:///p', 0      unix:/p             'unix:///p:0', 0    unix:/p
 */
#ifndef MCPROXY_ADDRESS_H
#define MCPROXY_ADDRESS_H

#include "php_mcproxy.h"

#include "zend_smart_str.h"

/* The address in the library's spelling, as far as the parts say; it may still be none. */
zend_string *mcproxy_address(const char *host, size_t host_len, zend_long port);

/* Puts ` name="value"` behind the text, quoted as the grammar of options wants it. */
void mcproxy_option_word(smart_str *text, const char *name, const char *value, size_t value_len);

/* Puts the words of `mcproxy.options` (or any options text) behind the text as they are. */
void mcproxy_option_words(smart_str *text, const char *words);

/*
 * Puts those words of `words` behind the text whose names do not stand in `given`; with
 * `has_servers` also none that names a server or a backup.
 */
void mcproxy_option_defaults(smart_str *text, const char *words, const char *given,
                             bool has_servers);

/* Whether a word of that name stands in an options text. */
bool mcproxy_option_given(const char *words, const char *name);

/* Whether this build of the library knows the option and does not refuse it as not built yet. */
bool mcproxy_option_built(const char *name);

/* NULL when the library takes ` server=...`; else its reason, in a buffer of the caller. */
const char *mcproxy_address_wrong(const zend_string *address, char *why, size_t why_size);

#endif
