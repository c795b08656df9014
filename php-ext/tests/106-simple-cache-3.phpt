--TEST--
mcproxy: the PSR-16 class fits the typed interface of psr/simple-cache 3.0 as well
--SKIPIF--
<?php PHP_VERSION_ID >= 80000 or die('skip PHP 8.0'); ?>
--FILE--
<?php
namespace Psr\SimpleCache {
    interface InvalidArgumentException
    {
    }
    interface CacheInterface
    {
        public function get(string $key, mixed $default = null): mixed;
        public function set(string $key, mixed $value, null|int|\DateInterval $ttl = null): bool;
        public function delete(string $key): bool;
        public function clear(): bool;
        public function getMultiple(iterable $keys, mixed $default = null): iterable;
        public function setMultiple(iterable $values, null|int|\DateInterval $ttl = null): bool;
        public function deleteMultiple(iterable $keys): bool;
        public function has(string $key): bool;
    }
}
namespace {
    require getenv('MCPROXY_SOURCE') . '/src/InvalidArgument.php';
    require getenv('MCPROXY_SOURCE') . '/src/SimpleCache.php';
    $cache = new McProxy\SimpleCache(new McProxy\Client('127.0.0.1:1'));
    var_dump($cache instanceof Psr\SimpleCache\CacheInterface, $cache->get('k', 'd'));
}
?>
--EXPECT--
bool(true)
string(1) "d"
