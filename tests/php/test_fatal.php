<?php
/* SPDX-License-Identifier: BSD-3-Clause */
/* A fatal error, or an exit, in the middle of a request never leaks a reply into the next one. */
require getenv('MCPROXY_SOURCE') . '/tests/support.inc';
require __DIR__ . '/web.inc';

$server = new Server('-m', '256');
$web = new Web(__DIR__ . '/fatal.php', ['MEMCACHED_PORT' => $server->port], modules('memcache'));
check('filled', $web->get('fill') === 'filled');
$first = $web->get('canary');
check('the canary sings', strpos($first, 'canary ') === 0);
$right = 0;
for ($i = 0; $i < 10; $i++) {
    $died = $web->get('die');
    $right += strpos($died, 'Allowed memory size') !== false && strpos($died, 'NOT DEAD') === false && $web->get('canary') === $first;
}
check('after a fatal error it is the canary that is read, by the same worker', $right === 10);
$right = 0;
for ($i = 0; $i < 10; $i++) {
    $right += $web->get('exit') === 'left' && $web->get('canary') === $first;
}
check('after an exit as well', $right === 10);
$late = $web->get('late');
check('after the time limit as well', strpos($late, 'Maximum execution time') !== false && strpos($late, 'NOT LATE') === false && $web->get('canary') === $first);
$connections = $server->connections();
for ($i = 0; $i < 20; $i++) {
    $web->get('canary');
}
check('requests share a connection', $server->connections() <= $connections + 1);
