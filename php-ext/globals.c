/* SPDX-License-Identifier: BSD-3-Clause */
#include "php_mcproxy.h"

#include "ext/standard/info.h"

#include "shared.h"

ZEND_DECLARE_MODULE_GLOBALS(mcproxy)

#if defined(ZTS) && defined(COMPILE_DL_MCPROXY)
ZEND_TSRMLS_CACHE_DEFINE()
#endif

void
mcproxy_globals_ctor(zend_mcproxy_globals *globals)
{
#if defined(ZTS) && defined(COMPILE_DL_MCPROXY)
    ZEND_TSRMLS_CACHE_UPDATE();
#endif
    memset(globals, 0, sizeof *globals);
    mcproxy_shared_table_init(&globals->clients);
    globals->allow_failover = 1;
    globals->max_failover_attempts = 20;
    globals->default_port = 11211;
    globals->redundancy = 1;
    globals->session_redundancy = 2;
    globals->failure_notices = 1;
    globals->lock_timeout = 15;
}

void
mcproxy_globals_dtor(zend_mcproxy_globals *globals)
{
    zend_hash_destroy(&globals->clients);
}

void
mcproxy_request_end(void)
{
    mcproxy_shared_request_end();
}

/* ---- mcproxy.options ---------------------------------------------------------------------- */

static const char OPTIONS[] = "mcproxy.options";

PHP_INI_BEGIN()
    PHP_INI_ENTRY("mcproxy.options", "", PHP_INI_ALL, NULL)
PHP_INI_END()

void
mcproxy_register_options(int type, int module_number)
{
    (void)type; /* the macro wants it since PHP 8.2 */
    if (!zend_hash_str_exists(EG(ini_directives), OPTIONS, sizeof OPTIONS - 1))
        REGISTER_INI_ENTRIES();
}

const char *
mcproxy_options_text(void)
{
    const char *text = zend_ini_string((char *)OPTIONS, sizeof OPTIONS - 1, 0);
    return text != NULL ? text : "";
}

/* ---- phpinfo() ---------------------------------------------------------------------------- */

void
mcproxy_info(const char *title, const char *version)
{
    char clients[32];
    snprintf(clients, sizeof clients, "%u", zend_hash_num_elements(&MCPROXY_G(clients)));
    php_info_print_table_start();
    php_info_print_table_header(2, title, "enabled");
    php_info_print_table_row(2, "Version", version);
    php_info_print_table_row(2, "libmcproxy (compiled)", MCP_VERSION_TEXT);
    php_info_print_table_row(2, "libmcproxy (running)", mcp_library_version());
    php_info_print_table_row(2, "Serializers", "php, igbinary and msgpack where they are loaded");
    php_info_print_table_row(2, "Sessions", MCPROXY_HAVE_SESSION ? "yes" : "no");
    php_info_print_table_row(2, "Pools of this worker", clients);
    php_info_print_table_end();
}
