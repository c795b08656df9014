<?php
/* SPDX-License-Identifier: BSD-3-Clause */
/* A hung server costs a worker one short stall, and not one per request. */
require getenv('MCPROXY_SOURCE') . '/tests/support.inc';
require __DIR__ . '/web.inc';

$servers = [new Server(), new Server()];
$backup = new Server();
$page = tempnam(sys_get_temp_dir(), 'mcproxy-page');
file_put_contents($page, '<?php $m = new Memcache; foreach (explode(",", getenv("PORTS")) as $port) $m->addServer("127.0.0.1", $port, false);
    for ($i = 0; $i < 40; $i++) { if ($_SERVER["QUERY_STRING"] === "set") $m->set("k$i", $i); else echo $m->get("k$i"), " "; }');
$web = new Web($page, ['PORTS' => "{$servers[0]->port},{$servers[1]->port}"], [...modules('memcache'),
    '-d', "memcache.backup={$backup->name()}", '-d', 'memcache.failure_notices=0', '-d', 'display_errors=1']);
$web->get('set');
$all = implode(' ', range(0, 39)) . ' ';
check('all are there', $web->get('get') === $all);
$servers[0]->pause();
$stalls = 0;
$right = 0;
for ($i = 0; $i < 15; $i++) {
    $began = microtime(true);
    $right += $web->get('get') === $all;
    $stalls += microtime(true) - $began > 0.1;
}
check('every request has all of them', $right === 15);
check('and at most one of them waited', $stalls <= 1);
$servers[0]->resume();
unlink($page);
