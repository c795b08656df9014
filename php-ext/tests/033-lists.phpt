--TEST--
memcache: lists of writes go together; what they refer to may change under way
--FILE--
<?php
require __DIR__ . '/support.inc';
messages();
$one = new Server();
$two = new Server();
$m = pool($one, $two);
$values = [];
for ($i = 0; $i < 1000; $i++) {
    $values["k$i"] = $i % 3 ? $i : str_repeat("v$i", 1000);
}
var_dump($m->set($values, null, 0, 60), $m->get(array_keys($values)) == $values, $one->items() > 300, $two->items() > 300);
var_dump($m->add(['k1' => 0, 'new' => 1]), $m->get(['k1', 'new']), $m->replace(['k1' => 'r', 'none' => 1]), $m->get('k1'));
var_dump($m->append(['k2' => 'x', 'k4' => 'y']), $m->get('k4'));
var_dump($m->set([7 => 'seven', 'a b' => 'cooked']), $m->get([7, 'a b']), $m->delete([7, 'a b', '']), $m->get(7));
var_dump($m->delete(array_keys($values)), $m->delete(array_keys($values)), $m->get(array_keys($values)));
$m->set(array_map('intval', $values));
var_dump($m->increment(array_keys($values), 2) == array_map(function ($i) {
    return (int) $i + 2;
}, $values), array_sum($m->decrement(array_keys($values), 1000)));
$m->set(['n' => 5, 'text' => 'text']);
var_dump($m->increment(['n', 'none', 'text', '', 'n', [1]]), $m->increment([]), $m->get('n'));
class Changes
{
    public function __toString(): string
    {
        $this->change();
        return 'changes';
    }
    public function __serialize(): array
    {
        $this->change();
        return [1];
    }
    private function change(): void
    {
        global $text;
        $text = str_repeat('other', 100);
    }
}
function text(): string
{
    return str_repeat('te', 50) . 'xt';
}
$text = text();
var_dump($m->set(['ref' => &$text, 'object' => new Changes()]), $m->get('ref') === text());
$m->set(text(), 1);
$text = text();
var_dump($m->get([&$text, new Changes()]));
$text = text();
var_dump($m->increment([&$text, new Changes()], 2));
$text = text();
var_dump($m->delete([&$text, new Changes()]), $m->get(text()));
class Fails
{
    public function __serialize(): array
    {
        throw new LogicException('no');
    }
}
try {
    $m->set(['before' => 1, 'fails' => new Fails(), 'after' => 2]);
} catch (LogicException $e) {
    var_dump($e->getMessage(), $m->get(['before', 'after']));
}
$dead = dead_port();
$m = pool($one);
$m->addServer('127.0.0.1', $dead);
ini_set('memcache.allow_failover', 0);
var_dump($m->set($values));
echo "-- a server that is kept and not used\n";
ini_set('memcache.allow_failover', 1);
$m = pool($one);
$m->addServer($two->host, $two->port, true, 1, 1, 15, false);
var_dump($m->set($values), $m->get(array_keys($values)) == $values, $m->delete(array_keys($values)));
$m->set(['one' => 1, 'two' => 2]);
var_dump($m->increment(['one', 'two', 'none']) === ['one' => 2, 'two' => 3, 'none' => false]);
$m->close();
var_dump($m->increment(['one', 'two']), $m->get(['one', 'two']), $m->set(['one' => 1]), $m->delete(['one']));
echo "-- each key has two copies\n";
$m = pool($one);
$m->addBackup($two->host, $two->port);
$m->set(['one' => 1, 'two' => 2]);
var_dump($m->increment(['one', 'two', 'one']), $one->raw('one') === $two->raw('one'), $two->raw('two'));
?>
--EXPECTF--
bool(true)
bool(true)
bool(true)
bool(true)
bool(false)
array(2) {
  ["k1"]=>
  int(1)
  ["new"]=>
  int(1)
}
bool(false)
string(1) "r"
bool(true)
int(4)
Warning: MemcachePool::delete(): Invalid key
bool(true)
array(2) {
  [7]=>
  string(5) "seven"
  ["a_b"]=>
  string(6) "cooked"
}
bool(false)
bool(false)
bool(true)
bool(false)
array(0) {
}
bool(true)
int(0)
Warning: MemcachePool::increment(): Invalid key
Warning: Array to string conversion
Notice: MemcachePool::increment(): Server 127.0.0.1 (tcp %d, udp 0) failed with: CLIENT_ERROR cannot increment or decrement non-numeric value (6)
array(4) {
  ["n"]=>
  int(7)
  ["none"]=>
  bool(false)
  ["text"]=>
  bool(false)
  ["Array"]=>
  bool(false)
}
array(0) {
}
int(7)
bool(true)
bool(true)
array(1) {
  ["tetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetext"]=>
  int(1)
}
array(2) {
  ["tetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetetext"]=>
  int(3)
  ["changes"]=>
  bool(false)
}
bool(false)
bool(false)
string(2) "no"
array(0) {
}
Notice: MemcachePool::set(): Server 127.0.0.1 (tcp %d, udp 0) failed with: Connection failed: Connection refused (111)
bool(false)
-- a server that is kept and not used
bool(true)
bool(true)
bool(true)
bool(true)
bool(false)
bool(false)
bool(false)
bool(false)
-- each key has two copies
array(2) {
  ["one"]=>
  int(3)
  ["two"]=>
  int(3)
}
bool(true)
array(2) {
  [0]=>
  int(768)
  [1]=>
  string(1) "3"
}
