--TEST--
both modules: the stubs say what is built, and the headers for PHP 7 the same
--SKIPIF--
<?php
if (PHP_VERSION_ID < 80000) {
    die('skip the stubs need PHP 8');
}
?>
--FILE--
<?php
require __DIR__ . '/support.inc';
require __DIR__ . '/shape.inc';
$source = getenv('MCPROXY_SOURCE') ?: dirname(__DIR__);

/** Says what is different, by name. */
function differ(array $want, array $have): void
{
    foreach ($want + $have as $name => $unused) {
        if (($want[$name] ?? null) !== ($have[$name] ?? null)) {
            echo $name, "\n  stub:  ", json_encode($want[$name] ?? null), "\n  built: ", json_encode($have[$name] ?? null), "\n";
        }
    }
}

function arginfo_of(string $name): string
{
    $name = str_replace('\\', '_', rtrim($name, '()'));
    return strpos($name, '::') ? 'arginfo_class_' . str_replace('::', '_', $name) : "arginfo_$name";
}

foreach (['memcache', 'mcproxy'] as $module) {
    exec(escapeshellcmd(PHP_BINARY) . ' -n ' . escapeshellarg(__DIR__ . '/shape.inc') . ' '
        . escapeshellarg("$source/$module.stub.php"), $lines, $code);
    $stub = json_decode(implode("\n", $lines), true);
    $lines = [];
    check("$module: the stub is PHP", $code === 0 && is_array($stub));
    $extension = new ReflectionExtension($module);
    $built = shape_of($extension->getClassNames(), array_keys($extension->getFunctions()));
    differ($stub, $built);
    check("$module: as many as there should be", count($built) === count($stub) && count($built) > 30);

    $headers = [];
    foreach (['', '_legacy'] as $kind) {
        $headers[] = shape_of_header("$source/{$module}{$kind}_arginfo.h");
    }
    differ(...$headers);
    $missing = array_filter(array_keys($built), function (string $name) use ($headers): bool {
        return preg_match('/::\w|\(\)/', $name) && !isset($headers[1][arginfo_of($name)]);
    });
    check("$module: both headers have them all", $missing === []);
}
?>
--EXPECT--
memcache: the stub is PHP: yes
memcache: as many as there should be: yes
memcache: both headers have them all: yes
mcproxy: the stub is PHP: yes
mcproxy: as many as there should be: yes
mcproxy: both headers have them all: yes
