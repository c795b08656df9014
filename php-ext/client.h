/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The class McProxy\Client: a client of the library and what came of the last call.
 *
 *     client.c          objects, opening, what every call does
 *     client_calls.c    one key
 *     client_many.c     many keys
 *     client_servers.c  servers
 *     outcome.c         McProxy\Result
 */
#ifndef MCPROXY_CLIENT_H
#define MCPROXY_CLIENT_H

#include "php_mcproxy.h"

#include "shared.h"

extern zend_class_entry *mcproxy_client_ce;
extern zend_class_entry *mcproxy_result_ce;
extern zend_class_entry *mcproxy_exception_ce;

typedef struct mcproxy_client {
    mcproxy_shared *shared; /* NULL: the constructor was not called */
    zend_string *options;
    mcp_result last; /* its value is not valid any more */
    mcp_verb last_verb;
    bool has_last;
    zend_object std;
} mcproxy_client;

void mcproxy_client_init_handlers(void);
zend_object *mcproxy_client_create(zend_class_entry *ce);

/* The object's client; NULL, and an exception, when it was not constructed. */
mcproxy_client *mcproxy_client_of(zval *object);

/* Does a request. True when the answer is one that a caller of that verb expects; else an exception
 * was thrown. The value is borrowed until the next call of anybody who uses the same pool. */
bool mcproxy_client_call(mcproxy_client *client, mcp_request *request, mcp_result *result);

/* Throws what that status means; `text` may be NULL. */
void mcproxy_client_throw(mcp_status status, const char *text);

/* Whether a status is an answer, or something to throw. */
bool mcproxy_client_is_answer(mcp_status status);

/* The value of a result as PHP sees it. The bytes are copied first if the user's code may run.
 * False, and a notice: they are not what their flags say. */
bool mcproxy_client_unpack(zval *value, const mcp_result *result);

/* A McProxy\Result; `value` may be NULL and is taken over. */
void mcproxy_outcome(zval *object, const mcproxy_client *client, const mcp_result *result,
                     zval *value, mcp_verb verb);

#endif
