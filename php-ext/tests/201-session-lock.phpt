--TEST--
sessions: a lock lets one request in at a time, and is not taken from somebody else
--EXTENSIONS--
posix
--INI--
session.use_cookies=0
session.cache_limiter=
--SKIPIF--
<?php function_exists('pcntl_fork') or print 'skip no pcntl'; ?>
--FILE--
<?php
ob_start(); /* session settings are final once there is output */
require __DIR__ . '/support.inc';
$one = new Server();
$two = new Server();
ini_set('session.save_handler', 'memcache');
ini_set('session.save_path', "tcp://{$one->name()}?timeout=10, tcp://{$two->name()}?timeout=10");
$children = [];
for ($i = 0; $i < 8; $i++) {
    $child = pcntl_fork();
    if ($child === 0) {
        session_id('counted');
        session_start();
        $_SESSION['count'] = ($_SESSION['count'] ?? 0) + 1;
        session_write_close();
        posix_kill(getmypid(), SIGNAL_KILL); /* and none of the parent's shutdown functions */
    }
    $children[] = $child;
}
foreach ($children as $child) {
    pcntl_waitpid($child, $status);
}
session_id('counted');
session_start();
var_dump($_SESSION);
session_write_close();
echo "-- held for too long: somebody else has it by now\n";
ini_set('memcache.lock_timeout', 1);
session_id('held');
session_start();
$_SESSION['mine'] = 1;
wait_until(function () use ($one, $two) {
    return $one->raw('held.lock') === null && $two->raw('held.lock') === null;
});
$one->ask("add held.lock 768 10 1\r\n1\r\n");
$two->ask("add held.lock 768 10 1\r\n1\r\n");
session_write_close();
/* The library may take the second copy away, which it knows nothing of; the first one decides. */
$left = array_filter([$one->raw('held.lock'), $two->raw('held.lock')]);
var_dump(count($left) > 0, array_unique(array_column($left, 1)));
echo "-- not given up by its holder: an end to the waiting\n";
session_id('held');
$began = microtime(true);
var_dump(@session_start(), microtime(true) - $began < 5);
session_abort();
?>
--EXPECT--
array(1) {
  ["count"]=>
  int(8)
}
-- held for too long: somebody else has it by now
bool(true)
array(1) {
  [0]=>
  string(1) "1"
}
-- not given up by its holder: an end to the waiting
bool(false)
bool(true)
