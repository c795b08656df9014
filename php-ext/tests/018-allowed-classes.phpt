--TEST--
memcache: allowed_classes says which classes a value may bring
--FILE--
<?php
require __DIR__ . '/support.inc';
$server = new Server();
$m = pool($server);
class Good { public $inner; }
class Bad {}
$good = new Good();
$good->inner = new Bad();
$m->set('k', $good);
foreach (['*', 'good', 'Good, Bad', ''] as $allowed) {
    ini_set('memcache.allowed_classes', $allowed);
    $value = $m->get('k');
    echo get_class($value), ' ', $value instanceof Good ? get_class($value->inner) : 'none', "\n";
}
?>
--EXPECT--
Good Bad
Good __PHP_Incomplete_Class
Good Bad
__PHP_Incomplete_Class none
