--TEST--
memcache: a failure is told once by each pool, in the old words; a change of settings does not repeat it
--FILE--
<?php
require __DIR__ . '/support.inc';
messages();
$server = new Server();
$dead = dead_port();
function make(string $class, ...$rest)
{
    global $server, $dead;
    $m = new $class();
    $m->addServer('127.0.0.1', $server->port);
    $m->addServer('127.0.0.1', $dead, ...$rest);
    return $m;
}
function ask($m): void
{
    for ($i = 0; $i < 30; $i++) {
        $m->get("k$i");
    }
}
echo "-- each pool that is not persistent\n";
ask(make('Memcache', false));
ask(make('Memcache', false));
echo "-- the worker, for those that are\n";
ask(make('Memcache'));
ask(make('Memcache'));
ask(make('MemcachePool'));
echo "-- not again with other settings\n";
$m = make('Memcache', false);
ask($m);
ini_set('memcache.allow_failover', 0);
ask($m);
ini_set('memcache.allow_failover', 1);
ini_set('memcache.redundancy', 2);
ask($m);
$m->addServer('127.0.0.1', $server->port);
ask($m);
ini_set('memcache.redundancy', 1);
echo "-- again when its parameters are set\n";
$m = make('Memcache');
ask($m);
$m->setServerParams('127.0.0.1', $dead, 0.5);
ask($m);
ask($m);
echo "-- a server that takes no connection\n";
$hole = stream_socket_server('tcp://127.0.0.1:0', $code, $text, STREAM_SERVER_BIND | STREAM_SERVER_LISTEN, stream_context_create(['socket' => ['backlog' => 0]]));
$port = (int) substr(strrchr(stream_socket_get_name($hole, false), ':'), 1);
$full = [];
for ($i = 0; $i < 3; $i++) {
    $full[] = @stream_socket_client("tcp://127.0.0.1:$port", $code, $text, 0, STREAM_CLIENT_ASYNC_CONNECT | STREAM_CLIENT_CONNECT);
}
$m = new Memcache();
$m->addServer('127.0.0.1', $port, false, 1, 0.1);
$began = microtime(true);
var_dump($m->get('k'), microtime(true) - $began < (getenv('MCPROXY_SLOW') ? 60 : 1));
?>
--EXPECTF--
-- each pool that is not persistent
Notice: MemcachePool::get(): Server 127.0.0.1 (tcp %d, udp 0) failed with: Connection failed: Connection refused (111)
Notice: MemcachePool::get(): Server 127.0.0.1 (tcp %d, udp 0) failed with: Connection failed: Connection refused (111)
-- the worker, for those that are
Notice: MemcachePool::get(): Server 127.0.0.1 (tcp %d, udp 0) failed with: Connection failed: Connection refused (111)
-- not again with other settings
Notice: MemcachePool::get(): Server 127.0.0.1 (tcp %d, udp 0) failed with: Connection failed: Connection refused (111)
-- again when its parameters are set
Notice: MemcachePool::get(): Server 127.0.0.1 (tcp %d, udp 0) failed with: Connection failed: Connection refused (111)
-- a server that takes no connection
Notice: MemcachePool::get(): Server 127.0.0.1 (tcp %d, udp 0) failed with: Connection failed: Connection timed out (110)
bool(false)
bool(true)
