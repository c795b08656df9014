--TEST--
memcache: connect, pconnect, and the functions of that name
--FILE--
<?php
require __DIR__ . '/support.inc';
messages();
$server = new Server();
$dead = dead_port();
$m = new Memcache();
var_dump($m->connect('127.0.0.1', $server->port, 1), $m->set('k', 1), $m->getVersion() === $m->getStats()['version']);
var_dump($m->pconnect('127.0.0.1', $server->port, false));
$c = memcache_connect('127.0.0.1', $server->port);
var_dump(get_class($c), memcache_get($c, 'k'), memcache_get(memcache_pconnect('127.0.0.1', $server->port), 'k'));
var_dump((new Memcache())->connect('127.0.0.1', $dead), memcache_connect('127.0.0.1', $dead), (new MemcachePool())->connect('127.0.0.1', $dead));
var_dump(memcache_connect('a b', 1));
for ($i = 0; $i < 100; $i++) {
    $m->close();
    $m->connect('127.0.0.1', $server->port);
    $m->get('k') === 1 or print("lost at $i\n");
}
check('closing and connecting again costs no new connection', $server->connections() < 20);
?>
--EXPECTF--
bool(true)
bool(true)
bool(true)
bool(true)
string(8) "Memcache"
int(1)
int(1)
Notice: Memcache::connect(): Server 127.0.0.1 (tcp %d, udp 0) failed with: Connection failed: Connection refused (111)
Warning: Memcache::connect(): Can't connect to 127.0.0.1:%d, Connection failed: Connection refused (111)
Notice: memcache_connect(): Server 127.0.0.1 (tcp %d, udp 0) failed with: Connection failed: Connection refused (111)
Warning: memcache_connect(): Can't connect to 127.0.0.1:%d, Connection failed: Connection refused (111)
Notice: MemcachePool::connect(): Server 127.0.0.1 (tcp %d, udp 0) failed with: Connection failed: Connection refused (111)
Warning: MemcachePool::connect(): Can't connect to 127.0.0.1:%d, Connection failed: Connection refused (111)
bool(false)
bool(false)
bool(false)
Warning: memcache_connect(): Invalid server: "server="a b:1"" at position 2: that is no host name (letters, digits, - . _) and no whole IPv4 address
bool(false)
closing and connecting again costs no new connection: yes
