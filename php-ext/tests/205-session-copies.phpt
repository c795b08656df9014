--TEST--
sessions: session_redundancy 1 is one copy, and more than 2 are two
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
ob_start(); /* session settings are final once there is output */
require __DIR__ . '/support.inc';
messages();
$servers = [new Server(), new Server(), new Server(), new Server()];
ini_set('session.save_path', implode(',', array_map(function (Server $server): string {
    return "tcp://{$server->name()}";
}, $servers)));
foreach (['memcache', 'mcproxy'] as $handler) {
    ini_set('session.save_handler', $handler);
    foreach ([1, 2, 3, 5] as $redundancy) {
        ini_set("$handler.session_redundancy", $redundancy);
        $copies = [];
        for ($i = 0; $i < 20; $i++) {
            $id = "{$handler}r{$redundancy}n$i";
            session_id($id);
            session_start();
            $_SESSION['n'] = $i;
            session_write_close();
            $copies[] = count(array_filter($servers, function (Server $server) use ($id): bool {
                return $server->raw($id) === [0, 'n|i:' . substr($id, strrpos($id, 'n') + 1) . ';'];
            }));
        }
        echo $handler, ', ', $redundancy, ': ', implode(' ', array_unique($copies)), "\n";
    }
}
?>
--EXPECT--
memcache, 1: 1
memcache, 2: 2
memcache, 3: 2
memcache, 5: 2
mcproxy, 1: 1
mcproxy, 2: 2
mcproxy, 3: 2
mcproxy, 5: 2
