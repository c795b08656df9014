--TEST--
memcache: a server that came back empty misses nothing, and soon has its keys again
--SKIPIF--
<?php require __DIR__ . '/recovery.inc'; ?>
--FILE--
<?php
require __DIR__ . '/support.inc';
ini_set('memcache.failure_notices', 0);
$backup = new Server();
ini_set('memcache.backup', $backup->name());
$servers = [new Server(), new Server(), new Server()];
$m = pool(...$servers);
for ($i = 0; $i < 1000; $i++) {
    $m->set($i, $i, 0, 1000);
}
$owned = [];
for ($i = 0; $i < 1000; $i++) {
    if ($m->findServer($i) === $servers[1]->name()) {
        $owned[] = $i;
    }
}
function missing(array $keys): int
{
    global $m;
    return count(array_filter($keys, function ($key) use ($m) {
        return $m->get($key) !== $key;
    }));
}
$servers[1]->end();
echo missing(range(0, 999)), " missing while it is dead\n";
$servers[1]->restart();
echo missing(range(0, 999)), " missing when it is back\n";
wait_until(function () use ($m, $servers) {
    $m->get('tick');
    return $m->getServerStatus('127.0.0.1', $servers[1]->port) === 1;
}) or print("it was not found again\n");
$probed = microtime(true);
echo missing(range(0, 999)), " missing in one more pass\n";
wait_until(function () use ($m, $servers, $owned) {
    $m->get('tick');
    $answer = $servers[1]->ask('get ' . implode(' ', $owned) . "\r\n");
    return substr_count($answer, 'VALUE ') === count($owned);
}, getenv('MCPROXY_SLOW') ? 60 : 5) or print("it does not have them all\n");
check('within a second', microtime(true) - $probed < (getenv('MCPROXY_SLOW') ? 60 : 1.0));
?>
--EXPECT--
0 missing while it is dead
0 missing when it is back
0 missing in one more pass
within a second: yes
