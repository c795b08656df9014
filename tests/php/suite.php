<?php
/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * suite.php MODULES TESTS: runs the .phpt files of the folder TESTS, which are the old memcache
 * extension's own (its folder tests/, from its sources), against the memcache.so in MODULES by PHP's
 * test runner. The servers they ask for are started here, and what their connect.inc would say of
 * them is said by suite_connect.inc. Prints what fails, and then the runner's count; exit code 0 when
 * at most one failed: the old extension itself passes all but one (029, where PHP 8.2 warns of an
 * ini value). Some look at what the test before them has left. What the suite says of UDP, and of a server at 11211, does not apply here.
 */
require __DIR__ . '/../../php-ext/tests/support.inc';
[, $modules, $tests] = $argv;

$scratch = sys_get_temp_dir() . '/mcproxy-suite' . getmypid();
mkdir($scratch) && mkdir("$scratch/tests");
foreach (glob("$tests/*.phpt") as $file) {
    copy($file, "$scratch/tests/" . basename($file));
}
copy(__DIR__ . '/suite_connect.inc', "$scratch/tests/connect.inc");
register_shutdown_function(function () use ($scratch) {
    array_map('unlink', array_filter(glob("$scratch/tests/*") ?: [], 'is_file'));
    @unlink("$scratch/socket");
    @rmdir("$scratch/tests");
    @rmdir($scratch);
});

$one = new Server();
$two = new Server();
$null = ['file', '/dev/null', 'r+'];
$unix = proc_open(['setpriv', '--pdeathsig', 'KILL', 'memcached', '-u', 'root', '-s', "$scratch/socket"], [$null, $null, $null], $pipes);
wait_until(function () use ($scratch): bool {
    return file_exists("$scratch/socket");
}) or die("memcached did not start\n");
/* A listener whose queue is full answers nobody: its connections hang, as those to a host that is gone. */
$hole = stream_socket_server('tcp://127.0.0.1:0', $code, $text, STREAM_SERVER_BIND | STREAM_SERVER_LISTEN,
    stream_context_create(['socket' => ['backlog' => 0]]));
$hole_name = stream_socket_get_name($hole, false);
$waiting = [];
for ($i = 0; $i < 3; $i++) {
    $waiting[] = @stream_socket_client("tcp://$hole_name", $code, $text, 0, STREAM_CLIENT_CONNECT | STREAM_CLIENT_ASYNC_CONNECT);
}

putenv("SUITE_ONE=$one->port");
putenv("SUITE_TWO=$two->port");
putenv('SUITE_DEAD=' . dead_port());
putenv('SUITE_HOLE=' . substr(strrchr($hole_name, ':'), 1));
putenv("SUITE_SOCKET=$scratch/socket");
foreach (['NO_COLOR=1', 'NO_INTERACTION=1', 'LC_ALL=C', 'TEST_PHP_EXECUTABLE=' . PHP_BINARY] as $setting) {
    putenv($setting);
}
$runner = PHP_EXTENSION_DIR . '/build/run-tests.php';
$quoted = array_map('escapeshellarg', [PHP_BINARY, '-n', $runner, '-q', '-n', '--show-diff', '-d', "extension_dir=$modules",
    '-d', 'extension=memcache', "$scratch/tests"]);
exec('cd ' . escapeshellarg($scratch) . ' && ' . implode(' ', $quoted) . ' < /dev/null 2>&1', $lines);
proc_terminate($unix, SIGNAL_KILL);
echo implode("\n", preg_grep('/^(PASS|TEST) /', $lines, PREG_GREP_INVERT)), "\n";
$count = function (string $what) use ($lines): int {
    $found = preg_grep("/^Tests $what +: +\d+/", $lines);
    return $found ? (int) preg_replace('/^.*?: +(\d+).*$/', '$1', end($found)) : 0;
};
exit($count('passed') > 0 && $count('failed') <= 1 ? 0 : 1);
