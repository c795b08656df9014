/* SPDX-License-Identifier: BSD-3-Clause */
#include "memcache.h"

#include "ext/standard/info.h"

#include "ini.h"

#if PHP_VERSION_ID < 80000
#include "memcache_legacy_arginfo.h"
#else
#include "memcache_arginfo.h"
#endif

const char mcproxy_module_name[] = "memcache";

zend_class_entry *memcache_pool_ce;
zend_class_entry *memcache_ce;
static zend_object_handlers handlers;
static int resource_type;

/* ---- Objects ------------------------------------------------------------------------------ */

typedef struct memcache_object {
    mcproxy_pool *pool; /* NULL until the first server is added */
    zend_object std;
} memcache_object;

static memcache_object *
object_of(zend_object *std)
{
    return (memcache_object *)((char *)std - offsetof(memcache_object, std));
}

/* The property `connection`, which the old extension kept its pool in. */
static zval *
connection_of(memcache_object *ours)
{
    return OBJ_PROP_NUM(&ours->std, 0);
}

static bool
is_connected(memcache_object *ours)
{
    zval *connection = connection_of(ours);
    ZVAL_DEREF(connection);
    return Z_TYPE_P(connection) == IS_RESOURCE && Z_RES_P(connection) == ours->pool->resource;
}

/* Says why an object has no pool that could be used. */
static mcproxy_pool *
without_pool(memcache_object *ours)
{
    zval *connection = connection_of(ours);
    ZVAL_DEREF(connection);
    bool is_none = Z_TYPE_P(connection) <= IS_NULL;
    php_error_docref(NULL, E_WARNING,
                     is_none ? "No servers added to memcache connection"
                             : "Invalid MemcachePool->connection member variable");
    return NULL;
}

mcproxy_pool *
memcache_pool_of(zval *object)
{
    memcache_object *ours = object_of(Z_OBJ_P(object));
    if (EXPECTED(ours->pool != NULL && is_connected(ours)))
        return ours->pool;
    return without_pool(ours);
}

mcproxy_pool *
memcache_pool_bare(zval *object)
{
    memcache_object *ours = object_of(Z_OBJ_P(object));
    if (ours->pool == NULL)
        ours->pool = mcproxy_pool_new();
    return ours->pool;
}

mcproxy_pool *
memcache_pool_made(zval *object)
{
    memcache_object *ours = object_of(Z_OBJ_P(object));
    mcproxy_pool *pool = memcache_pool_bare(object);
    zval *connection = connection_of(ours);
    ZVAL_DEREF(connection);
    if (Z_TYPE_P(connection) > IS_NULL)
        return is_connected(ours) ? pool : without_pool(ours);
    if (pool->n_servers > 0) { /* the property was taken away, and the servers with it */
        mcproxy_pool_release(pool);
        ours->pool = pool = mcproxy_pool_new();
    }
    if (pool->resource == NULL)
        pool->resource = zend_register_resource(pool, resource_type);
    else
        GC_ADDREF(pool->resource);
    ZVAL_RES(connection, pool->resource);
    return pool;
}

/* Whatever ends first, the resource or the pool, the other one outlives it. */
static void
forget_pool(zend_resource *resource)
{
    mcproxy_pool *pool = resource->ptr;
    if (pool != NULL)
        pool->resource = NULL;
    resource->ptr = NULL;
}

static zend_object *
create(zend_class_entry *ce)
{
    memcache_object *ours = zend_object_alloc(sizeof *ours, ce);
    ours->pool = NULL;
    zend_object_std_init(&ours->std, ce);
    object_properties_init(&ours->std, ce);
    if (Z_TYPE_P(connection_of(ours)) == IS_NULL)
        ZVAL_UNDEF(connection_of(ours)); /* it appears with the first server */
    ours->std.handlers = &handlers;
    return &ours->std;
}

static void
release(zend_object *std)
{
    memcache_object *ours = object_of(std);
    mcproxy_pool_release(ours->pool);
    ours->pool = NULL;
    zend_object_std_dtor(std);
}

/* A clone uses the same pool, as the old extension's shared the connection. */
static zend_object *
copy(mcproxy_this *this)
{
    zend_object *old = MCPROXY_Z_OBJ(this);
    zend_object *new = create(old->ce);
    mcproxy_pool *pool = object_of(old)->pool;
    zend_objects_clone_members(new, old);
    object_of(new)->pool = pool;
    if (pool != NULL)
        pool->holders++;
    return new;
}

/* The callback may lead back to the object. Of a pool with several holders no one owns it. */
static HashTable *
collect(mcproxy_this *this, zval **table, int *n)
{
    mcproxy_pool *pool = object_of(MCPROXY_Z_OBJ(this))->pool;
    bool is_ours = pool != NULL && pool->holders == 1 && !Z_ISUNDEF(pool->failure_callback);
    *table = is_ours ? &pool->failure_callback : NULL;
    *n = is_ours;
    return zend_std_get_properties(this);
}

