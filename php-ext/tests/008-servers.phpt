--TEST--
memcache: adding servers, and what is wrong about them
--FILE--
<?php
require __DIR__ . '/support.inc';
messages();
$server = new Server();
$m = new Memcache();
foreach (['get', 'delete', 'increment', 'findServer', 'getServerStatus', 'setFailureCallback', 'setCompressThreshold'] as $method) {
    var_dump($m->$method($method === 'setFailureCallback' ? null : '1'));
}
foreach (['getVersion', 'flush', 'getStats', 'getExtendedStats', 'close'] as $method) {
    var_dump($m->$method());
}
var_dump($m->set('k', 1), $m->setServerParams('h'));
echo "-- added\n";
var_dump($m->addServer('127.0.0.1', $server->port, true, 1, 1, 15, true));
var_dump($m->addServer('localhost', (string) $server->port, false, 3, 0.5, -1, false, null));
foreach ([['h', -1], ['h', 65536], ['h', 1, true, 0], ['h', 1, true, 1001], ['', 1], ["a\0b", 1], ['a b', 1], ['1.2.3', 1]] as $wrong) {
    var_dump($m->addServer(...$wrong));
}
var_dump($m->addServer('h', 1, true, 1, 1, 15, true, 'no function'));
foreach ([[], ['h', 'x'], ['h', 1, [], 1]] as $wrong) {
    try {
        $m->addServer(...$wrong);
    } catch (Error $error) {
        echo get_class($error), ': ', $error->getMessage(), "\n";
    }
}
var_dump(count($m->getExtendedStats()));
echo "-- ways to write one\n";
$socket = sys_get_temp_dir() . '/mcproxy-' . getmypid() . '.sock';
foreach ([['tcp://127.0.0.1', $server->port], [$server->name(), 0], ['127.0.0.1', "$server->port"], ["unix://$socket", 0], ["unix://$socket:0", 0], ['::1', 1], ['[::1]', 1], ['[::1]:1', 0]] as $way) {
    $one = new Memcache();
    var_dump($one->addServer(...$way));
    echo str_replace([$socket, $server->port], ['SOCKET', 'PORT'], $one->findServer('k')), "\n";
}
var_dump($one->close(), $one->get('k'), $one->flush(), $one->findServer('k'));
echo "-- pool\n";
$p = new MemcachePool();
var_dump($p->addServer('127.0.0.1', $server->port, 0, true, 1, 1, 15, true), $p->set('p', 1), $p->get('p'));
var_dump($p->connect('127.0.0.1', $server->port, 0, false, 1, 1, 15), $p->addBackup('h', 1, 0), $p->addBackup('127.0.0.1', $server->port));
ini_set('memcache.default_port', $server->port);
$d = new Memcache();
var_dump($d->addServer('127.0.0.1'), $d->getServerStatus('127.0.0.1'), $d->getServerStatus('127.0.0.1', 1), $d->get('p'));
?>
--EXPECT--
Warning: MemcachePool::get(): No servers added to memcache connection
bool(false)
Warning: MemcachePool::delete(): No servers added to memcache connection
bool(false)
Warning: MemcachePool::increment(): No servers added to memcache connection
bool(false)
Warning: MemcachePool::findserver(): No servers added to memcache connection
bool(false)
Warning: MemcachePool::getserverstatus(): No servers added to memcache connection
bool(false)
Warning: MemcachePool::setfailurecallback(): No servers added to memcache connection
bool(false)
Warning: MemcachePool::setcompressthreshold(): No servers added to memcache connection
bool(false)
Warning: MemcachePool::getversion(): No servers added to memcache connection
bool(false)
Warning: MemcachePool::flush(): No servers added to memcache connection
bool(false)
Warning: MemcachePool::getstats(): No servers added to memcache connection
bool(false)
Warning: MemcachePool::getextendedstats(): No servers added to memcache connection
bool(false)
Warning: MemcachePool::close(): No servers added to memcache connection
bool(false)
Warning: MemcachePool::set(): No servers added to memcache connection
Warning: MemcachePool::setserverparams(): No servers added to memcache connection
bool(false)
bool(false)
-- added
bool(true)
bool(true)
Warning: Memcache::addserver(): invalid tcp port number
bool(false)
Warning: Memcache::addserver(): invalid tcp port number
bool(false)
Warning: Memcache::addserver(): weight must be a positive integer
bool(false)
Warning: Memcache::addserver(): weight must be at most 1000
bool(false)
Warning: Memcache::addserver(): Invalid server: "server=":1"" at position 2: that is no host name (letters, digits, - . _) and no whole IPv4 address
bool(false)
Warning: Memcache::addserver(): Invalid server: there is a NUL in it
bool(false)
Warning: Memcache::addserver(): Invalid server: "server="a b:1"" at position 2: that is no host name (letters, digits, - . _) and no whole IPv4 address
bool(false)
Warning: Memcache::addserver(): Invalid server: "server="1.2.3:1"" at position 2: that is no host name (letters, digits, - . _) and no whole IPv4 address
bool(false)
Warning: Memcache::addserver(): Invalid failure callback
bool(false)
ArgumentCountError: Memcache::addserver() expects at least 1 argument, 0 given
TypeError: Memcache::addserver(): Argument #2 ($tcp_port) must be of type ?int, string given
TypeError: Memcache::addserver(): Argument #3 ($persistent) must be of type bool, array given
int(2)
-- ways to write one
bool(true)
tcp://127.0.0.1:PORT
bool(true)
127.0.0.1:PORT:0
bool(true)
127.0.0.1:PORT
bool(true)
unix://SOCKET:0
bool(true)
unix://SOCKET:0:0
bool(true)
::1:1
bool(true)
[::1]:1
bool(true)
[::1]:1:0
bool(true)
bool(false)
bool(true)
bool(false)
-- pool
bool(true)
bool(true)
int(1)
Warning: MemcachePool::addBackup(): weight must be a positive integer
bool(true)
bool(false)
bool(true)
Warning: MemcachePool::getserverstatus(): Server not found in pool
bool(true)
int(1)
bool(false)
int(1)
