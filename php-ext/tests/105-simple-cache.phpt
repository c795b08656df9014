--TEST--
mcproxy: PSR-16
--SKIPIF--
<?php
PHP_VERSION_ID >= 80000 or die('skip PHP 8.0');
is_file('/usr/share/php/Psr/SimpleCache/autoload.php') or die('skip no php-psr-simple-cache');
?>
--FILE--
<?php
require __DIR__ . '/support.inc';
require '/usr/share/php/Psr/SimpleCache/autoload.php';
require getenv('MCPROXY_SOURCE') . '/src/InvalidArgument.php';
require getenv('MCPROXY_SOURCE') . '/src/SimpleCache.php';
$server = new Server();
$client = new McProxy\Client($server->name());
$cache = new McProxy\SimpleCache($client);
var_dump($cache instanceof Psr\SimpleCache\CacheInterface);
var_dump($cache->get('k'), $cache->get('k', 'd'), $cache->set('k', [1]), $cache->get('k', 'd'), $cache->has('k'), $cache->has('none'));
var_dump($cache->set('t', 1, 100), $client->fetch('t')->ttl > 90, $cache->set('t', 1, new DateInterval('PT50S')), $client->fetch('t')->ttl <= 50, $cache->set('t', 1, 0), $cache->has('t'), $cache->set('t', 1, -5), $cache->has('t'));
var_dump($cache->set('t', 1, 365 * 86400), $client->fetch('t')->ttl > 300 * 86400);
$values = (function () {
    yield 'a' => 1;
    yield 'b' => null;
    yield '7' => 'seven';
})();
var_dump($cache->setMultiple($values), $cache->getMultiple(['b', 'a', 'none', '7'], 'd'));
var_dump($cache->getMultiple(new ArrayIterator(['a']), 'd'), $cache->deleteMultiple(['a', 'none']), $cache->delete('none'), $cache->delete('b'), $cache->has('b'));
var_dump($cache->setMultiple(['a' => 1], 0), $cache->has('a'), $cache->clear(), $cache->has('k'));
$wrong = 0;
foreach (['', 'a{b', 'a}b', 'a(b', 'a)b', 'a/b', 'a\\b', 'a@b', 'a:b', 'a b', "a\x7f", str_repeat('k', 251), null, 7, [], new stdClass()] as $key) {
    foreach (['get', 'has', 'delete', 'set', 'getMultiple', 'deleteMultiple'] as $method) {
        try {
            substr($method, -8) === 'Multiple' ? $cache->$method([$key]) : $cache->$method($key, 1);
            echo "$method took ", var_export($key, true), "\n";
        } catch (Psr\SimpleCache\InvalidArgumentException $exception) {
            $wrong++;
        }
    }
}
echo "$wrong refused\n";
foreach (['getMultiple' => 'k', 'deleteMultiple' => 7, 'setMultiple' => 'k'] as $method => $argument) {
    try {
        $cache->$method($argument);
    } catch (Psr\SimpleCache\InvalidArgumentException $exception) {
        echo $exception->getMessage(), "\n";
    }
}
try {
    $cache->set('k', 1, 'long');
} catch (Psr\SimpleCache\InvalidArgumentException $exception) {
    echo $exception->getMessage(), "\n";
}
$server->end();
var_dump($cache->get('k', 'd'), $cache->set('k', 1), $cache->delete('k'), $cache->getMultiple(['k'], 'd'), $cache->has('k'), $cache->clear());
try {
    (new McProxy\SimpleCache($client, true))->get('k');
} catch (McProxy\Exception $exception) {
    echo get_class($exception), "\n";
}
?>
--EXPECT--
bool(true)
NULL
string(1) "d"
bool(true)
array(1) {
  [0]=>
  int(1)
}
bool(true)
bool(false)
bool(true)
bool(true)
bool(true)
bool(true)
bool(true)
bool(false)
bool(true)
bool(false)
bool(true)
bool(true)
bool(true)
array(4) {
  ["b"]=>
  NULL
  ["a"]=>
  int(1)
  ["none"]=>
  string(1) "d"
  [7]=>
  string(5) "seven"
}
array(1) {
  ["a"]=>
  int(1)
}
bool(true)
bool(true)
bool(true)
bool(false)
bool(true)
bool(false)
bool(true)
bool(false)
96 refused
The keys are neither an array nor traversable
The keys are neither an array nor traversable
The values are neither an array nor traversable
A time to live is null, seconds or a DateInterval
string(1) "d"
bool(false)
bool(false)
array(1) {
  ["k"]=>
  string(1) "d"
}
bool(false)
bool(false)
McProxy\Exception
