<?php
/* SPDX-License-Identifier: BSD-3-Clause */
/* The example page is fetched over and over while a primary is killed, and loses nothing. */
require getenv('MCPROXY_SOURCE') . '/tests/support.inc';
require __DIR__ . '/web.inc';

$servers = [new Server(), new Server()];
$backup = new Server();
$web = new Web(getenv('MCPROXY_SOURCE') . '/../examples/php/index.php', [
    'MEMCACHED_SERVERS' => "{$servers[0]->name()},{$servers[1]->name()}", 'MEMCACHED_BACKUPS' => $backup->name(),
], modules('mcproxy'));

function fetch(string $query): array
{
    global $web;
    $page = $web->get($query);
    preg_match('~id="text">([^<]*)<.*id="visits">([^<]*)<.*id="answered">([^<]*)<~s', $page, $found);
    return array_slice($found, 1) + ['', '', $page];
}

$names = ['Ada', 'Alan', 'Grace', 'Edsger', 'Barbara', 'Donald', 'Frances', 'Ken'];
foreach ($names as $name) {
    check("$name wrote", fetch("name=$name&text=from+$name")[0] === "from $name");
}
$primaries = [];
foreach ($names as $name) {
    $primaries[] = explode(',', fetch("name=$name")[2])[0];
}
check('both primaries answer', count(array_unique($primaries)) === 2);
$servers[0]->end();
for ($round = 3; $round < 6; $round++) {
    foreach ($names as $n => $name) {
        [$text, $visits, $answered] = fetch("name=$name");
        $is_away = $primaries[$n] === $servers[0]->name();
        $want = $is_away ? "{$backup->name()}, the backup" : "{$servers[1]->name()}, the primary";
        check("visit $round of $name", $text === "from $name" && $visits == $round && $answered === $want);
    }
}
check('writing goes on', fetch('name=Ada&text=again')[0] === 'again');
$servers[1]->end();
$backup->end();
check('without any server the page says so', strpos(fetch('name=Ada')[0], 'no server answers') !== false);
