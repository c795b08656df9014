<?php
/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Values, keys and sessions of the real old extensions, both ways. `interop.php ROLE PORTS FILE`
 * is run once per extension, each in a process of its own: ROLE writes or reads what is agreed here.
 *
 *     write-old write-other write-ours     stores every value with the loaded extension
 *     write-like-other                     ours, in php-memcached's format
 *     read-old read-other read-ours        reads what FILE says (who wrote) and reports differences
 *     place-old place-ours                 prints where 2,000 keys live, for each placement
 */
error_reporting(E_ALL & ~E_DEPRECATED);

class Thing
{
    public $a = 1;
    protected $b = [2];
    private $c = null;
}

function values(): array
{
    $noise = '';
    for ($i = 0; strlen($noise) < 40000; $i++) {
        $noise .= md5("noise$i", true);
    }
    return [
        'text' => 'hello', 'empty' => '', 'digits' => '42', 'binary' => "\0\r\nEND\r\n\xff", 'int' => 42, 'negative' => -7,
        'least' => PHP_INT_MIN, 'most' => PHP_INT_MAX, 'zero' => 0, 'float' => 3.14159265358979, 'third' => 1 / 3, 'sum' => 0.1 + 0.2,
        'huge' => 1e300, 'tiny' => -2.5e-300, 'whole' => 5.0, 'inf' => INF, 'minus' => -INF, 'nan' => NAN, 'true' => true, 'false' => false,
        'null' => null, 'list' => [1, 2, 3], 'map' => [1, 'a' => 2, 'deep' => ['x' => null, 'y' => 1.5]], 'nothing' => [],
        'object' => new Thing(), 'long' => str_repeat('abcdefgh', 10000), 'longer' => str_repeat("line of text number\n", 20000),
        'noise' => $noise, 'long-list' => range(1, 20000), 'long-object' => new ArrayObject(array_fill(0, 5000, 'same')),
        'middle' => str_repeat('x', 2500), 'middle-list' => array_fill(0, 300, 'abc'),
    ];
}

/* How values are written beside the plain way, by role. */
function ways(string $role): array
{
    if ($role === 'write-other') {
        return ['plain' => [], 'zlib' => [Memcached::OPT_COMPRESSION_TYPE => Memcached::COMPRESSION_ZLIB], 'uncompressed' => [Memcached::OPT_COMPRESSION => false],
            'igbinary' => [Memcached::OPT_SERIALIZER => Memcached::SERIALIZER_IGBINARY], 'msgpack' => [Memcached::OPT_SERIALIZER => Memcached::SERIALIZER_MSGPACK]];
    }
    if ($role === 'write-like-other') {
        return ['plain' => ['php', 0], 'compressed' => ['php', MEMCACHE_COMPRESSED], 'igbinary' => ['igbinary', 0], 'msgpack' => ['msgpack', 0]];
    }
    return ['plain' => ['php', 0], 'compressed' => ['php', MEMCACHE_COMPRESSED]];
}

function same($a, $b): bool
{
    if (is_float($a) && is_float($b)) {
        return is_nan($a) ? is_nan($b) : $a === $b;
    }
    return is_object($a) ? $a == $b && get_class($a) === get_class($b) : $a === $b;
}

/* What a reader is known to make of it; the old extension kept 14 digits and has no null. */
function expected(string $writer, string $reader, $value)
{
    if ($value === null && $reader !== 'read-other') {
        return false;
    }
    if (is_float($value) && $writer === 'write-old' && is_finite($value)) {
        return (float) sprintf('%.14G', $value);
    }
    return $value;
}

[, $role, $ports, $file] = $argv;
$ports = array_map('intval', explode(',', $ports));

if ($role === 'write-other') {
    $names = [];
    foreach (ways($role) as $way => $options) {
        $client = new Memcached();
        $client->addServer('127.0.0.1', $ports[0]);
        $client->setOptions($options);
        foreach (values() as $name => $value) {
            $client->set("$way-$name", $value) or die("could not write $way-$name\n");
            $names["$way-$name"] = $name;
        }
    }
    file_put_contents($file, serialize(['write-other', $names]));
} elseif (substr($role, 0, 6) === 'write-') {
    $role === 'write-like-other' and ini_set('memcache.value_format', 'memcached');
    $client = new Memcache();
    $client->addServer('127.0.0.1', $ports[0]);
    $names = [];
    foreach (ways($role) as $way => [$serializer, $flags]) {
        $role === 'write-like-other' and ini_set('memcache.serializer', $serializer);
        foreach (values() as $name => $value) {
            $client->set("$way-$name", $value, $flags) or die("could not write $way-$name\n");
            $names["$way-$name"] = $name;
        }
    }
    file_put_contents($file, serialize([$role, $names]));
} elseif (substr($role, 0, 5) === 'read-') {
    [$writer, $names] = unserialize(file_get_contents($file));
    $values = values();
    $wrong = 0;
    $client = $role === 'read-other' ? new Memcached() : new Memcache();
    $client->addServer('127.0.0.1', $ports[0]);
    $many = $role === 'read-other' ? [] : $client->get(array_keys($names));
    foreach ($names as $key => $name) {
        $want = expected($writer, $role, $values[$name]);
        $one = $client->get($key);
        $in_list = $values[$name] === null ? null : $want;
        if (!same($want, $one) || ($many !== [] && !(array_key_exists($key, $many) && same($in_list, $many[$key])))) {
            echo "$writer $role $key: ", substr(var_export($one, true), 0, 80), "\n";
            $wrong++;
        }
    }
    echo count($names), ' values, ', $wrong, " wrong\n";
    exit($wrong > 0 ? 1 : 0);
} elseif (substr($role, 0, 6) === 'place-') {
    foreach (['standard', 'consistent'] as $strategy) {
        foreach (['crc32', 'fnv'] as $function) {
            ini_set('memcache.hash_strategy', $strategy);
            ini_set('memcache.hash_function', $function);
            $client = new Memcache();
            foreach ($ports as $n => $port) {
                $client->addServer($n % 2 ? 'localhost' : '127.0.0.1', $port, true, 1 + $n % 3);
            }
            for ($i = 0; $i < 500; $i++) {
                $key = $i % 7 ? "key:$i" : md5("$i") . " \xe4\xb8\xad $i";
                echo "$strategy $function $i ", $client->findServer($key), "\n";
            }
        }
    }
}
