--TEST--
memcache: the property `connection`, and user and password
--FILE--
<?php
require __DIR__ . '/support.inc';
messages();
$server = new Server();
$m = new Memcache();
var_dump($m, isset($m->connection));
$m->addServer('127.0.0.1', $server->port);
var_dump(get_resource_type($m->connection), (array) $m === ['connection' => $m->connection], serialize($m));
$clone = clone $m;
var_dump($clone->connection === $m->connection, $clone->addServer('127.0.0.1', $server->port), count($m->getExtendedStats()), $m->set('k', 'v'));
echo "-- overwritten\n";
$kept = $m->connection;
foreach ([7, false, 'x', fopen('php://memory', 'r'), (new Memcache()), [1]] as $other) {
    $m->connection = $other;
    var_dump($m->get('k'), $m->addServer('127.0.0.1', $server->port), $m->close());
}
$m->connection = $kept;
var_dump($m->get('k'));
$reference = &$m->connection;
var_dump($m->get('k'));
unset($reference);
echo "-- of another object\n";
$other = pool($server);
$other->connection = $m->connection;
var_dump($other->get('k'));
echo "-- taken away\n";
$m->connection = null;
var_dump($m->get('k'), $m->connect('127.0.0.1', $server->port), $m->get('k'), $clone->get('k'));
unset($m->connection);
var_dump($m->get('k'), $m->addServer('127.0.0.1', $server->port), $m->get('k'));
echo "-- outlived\n";
$kept = $m->connection;
unset($m, $clone, $other);
var_dump(is_resource($kept));
$back = unserialize('O:8:"Memcache":1:{s:10:"connection";i:0;}');
var_dump($back->get('k'), $back->addServer('127.0.0.1', $server->port));
class Own extends Memcache
{
    public $connection = 'mine';
    public $last;
}
$own = new Own();
var_dump($own->addServer('127.0.0.1', $server->port), $own->connection);
echo "-- user and password\n";
$m = new Memcache();
var_dump($m->setSaslAuthData('me', 'secret'), $m->username, $m->password, isset($m->connection), $m->get('k'));
var_dump($m->addServer('127.0.0.1', $server->port), $m->get('k'));
$file = tempnam(sys_get_temp_dir(), 'mcproxy-users');
file_put_contents($file, "me:secret\n");
$locked = new Server('-Y', $file);
ini_set('memcache.protocol', 'binary');
foreach (['secret', 'wrong'] as $password) {
    $m = new Memcache();
    $m->setSaslAuthData('me', $password);
    $m->addServer('127.0.0.1', $locked->port);
    var_dump(@$m->set('k', $password), @$m->get('k'));
}
unlink($file);
?>
--EXPECTF--
object(Memcache)#%d (0) {
}
bool(false)
string(19) "memcache connection"
bool(true)
string(41) "O:8:"Memcache":1:{s:10:"connection";i:0;}"
bool(true)
bool(true)
int(1)
bool(true)
-- overwritten
Warning: MemcachePool::get(): Invalid MemcachePool->connection member variable
Warning: Memcache::addserver(): Invalid MemcachePool->connection member variable
Warning: MemcachePool::close(): Invalid MemcachePool->connection member variable
bool(false)
bool(false)
bool(false)
Warning: MemcachePool::get(): Invalid MemcachePool->connection member variable
Warning: Memcache::addserver(): Invalid MemcachePool->connection member variable
Warning: MemcachePool::close(): Invalid MemcachePool->connection member variable
bool(false)
bool(false)
bool(false)
Warning: MemcachePool::get(): Invalid MemcachePool->connection member variable
Warning: Memcache::addserver(): Invalid MemcachePool->connection member variable
Warning: MemcachePool::close(): Invalid MemcachePool->connection member variable
bool(false)
bool(false)
bool(false)
Warning: MemcachePool::get(): Invalid MemcachePool->connection member variable
Warning: Memcache::addserver(): Invalid MemcachePool->connection member variable
Warning: MemcachePool::close(): Invalid MemcachePool->connection member variable
bool(false)
bool(false)
bool(false)
Warning: MemcachePool::get(): Invalid MemcachePool->connection member variable
Warning: Memcache::addserver(): Invalid MemcachePool->connection member variable
Warning: MemcachePool::close(): Invalid MemcachePool->connection member variable
bool(false)
bool(false)
bool(false)
Warning: MemcachePool::get(): Invalid MemcachePool->connection member variable
Warning: Memcache::addserver(): Invalid MemcachePool->connection member variable
Warning: MemcachePool::close(): Invalid MemcachePool->connection member variable
bool(false)
bool(false)
bool(false)
string(1) "v"
string(1) "v"
-- of another object
Warning: MemcachePool::get(): Invalid MemcachePool->connection member variable
bool(false)
-- taken away
Warning: MemcachePool::get(): No servers added to memcache connection
bool(false)
bool(true)
string(1) "v"
string(1) "v"
Warning: MemcachePool::get(): No servers added to memcache connection
bool(false)
bool(true)
string(1) "v"
-- outlived
bool(true)
Warning: MemcachePool::get(): Invalid MemcachePool->connection member variable
Warning: Memcache::addserver(): Invalid MemcachePool->connection member variable
bool(false)
bool(false)
Warning: Memcache::addserver(): Invalid MemcachePool->connection member variable
bool(false)
string(4) "mine"
-- user and password
Warning: MemcachePool::get(): No servers added to memcache connection
bool(true)
string(2) "me"
string(6) "secret"
bool(false)
bool(false)
bool(true)
string(1) "v"
bool(true)
string(6) "secret"
bool(false)
bool(false)