/* SPDX-License-Identifier: BSD-3-Clause */
#include "php_mcproxy.h"

#include "ext/spl/spl_exceptions.h"
#include "ext/standard/info.h"

#include "client.h"
#include "ini.h"
#include "value.h"

#if PHP_VERSION_ID < 80000
#include "mcproxy_legacy_arginfo.h"
#else
#include "mcproxy_arginfo.h"
#endif

const char mcproxy_module_name[] = "mcproxy";

zend_class_entry *mcproxy_client_ce;
zend_class_entry *mcproxy_result_ce;
zend_class_entry *mcproxy_exception_ce;

PHP_INI_BEGIN()
    MCPROXY_INI_COMMON("mcproxy")
PHP_INI_END()

/* ---- Classes ------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    int value;
} constants[] = {
    {"OK", MCP_OK},
    {"NOT_FOUND", MCP_NOT_FOUND},
    {"NOT_STORED", MCP_NOT_STORED},
    {"EXISTS", MCP_EXISTS},
    {"TOO_BIG", MCP_TOO_BIG},
    {"NOT_NUMBER", MCP_NOT_NUMBER},
    {"SERVER_FULL", MCP_SERVER_FULL},
    {"BAD_ARGUMENT", MCP_BAD_ARGUMENT},
    {"BAD_KEY", MCP_BAD_KEY},
    {"UNSUPPORTED", MCP_UNSUPPORTED},
    {"TIMEOUT", MCP_TIMEOUT},
    {"NO_SERVER", MCP_NO_SERVER},
    {"UNKNOWN", MCP_UNKNOWN},
    {"PROTOCOL", MCP_PROTOCOL},
    {"SERVER_ERROR", MCP_SERVER_ERROR},
    {"REFUSED", MCP_REFUSED},
    {"NO_MEMORY", MCP_NO_MEMORY},
    {"NO_RESOURCE", MCP_NO_RESOURCE},
    {"COMPRESSED", MCPROXY_COMPRESSED},
};

/* The properties of McProxy\Result, as the stub says them. */
static const struct {
    const char *name;
    uint32_t types; /* the first of them is the standard: 0, false, "skipped"; null where allowed */
} properties[] = {
    {"status", MAY_BE_LONG},
    {"value", MAY_BE_ANY},
    {"flags", MAY_BE_LONG},
    {"cas", MAY_BE_LONG | MAY_BE_NULL},
    {"ttl", MAY_BE_LONG | MAY_BE_NULL},
    {"number", MAY_BE_LONG | MAY_BE_NULL},
    {"server", MAY_BE_STRING | MAY_BE_NULL},
    {"primary", MAY_BE_STRING},
    {"backup", MAY_BE_STRING},
    {"fromBackup", MAY_BE_FALSE | MAY_BE_TRUE},
};

static void
declare_property(zend_class_entry *ce, const char *text, uint32_t types)
{
    zval standard;
    zend_string *name = zend_string_init(text, strlen(text), 1);
    ZVAL_NULL(&standard);
    if (types == MAY_BE_LONG)
        ZVAL_LONG(&standard, 0);
    if (types == MAY_BE_STRING)
        ZVAL_INTERNED_STR(&standard, zend_string_init_interned("skipped", 7, 1));
    if (types == (MAY_BE_FALSE | MAY_BE_TRUE))
        ZVAL_FALSE(&standard);
#if PHP_VERSION_ID < 80000
    zend_declare_property_ex(ce, name, &standard, ZEND_ACC_PUBLIC, NULL);
#else
    zend_declare_typed_property(ce, name, &standard, ZEND_ACC_PUBLIC, NULL,
                                (zend_type)ZEND_TYPE_INIT_MASK(types));
#endif
    zend_string_release(name);
}

static zend_class_entry *
register_class(const char *name, const zend_function_entry *methods, zend_class_entry *parent)
{
    zend_class_entry ce;
    INIT_CLASS_ENTRY_EX(ce, name, strlen(name), methods);
    return zend_register_internal_class_ex(&ce, parent);
}

