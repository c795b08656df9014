--TEST--
memcache: every byte that is cooked or refused, at every place of keys of every length up to 20
--FILE--
<?php
require __DIR__ . '/support.inc';
$server = new Server();
$m = pool($server);
$refused = 0;
set_error_handler(function (int $number, string $text) use (&$refused): bool {
    $refused += $text === 'MemcachePool::set(): Invalid key';
    return true;
});
$keys = $odd = 0;
$wrong = [];
for ($len = 1; $len <= 20; $len++) {
    for ($at = 0; $at < $len; $at++) {
        foreach (["\x00", "\x1f", "\x20", "\x21", "\x7e", "\x7f", "\x80", "\xa0", "\xff"] as $byte) {
            $key = str_repeat('k', $len);
            $key[$at] = $byte;
            $cooked = $byte <= "\x20" ? str_replace($byte, '_', $key) : $key;
            $keys++;
            $odd += $byte === "\x7f";
            $is_stored = $m->set($key, $keys);
            if ($is_stored !== ($byte !== "\x7f") || ($is_stored && $m->get([$key]) !== [$cooked => $keys])) {
                $wrong[] = bin2hex($key);
            }
        }
    }
}
var_dump($keys, $refused === $odd, $wrong);
?>
--EXPECT--
int(1890)
bool(true)
array(0) {
}
