<?php
/* SPDX-License-Identifier: BSD-3-Clause */
/* A page for `php -S`: ?die ends in a fatal error in the middle of a multi-get, ?late by
 * PHP's time limit, ?exit by itself; ?canary reads a key,
 * ?fill stores what both need. */
$m = new Memcache();
$m->addServer('127.0.0.1', (int) getenv('MEMCACHED_PORT'));
$what = $_SERVER['QUERY_STRING'];
if ($what === 'fill') {
    $m->setCompressThreshold(0);
    for ($i = 0; $i < 200; $i++) {
        $m->set("long$i", str_repeat(chr(65 + $i % 26), 200000)) or die('not stored');
    }
    $m->set('objects', array_fill(0, 20, str_repeat('o', 20000)));
    $m->set('canary', 'canary');
    echo 'filled';
} elseif ($what === 'die') {
    ini_set('memory_limit', '8M');
    $m->get(array_map(function ($i) {
        return "long$i";
    }, range(0, 199)));
    echo 'NOT DEAD';
} elseif ($what === 'exit') {
    /* exit in the middle: from inside unserialize(), while a list is being read */
    final class Leaver
    {
        public function __wakeup()
        {
            exit('left');
        }
    }
    $m->set('leaver', new Leaver());
    $m->get(['long1', 'leaver', 'long2']);
} elseif ($what === 'late') {
    /* PHP's own time limit, likewise */
    final class Looper
    {
        public function __wakeup()
        {
            set_time_limit(1);
            while (true) {
            }
        }
    }
    $m->set('looper', new Looper());
    $m->get(['long1', 'looper', 'long2']);
    echo 'NOT LATE';
} elseif ($what === 'canary') {
    echo $m->get('canary'), ' ', getmypid();
}
