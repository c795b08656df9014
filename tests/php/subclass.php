<?php
/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * subclass.php print: the PHP text of subclasses of MemcachePool and Memcache that override every
 * method with the signature that the loaded extension's reflection tells, and count the calls.
 * subclass.php use FILE PORT: loads such a text, and uses what it declares. "yes": all went well.
 *
 * Printed with the old extension and used with ours, it is an application's own class that follows
 * the old extension's types to the letter; if ours were narrower, PHP would refuse to load it.
 */
error_reporting(E_ALL & ~E_DEPRECATED);

/** A parameter as a declaration has it; the old extension tells no defaults. */
function declaration(ReflectionParameter $p): string
{
    $type = $p->hasType() ? (string) $p->getType() : '';
    $standard = ['int' => '0', 'float' => '0.2', 'bool' => 'true', 'string' => "'slabs'"][$type] ?? 'null';
    return "$type " . ($p->isPassedByReference() ? '&' : '') . "\$$p->name" . ($p->isOptional() ? " = $standard" : '');
}

function method(ReflectionMethod $m): string
{
    $parameters = implode(', ', array_map('declaration', $m->getParameters()));
    $arguments = implode(', ', array_map(function (ReflectionParameter $p): string {
        return "\$$p->name";
    }, $m->getParameters()));
    $type = $m->hasReturnType() ? ': ' . $m->getReturnType() : '';
    return "    public function $m->name($parameters)$type\n    {\n        \$this->n++;\n"
        . "        return parent::$m->name($arguments);\n    }\n";
}

if ($argv[1] === 'print') {
    echo "<?php\n";
    foreach (['MemcachePool', 'Memcache'] as $class) {
        $methods = (new ReflectionClass($class))->getMethods();
        echo "class Own$class extends $class\n{\n    public \$n = 0;\n", implode('', array_map('method', $methods)), "}\n";
    }
    exit(count($methods) > 20 ? 0 : 1);
}
require $argv[2];
$m = new OwnMemcache();
$pool = new OwnMemcachePool();
$flags = $cas = null;
$all = [
    $m->addServer('127.0.0.1', (int) $argv[3], true, 1, 1, 15, true, null),
    $pool->addServer('127.0.0.1', (int) $argv[3], 0, true, 1, 1, 15, true),
    $m->set('own', 'text', MEMCACHE_USER1, 60), $m->get('own', $flags, $cas) === 'text', $flags === MEMCACHE_USER1, is_int($cas),
    $pool->get(['own'], $flags, $cas) === ['own' => 'text'], $m->set(['own' => 1], null, 0, 60),
    $pool->increment('own', 2, 0, 0) === 3, $m->decrement(['own'], 1, 0, 0) === ['own' => 2],
    $m->getServerStatus('127.0.0.1', (int) $argv[3]) === 1, $m->setFailureCallback(null),
    $m->setServerParams('127.0.0.1', (int) $argv[3], 1, 15, true, null), is_array($m->getStats('slabs', 0, 100)),
    $m->delete('own', 0), $m->findServer('own') === "127.0.0.1:$argv[3]", $m->close(), $m->n === 12, $pool->n === 3,
];
$wrong = array_keys(array_filter($all, function ($one): bool {
    return $one !== true;
}));
echo $wrong === [] ? "yes\n" : 'NO: ' . implode(' ', $wrong) . "\n";
exit($wrong === [] ? 0 : 1);
