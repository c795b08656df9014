--TEST--
memcache: failure callbacks, and notices where there is none
--FILE--
<?php
require __DIR__ . '/support.inc';
messages();
$alive = new Server();
$dead = dead_port();
function told(...$arguments)
{
    global $dead;
    echo 'told: ', str_replace($dead, 'PORT', json_encode($arguments)), "\n";
}
echo "-- a notice, once\n";
$m = new Memcache();
$m->addServer('127.0.0.1', $dead);
var_dump($m->get('k'), $m->get('k'), $m->set('k', 1), $m->getServerStatus('127.0.0.1', $dead));
ini_set('memcache.failure_notices', 0);
$m = new Memcache();
$m->addServer('127.0.0.1', $dead, false);
var_dump($m->get('k'));
ini_set('memcache.failure_notices', 1);
echo "-- by addServer\n";
$m = new Memcache();
$m->addServer('127.0.0.1', $dead, false, 1, 1, 15, true, 'told');
var_dump($m->get('k'), $m->get('k'));
echo "-- by setServerParams, from inside\n";
$m = new Memcache();
$m->addServer('127.0.0.1', $dead, false);
function offline($host, $port)
{
    global $m;
    echo "offline\n";
    var_dump($m->setServerParams($host, $port, 1, -1, false, 'offline'), $m->get('inner'));
}
var_dump($m->setServerParams('127.0.0.1', $dead, 1, 15, true, 'offline'), $m->set('k', 1), $m->getServerStatus('127.0.0.1', $dead));
echo "-- taken back\n";
$m = new Memcache();
$m->addServer('127.0.0.1', $dead, false, 1, 1, 15, true, 'told');
var_dump($m->setServerParams('127.0.0.1', $dead, 1, 15, true, null), $m->set('k', 1));
echo "-- by setFailureCallback, also where another server answers\n";
class Handler
{
    public $pool;
    public function told($host, $port)
    {
        echo "handler\n";
    }
}
$m = pool($alive);
$m->addServer('127.0.0.1', $dead, false);
$handler = new Handler();
$handler->pool = $m; /* a circle, for the collector */
var_dump($m->setFailureCallback([$handler, 'told']));
for ($i = 0; $i < 20; $i++) {
    $m->set("k$i", $i) or print("k$i\n");
}
for ($i = 0; $i < 20; $i++) {
    $m->get("k$i") === $i or print("k$i\n");
}
unset($m, $handler);
gc_collect_cycles();
echo "-- it throws\n";
$m = new Memcache();
$m->addServer('127.0.0.1', $dead, false, 1, 1, 15, true, function () {
    throw new Exception('from the callback');
});
$result = 'as it was';
try {
    $result = $m->set('k', 1);
} catch (Exception $exception) {
    echo $exception->getMessage(), "\n";
}
var_dump($result);
echo "-- it drops the pool\n";
$m = new Memcache();
$m->addServer('127.0.0.1', $dead, false, 1, 1, 15, true, function () {
    global $m;
    $m->close();
    $m = null;
});
var_dump($m->get(['a', 'b']), $m);
echo "-- wrong\n";
$m = pool($alive);
var_dump($m->setFailureCallback('no function'), $m->setServerParams('127.0.0.1', $alive->port, 1, 15, true, 'no function'));
var_dump($m->setServerParams('other', 1));
?>
--EXPECTF--
-- a notice, once
Notice: MemcachePool::get(): Server 127.0.0.1 (tcp %d, udp 0) failed with: Connection failed: Connection refused (111)
bool(false)
bool(false)
bool(false)
int(0)
bool(false)
-- by addServer
told: ["127.0.0.1",PORT,0,"Connection failed: Connection refused",111]
bool(false)
bool(false)
-- by setServerParams, from inside
offline
bool(true)
bool(false)
bool(true)
bool(false)
int(0)
-- taken back
Notice: MemcachePool::set(): Server 127.0.0.1 (tcp %d, udp 0) failed with: Connection failed: Connection refused (111)
bool(true)
bool(false)
-- by setFailureCallback, also where another server answers
bool(true)
handler
-- it throws
from the callback
string(9) "as it was"
-- it drops the pool
array(0) {
}
NULL
-- wrong
Warning: MemcachePool::setfailurecallback(): Invalid failure callback
Warning: MemcachePool::setserverparams(): Invalid failure callback
bool(false)
bool(false)
Warning: MemcachePool::setserverparams(): Server not found in pool
bool(false)
