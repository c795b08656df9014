--TEST--
memcache: keys are cooked as they always were; 0x7f is refused
--FILE--
<?php
require __DIR__ . '/support.inc';
messages();
$server = new Server();
$m = pool($server);
var_dump($m->set("a b\n\x01c", 'cooked'), $server->raw('a_b__c')[1]);
var_dump($m->set(str_repeat('k', 300), 'long'), $server->raw(str_repeat('k', 250))[1]);
foreach ([7, 1.5, true, "\xc3\xa9"] as $key) {
    var_dump($m->set($key, $key), $server->raw((string) $key)[1]);
}
foreach (['', null, false, "x\x7f", 'mcp:s'] as $key) {
    var_dump($m->set($key, 1), $m->get($key), $m->delete($key), $m->increment($key));
}
try {
    $m->get(new stdClass());
} catch (Error $error) {
    echo get_class($error), ': ', $error->getMessage(), "\n";
}
var_dump($m->get([7, '', "a b\n\x01c", 'none']));
ini_set('memcache.prefix_static_key', 'pre_');
$prefixed = pool($server);
var_dump($prefixed->set('p', 1), $server->raw('pre_p')[1], $prefixed->get(['p']), $prefixed->get('p'));
ini_set('memcache.prefix_host_key', '1');
ini_set('memcache.prefix_static_key', '');
foreach ([['www.shop.example.org', 1, 0], ['www.shop.example.org', 0, 0], ['shop.example.org', 1, 1]] as [$name, $www, $sub]) {
    $_SERVER['SERVER_NAME'] = $name;
    ini_set('memcache.prefix_host_key_remove_www', $www);
    ini_set('memcache.prefix_host_key_remove_subdomain', $sub);
    $hosted = pool($server);
    $hosted->set('h', 1);
    echo implode(' ', array_keys($hosted->get(['h']))), "\n";
}
?>
--EXPECT--
bool(true)
string(6) "cooked"
bool(true)
string(4) "long"
bool(true)
string(1) "7"
bool(true)
string(3) "1.5"
bool(true)
string(1) "1"
bool(true)
string(2) "é"
Warning: MemcachePool::set(): Invalid key
Warning: MemcachePool::get(): Invalid key
Warning: MemcachePool::delete(): Invalid key
Warning: MemcachePool::increment(): Invalid key
bool(false)
bool(false)
bool(false)
bool(false)
Warning: MemcachePool::set(): Invalid key
Warning: MemcachePool::get(): Invalid key
Warning: MemcachePool::delete(): Invalid key
Warning: MemcachePool::increment(): Invalid key
bool(false)
bool(false)
bool(false)
bool(false)
Warning: MemcachePool::set(): Invalid key
Warning: MemcachePool::get(): Invalid key
Warning: MemcachePool::delete(): Invalid key
Warning: MemcachePool::increment(): Invalid key
bool(false)
bool(false)
bool(false)
bool(false)
Warning: MemcachePool::set(): Invalid key
Warning: MemcachePool::get(): Invalid key
Warning: MemcachePool::delete(): Invalid key
Warning: MemcachePool::increment(): Invalid key
bool(false)
bool(false)
bool(false)
bool(false)
Warning: MemcachePool::set(): Invalid key
Warning: MemcachePool::get(): Invalid key
Warning: MemcachePool::delete(): Invalid key
Warning: MemcachePool::increment(): Invalid key
bool(false)
bool(false)
bool(false)
bool(false)
Error: Object of class stdClass could not be converted to string
Warning: MemcachePool::get(): Invalid key
array(2) {
  [7]=>
  int(7)
  ["a_b__c"]=>
  string(6) "cooked"
}
bool(true)
string(1) "1"
array(1) {
  ["pre_p"]=>
  int(1)
}
int(1)
shop.example.orgh
www.shop.example.orgh
example.orgh
