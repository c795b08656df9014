--TEST--
memcache: integer keys in a list do not crash when a server of the pool is dead
--FILE--
<?php
require __DIR__ . '/support.inc';
ini_set('memcache.failure_notices', 0);
$alive = new Server();
$m = pool($alive);
$m->addServer('127.0.0.1', dead_port());
$keys = range(1, 300);
foreach ($keys as $key) {
    $m->set($key, $key) or print("$key was not stored\n");
}
$values = $m->get($keys);
ksort($values);
var_dump($values === array_combine($keys, $keys), array_sum($m->increment([1, 2, 3])), $m->delete([1, 2, 3]));
?>
--EXPECT--
bool(true)
int(9)
bool(true)
