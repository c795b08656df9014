--TEST--
memcache: a call's timeout is the largest of the pool's; retry_interval bounds the time between looks at a dead server, and does not delay the first one
--SKIPIF--
<?php getenv('MCPROXY_SLOW') and print 'skip times mean nothing here'; ?>
--FILE--
<?php
require __DIR__ . '/support.inc';
ini_set('memcache.failure_notices', 0);
ini_set('memcache.allow_failover', 0);
ini_set('mcproxy.options', '');
function took(callable $call): float
{
    $began = microtime(true);
    $call();
    return microtime(true) - $began;
}
$quick = new Server();
$slow = new Server();
foreach ([[0.1, 0.6], [0.6, 0.1]] as [$first, $second]) {
    $m = new Memcache();
    $m->addServer($quick->host, $quick->port, false, 1, $first);
    $m->addServer($slow->host, $slow->port, false, 1, $second);
    for ($i = 0; $m->findServer("k$i") !== $quick->name(); $i++) {
    }
    $m->set("k$i", 'v');
    $quick->pause();
    $seconds = took(function () use ($m, $i) {
        $m->get("k$i");
    });
    check("the larger of $first and $second", $seconds > 0.5);
    $quick->resume();
}
echo "-- an hour between two looks at a dead server\n";
$m = new Memcache();
$m->addServer($quick->host, $quick->port, true, 1, 1, 3600);
wait_until(function () use ($m) {
    return $m->set('k', 'v');
});
$quick->end();
var_dump($m->get('k'), $m->getServerStatus($quick->host, $quick->port));
$quick->restart();
check('found again all the same', wait_until(function () use ($m, $quick) {
    $m->get('k');
    return $m->getServerStatus($quick->host, $quick->port) === 1;
}, 20));
echo "-- a second between them, while another one answers\n";
ini_set('memcache.backup', $slow->name());
$m = new Memcache();
$m->addServer($quick->host, $quick->port, true, 1, 1, 1);
wait_until(function () use ($m) {
    return $m->set('k', 'v');
});
$quick->end();
/* Doubled from 0.3 s, the waits would be at 7 to 9 s from one look to the next by then. */
wait_until(function () use ($m) {
    $m->get('k');
    return false;
}, 10.5);
$quick->restart();
check('found again soon', wait_until(function () use ($m, $quick) {
    $m->get('k');
    return $m->getServerStatus($quick->host, $quick->port) === 1;
}, 3));
?>
--EXPECT--
the larger of 0.1 and 0.6: yes
the larger of 0.6 and 0.1: yes
-- an hour between two looks at a dead server
bool(false)
int(0)
found again all the same: yes
-- a second between them, while another one answers
found again soon: yes
