--TEST--
mcproxy: every call of McProxy\Client on one key
--FILE--
<?php
require __DIR__ . '/support.inc';
use McProxy\Client;
$one = new Server();
$two = new Server();
$c = new Client([$one->name()], [$two->name()]);
var_dump($c->lastResult(), $c->get('k'), $c->get('k', 'standard'), $c->set('k', ['v']), $c->get('k'), $c->add('k', 1), $c->replace('none', 1));
$last = $c->lastResult();
var_dump(get_class($last), $last->status === Client::NOT_STORED);
$c->set('k', 'b', ttl: 100, flags: 0x10000);
var_dump($c->append('k', 'c'), $c->prepend('k', 'a'), $c->append('none', 'x'), $c->prepend('none', 'x'));
$result = $c->fetch('k');
var_dump($result->status === Client::OK, $result->value, $result->flags, $result->ttl > 90, is_int($result->cas), $result->number, $result->server === $one->name());
var_dump($result->primary, $result->backup, $result->fromBackup);
$c->set('k', 'w');
var_dump($c->lastResult()->primary, $c->lastResult()->backup, $two->raw('k')[1]);
$token = $c->fetch('k')->cas;
var_dump($c->cas('k', 'x', $token), $c->cas('k', 'y', $token), $c->get('k'), $c->cas('none', 1, $token));
var_dump($c->touch('k', 50), $c->fetch('k')->ttl > 40, $c->touch('none', 1), $c->fetch('k', touch: 70)->value, $c->fetch('k')->ttl > 60, $c->fetch('none')->status === Client::NOT_FOUND, $c->fetch('none')->value);
var_dump($c->increment('n'), $c->increment('n', initial: 5), $c->increment('n', 3), $c->lastResult()->status, $c->decrement('n', 2), $c->decrement('n', 100), $c->decrement('m'), $c->increment('n', -1));
var_dump($c->delete('k'), $c->delete('k'), $two->raw('k'));
var_dump($c->set('null', null), $c->get('null', 'standard'), $c->fetch('null')->status === Client::OK);
var_dump($c->where('k') === ['primary' => $one->name(), 'backup' => $two->name()]);
$servers = $c->servers();
var_dump(count($servers), array_keys($servers[0]), $servers[0]['state'], $servers[1]['is_backup']);
var_dump(array_keys($c->stats()) === [$one->name(), $two->name()], is_numeric($c->stats()[$two->name()]['pid']));
var_dump($c->maintain(), strpos($c->explain(), $one->name()) !== false, $c->flush(), $c->get('n'));
?>
--EXPECT--
NULL
NULL
string(8) "standard"
bool(true)
array(1) {
  [0]=>
  string(1) "v"
}
bool(false)
bool(false)
string(14) "McProxy\Result"
bool(true)
bool(true)
bool(true)
bool(false)
bool(false)
bool(true)
string(3) "abc"
int(65536)
bool(true)
bool(true)
NULL
bool(true)
string(2) "ok"
string(7) "skipped"
bool(false)
string(2) "ok"
string(2) "ok"
string(1) "w"
bool(true)
bool(false)
string(1) "x"
bool(false)
bool(true)
bool(true)
bool(false)
string(1) "x"
bool(true)
bool(true)
NULL
NULL
int(5)
int(8)
int(0)
int(6)
int(0)
NULL
int(0)
bool(true)
bool(false)
NULL
bool(true)
NULL
bool(true)
bool(true)
int(2)
array(16) {
  [0]=>
  string(4) "name"
  [1]=>
  string(7) "address"
  [2]=>
  string(9) "is_backup"
  [3]=>
  string(6) "weight"
  [4]=>
  string(5) "state"
  [5]=>
  string(3) "why"
  [6]=>
  string(8) "since_ms"
  [7]=>
  string(13) "next_probe_ms"
  [8]=>
  string(7) "version"
  [9]=>
  string(5) "calls"
  [10]=>
  string(6) "errors"
  [11]=>
  string(8) "timeouts"
  [12]=>
  string(8) "connects"
  [13]=>
  string(9) "failovers"
  [14]=>
  string(4) "hits"
  [15]=>
  string(6) "misses"
}
string(2) "up"
bool(true)
bool(true)
bool(true)
NULL
bool(true)
NULL
NULL
