/* SPDX-License-Identifier: BSD-3-Clause */
#include "client.h"

#include "zend_exceptions.h"

#include "address.h"
#include "value.h"

static zend_object_handlers handlers;

/* ---- Objects ------------------------------------------------------------------------------ */

static mcproxy_client *
object_of(zend_object *std)
{
    return (mcproxy_client *)((char *)std - offsetof(mcproxy_client, std));
}

zend_object *
mcproxy_client_create(zend_class_entry *ce)
{
    mcproxy_client *client = zend_object_alloc(sizeof *client, ce);
    memset(client, 0, offsetof(mcproxy_client, std));
    zend_object_std_init(&client->std, ce);
    object_properties_init(&client->std, ce);
    client->std.handlers = &handlers;
    return &client->std;
}

static void
release(zend_object *std)
{
    mcproxy_client *client = object_of(std);
    mcproxy_shared_release(client->shared);
    if (client->options != NULL)
        zend_string_release(client->options);
    zend_object_std_dtor(std);
}

void
mcproxy_client_init_handlers(void)
{
    memcpy(&handlers, zend_get_std_object_handlers(), sizeof handlers);
    handlers.offset = offsetof(mcproxy_client, std);
    handlers.free_obj = release;
    handlers.clone_obj = NULL;
}

mcproxy_client *
mcproxy_client_of(zval *object)
{
    mcproxy_client *client = object_of(Z_OBJ_P(object));
    if (client->shared != NULL)
        return client;
    zend_throw_exception(mcproxy_exception_ce, "The constructor was not called",
                         MCP_BAD_ARGUMENT);
    return NULL;
}

/* ---- Opening ------------------------------------------------------------------------------ */

static void
append_text(smart_str *text, const char *word, const char *list)
{
    while (*list != '\0') {
        size_t len = strcspn(list, ", \t\r\n");
        if (len > 0)
            mcproxy_option_word(text, word, list, len);
        list += len + (list[len] != '\0');
    }
}

/* A list of servers: an array of texts, or one text. False, and an exception. */
static bool
append_servers(smart_str *text, const char *word, zval *list)
{
    zval *entry;
    if (list == NULL)
        return true;
    if (Z_TYPE_P(list) == IS_STRING) {
        append_text(text, word, Z_STRVAL_P(list));
        return true;
    }
    ZEND_HASH_FOREACH_VAL(Z_ARRVAL_P(list), entry) {
        ZVAL_DEREF(entry);
        if (Z_TYPE_P(entry) != IS_STRING) {
            zend_throw_exception_ex(mcproxy_exception_ce, MCP_BAD_ARGUMENT,
                                    "A %s is written as a string, not as %s", word,
                                    zend_zval_type_name(entry));
            return false;
        }
        mcproxy_option_word(text, word, Z_STRVAL_P(entry), Z_STRLEN_P(entry));
    } ZEND_HASH_FOREACH_END();
    return true;
}

/* What the ini says holds where the constructor says nothing. */
static zend_string *
options_of(zval *servers, zval *backups, const char *given)
{
    smart_str text = {0};
    const char *ini = mcproxy_options_text();
    if (!append_servers(&text, "server", servers)) {
        smart_str_free(&text);
        return NULL;
    }
    size_t before = text.s != NULL ? ZSTR_LEN(text.s) : 0;
    bool has_servers = before > 0 || mcproxy_option_given(given, "server");
    if (!append_servers(&text, "backup", backups)) {
        smart_str_free(&text);
        return NULL;
    }
    bool has_backups = (text.s != NULL && ZSTR_LEN(text.s) > before) ||
                       mcproxy_option_given(given, "backup");
    mcproxy_option_words(&text, given);
    if (has_servers && !has_backups && MCPROXY_G(backup) != NULL)
        append_text(&text, "backup", MCPROXY_G(backup));
    mcproxy_option_defaults(&text, ini, given, has_servers);
    smart_str_0(&text);
    return text.s;
}

static bool
is_list(zval *list, uint32_t number)
{
    if (list == NULL || Z_TYPE_P(list) == IS_ARRAY || Z_TYPE_P(list) == IS_STRING)
        return true;
    zend_type_error("McProxy\\Client::__construct(): Argument #%u must be of type array|string, "
                    "%s given", number, zend_zval_type_name(list));
    return false;
}

PHP_METHOD(McProxy_Client, __construct)
{
    zval *servers = NULL, *backups = NULL;
    char *given = "";
    size_t given_len = 0;
    char why[256];
    if (zend_parse_parameters(ZEND_NUM_ARGS(), "|zzp", &servers, &backups, &given,
                              &given_len) == FAILURE ||
        !is_list(servers, 1) || !is_list(backups, 2))
        return;
    zend_string *options = options_of(servers, backups, given);
    if (options == NULL)
        return;
    mcproxy_shared *shared = mcproxy_shared_get(options, why, sizeof why);
    if (shared == NULL) {
        zend_string_release(options);
        zend_throw_exception(mcproxy_exception_ce, why, MCP_BAD_ARGUMENT);
        return;
    }
    mcproxy_client *client = object_of(Z_OBJ_P(getThis()));
    mcproxy_shared_release(client->shared);
    if (client->options != NULL)
        zend_string_release(client->options);
    client->shared = shared;
    client->options = options;
}

PHP_METHOD(McProxy_Client, explain)
{
    mcproxy_client *client;
    char why[256];
    if (zend_parse_parameters_none() == FAILURE || !(client = mcproxy_client_of(getThis())))
        return;
    char *text = mcp_options_explain(ZSTR_VAL(client->options), why, sizeof why);
    RETVAL_STRING(text != NULL ? text : "");
    free(text);
}

/* ---- What every call does ----------------------------------------------------------------- */

bool
mcproxy_client_is_answer(mcp_status status)
{
    return status == MCP_OK || status == MCP_NOT_FOUND || status == MCP_NOT_STORED ||
           status == MCP_EXISTS;
}

void
mcproxy_client_throw(mcp_status status, const char *text)
{
    if (EG(exception) == NULL)
        zend_throw_exception(mcproxy_exception_ce,
                             text != NULL && text[0] != '\0' ? text : mcp_strstatus(status),
                             status);
}

bool
mcproxy_client_call(mcproxy_client *client, mcp_request *request, mcp_result *result)
{
    mcp_client *library = client->shared->client;
    mcp_status status = mcp_call(library, request, result);
    client->last = *result;
    client->last.value = NULL;
    client->last_verb = request->verb;
    client->has_last = true;
    if (mcproxy_client_is_answer(status))
        return true;
    mcproxy_client_throw(status, mcp_last_error(library)->text);
    return false;
}

bool
mcproxy_client_unpack(zval *value, const mcp_result *result)
{
    if (!mcproxy_value_is_code(result->flags))
        return mcproxy_unpack(value, result->value, result->value_len, result->flags);
    zend_string *own = mcproxy_own_bytes(result->value, result->value_len);
    bool is_good = mcproxy_unpack(value, ZSTR_VAL(own), ZSTR_LEN(own), result->flags);
    zend_string_release(own);
    return is_good;
}
