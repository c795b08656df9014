--TEST--
memcache: the application of old tutorials loses no server
--FILE--
<?php
require __DIR__ . '/support.inc';
ini_set('memcache.failure_notices', 0);
$backup = new Server();
ini_set('memcache.backup', $backup->name()); /* the one ini line */
$servers = [new Server(), new Server(), new Server()];
function application(): Memcache
{
    global $servers;
    $memcache = new Memcache;
    $memcache->addServer('127.0.0.1', $servers[0]->port);
    $memcache->addServer('127.0.0.1', $servers[1]->port);
    $memcache->addServer('127.0.0.1', $servers[2]->port);
    return $memcache;
}
function missing(Memcache $memcache): int
{
    $missing = 0;
    for ($i = 0; $i < 1000; $i++) {
        $missing += $memcache->get($i) !== $i;
    }
    return $missing;
}
$m = application();
for ($i = 0; $i < 1000; $i++) {
    $m->set($i, $i, 0, 1000) or print("$i was not stored\n");
}
foreach ($servers as $n => $server) {
    $held = $server->items();
    check("server $n holds a part", $held > 100);
    $server->end();
    echo "server $n is dead: ", missing($m), ' missing one by one, ', 1000 - count($m->get(range(0, 999))), " in a list\n";
    echo 'in the next request: ', missing(application()), " missing\n";
    $server->restart();
    wait_until(function () use ($m, $server) {
        $m->get('tick');
        return $m->getServerStatus('127.0.0.1', $server->port) === 1;
    }) or print("server $n was not found again\n");
    for ($i = 0; $i < 1000; $i++) {
        $m->set($i, $i, 0, 1000);
    }
}
echo 'all of them are back: ', missing($m), " missing\n";
?>
--EXPECT--
server 0 holds a part: yes
server 0 is dead: 0 missing one by one, 0 in a list
in the next request: 0 missing
server 1 holds a part: yes
server 1 is dead: 0 missing one by one, 0 in a list
in the next request: 0 missing
server 2 holds a part: yes
server 2 is dead: 0 missing one by one, 0 in a list
in the next request: 0 missing
all of them are back: 0 missing
