--TEST--
memcache: wrong ini values are refused in the old words
--FILE--
<?php
require __DIR__ . '/support.inc';
messages();
$wrong = [
    'memcache.redundancy' => ['0', '-1', 'Test'], 'memcache.session_redundancy' => ['0'],
    'memcache.max_failover_attempts' => ['0', 'x'], 'memcache.chunk_size' => ['0', '-1'],
    'memcache.protocol' => ['udp'], 'memcache.hash_strategy' => ['abs', ''], 'memcache.hash_function' => ['md5'],
    'memcache.compress_threshold' => ['-1', 'x'], 'memcache.lock_timeout' => ['0', 'x'],
    'memcache.prefix_static_key' => ['a.b'], 'memcache.session_prefix_static_key' => ['a.b'],
    'memcache.serializer' => ['json'], 'memcache.unpacked_max' => ['0'],
];
foreach ($wrong as $name => $values) {
    foreach ($values as $value) {
        $before = ini_get($name);
        var_dump(ini_set($name, $value), ini_get($name) === $before);
    }
}
$right = [
    'memcache.redundancy' => '10', 'memcache.chunk_size' => '1', 'memcache.protocol' => 'BINARY', 'memcache.hash_strategy' => 'standard',
    'memcache.hash_function' => 'fnv', 'memcache.compress_threshold' => '0', 'memcache.allow_failover' => '0', 'memcache.default_port' => '1',
    'memcache.prefix_static_key' => 'a', 'memcache.serializer' => 'igbinary',
];
foreach ($right as $name => $value) {
    ini_set($name, $value) === false and print("$name\n");
    ini_get($name) === $value or print("$name\n");
}
ini_set('mcproxy.options', 'timeout=never');
$m = new Memcache();
$m->addServer('127.0.0.1', 1);
var_dump($m->get('k'), $m->set('k', 1));
ini_set('mcproxy.options', '');
foreach (['a b:c', '10.0.0.7:0', ":1,\n", 'unix:/p, [::1'] as $value) {
    var_dump(ini_set('memcache.backup', $value), ini_get('memcache.backup'));
}
var_dump(ini_set('memcache.backup', " a:1 , unix:///p:0,\n[::1]:2\t::1"), ini_set('memcache.backup', ''));
?>
--EXPECTF--
Warning: ini_set(): memcache.redundancy must be a positive integer ('0' given)
bool(false)
bool(true)
Warning: ini_set(): memcache.redundancy must be a positive integer ('-1' given)
bool(false)
bool(true)
Warning: ini_set(): memcache.redundancy must be a positive integer ('Test' given)
bool(false)
bool(true)
Warning: ini_set(): memcache.session_redundancy must be a positive integer ('0' given)
bool(false)
bool(true)
Warning: ini_set(): memcache.max_failover_attempts must be a positive integer ('0' given)
bool(false)
bool(true)
Warning: ini_set(): memcache.max_failover_attempts must be a positive integer ('x' given)
bool(false)
bool(true)
Warning: ini_set(): memcache.chunk_size must be a positive integer ('0' given)
bool(false)
bool(true)
Warning: ini_set(): memcache.chunk_size must be a positive integer ('-1' given)
bool(false)
bool(true)
Warning: ini_set(): memcache.protocol must be in set {ascii, binary} ('udp' given)
bool(false)
bool(true)
Warning: ini_set(): memcache.hash_strategy must be in set {standard, consistent} ('abs' given)
bool(false)
bool(true)
Warning: ini_set(): memcache.hash_strategy must be in set {standard, consistent} ('' given)
bool(false)
bool(true)
Warning: ini_set(): memcache.hash_function must be in set {crc32, fnv} ('md5' given)
bool(false)
bool(true)
Warning: ini_set(): memcache.compress_threshold must be a positive integer ('-1' given)
bool(false)
bool(true)
Warning: ini_set(): memcache.compress_threshold must be a positive integer ('x' given)
bool(false)
bool(true)
Warning: ini_set(): memcache.lock_timeout must be a positive integer ('0' given)
bool(false)
bool(true)
Warning: ini_set(): memcache.lock_timeout must be a positive integer ('x' given)
bool(false)
bool(true)
Warning: ini_set(): memcache.prefix_static_key cannot have dot inside (.)
bool(false)
bool(true)
Warning: ini_set(): memcache.session_prefix_static_key cannot have dot inside (.)
bool(false)
bool(true)
Warning: ini_set(): memcache.serializer must be in set {php, igbinary, msgpack} ('json' given)
bool(false)
bool(true)
Warning: ini_set(): memcache.unpacked_max must be a positive integer ('0' given)
bool(false)
bool(true)
Warning: MemcachePool::get(): Cannot use this pool: "timeout=never" at position %d: a time is a whole number with a unit: 20us, 250ms, 2s or 5m
Warning: MemcachePool::set(): Cannot use this pool: "timeout=never" at position %d: a time is a whole number with a unit: 20us, 250ms, 2s or 5m
bool(false)
bool(false)
Warning: ini_set(): memcache.backup must be servers ('b:c' given): the port is a number from 1 to 65535, as in host:11211
bool(false)
string(0) ""
Warning: ini_set(): memcache.backup must be servers ('10.0.0.7:0' given): the port is a number from 1 to 65535, as in host:11211
bool(false)
string(0) ""
Warning: ini_set(): memcache.backup must be servers (':1' given): that is no host name (letters, digits, - . _) and no whole IPv4 address
bool(false)
string(0) ""
Warning: ini_set(): memcache.backup must be servers ('[::1' given): the ] is missing, as in [::1]:11211
bool(false)
string(0) ""
string(0) ""
string(31) " a:1 , unix:///p:0,
[::1]:2%s::1"