static void
register_classes(void)
{
    memcache_pool_ce = register_class_MemcachePool();
    memcache_pool_ce->create_object = create;
    zend_declare_property_null(memcache_pool_ce, "connection", sizeof "connection" - 1,
                               ZEND_ACC_PUBLIC);
#ifdef ZEND_ACC_ALLOW_DYNAMIC_PROPERTIES
    memcache_pool_ce->ce_flags |= ZEND_ACC_ALLOW_DYNAMIC_PROPERTIES;
#endif
    memcache_ce = register_class_Memcache(memcache_pool_ce);
    memcache_ce->create_object = create;
    memcpy(&handlers, zend_get_std_object_handlers(), sizeof handlers);
    handlers.offset = offsetof(memcache_object, std);
    handlers.free_obj = release;
    handlers.clone_obj = copy;
    handlers.get_gc = collect;
}

/* ---- The module --------------------------------------------------------------------------- */

PHP_INI_BEGIN()
    MCPROXY_INI_YES("memcache.allow_failover", "1", mcproxy_ini_pool_bool, allow_failover)
    MCPROXY_INI("memcache.max_failover_attempts", "20", mcproxy_ini_positive, max_failover_attempts)
    MCPROXY_INI("memcache.default_port", "11211", OnUpdateLong, default_port)
    MCPROXY_INI("memcache.chunk_size", "32768", mcproxy_ini_positive, chunk_size)
    MCPROXY_INI("memcache.protocol", "ascii", mcproxy_ini_protocol, is_binary)
    MCPROXY_INI("memcache.redundancy", "1", mcproxy_ini_positive, redundancy)
    MCPROXY_INI_YES("memcache.failure_notices", "1", OnUpdateBool, failure_notices)
    MCPROXY_INI_YES("memcache.prefix_host_key", "0", OnUpdateBool, key_rule.host_key)
    MCPROXY_INI_YES("memcache.prefix_host_key_remove_www", "1", OnUpdateBool, key_rule.remove_www)
    MCPROXY_INI_YES("memcache.prefix_host_key_remove_subdomain", "0", OnUpdateBool,
                    key_rule.remove_subdomain)
    MCPROXY_INI("memcache.prefix_static_key", NULL, mcproxy_ini_static_key, key_rule.static_key)
    PHP_INI_ENTRY("memcache.select_api", "poll", PHP_INI_ALL, NULL)
    MCPROXY_INI_COMMON("memcache")
PHP_INI_END()

static PHP_GINIT_FUNCTION(mcproxy)
{
    mcproxy_globals_ctor(mcproxy_globals);
}

static PHP_GSHUTDOWN_FUNCTION(mcproxy)
{
    mcproxy_globals_dtor(mcproxy_globals);
}

static PHP_MINIT_FUNCTION(memcache)
{
    REGISTER_INI_ENTRIES();
    mcproxy_register_options(type, module_number);
    register_classes();
    resource_type = zend_register_list_destructors_ex(forget_pool, NULL, "memcache connection",
                                                      module_number);
    REGISTER_LONG_CONSTANT("MEMCACHE_COMPRESSED", MCPROXY_COMPRESSED, CONST_CS | CONST_PERSISTENT);
    REGISTER_LONG_CONSTANT("MEMCACHE_USER1", 0x10000, CONST_CS | CONST_PERSISTENT);
    REGISTER_LONG_CONSTANT("MEMCACHE_USER2", 0x20000, CONST_CS | CONST_PERSISTENT);
    REGISTER_LONG_CONSTANT("MEMCACHE_USER3", 0x40000, CONST_CS | CONST_PERSISTENT);
    REGISTER_LONG_CONSTANT("MEMCACHE_USER4", 0x80000, CONST_CS | CONST_PERSISTENT);
    REGISTER_LONG_CONSTANT("MEMCACHE_HAVE_SESSION", MCPROXY_HAVE_SESSION,
                           CONST_CS | CONST_PERSISTENT);
#ifdef HAVE_PHP_SESSION
    mcproxy_register_session();
#endif
    return SUCCESS;
}

static PHP_MSHUTDOWN_FUNCTION(memcache)
{
    UNREGISTER_INI_ENTRIES();
    return SUCCESS;
}

static PHP_RINIT_FUNCTION(memcache)
{
#if defined(ZTS) && defined(COMPILE_DL_MCPROXY)
    ZEND_TSRMLS_CACHE_UPDATE();
#endif
    return SUCCESS;
}

static PHP_RSHUTDOWN_FUNCTION(memcache)
{
    mcproxy_request_end();
    return SUCCESS;
}

static PHP_MINFO_FUNCTION(memcache)
{
    mcproxy_info("memcache support (libmcproxy)", PHP_MEMCACHE_VERSION);
    DISPLAY_INI_ENTRIES();
}

static const zend_module_dep needs[] = {
    ZEND_MOD_OPTIONAL("session")
    ZEND_MOD_OPTIONAL("igbinary")
    ZEND_MOD_OPTIONAL("msgpack")
    ZEND_MOD_END
};

zend_module_entry memcache_module_entry = {
    STANDARD_MODULE_HEADER_EX,
    NULL,
    needs,
    "memcache",
    ext_functions,
    PHP_MINIT(memcache),
    PHP_MSHUTDOWN(memcache),
    PHP_RINIT(memcache),
    PHP_RSHUTDOWN(memcache),
    PHP_MINFO(memcache),
    PHP_MEMCACHE_VERSION,
    PHP_MODULE_GLOBALS(mcproxy),
    PHP_GINIT(mcproxy),
    PHP_GSHUTDOWN(mcproxy),
    NULL,
    STANDARD_MODULE_PROPERTIES_EX,
};

ZEND_GET_MODULE(memcache)
