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
$zstd = hex2bin('88130000' . '28b52ffd' . '4058500000'); /* its length, and how a frame begins */
foreach ([0x30 => substr($zlib, 0, 20), 0x50 => $fastlz, 0x90 => $zstd, 0x95 => $zstd, 0x70 => 'abc', 9 => 'x', 0x31 => $zlib] as $flags => $bytes) {
    $server->put('k', $flags, $bytes);
    var_dump(is_int($value = $m->get('k')) ? $value : $value === false);
}
$server->put('k', 0x30, "\xff\xff\xff\xff" . substr($zlib, 4));
var_dump($m->get('k'));
$server->put('k', 0x90, $zstd);
$server->put('other', 1, '5');
$c = new McProxy\Client($server->name());
var_dump($m->get(['k', 'other']), $c->get('k', 'default'), $c->fetch('k')->value);
echo "-- what no format allows is not there, and its flags are not told\n";
foreach ([1 => 'no code', 2 => 'x9no zlib', 3 => '17', 0x30 => 'zlib?', 0x301 => '5', 5 => 'igb', 8 => 'x'] as $flags => $bytes) {
    $server->put('k', $flags, $bytes);
    $seen = $cas = 'untouched';
    $list = @$m->get(['other', 'k'], $all_flags, $all_cas);
    echo $flags, ' ', json_encode([@$m->get('k', $seen, $cas), $seen, is_int($cas), $list, $all_flags, array_keys($all_cas)]), ' ';
    echo json_encode([@$c->getMultiple(['k', 'other']), @$c->get('k', 'default'), @$c->fetchMultiple(['k'])['k']->value]), "\n";
}
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
Warning: MemcachePool::get(): The value is compressed with zstd, which is not read here; let php-memcached write it with memcached.compression_type = zlib or fastlz
bool(true)
Warning: MemcachePool::get(): The value is compressed with zstd, which is not read here; let php-memcached write it with memcached.compression_type = zlib or fastlz
bool(true)
Notice: MemcachePool::get(): Failed to uncompress data
bool(true)
Notice: MemcachePool::get(): Failed to unserialize data
bool(true)
int(0)
Notice: MemcachePool::get(): Failed to uncompress data
bool(false)
Warning: MemcachePool::get(): The value is compressed with zstd, which is not read here; let php-memcached write it with memcached.compression_type = zlib or fastlz
Warning: McProxy\Client::get(): The value is compressed with zstd, which is not read here; let php-memcached write it with memcached.compression_type = zlib or fastlz
Warning: McProxy\Client::fetch(): The value is compressed with zstd, which is not read here; let php-memcached write it with memcached.compression_type = zlib or fastlz
array(1) {
  ["other"]=>
  int(5)
}
string(7) "default"
NULL
-- what no format allows is not there, and its flags are not told
1 [false,"untouched",false,{"other":5},{"other":1},["other"]] [{"other":5},"default",null]
2 [false,"untouched",false,{"other":5},{"other":1},["other"]] [{"other":5},"default",null]
3 [false,"untouched",false,{"other":5},{"other":1},["other"]] [{"other":5},"default",null]
48 [false,"untouched",false,{"other":5},{"other":1},["other"]] [{"other":5},"default",null]
769 [5,769,true,{"other":5,"k":5},{"other":1,"k":769},["other","k"]] [{"k":5,"other":5},5,5]
5 [false,"untouched",false,{"other":5},{"other":1},["other"]] [{"other":5},"default",null]
8 [false,"untouched",false,{"other":5},{"other":1},["other"]] [{"other":5},"default",null]
