--TEST--
memcache: allow_failover, redundancy and the status of a server
--FILE--
<?php
require __DIR__ . '/support.inc';
messages();
ini_set('memcache.failure_notices', 0);
$one = new Server();
$two = new Server();
function key_on(Memcache $m, Server $server): string
{
    for ($i = 0; ; $i++) {
        if ($m->findServer("key$i") === $server->name()) {
            return "key$i";
        }
    }
}
echo "-- a dead server, without a backup: its keys are misses, then they live elsewhere\n";
$m = pool($one, $two);
$key = key_on($m, $one);
$m->set($key, 'first');
$one->end();
var_dump($m->get($key), $m->set($key, 'second'), $m->get($key), $two->raw($key)[1]);
echo "-- the same without failover\n";
ini_set('memcache.allow_failover', 0);
var_dump($m->get($key), $m->set($key, 'third'), $m->get([$key, key_on($m, $two)]));
ini_set('memcache.allow_failover', 1);
var_dump($m->get($key));
echo "-- redundancy\n";
$one->restart();
ini_set('memcache.redundancy', 2);
$m = pool($one, $two);
$m->set($key, 'both');
wait_until(function () use ($m, $one, $key) {
    return $m->set($key, 'both') && $one->raw($key) !== null;
});
var_dump($one->raw($key)[1], $two->raw($key)[1]);
$m->set($key, 1);
var_dump($m->increment($key), $one->raw($key)[1], $two->raw($key)[1], $m->delete($key), $one->raw($key), $two->raw($key));
ini_set('memcache.redundancy', 1);
echo "-- taken out by the user\n";
$m = new Memcache();
$m->addServer('127.0.0.1', $one->port, true, 1, 1, -1, false);
$m->addServer('127.0.0.1', $two->port);
var_dump($m->getServerStatus('127.0.0.1', $one->port), $m->set($key, 'out'), $m->get($key), array_values($m->get([$key, "none"])), $m->delete($key), $one->raw($key));
var_dump($m->setServerParams('127.0.0.1', $one->port, 1, 15, true));
wait_until(function () use ($m, $one, $key) {
    return $m->set($key, 'in') && $one->raw($key) !== null;
});
var_dump($one->raw($key)[1], $m->getServerStatus('127.0.0.1', $one->port));
$m = new Memcache();
$m->addServer('127.0.0.1', $one->port, true, 1, 1, 15, false);
var_dump($m->get($key), $m->set($key, 1), $m->get([$key]));
?>
--EXPECT--
-- a dead server, without a backup: its keys are misses, then they live elsewhere
bool(false)
bool(true)
string(6) "second"
string(6) "second"
-- the same without failover
bool(false)
bool(false)
array(0) {
}
string(6) "second"
-- redundancy
string(4) "both"
string(4) "both"
int(2)
string(1) "2"
string(1) "2"
bool(true)
NULL
NULL
-- taken out by the user
int(0)
bool(true)
string(3) "out"
array(1) {
  [0]=>
  string(3) "out"
}
bool(true)
NULL
bool(true)
string(2) "in"
int(1)
bool(false)
bool(false)
array(0) {
}
