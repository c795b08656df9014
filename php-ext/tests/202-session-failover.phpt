--TEST--
sessions: they survive any one server, with backups and without
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
ob_start(); /* session settings are final once there is output */
require __DIR__ . '/support.inc';
error_reporting(E_ALL & ~E_NOTICE);
function visit(string $id): int
{
    session_id($id);
    session_start() or print("$id did not start\n");
    $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1;
    $n = $_SESSION['n'];
    session_write_close() or print("$id was not written\n");
    return $n;
}
function visits(int $n): int
{
    $wrong = 0;
    for ($i = 0; $i < 30; $i++) {
        $wrong += visit("session$i") !== $n;
    }
    return $wrong;
}
foreach (['without' => '', 'with' => 'backup'] as $what => $backup) {
    foreach (['memcache', 'mcproxy'] as $handler) {
        $servers = [new Server(), new Server(), new Server()];
        $backup = $what === 'with' ? new Server() : null;
        ini_set("$handler.backup", $backup ? $backup->name() : '');
        ini_set('session.save_handler', $handler);
        ini_set('session.save_path', implode(',', array_map(function ($server) {
            return "tcp://{$server->name()}";
        }, $servers)));
        echo "$handler, $what a backup: ", visits(1), ' ', visits(2), ' wrong';
        $servers[1]->end();
        echo ', one dead: ', visits(3), ' ', visits(4), " wrong\n";
    }
}
?>
--EXPECT--
memcache, without a backup: 0 0 wrong, one dead: 0 0 wrong
mcproxy, without a backup: 0 0 wrong, one dead: 0 0 wrong
memcache, with a backup: 0 0 wrong, one dead: 0 0 wrong
mcproxy, with a backup: 0 0 wrong, one dead: 0 0 wrong
