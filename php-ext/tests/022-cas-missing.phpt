--TEST--
memcache: cas on a missing key is a no, and marks nobody down
--FILE--
<?php
require __DIR__ . '/support.inc';
messages();
$one = new Server();
$two = new Server();
$m = pool($one, $two);
var_dump($m->cas('missing', 1, 0, 0, 12345), $m->cas('missing', 1));
var_dump($m->getServerStatus('127.0.0.1', $one->port), $m->getServerStatus('127.0.0.1', $two->port), $m->set('k', 1), $m->get('k'));
?>
--EXPECT--
bool(false)
bool(false)
int(1)
int(1)
bool(true)
int(1)
