--TEST--
memcache: set, add, replace, cas, append, prepend, with one key and with arrays
--FILE--
<?php
require __DIR__ . '/support.inc';
messages();
$server = new Server();
$m = pool($server);
var_dump($m->add('k', 1), $m->add('k', 2), $m->replace('k', 3), $m->replace('none', 1), $m->get('k'));
var_dump($m->append('none', 'x'), $m->set('s', 'b'), $m->append('s', 'c'), $m->prepend('s', 'a'), $m->get('s'));
var_dump($m->set(['one' => 1, 'two' => [2], 3 => 'three'], null), $m->get(['one', 'two', 3]));
var_dump($m->add(['one' => 1, 'four' => 4]), $m->get('four'));
$flags = $cas = null;
$m->get('k', $flags, $cas);
var_dump(is_int($cas), $m->cas('k', 'first', 0, 0, $cas), $m->cas('k', 'second', 0, 0, $cas), $m->get('k'));
echo "-- flags\n";
var_dump($m->set('f', 'v', MEMCACHE_USER2 | MEMCACHE_USER4), $server->raw('f')[0]);
var_dump($m->set('f', 'v', false, 60), $m->set('f', 'v', 0), $m->set('f', 'v', null));
var_dump($m->set('f', 'v', 1), $m->set('f', 'v', true), $m->set('f', 'v', 0x100));
echo "-- times\n";
var_dump($m->set('t', 'v', 0, -1), $m->get('t'), $m->set('t', 'v', 0, 31 * 86400), $m->get('t'));
var_dump($m->set('t', 'v', 0, PHP_INT_MAX), $m->get('t'), $m->set('t', 'v', 0, time() + 100), $m->get('t'));
echo "-- wrong\n";
foreach ([['k'], ['k', 'v', 'abc'], ['k', 'v', 0, 'abc'], [], ['k', 'v', [], 0], ['k', 1, 2, 3, 4, 5]] as $arguments) {
    try {
        var_dump($m->set(...$arguments));
    } catch (Error $error) {
        echo get_class($error), ': ', $error->getMessage(), "\n";
    }
}
try {
    var_dump($m->set('closure', function () {}));
} catch (Exception $error) {
    echo $error->getMessage(), "\n";
}
var_dump($m->set('big', random_bytes(2 << 20)), $m->get('big'));
?>
--EXPECTF--
bool(true)
bool(false)
bool(true)
bool(false)
int(3)
bool(false)
bool(true)
bool(true)
bool(true)
string(3) "abc"
bool(true)
array(3) {
  ["one"]=>
  int(1)
  ["two"]=>
  array(1) {
    [0]=>
    int(2)
  }
  [3]=>
  string(5) "three"
}
bool(false)
int(4)
bool(true)
bool(true)
bool(false)
string(5) "first"
-- flags
bool(true)
int(655360)
bool(true)
bool(true)
bool(true)
Warning: MemcachePool::set(): The lowest two bytes of the flags array is reserved for pecl/memcache internal use
Warning: MemcachePool::set(): The lowest two bytes of the flags array is reserved for pecl/memcache internal use
Warning: MemcachePool::set(): The lowest two bytes of the flags array is reserved for pecl/memcache internal use
bool(false)
bool(false)
bool(false)
-- times
bool(true)
bool(false)
bool(true)
bool(false)
bool(true)
bool(false)
bool(true)
string(1) "v"
-- wrong
ArgumentCountError: Wrong parameter count for MemcachePool::set()
TypeError: MemcachePool::set(): Argument #3 ($flags) must be of type ?int, string given
TypeError: MemcachePool::set(): Argument #4 ($exptime) must be of type ?int, string given
ArgumentCountError: MemcachePool::set() expects at least 1 argument, 0 given
TypeError: MemcachePool::set(): Argument #3 ($flags) must be of type ?int, array given
ArgumentCountError: MemcachePool::set() expects at most 5 arguments, 6 given
Serialization of 'Closure' is not allowed
Notice: MemcachePool::set(): Server 127.0.0.1 (tcp %d, udp 0) failed with: SERVER_ERROR object too large for cache (3)
bool(false)
bool(false)
