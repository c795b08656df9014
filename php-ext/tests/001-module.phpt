--TEST--
memcache: the module is called so, and has the constants, classes, functions and ini values of the old one
--FILE--
<?php
var_dump(extension_loaded('memcache'), extension_loaded('mcproxy'));
foreach (['COMPRESSED', 'USER1', 'USER2', 'USER3', 'USER4', 'HAVE_SESSION'] as $name) {
    echo $name, ' ', constant("MEMCACHE_$name"), "\n";
}
var_dump(get_parent_class('Memcache'), (new ReflectionClass('Memcache'))->isFinal());
$functions = get_extension_funcs('memcache');
echo count($functions), ' functions: ', implode(' ', str_replace('memcache_', '', $functions)), "\n";
$methods = get_class_methods('Memcache');
sort($methods);
echo count($methods), ' methods: ', implode(' ', $methods), "\n";
foreach (ini_get_all('memcache', false) as $name => $value) {
    echo $name, ' = ', var_export($value, true), "\n";
}
?>
--EXPECT--
bool(true)
bool(true)
COMPRESSED 2
USER1 65536
USER2 131072
USER3 262144
USER4 524288
HAVE_SESSION 1
string(12) "MemcachePool"
bool(false)
24 functions: connect pconnect add_server set_server_params set_failure_callback get_server_status get_version add set replace cas append prepend get delete debug get_stats get_extended_stats set_compress_threshold increment decrement close flush set_sasl_auth_data
25 methods: add addBackup addserver append cas close connect decrement delete findserver flush get getextendedstats getserverstatus getstats getversion increment pconnect prepend replace set setSaslAuthData setcompressthreshold setfailurecallback setserverparams
memcache.allow_failover = '1'
memcache.allowed_classes = '*'
memcache.backup = ''
memcache.chunk_size = '32768'
memcache.compress_threshold = '20000'
memcache.default_port = '11211'
memcache.failure_notices = '1'
memcache.hash_function = 'crc32'
memcache.hash_strategy = 'consistent'
memcache.lock_timeout = '15'
memcache.max_failover_attempts = '20'
memcache.prefix_host_key = '0'
memcache.prefix_host_key_remove_subdomain = '0'
memcache.prefix_host_key_remove_www = '1'
memcache.prefix_static_key = NULL
memcache.protocol = 'ascii'
memcache.redundancy = '1'
memcache.select_api = 'poll'
memcache.serializer = 'php'
memcache.session_prefix_host_key = '0'
memcache.session_prefix_host_key_remove_subdomain = '0'
memcache.session_prefix_host_key_remove_www = '1'
memcache.session_prefix_static_key = NULL
memcache.session_redundancy = '2'
memcache.session_save_path = NULL
memcache.unpacked_max = '268435456'
memcache.value_format = 'memcache'
