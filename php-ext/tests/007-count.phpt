--TEST--
memcache: increment and decrement
--FILE--
<?php
require __DIR__ . '/support.inc';
messages();
$server = new Server();
$m = pool($server);
$m->set('n', 100);
var_dump($m->increment('n'), $m->increment('n', 10), $m->increment('n', -1), $m->decrement('n', 20));
var_dump($m->decrement('n', -5), $m->decrement('n', 1000), $m->get('n'), $m->decrement('n'));
var_dump($m->increment('none'), $m->increment('none', 1, 7), $m->get('none'));
$m->set('n', 100);
$m->decrement('n');
var_dump($server->raw('n'), $m->get('n'));
var_dump($m->increment(['n', 'none', 5]));
$server->put('u', 0, '18446744073709551614');
var_dump($m->increment('u') === PHP_INT_MAX);
$m->set('s', 'abc');
var_dump($m->increment('s'), $m->increment('n', PHP_INT_MIN), $m->get('s'));
foreach (['x', 1.5, [], null] as $value) {
    try {
        var_dump($m->increment('n', $value));
    } catch (TypeError $error) {
        echo $error->getMessage(), "\n";
    }
}
ini_set('memcache.protocol', 'binary');
var_dump($m->increment('fresh', 1, 7), $m->increment('fresh', 1, 7), $m->get('fresh'));
?>
--EXPECTF--
int(101)
int(111)
int(110)
int(90)
int(95)
int(0)
int(0)
int(0)
bool(false)
bool(false)
bool(false)
array(2) {
  [0]=>
  int(768)
  [1]=>
  string(3) "99 "
}
int(99)
array(3) {
  ["n"]=>
  int(100)
  ["none"]=>
  bool(false)
  [5]=>
  bool(false)
}
bool(true)
Notice: MemcachePool::increment(): Server 127.0.0.1 (tcp %d, udp 0) failed with: CLIENT_ERROR cannot increment or decrement non-numeric value (6)
bool(false)
int(0)
string(3) "abc"
MemcachePool::increment(): Argument #2 ($value) must be of type int, string given
Deprecated: Implicit conversion from float 1.5 to int loses precision
int(1)
MemcachePool::increment(): Argument #2 ($value) must be of type int, array given
Deprecated: MemcachePool::increment(): Passing null to parameter #2 ($value) of type int is deprecated
int(1)
int(7)
int(8)
string(1) "8"
