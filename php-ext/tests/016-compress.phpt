--TEST--
memcache: compressed values, by length, by flag, and when it is not worth it
--FILE--
<?php
require __DIR__ . '/support.inc';
messages();
$server = new Server();
$m = pool($server);
function show(string $what, $value, int $flags = 0): void
{
    global $m, $server;
    $m->set('k', $value, $flags);
    [$stored, $bytes] = $server->raw('k');
    echo $what, ': ', $stored, ' ', strlen($bytes), ' ', $m->get('k') === $value ? 'same' : 'DIFFERENT', "\n";
}
show('short', 'abc');
show('short, by flag', str_repeat('a', 200), MEMCACHE_COMPRESSED);
show('not worth it', 'abc', MEMCACHE_COMPRESSED);
show('19999', str_repeat('a', 19999));
show('20000', str_repeat('a', 20000));
show('array of 20000', [str_repeat('a', 20000)]);
show('int, by flag', 42, MEMCACHE_COMPRESSED);
mt_srand(1);
$noise = '';
while (strlen($noise) < 30000) {
    $noise .= chr(mt_rand(0, 255));
}
show('noise', $noise);
$m->setCompressThreshold(100, 1.0);
show('savings of everything', str_repeat('a', 1000));
$m->setCompressThreshold(0);
show('off', str_repeat('a', 100000));
var_dump($m->setCompressThreshold(-1), $m->setCompressThreshold(1, 2.0), $m->setCompressThreshold(1, NAN));
ini_set('memcache.compress_threshold', '50');
$m = pool($server);
show('by ini', str_repeat('a', 60));
$m->set('s', 'a');
var_dump($m->append('s', str_repeat('b', 300)), strlen($server->raw('s')[1]));
ini_set('memcache.unpacked_max', '1000');
$m->set('bomb', str_repeat('a', 100000));
var_dump($m->get('bomb'));
?>
--EXPECT--
short: 0 3 same
short, by flag: 2 12 same
not worth it: 0 3 same
19999: 0 19999 same
20000: 2 43 same
array of 20000: 3 64 same
int, by flag: 768 2 same
noise: 0 30000 same
savings of everything: 0 1000 same
off: 0 100000 same
Warning: MemcachePool::setcompressthreshold(): threshold must be a positive integer
Warning: MemcachePool::setcompressthreshold(): min_savings must be a float in the 0..1 range
Warning: MemcachePool::setcompressthreshold(): min_savings must be a float in the 0..1 range
bool(false)
bool(false)
bool(false)
by ini: 2 12 same
bool(true)
int(301)
Notice: MemcachePool::get(): Failed to uncompress data
bool(false)
