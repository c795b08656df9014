--TEST--
mcproxy: results say which copy answered and what happened to each
--FILE--
<?php
require __DIR__ . '/support.inc';
$one = new Server();
$two = new Server();
$c = new McProxy\Client([$one->name()], [$two->name()], 'timeout=500ms');
$c->set('k', 'v');
$one->end();
$result = $c->fetch('k');
var_dump($result->value, $result->fromBackup, $result->primary, $result->backup, $result->server === $two->name());
var_dump($c->set('k', 'w'), $c->lastResult()->primary, $c->lastResult()->backup, $c->get('k'), $c->getMultiple(['k']), $c->delete('k'), $c->get('k'));
$servers = $c->servers();
var_dump($servers[0]['state'], strpos($servers[0]['why'], 'refused') !== false, $servers[0]['failovers'] > 0, $servers[1]['state']);
$again = new McProxy\Client([$one->name()], [$two->name()], 'timeout=500ms');
var_dump($again->servers()[0]['state']);
?>
--EXPECT--
string(1) "v"
bool(true)
string(6) "failed"
string(2) "ok"
bool(true)
bool(true)
string(6) "failed"
string(2) "ok"
string(1) "w"
array(1) {
  ["k"]=>
  string(1) "w"
}
bool(true)
NULL
string(4) "down"
bool(true)
bool(true)
string(2) "up"
string(4) "down"