/* A client is this worker's; it cannot be written down or copied. */
static void
forbid_serializing(zend_class_entry *ce)
{
#ifdef ZEND_ACC_NOT_SERIALIZABLE
    ce->ce_flags |= ZEND_ACC_NOT_SERIALIZABLE;
#else
    ce->serialize = zend_class_serialize_deny;
    ce->unserialize = zend_class_unserialize_deny;
#endif
}

static void
register_classes(void)
{
    mcproxy_exception_ce = register_class("McProxy\\Exception", class_McProxy_Exception_methods,
                                          spl_ce_RuntimeException);
    mcproxy_result_ce = register_class("McProxy\\Result", class_McProxy_Result_methods, NULL);
    mcproxy_result_ce->ce_flags |= ZEND_ACC_FINAL;
    for (size_t i = 0; i < sizeof properties / sizeof properties[0]; i++)
        declare_property(mcproxy_result_ce, properties[i].name, properties[i].types);
    mcproxy_client_ce = register_class("McProxy\\Client", class_McProxy_Client_methods, NULL);
    mcproxy_client_ce->create_object = mcproxy_client_create;
    forbid_serializing(mcproxy_client_ce);
    mcproxy_client_init_handlers();
    for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++)
        zend_declare_class_constant_long(mcproxy_client_ce, constants[i].name,
                                         strlen(constants[i].name), constants[i].value);
}

/* ---- The module --------------------------------------------------------------------------- */

static PHP_GINIT_FUNCTION(mcproxy)
{
    mcproxy_globals_ctor(mcproxy_globals);
}

static PHP_GSHUTDOWN_FUNCTION(mcproxy)
{
    mcproxy_globals_dtor(mcproxy_globals);
}

static PHP_MINIT_FUNCTION(mcproxy)
{
    REGISTER_INI_ENTRIES();
    mcproxy_register_options(type, module_number);
    register_classes();
#ifdef HAVE_PHP_SESSION
    mcproxy_register_session();
#endif
    return SUCCESS;
}

static PHP_MSHUTDOWN_FUNCTION(mcproxy)
{
    UNREGISTER_INI_ENTRIES();
    return SUCCESS;
}

static PHP_RINIT_FUNCTION(mcproxy)
{
#if defined(ZTS) && defined(COMPILE_DL_MCPROXY)
    ZEND_TSRMLS_CACHE_UPDATE();
#endif
    return SUCCESS;
}

static PHP_RSHUTDOWN_FUNCTION(mcproxy)
{
    mcproxy_request_end();
    return SUCCESS;
}

static PHP_MINFO_FUNCTION(mcproxy)
{
    mcproxy_info("mcproxy support", PHP_MCPROXY_VERSION);
    DISPLAY_INI_ENTRIES();
}

static const zend_module_dep needs[] = {
    ZEND_MOD_REQUIRED("spl")
    ZEND_MOD_OPTIONAL("session")
    ZEND_MOD_OPTIONAL("igbinary")
    ZEND_MOD_OPTIONAL("msgpack")
    ZEND_MOD_END
};

zend_module_entry mcproxy_module_entry = {
    STANDARD_MODULE_HEADER_EX,
    NULL,
    needs,
    "mcproxy",
    NULL,
    PHP_MINIT(mcproxy),
    PHP_MSHUTDOWN(mcproxy),
    PHP_RINIT(mcproxy),
    PHP_RSHUTDOWN(mcproxy),
    PHP_MINFO(mcproxy),
    PHP_MCPROXY_VERSION,
    PHP_MODULE_GLOBALS(mcproxy),
    PHP_GINIT(mcproxy),
    PHP_GSHUTDOWN(mcproxy),
    NULL,
    STANDARD_MODULE_PROPERTIES_EX,
};

ZEND_GET_MODULE(mcproxy)
