--TEST--
memcache.value_format: values as php-memcached writes them
--FILE--
<?php
require __DIR__ . '/support.inc';
messages();
$server = new Server();
$m = pool($server);
ini_set('memcache.value_format', 'memcached');
var_dump(ini_set('memcache.value_format', 'other'), ini_get('memcache.value_format'));
$values = ['hello', '42', '', 42, -7, 1.5, 0.1 + 0.2, INF, -INF, NAN, true, false, null, [1, 'a' => 2], str_repeat('a', 30000), array_fill(0, 3000, 'same')];
foreach ($values as $value) {
    $m->set('k', $value, MEMCACHE_USER1);
    [$flags, $bytes] = $server->raw('k');
    $back = $m->get('k');
    $is_same = $back === $value || ($value === null && $back === false) || (is_float($value) && is_nan($value) && is_nan($back));
    printf("%x %s %s\n", $flags, strlen($bytes) < 30 ? $bytes : bin2hex(substr($bytes, 0, 6)), $is_same ? 'same' : 'DIFFERENT');
}
$m->set('n', 5);
var_dump($m->increment('n'), $m->get('n'), $m->append('n', '7'), $m->get('n'));
$m->set('forced', str_repeat('b', 200), MEMCACHE_COMPRESSED);
var_dump($server->raw('forced')[0], $m->get('forced') === str_repeat('b', 200));
ini_set('mcproxy.value_format', 'memcached');
$client = new McProxy\Client($server->name());
$client->set('c', 1.5);
var_dump($server->raw('c'), $client->get('c'));
ini_restore('memcache.value_format');
$m->set('k', 1);
var_dump($server->raw('k')[0]);
?>
--EXPECT--
Warning: ini_set(): memcache.value_format must be in set {memcache, memcached} ('other' given)
bool(false)
string(9) "memcached"
10000 hello same
10000 42 same
10000  same
10001 42 same
10001 -7 same
10002 1.5 same
10002 0.30000000000000004 same
10002 Infinity same
10002 -Infinity same
10002 NaN same
10003 1 same
10003  same
10004 N; same
10004 a:2:{i:0;i:1;s:1:"a";i:2;} same
10030 30750000789c same
10034 a3ce0000789c same
int(6)
int(6)
bool(true)
int(67)
int(48)
bool(true)
array(2) {
  [0]=>
  int(2)
  [1]=>
  string(3) "1.5"
}
float(1.5)
int(768)
