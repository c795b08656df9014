--TEST--
sessions: long ones are compressed as the old extension does; one copy is enough
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
ob_start(); /* session settings are final once there is output */
require __DIR__ . '/support.inc';
messages();
$one = new Server();
$two = new Server();
$backup = new Server();
$path = "tcp://{$one->name()},tcp://{$two->name()}";
$long = str_repeat('abcdefghij', 5000);
foreach (['memcache', 'mcproxy'] as $handler) {
    foreach ([false, true] as $has_backup) {
        echo "-- $handler", $has_backup ? ' with a backup' : '', "\n";
        ini_set("$handler.backup", $has_backup ? $backup->name() : '');
        ini_set('session.save_path', $path);
        ini_set('session.save_handler', $handler);
        $id = $handler . ($has_backup ? 'b' : 'a') . '0123456789abcdef';
        session_id($id);
        session_start();
        $_SESSION['long'] = $long;
        session_write_close();
        $text = 'long|' . serialize($long);
        $copies = array_filter([$one->raw($id), $two->raw($id), $backup->raw($id)]);
        check('two copies, compressed', count($copies) === 2 && array_column($copies, 0) === [2, 2]
            && gzuncompress(current($copies)[1]) === $text);
        $servers = [$one, $two, $backup];
        session_start();
        check('read again', $_SESSION === ['long' => $long]);
        session_write_close();
        foreach ($servers as $loser) {
            $loser->ask("delete $id\r\n");
            session_start();
            check('a copy lost', $_SESSION['long'] === $long);
            $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1;
            session_write_close();
            check('both again', count(array_filter([$one->raw($id), $two->raw($id), $backup->raw($id)])) === 2);
        }
        foreach ($servers as $server) {
            $server->put($id, 2, 'this is not compressed');
        }
        check('broken bytes are no session', @session_start() === false);
        session_id($id);
        foreach ($servers as $server) {
            $server->ask("delete $id\r\n");
            $server->ask("delete $id.lock\r\n");
        }
    }
}
echo "-- the end of a session that one server missed\n";
ini_set('memcache.backup', '');
ini_set('session.save_handler', 'memcache');
foreach ([$one, $two] as $server) {
    session_id('missed');
    session_start();
    $_SESSION['n'] = 1;
    session_write_close();
    $server->pause();
    @session_start();
    session_destroy();
    $server->resume();
    $other = $server === $one ? $two : $one;
    session_id('missed');
    @session_start();
    check('stays ended', $_SESSION === []);
    session_destroy();
    /* The other one must not fall out before this one is right again. */
    check('put right', wait_until(function () use ($other) {
        @session_start();
        session_write_close();
        return strpos($other->raw('mcp:s')[1] ?? '', '=') === false;
    }, getenv('MCPROXY_SLOW') ? 120 : 10));
}
?>
--EXPECT--
-- memcache
two copies, compressed: yes
read again: yes
a copy lost: yes
both again: yes
a copy lost: yes
both again: yes
a copy lost: yes
both again: yes
broken bytes are no session: yes
-- memcache with a backup
two copies, compressed: yes
read again: yes
a copy lost: yes
both again: yes
a copy lost: yes
both again: yes
a copy lost: yes
both again: yes
broken bytes are no session: yes
-- mcproxy
two copies, compressed: yes
read again: yes
a copy lost: yes
both again: yes
a copy lost: yes
both again: yes
a copy lost: yes
both again: yes
broken bytes are no session: yes
-- mcproxy with a backup
two copies, compressed: yes
read again: yes
a copy lost: yes
both again: yes
a copy lost: yes
both again: yes
a copy lost: yes
both again: yes
broken bytes are no session: yes
-- the end of a session that one server missed
stays ended: yes
put right: yes
stays ended: yes
put right: yes
