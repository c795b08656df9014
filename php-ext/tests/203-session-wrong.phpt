--TEST--
sessions: save paths that are none, servers that are dead, sessions that only need to live on
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
ob_start(); /* session settings are final once there is output */
require __DIR__ . '/support.inc';
messages();
ini_set('session.save_handler', 'memcache');
foreach (['', ' , ', 'tcp://127.0.0.1:x', 'tcp://127.0.0.1:1?weight=0', 'tcp://[::1', 'unix://'] as $path) {
    ini_set('session.save_path', $path);
    var_dump(session_start());
    session_abort();
}
$dead = dead_port();
ini_set('session.save_path', "tcp://127.0.0.1:$dead?timeout=0.2");
session_id('x');
var_dump(session_start());
$server = new Server();
ini_set('memcache.session_save_path', "tcp://{$server->name()}");
ini_set('session.lazy_write', 1);
ini_set('session.gc_maxlifetime', 100);
session_id('lazy');
var_dump(session_start());
$_SESSION['n'] = 1;
session_write_close();
$server->ask("touch lazy 10\r\n");
session_start();
session_write_close();
preg_match('/t(\d+)/', $server->ask("mg lazy t\r\n"), $found);
var_dump($found[1] > 50);
session_start();
$server->ask("delete lazy\r\n");
session_write_close();
var_dump($server->raw('lazy')[1]);
foreach (["unix:///nowhere/s:0", "unix:///nowhere/s?weight=2", '[::1]:1'] as $path) {
    ini_set('memcache.session_save_path', $path);
    session_id('y');
    var_dump(@session_start());
}
?>
--EXPECTF--
Warning: session_start(): session.save_path names no server
Warning: session_start(): Failed to initialize storage module: memcache (path: )
bool(false)
Warning: session_start(): session.save_path names no server
Warning: session_start(): Failed to initialize storage module: memcache (path:  , )
bool(false)
Warning: session_start(): Invalid server: "server="127.0.0.1:x"" at position 2: the port is a number from 1 to 65535, as in host:11211
Warning: session_start(): Failed to parse session.save_path (error at offset 0, url was 'tcp://127.0.0.1:x')
Warning: session_start(): Failed to initialize storage module: memcache (path: tcp://127.0.0.1:x)
bool(false)
Warning: session_start(): weight must be a positive integer
Warning: session_start(): Failed to parse session.save_path (error at offset 0, url was 'tcp://127.0.0.1:%d?weight=0')
Warning: session_start(): Failed to initialize storage module: memcache (path: tcp://127.0.0.1:%d?weight=0)
bool(false)
Warning: session_start(): Invalid server: "server="[::1"" at position 2: the ] is missing, as in [::1]:11211
Warning: session_start(): Failed to parse session.save_path (error at offset 0, url was 'tcp://[::1')
Warning: session_start(): Failed to initialize storage module: memcache (path: tcp://[::1)
bool(false)
Warning: session_start(): Invalid server: "server="unix:"" at position 2: a unix socket is written with its whole path, unix:/path
Warning: session_start(): Failed to parse session.save_path (error at offset 0, url was 'unix://')
Warning: session_start(): Failed to initialize storage module: memcache (path: unix://)
bool(false)
Notice: session_start(): 127.0.0.1:%d: connect: Connection refused
Warning: session_start(): Failed to read session data: memcache (path: tcp://127.0.0.1:%d?timeout=0.2)
bool(false)
bool(true)
bool(true)
string(6) "n|i:1;"
bool(false)
bool(false)
bool(false)
