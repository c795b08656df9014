--TEST--
memcache: get with flags and cas, with arrays, and from inside unserialize()
--FILE--
<?php
require __DIR__ . '/support.inc';
messages();
$server = new Server();
$m = pool($server);
$m->set('a', 1, MEMCACHE_USER1);
$m->set('b', [2]);
$m->set('nothing', null);
$flags = $cas = 'untouched';
var_dump($m->get('none', $flags, $cas), $flags, $cas);
var_dump($m->get('a', $flags, $cas), $flags, is_int($cas));
var_dump($m->get(['a', 'b', 'none'], $flags, $cas), $flags, array_keys($cas));
var_dump($m->get('nothing'), $m->get(['nothing']), $m->get([]), $m->get(['none']), $m->get([[]]));
class Typed { public int $flags = 1; }
$typed = new Typed();
try {
    $m->get(['a'], $typed->flags);
} catch (TypeError $error) {
    echo $error->getMessage(), "\n";
}
class Nosy
{
    public $found;
    public function __wakeup()
    {
        global $m;
        $this->found = $m->get('c');
        $m->set('d', str_repeat('x', 5000));
        $m->get(['c', 'd']);
    }
}
$m->set('c', 'inner');
$m->set('n1', new Nosy());
$m->set('n2', [new Nosy(), str_repeat('y', 3000)]);
var_dump($m->get('n1')->found);
$all = $m->get(['n1', 'c', 'n2', 'a']);
var_dump(array_keys($all), $all['n1']->found, $all['n2'][0]->found, strlen($all['n2'][1]), $all['a'], $all['c']);
class Thrower
{
    public function __unserialize(array $data): void
    {
        throw new Exception('no');
    }
    public function __serialize(): array
    {
        return [1];
    }
}
$m->set('t', new Thrower());
try {
    $m->get(['a', 't', 'b']);
} catch (Exception $error) {
    echo $error->getMessage(), "\n";
}
$server->put('broken', 1, 'a:1:{broken');
$server->put('zlib', 2, "\x78\x9c broken");
var_dump($m->get('broken'), $m->get('zlib'), $m->get(['broken', 'a']));
?>
--EXPECT--
bool(false)
string(9) "untouched"
string(9) "untouched"
int(1)
int(66304)
bool(true)
array(2) {
  ["a"]=>
  int(1)
  ["b"]=>
  array(1) {
    [0]=>
    int(2)
  }
}
array(2) {
  ["a"]=>
  int(66304)
  ["b"]=>
  int(1)
}
array(2) {
  [0]=>
  string(1) "a"
  [1]=>
  string(1) "b"
}
Warning: Array to string conversion
bool(false)
array(1) {
  ["nothing"]=>
  NULL
}
array(0) {
}
array(0) {
}
array(0) {
}
Cannot assign array to reference held by property Typed::$flags of type int
string(5) "inner"
array(4) {
  [0]=>
  string(2) "n1"
  [1]=>
  string(1) "c"
  [2]=>
  string(2) "n2"
  [3]=>
  string(1) "a"
}
string(5) "inner"
string(5) "inner"
int(3000)
int(1)
string(5) "inner"
no
Notice: MemcachePool::get(): Failed to unserialize data
Notice: MemcachePool::get(): Failed to uncompress data
Notice: MemcachePool::get(): Failed to unserialize data
bool(false)
bool(false)
array(1) {
  ["a"]=>
  int(1)
}
