--TEST--
memcache: what is filled in is added, without a mark that clients of another library would see
--SKIPIF--
<?php require __DIR__ . '/recovery.inc'; ?>
--FILE--
<?php
require __DIR__ . '/support.inc';
ini_set('memcache.failure_notices', 0);
ini_set('mcproxy.options', 'resync=off');
$primary = new Server();
$backup = new Server();
ini_set('memcache.backup', $backup->name());
/* A value that takes the place of such a mark is stored by the number that the mark has. */
function stored_by_number(): int
{
    global $primary;
    preg_match('/STAT cas_hits (\d+)/', $primary->ask("stats\r\n"), $found);
    return (int) $found[1];
}
/* The primary has come back empty, and a value is wanted from it. */
function fill(callable $get, callable $set): void
{
    global $primary;
    $set('k', 'v');
    $primary->restart();
    wait_until(function () use ($get) {
        global $primary;
        $get('tick');
        return preg_match('/^W /', $primary->raw('mcp:e')[1] ?? '');
    }) or print("it was not found again\n");
    $before = stored_by_number();
    var_dump($get('k'), $primary->raw('k')[1], stored_by_number() - $before);
}
$m = pool($primary);
fill([$m, 'get'], [$m, 'set']);
$c = new McProxy\Client([$primary->name()], [$backup->name()], 'resync=off timeout=1s');
fill([$c, 'get'], [$c, 'set']);
?>
--EXPECT--
string(1) "v"
string(1) "v"
int(0)
string(1) "v"
string(1) "v"
int(1)
