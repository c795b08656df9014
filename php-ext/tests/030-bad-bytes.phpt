--TEST--
memcache and McProxy\Client: values that are cut, spoilt, too large when unpacked, or under a wrong flag
--EXTENSIONS--
zlib
--INI--
memory_limit=32M
--FILE--
<?php
require __DIR__ . '/support.inc';
$server = new Server();
$m = pool($server);
$client = new McProxy\Client($server->name(), options: 'distribution=memcache-consistent');
$m->set('canary', 'sings');
/* What is said: one notice at most for a value that cannot be read; it is a miss. */
$said = [];
set_error_handler(function (int $number, string $text) use (&$said): bool {
    $said[] = preg_replace('/^\S+\(\): |unserialize\(\): Error at offset.*/', '', $text);
    return true;
});
$written = ['string' => 'hello', 'int' => -42, 'float' => 1.5, 'bool' => true, 'null' => null, 'array' => [1, 'a' => [2.5, null]],
    'object' => new ArrayObject([1]), 'long' => str_repeat('abcdefghij', 300), 'long array' => array_fill(0, 300, 'x')];
$m->setCompressThreshold(2000);
$reads = $alive = $changed = 0;
function read(int $flags, string $bytes, string $key = 'k'): void
{
    global $m, $client, $server, $reads, $alive, $said;
    $server->put($key, $flags, $bytes);
    $said = [];
    $value = $m->get($key);
    $list = $m->get([$key, 'canary']);
    try {
        $client->get($key);
    } catch (McProxy\Exception $e) {
    }
    $reads++;
    $alive += ($list['canary'] ?? '') === 'sings' && count($said) <= 6;
}
mt_srand(7);
foreach ($written as $value) {
    $m->set('v', $value);
    [$flags, $bytes] = $server->raw('v');
    for ($len = 0; $len < strlen($bytes); $len += 1 + intdiv($len, 20)) {
        read($flags, substr($bytes, 0, $len));
    }
    for ($i = 0; $i < 20; $i++) {
        $spoilt = $bytes;
        $spoilt[mt_rand(0, strlen($bytes) - 1)] = chr(mt_rand(0, 255));
        read($flags, $spoilt);
    }
    foreach ([0, 1, 2, 3, 4, 5, 6, 7, 8, 15, 0x10, 0x30, 0x50, 0x51, 0x90, 0x100, 0x300, 0x700, 0x701, 0xf00, 0x1001, 0x2001, 0x3003, 0xffff, 0xffffffff] as $other) {
        read($other, $bytes);
    }
}
check('all were read, and the client went on', $reads > 500 && $alive === $reads);
echo "-- too large when unpacked\n";
ini_set('memcache.unpacked_max', (string) (1 << 20));
$deflate = deflate_init(ZLIB_ENCODING_DEFLATE);
$bomb = '';
for ($i = 0; $i < 64; $i++) {
    $bomb .= deflate_add($deflate, str_repeat("\0", 1 << 20), ZLIB_NO_FLUSH);
}
$bomb .= deflate_add($deflate, '', ZLIB_FINISH);
foreach ([2 => $bomb, 3 => $bomb, 0x30 => pack('V', 64 << 20) . $bomb, 0x34 => pack('V', 100) . $bomb, 0x50 => pack('V', 0xffffffff) . $bomb] as $flags => $bytes) {
    $server->put('bomb', $flags, $bytes);
    $before = memory_get_peak_usage();
    $said = [];
    check("flags $flags: a miss", $m->get('bomb') === false);
    check('said', $said === ['Failed to uncompress data']);
    check('little memory', memory_get_peak_usage() - $before < 4 << 20);
}
check('the canary', $m->get('canary') === 'sings');
?>
--EXPECT--
all were read, and the client went on: yes
-- too large when unpacked
flags 2: a miss: yes
said: yes
little memory: yes
flags 3: a miss: yes
said: yes
little memory: yes
flags 48: a miss: yes
said: yes
little memory: yes
flags 52: a miss: yes
said: yes
little memory: yes
flags 80: a miss: yes
said: yes
little memory: yes
the canary: yes
