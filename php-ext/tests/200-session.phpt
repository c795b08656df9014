--TEST--
sessions: both handlers, the old keys and bytes, on two servers
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
ini_set('session.save_path', "tcp://{$one->name()}?persistent=1&weight=1&timeout=1&retry_interval=15,  ,tcp://{$two->name()}  ");
foreach (['memcache', 'mcproxy'] as $handler) {
    echo "-- $handler\n";
    ini_set('session.save_handler', $handler);
    $id = "{$handler}0123456789abcdef";
    session_id($id);
    var_dump(session_start(), $_SESSION);
    var_dump($one->raw($id), $one->raw("$id.lock"), $two->raw("$id.lock"));
    $_SESSION['n'] = 1;
    session_write_close();
    var_dump($one->raw($id) === [0, 'n|i:1;'], $two->raw($id) === [0, 'n|i:1;'], $one->raw("$id.lock") === [768, '0'], $two->raw("$id.lock") === [768, '0']);
    session_start();
    var_dump($_SESSION);
    session_write_close();
    session_start(['read_and_close' => true]);
    var_dump($_SESSION, $one->raw("$id.lock")[1]);
    session_start();
    var_dump(session_destroy(), $one->raw($id), $two->raw($id), $one->raw("$id.lock"));
    session_start();
    $new = session_create_id();
    var_dump(strlen($new) > 20, session_regenerate_id(true), session_id() !== $id);
    $_SESSION['m'] = 2;
    session_write_close();
    var_dump($one->raw(session_id())[1], $one->raw($id));
    session_id('');
}
echo "-- prefix\n";
ini_set('memcache.session_prefix_static_key', 'own_');
ini_set('session.save_handler', 'memcache');
session_id('prefixed');
session_start();
session_write_close();
var_dump($one->raw('own_prefixed'));
echo "-- strict\n";
ini_set('session.use_strict_mode', 1);
session_id('madeupbysomebody');
session_start();
var_dump(session_id() !== 'madeupbysomebody');
$_SESSION['s'] = 1;
session_write_close();
$id = session_id();
session_start();
var_dump(session_id() === $id, $_SESSION);
session_write_close();
?>
--EXPECT--
-- memcache
bool(true)
array(0) {
}
NULL
array(2) {
  [0]=>
  int(768)
  [1]=>
  string(1) "1"
}
array(2) {
  [0]=>
  int(768)
  [1]=>
  string(1) "1"
}
bool(true)
bool(true)
bool(true)
bool(true)
array(1) {
  ["n"]=>
  int(1)
}
array(1) {
  ["n"]=>
  int(1)
}
string(1) "0"
bool(true)
NULL
NULL
NULL
bool(true)
bool(true)
bool(true)
string(6) "m|i:2;"
NULL
-- mcproxy
bool(true)
array(0) {
}
NULL
array(2) {
  [0]=>
  int(768)
  [1]=>
  string(1) "1"
}
array(2) {
  [0]=>
  int(768)
  [1]=>
  string(1) "1"
}
bool(true)
bool(true)
bool(true)
bool(true)
array(1) {
  ["n"]=>
  int(1)
}
array(1) {
  ["n"]=>
  int(1)
}
string(1) "0"
bool(true)
NULL
NULL
NULL
bool(true)
bool(true)
bool(true)
string(6) "m|i:2;"
NULL
-- prefix
array(2) {
  [0]=>
  int(0)
  [1]=>
  string(0) ""
}
-- strict
bool(true)
bool(true)
array(1) {
  ["s"]=>
  int(1)
}
