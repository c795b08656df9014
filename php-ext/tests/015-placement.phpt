--TEST--
memcache: keys live where the old extension put them, for both strategies and both functions
--FILE--
<?php
/* The vectors were taken from the old extension; see tests/vectors. */
require __DIR__ . '/support.inc';
foreach (['standard', 'consistent'] as $strategy) {
    foreach (['crc32', 'fnv'] as $function) {
        ini_set('memcache.hash_strategy', $strategy);
        ini_set('memcache.hash_function', $function);
        $file = getenv('MCPROXY_VECTORS') . "/pecl_memcache_{$strategy}_$function.tsv";
        $pools = [];
        $rows = $wrong = $refused = 0;
        foreach (file($file) ?: die("no $file") as $line) {
            if ($line[0] === '#') {
                continue;
            }
            [$servers, $key, $index] = explode("\t", rtrim($line));
            if (strpos(hex2bin($key), "\x7f") !== false) {
                $refused += @(new Memcache())->findServer(hex2bin($key)) === false;
                continue; /* the one kind of key that is refused */
            }
            if (!isset($pools[$servers])) {
                $pool = new Memcache();
                foreach (explode(',', $servers) as $server) {
                    [$host, $port, $weight] = explode(':', $server);
                    $pool->addServer($host, $port, true, $weight);
                }
                $pools[$servers] = [$pool, explode(',', $servers)];
            }
            [$pool, $list] = $pools[$servers];
            $rows++;
            $wrong += $pool->findServer(hex2bin($key)) !== preg_replace('/:\d+$/', '', $list[(int) $index]);
        }
        echo "$strategy $function: ", $rows > 500 ? 'many' : $rows, " rows, $wrong wrong\n";
    }
}
?>
--EXPECT--
standard crc32: many rows, 0 wrong
standard fnv: many rows, 0 wrong
consistent crc32: many rows, 0 wrong
consistent fnv: many rows, 0 wrong
