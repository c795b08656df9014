--TEST--
memcache: subclasses, properties, clones, serializing; reflection knows the defaults
--FILE--
<?php
require __DIR__ . '/support.inc';
messages();
$server = new Server();
class Own extends Memcache
{
    public $mine = 1;
    public function __construct()
    {
    }
    public function get($key, &$flags = null, &$cas = null)
    {
        return 'own ' . parent::get($key, $flags, $cas);
    }
}
$own = new Own();
$own->other = 2;
$own->addServer('127.0.0.1', $server->port);
var_dump($own->set('k', 'v'), $own->get('k'), $own->mine, $own->other);
$clone = clone $own;
unset($own);
var_dump($clone->get('k'), $clone instanceof MemcachePool);
$back = unserialize(serialize($clone));
var_dump(get_class($back), $back->mine, $back->set('k', 1));
var_dump($clone == clone $clone);
$unknown = [];
foreach (['Memcache', 'MemcachePool'] as $class) {
    foreach ((new ReflectionClass($class))->getMethods() as $method) {
        foreach ($method->getParameters() as $parameter) {
            if ($parameter->isOptional() && !$parameter->isDefaultValueAvailable()) {
                $unknown[] = "$class::{$method->name} {$parameter->name}";
            }
        }
    }
}
var_dump($unknown);
$named = new Memcache();
var_dump($named->addServer(host: '127.0.0.1', tcp_port: $server->port, weight: 2), $named->set(key: 'n', value: 1, exptime: 60), $named->get('n'));
?>
--EXPECT--
bool(true)
string(5) "own v"
int(1)
int(2)
string(5) "own v"
bool(true)
Warning: MemcachePool::set(): Invalid MemcachePool->connection member variable
string(3) "Own"
int(1)
bool(false)
bool(true)
array(0) {
}
bool(true)
bool(true)
int(1)
