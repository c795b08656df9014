<?php
/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * beside_compare.php OLD OURS KNOWN: compares two outputs of beside.php. Says which calls differ and
 * are not known to, and which rules match nothing; then "N calls, N as known". Exit code 0: none.
 */
[, $old_file, $our_file, $known_file] = $argv;

function lines(string $file): array
{
    $calls = [];
    foreach (file($file, FILE_IGNORE_NEW_LINES) as $line) {
        [$name, $rest] = explode(' -> ', $line, 2) + [1 => ''];
        /* null is taken where the old extension says int, and it takes it, too. */
        $calls[$name] = str_replace('must be of type ?', 'must be of type ', $rest);
    }
    return $calls;
}

$rules = [];
foreach (file($known_file, FILE_IGNORE_NEW_LINES) as $line) {
    if ($line !== '' && $line[0] !== '#') {
        $rules[strstr($line, "\t", true)] = 0;
    }
}
$old = lines($old_file);
$ours = lines($our_file);
$is_good = count($old) > 3000 && array_keys($old) === array_keys($ours);
if (!$is_good) {
    echo 'the calls are not the same: ', count($old), ' and ', count($ours), "\n";
}
$known = 0;
foreach ($ours as $name => $rest) {
    if (($old[$name] ?? $rest) === $rest) {
        continue;
    }
    $matching = array_filter(array_keys($rules), function (string $rule) use ($name): bool {
        return (bool) preg_match("/^$rule/", $name);
    });
    foreach ($matching as $rule) {
        $rules[$rule]++;
    }
    $known += count($matching) > 0;
    if (!$matching) {
        $is_good = false;
        echo "$name\n    old:  {$old[$name]}\n    ours: $rest\n";
    }
}
foreach (array_keys($rules, 0, true) as $rule) {
    $is_good = false;
    echo "known, and not so: $rule\n";
}
echo count($ours), " calls, $known as known\n";
exit($is_good ? 0 : 1);
