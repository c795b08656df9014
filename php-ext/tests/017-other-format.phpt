--TEST--
memcache: what php-memcached wrote is read as what it was
--FILE--
<?php
/* The bytes are php-memcached's own; tests/php/interop.php reads live ones. */
require __DIR__ . '/support.inc';
messages();
$server = new Server();
$m = pool($server);
$rows = [
    [0, 'hello'], [1, '42'], [1, '-7 '], [2, '3.14159265358979'], [2, '.30000000000000004'], [2, 'Infinity'],
    [2, '-Infinity'], [2, 'NaN'], [3, '1'], [3, ''], [4, 'N;'], [4, 'a:2:{i:0;i:1;s:1:"a";i:2;}'],
    [6, '{"0":1,"a":2}'], [0x50000, 'user flags'],
];
foreach ($rows as [$flags, $bytes]) {
    $server->put('k', $flags, $bytes);
    var_dump($m->get('k'));
}
$zlib = hex2bin('88130000789cedc13101000000c2a0aceb5fc2147e4001000000006f034b6f66f2');
$server->put('k', 0x30, $zlib);
var_dump($m->get('k') === str_repeat('a', 5000));
$fastlz = hex2bin('d0070000016161e0fd01e0fd01');
foreach ([0x30 => substr($zlib, 0, 20), 0x50 => $fastlz, 0x90 => $zlib, 0x70 => 'abc', 9 => 'x', 0x31 => $zlib] as $flags => $bytes) {
    $server->put('k', $flags, $bytes);
    var_dump(is_int($value = $m->get('k')) ? $value : $value === false);
}
$server->put('k', 0x30, "\xff\xff\xff\xff" . substr($zlib, 4));
var_dump($m->get('k'));
?>
--EXPECT--
string(5) "hello"
int(42)
int(-7)
float(3.14159265358979)
float(0.30000000000000004)
float(INF)
float(-INF)
float(NAN)
bool(true)
bool(false)
bool(false)
array(2) {
  [0]=>
  int(1)
  ["a"]=>
  int(2)
}
object(stdClass)#4 (2) {
  ["0"]=>
  int(1)
  ["a"]=>
  int(2)
}
string(10) "user flags"
bool(true)
Notice: MemcachePool::get(): Failed to uncompress data
bool(true)
Notice: MemcachePool::get(): Failed to uncompress data
bool(true)
Notice: MemcachePool::get(): Failed to uncompress data
bool(true)
Notice: MemcachePool::get(): Failed to uncompress data
bool(true)
Notice: MemcachePool::get(): Failed to unserialize data
bool(true)
int(0)
Notice: MemcachePool::get(): Failed to uncompress data
bool(false)
