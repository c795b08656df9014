--TEST--
memcache: a server that hangs costs a worker one short stall, however many requests follow
--SKIPIF--
<?php getenv('MCPROXY_SLOW') and print 'skip times mean nothing here'; ?>
--FILE--
<?php
require __DIR__ . '/support.inc';
ini_set('memcache.failure_notices', 0);
$hung = new Server();
$alive = new Server();
$backup = new Server();
ini_set('memcache.backup', $backup->name());
/* As every request does: a new pool, not even persistent. The timeout is a second. */
function request(): Memcache
{
    global $hung, $alive;
    $m = new Memcache();
    $m->addServer('127.0.0.1', $hung->port, false);
    $m->addServer('127.0.0.1', $alive->port, false);
    return $m;
}
$m = request();
for ($i = 0; $i < 50; $i++) {
    $m->set("key$i", $i);
}
$hung->pause();
$stalls = [];
$lost = 0;
for ($n = 0; $n < 20; $n++) {
    $began = microtime(true);
    $m = request();
    for ($i = 0; $i < 50; $i++) {
        $lost += $m->get("key$i") !== $i;
    }
    $took = microtime(true) - $began;
    if ($took > 0.1) {
        $stalls[] = $took;
    }
}
echo "$lost lost\n";
check('one stall at most', count($stalls) <= 1);
check('of less than the timeout', array_sum($stalls) < 0.8);
$hung->resume();
?>
--EXPECT--
0 lost
one stall at most: yes
of less than the timeout: yes
