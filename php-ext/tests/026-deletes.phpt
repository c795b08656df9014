--TEST--
memcache: what was deleted while a server was away stays deleted when it is back
--SKIPIF--
<?php require __DIR__ . '/recovery.inc'; ?>
--FILE--
<?php
require __DIR__ . '/support.inc';
ini_set('memcache.failure_notices', 0);
$backup = new Server();
ini_set('memcache.backup', $backup->name());
$one = new Server();
$two = new Server();
$m = pool($one, $two);
for ($i = 0; $i < 200; $i++) {
    $m->set("k$i", 'old');
}
$one->pause();
$failed = 0;
for ($i = 0; $i < 100; $i++) {
    $failed += !$m->delete("k$i");
}
for ($i = 100; $i < 200; $i++) {
    $failed += !$m->set("k$i", 'new');
}
echo "$failed failed\n";
$one->resume();
$stale = 0;
$until = microtime(true) + 4;
wait_until(function () use ($m, &$stale, $until) {
    for ($i = 0; $i < 200; $i++) {
        $stale += $m->get("k$i") !== ($i < 100 ? false : 'new');
    }
    return microtime(true) > $until;
});
echo "$stale stale\n";
var_dump($m->getServerStatus('127.0.0.1', $one->port));
?>
--EXPECT--
0 failed
0 stale
int(1)
