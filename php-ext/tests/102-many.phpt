--TEST--
mcproxy: many keys at once
--FILE--
<?php
require __DIR__ . '/support.inc';
use McProxy\Client;
$servers = [new Server(), new Server(), new Server()];
$c = new Client(array_map(fn($server) => $server->name(), $servers));
$values = [];
for ($i = 0; $i < 1000; $i++) {
    $values["key$i"] = $i % 2 ? $i : [$i, 'text'];
}
$values[7] = new ArrayObject([1]);
var_dump($c->setMultiple($values, 100));
$back = $c->getMultiple(array_merge(array_keys($values), ['none']));
var_dump(count($back), $back == $values, array_keys($back) === array_keys($values), $c->getMultiple(['none']));
$results = $c->fetchMultiple(['key1', 'none', 7]);
var_dump(array_keys($results), $results['key1']->value, $results['key1']->ttl > 90, $results['none']->status === Client::NOT_FOUND, $results[7]->value == $values[7]);
var_dump($c->deleteMultiple(['key1', 'none', 7]), $c->deleteMultiple([]), $c->get('key1'));
class Nosy
{
    public $found;
    public function __wakeup()
    {
        global $c;
        $this->found = $c->getMultiple(['key2', 'key4']);
    }
}
$c->setMultiple(['n1' => new Nosy(), 'n2' => new Nosy(), 'n3' => 'text']);
$back = $c->getMultiple(['n1', 'n2', 'n3', 'key3']);
var_dump($back['n2']->found['key4'], $back['n3'], $back['key3']);
?>
--EXPECT--
bool(true)
int(1001)
bool(true)
bool(true)
array(0) {
}
array(3) {
  [0]=>
  string(4) "key1"
  [1]=>
  string(4) "none"
  [2]=>
  int(7)
}
int(1)
bool(true)
bool(true)
bool(true)
int(2)
int(0)
NULL
array(2) {
  [0]=>
  int(4)
  [1]=>
  string(4) "text"
}
string(4) "text"
int(3)
