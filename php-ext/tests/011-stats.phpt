--TEST--
memcache: getStats, getExtendedStats, getVersion, findServer, getServerStatus
--FILE--
<?php
require __DIR__ . '/support.inc';
messages();
$one = new Server();
$two = new Server();
$dead = dead_port();
$m = new Memcache();
$m->addServer('127.0.0.1', $dead);
$m->addServer('127.0.0.1', $one->port);
$m->addServer('127.0.0.1', $two->port);
$m->addServer('127.0.0.1', $two->port);
$stats = $m->getStats();
var_dump(is_numeric($stats['pid']), isset($stats['curr_items']));
$all = $m->getExtendedStats();
var_dump(array_keys($all) === ["127.0.0.1:$dead", $one->name(), $two->name()], $all["127.0.0.1:$dead"], is_numeric($all[$two->name()]['pid']));
$m->set('k', 'v');
$m = pool($one);
$m->set('k', str_repeat('v', 100));
$slab = key($m->getStats('items')['items']);
var_dump(is_int($slab), is_numeric($m->getStats('slabs')[$slab]['chunk_size']), $m->getStats('items')['items'][$slab]['number']);
var_dump($m->getStats('sizes'), $m->getStats('reset'), isset($m->getStats(null)['pid']));
var_dump($m->getStats('abc'), isset($m->getStats('')['pid']), $m->getStats('a b'), $m->getExtendedStats("items\r\nflush_all"));
$m->set('17', str_repeat('v', 95), 0, 1000);
/* It lists what has moved to the cold end. */
wait_until(function () use ($m, $slab, &$items) {
    $items = $m->getStats('cachedump', $slab, 10);
    return $items && count($items) === 2;
});
var_dump(array_keys($items) == ['k', 17] || array_keys($items) == [17, 'k'], $items['k'], $items[17][0], abs($items[17][1] - time() - 1000) < 5);
var_dump(count($m->getStats('cachedump', $slab, 1)), $m->getStats('cachedump', 40, 1), count($m->getExtendedStats('cachedump', $slab)[$one->name()]));
var_dump($m->getVersion() === $stats['version'], $m->findServer('k') === $one->name(), $m->findServer(''));
var_dump($m->getServerStatus('127.0.0.1', $one->port), $m->getServerStatus('other', 1));
?>
--EXPECTF--
Notice: MemcachePool::getstats(): Server 127.0.0.1 (tcp %d, udp 0) failed with: Connection failed: Connection refused (111)
bool(true)
bool(true)
bool(true)
bool(false)
bool(true)
bool(true)
bool(true)
string(1) "1"
array(1) {
  ["sizes_status"]=>
  string(8) "disabled"
}
bool(true)
bool(true)
Warning: MemcachePool::getstats(): Invalid stats type
Warning: MemcachePool::getstats(): Invalid stats type
Warning: MemcachePool::getextendedstats(): Invalid stats type
bool(false)
bool(true)
bool(false)
bool(false)
bool(true)
array(2) {
  [0]=>
  string(3) "100"
  [1]=>
  string(1) "0"
}
string(2) "95"
bool(true)
int(1)
bool(false)
int(2)
Warning: MemcachePool::findserver(): Invalid key
bool(true)
bool(true)
bool(false)
Warning: MemcachePool::getserverstatus(): Server not found in pool
int(1)
bool(false)
