--TEST--
memcache: every function does what the method does
--FILE--
<?php
require __DIR__ . '/support.inc';
messages();
$server = new Server();
$m = new Memcache();
var_dump(memcache_add_server($m, '127.0.0.1', $server->port), memcache_get_server_status($m, '127.0.0.1', $server->port));
var_dump(memcache_set_server_params($m, '127.0.0.1', $server->port, 0.5), memcache_set_failure_callback($m, null));
var_dump(memcache_set($m, 'k', 'b'), memcache_add($m, 'k', 1), memcache_replace($m, 'k', 'b'), memcache_append($m, 'k', 'c'), memcache_prepend($m, 'k', 'a'));
$flags = $cas = null;
var_dump(memcache_get($m, 'k', $flags, $cas), $flags, memcache_cas($m, 'k', 5, 0, 0, $cas));
var_dump(memcache_increment($m, 'k', 2), memcache_decrement($m, 'k'), memcache_delete($m, 'k'), memcache_delete($m, 'k'));
var_dump(count(memcache_get_stats($m)) > 10, count(memcache_get_extended_stats($m)), memcache_get_version($m) > '1');
var_dump(memcache_set_compress_threshold($m, 100, 0.5), memcache_debug(true), memcache_set_sasl_auth_data($m, 'u', 'p'));
var_dump(memcache_flush($m), memcache_close($m), memcache_get($m, 'k'));
foreach (['memcache_get', 'memcache_close', 'memcache_increment'] as $function) {
    try {
        $function(new stdClass(), 'k');
    } catch (TypeError $error) {
        echo $error->getMessage(), "\n";
    }
}
?>
--EXPECT--
bool(true)
int(1)
bool(true)
bool(true)
bool(true)
bool(false)
bool(true)
bool(true)
bool(true)
string(3) "abc"
int(0)
bool(true)
int(7)
int(6)
bool(true)
bool(false)
bool(true)
int(1)
bool(true)
Warning: memcache_debug(): memcache_debug() is deprecated, please use a debugger (like Eclipse + CDT)
bool(true)
bool(false)
bool(true)
bool(true)
bool(true)
bool(false)
memcache_get(): Argument #1 ($memcache) must be of type MemcachePool, stdClass given
memcache_close() expects exactly 1 argument, 2 given
memcache_increment(): Argument #1 ($memcache) must be of type MemcachePool, stdClass given
