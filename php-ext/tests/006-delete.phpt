--TEST--
memcache: delete, with one key and with many; the time is ignored
--FILE--
<?php
require __DIR__ . '/support.inc';
$server = new Server();
$m = pool($server);
$m->set(['a' => 1, 'b' => 2, 'c' => 3]);
var_dump($m->delete('a'), $m->delete('a'), $m->delete('b', 10), $m->get('b'));
var_dump($m->delete(['c', 'none']), $m->get('c'), $m->delete([]));
$m->set(['a' => 1, 7 => 2]);
var_dump($m->delete(['a', 7]), $server->items());
/* What is missing is missing at every call, of each server of a pool. */
$two = pool($server, new Server());
$found = array_filter(range(0, 40), function (int $i) use ($two): bool {
    return $two->delete("none $i");
});
var_dump(count($found));
?>
--EXPECT--
bool(true)
bool(false)
bool(true)
bool(false)
bool(false)
bool(false)
bool(false)
bool(true)
int(0)
int(0)
