<?php
/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A small guest book that no memcached can take down. It stores what is written, reads it again,
 * and shows which server answered.
 *
 *     memcached -p 11211 & memcached -p 11212 & memcached -p 11213 &
 *     MEMCACHED_SERVERS=127.0.0.1:11211,127.0.0.1:11212 MEMCACHED_BACKUPS=127.0.0.1:11213 \
 *         php -d extension=mcproxy -S 127.0.0.1:8080 index.php
 *
 * Then kill one, and reload the page.
 */
$cache = new McProxy\Client(
    getenv('MEMCACHED_SERVERS') ?: '127.0.0.1:11211',
    getenv('MEMCACHED_BACKUPS') ?: '',
    'timeout=500ms'
);

function h($text): string
{
    return htmlspecialchars((string) $text, ENT_QUOTES);
}

$name = substr(preg_replace('/[^a-z0-9]/i', '', $_GET['name'] ?? 'Ada'), 0, 40) ?: 'Ada';
$said = '';
try {
    if (isset($_GET['text'])) {
        $cache->set("guest.$name", substr($_GET['text'], 0, 1000), 3600);
        $copies = $cache->lastResult();
        $said = "Stored. First copy: $copies->primary, second copy: $copies->backup.";
    }
    $visits = $cache->increment("visits.$name", 1, 1, 3600);
    $result = $cache->fetch("guest.$name");
    $text = $result->value ?? '(nothing yet)';
    $answered = $result->server . ($result->fromBackup ? ', the backup' : ', the primary');
} catch (McProxy\Exception $failure) {
    http_response_code(503);
    $visits = '?';
    $text = '(no server answers)';
    $answered = $failure->getMessage();
}
?>
<!DOCTYPE html>
<meta charset="utf-8">
<title>Guest book</title>
<h1><?= h($name) ?></h1>
<p id="text"><?= h($text) ?></p>
<p>Visit <span id="visits"><?= h($visits) ?></span>. Answered by <span id="answered"><?= h($answered) ?></span>. <?= h($said) ?></p>
<form><input name="name" value="<?= h($name) ?>"> <input name="text"> <button>Write</button></form>
<table>
<?php foreach ($cache->servers() as $server): ?>
<tr><td><?= h($server['name']) ?><td><?= $server['is_backup'] ? 'backup' : 'primary' ?><td><?= h($server['state']) ?><td><?= h($server['why']) ?>
<?php endforeach ?>
</table>
