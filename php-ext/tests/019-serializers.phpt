--TEST--
memcache: igbinary and msgpack on request, and read whatever the request is
--EXTENSIONS--
igbinary
msgpack
--FILE--
<?php
require __DIR__ . '/support.inc';
$server = new Server();
$m = pool($server);
$value = [1, 'a' => 2, 'list' => [true, null]];
foreach (['igbinary', 'msgpack', 'php'] as $serializer) {
    ini_set('memcache.serializer', $serializer);
    $m->set($serializer, $value);
    $m->set("$serializer-long", [str_repeat('a', 30000)]);
    $m->set("$serializer-null", null);
    echo $serializer, ' ', $server->raw($serializer)[0], ' ', $server->raw("$serializer-long")[0], ' ', $server->raw("$serializer-null")[0], "\n";
}
foreach (['igbinary', 'msgpack', 'php'] as $serializer) {
    var_dump($m->get($serializer) === $value, $m->get("$serializer-long") === [str_repeat('a', 30000)]);
}
foreach ([5 => '000000021402060006011101610602', 7 => '820001a16102'] as $flags => $hex) {
    $server->put('other', $flags, hex2bin($hex));
    var_dump($m->get('other') === [1, 'a' => 2]);
}
foreach ([5, 7, 0x1001, 0x2001] as $flags) {
    $server->put('broken', $flags, "\x00\x00\x00\x02\x99");
    @$m->get('broken');
}
echo "done\n";
?>
--EXPECT--
igbinary 4097 4099 1
msgpack 8193 8195 1
php 1 3 1
bool(true)
bool(true)
bool(true)
bool(true)
bool(true)
bool(true)
bool(true)
bool(true)
done
