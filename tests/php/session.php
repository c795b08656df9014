<?php
/* SPDX-License-Identifier: BSD-3-Clause */
/* session.php HANDLER PORTS: one visit to each of 40 sessions, every other one of them long enough
 * to be compressed; prints how often each was visited. */
[, $handler, $ports] = $argv;
ini_set('session.use_cookies', 0);
ini_set('session.cache_limiter', '');
ini_set('session.save_handler', $handler);
ini_set('session.save_path', implode(',', array_map(function ($port) {
    return "tcp://127.0.0.1:$port?timeout=1";
}, explode(',', $ports))));
$visits = [];
for ($i = 0; $i < 40; $i++) {
    session_id("visitor$i");
    session_start();
    $_SESSION['visits'] = ($_SESSION['visits'] ?? 0) + 1;
    $visits[] = $_SESSION['visits'];
    $long = $i % 2 ? str_repeat("page $i ", 5000) : '';
    if (($_SESSION['long'] ?? $long) !== $long) {
        echo "visitor $i found other bytes\n";
    }
    $_SESSION['long'] = $long;
    session_write_close();
}
echo implode(' ', array_unique($visits)), "\n";
