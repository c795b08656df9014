--TEST--
memcache: arguments by name, with the defaults that the stubs tell
--SKIPIF--
<?php
if (PHP_VERSION_ID < 80100) {
    die('skip named arguments, spread ones too, need PHP 8.1');
}
?>
--FILE--
<?php
require __DIR__ . '/support.inc';
messages();
$server = new Server();
$m = new Memcache();
var_dump($m->addServer(host: $server->host, tcp_port: $server->port, weight: 2, retry_interval: 3));
var_dump($m->set(key: 'k', value: 'v', exptime: 60), $m->add(exptime: 60, value: 1, key: 'n'), $m->get(key: 'k'));
var_dump($m->get(key: 'k', cas: $cas) === 'v', is_int($cas), $m->cas(key: 'k', value: 'w', cas: $cas), $m->get('k'));
var_dump($m->increment(key: 'n', exptime: 60), $m->decrement(key: 'n', defval: 1), $m->delete(key: 'n'));
var_dump(is_array($m->getStats(limit: 1)), is_array($m->getExtendedStats(slabid: 1)), $m->setCompressThreshold(min_savings: 0.3, threshold: 1));
var_dump($m->setServerParams(host: $server->host, tcp_port: $server->port, retry_interval: 1), $m->flush());
var_dump($m->connect(host: $server->host, port: $server->port, unused5: true), memcache_set(memcache: $m, key: 'f', value: 1, exptime: 9));
/* Without a port it is the one of the ini. */
var_dump($m->setServerParams(host: $server->host, timeout: 2));
ini_set('memcache.default_port', $server->port);
var_dump($m->setServerParams(host: $server->host, timeout: 2), $m->getServerStatus(host: $server->host), $m->getServerStatus($server->host, null));
$p = new MemcachePool();
var_dump($p->addServer(host: $server->host, weight: 1, status: true), $p->connect(host: $server->host, timeout: 1), $p->addBackup(host: $server->host, weight: 3));
foreach ([['set', ['key' => 'k', 'nonsense' => 1]], ['get', ['cas' => 1]], ['setFailureCallback', []]] as [$method, $arguments]) {
    try {
        var_dump($m->$method(...$arguments));
    } catch (Error $e) {
        echo get_class($e), ': ', $e->getMessage(), "\n";
    }
}
?>
--EXPECT--
bool(true)
bool(true)
bool(true)
string(1) "v"
bool(true)
bool(true)
bool(true)
string(1) "w"
int(2)
int(1)
bool(true)
bool(true)
bool(true)
bool(true)
bool(true)
bool(true)
bool(true)
bool(true)
Warning: MemcachePool::setserverparams(): Server not found in pool
bool(false)
bool(true)
int(1)
int(1)
bool(true)
bool(true)
bool(true)
Error: Unknown named parameter $nonsense
ArgumentCountError: MemcachePool::get(): Argument #1 ($key) not passed
ArgumentCountError: MemcachePool::setfailurecallback() expects exactly 1 argument, 0 given
