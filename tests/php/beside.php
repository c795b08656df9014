<?php
/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * beside.php ONE TWO DEAD: calls every method and function of the memcache module, as it is meant
 * and in odd ways, on two empty servers and one that is not there. Prints a line per call: what it
 * was, what came back, what PHP said. Run with the old extension and with ours the lines are the
 * same, but for those that the run script knows about.
 */
error_reporting(E_ALL & ~E_DEPRECATED);
[, $one, $two, $dead] = array_map('intval', $argv);
$said = [];
set_error_handler(function (int $number, string $text) use (&$said): bool {
    if (error_reporting() & $number) {
        $said[] = [E_WARNING => 'Warning', E_NOTICE => 'Notice'][$number] . ": $text";
    }
    return true;
});

function show($value): string
{
    if (is_array($value)) {
        ksort($value); /* the old extension's order is that of the answers */
        $parts = [];
        foreach ($value as $key => $one) {
            $parts[] = var_export($key, true) . '=>' . show($one);
        }
        return '[' . implode(', ', $parts) . ']';
    }
    if (is_object($value)) {
        return get_class($value) . ' ' . show((array) $value);
    }
    return is_resource($value) ? get_resource_type($value) : json_encode($value, JSON_PARTIAL_OUTPUT_ON_ERROR);
}

/** Does it, and prints what it was called, what came back and what was said. */
function does(string $name, callable $call): void
{
    global $said, $one, $two, $dead;
    $said = [];
    try {
        $result = show($call());
    } catch (Throwable $e) {
        $result = get_class($e) . ': ' . $e->getMessage();
    }
    $line = preg_replace('/\s+/', ' ', "$name -> $result" . ($said ? ' | ' . implode(' | ', $said) : ''));
    echo strtr($line, [(string) $one => 'ONE', (string) $two => 'TWO', (string) $dead => 'DEAD']), "\n";
}

function fresh(): Memcache
{
    global $one;
    $m = new Memcache();
    $m->addServer('127.0.0.1', $one);
    $m->set('text', 'text');
    $m->set('number', 5);
    $m->set('digits', '5');
    $m->set('list', [1, 'a' => 2]);
    foreach (['none', 'k', '5', '1'] as $key) {
        $m->delete($key);
    }
    return $m;
}

/* ---- Each argument of each method with each odd value ------------------------------------------ */

class Plain
{
}
class Texty
{
    public function __toString(): string
    {
        return 'text';
    }
}
$odd = [null, true, false, 0, 1, -1, 7, 4294967296, PHP_INT_MAX, PHP_INT_MIN, 1.5, -0.0, NAN, INF, '', '0', '1', 'text', 'number',
    ' 1', '1 ', '1abc', 'none', "a b\nc", "nul\0nul", str_repeat('k', 250), str_repeat('k', 251), [], ['text'], ['text', 'none', 5],
    ['number' => 1], [[1]], new Plain(), new Texty()];
$methods = [
    'set' => ['k', 'v', 0, 0], 'add' => ['none', 'v', 0, 0], 'replace' => ['text', 'v', 0, 0], 'cas' => ['text', 'v', 0, 0, 1],
    'append' => ['text', 'v', 0, 0], 'prepend' => ['text', 'v', 0, 0], 'get' => ['text'], 'delete' => ['text', 0],
    'increment' => ['number', 1, 0, 0], 'decrement' => ['number', 1, 0, 0],
    'getStats' => ['slabs', 1, 1], 'getExtendedStats' => ['slabs', 1, 1], 'setCompressThreshold' => [100, 0.2],
    'close' => [], 'getVersion' => [], 'findServer' => ['text'], 'getServerStatus' => ['127.0.0.1', $one],
    'setServerParams' => ['127.0.0.1', $one, 1, 15, true, null], 'setFailureCallback' => [null],
    'setSaslAuthData' => ['u', 'p'],
    'addServer' => ['127.0.0.1', $two, true, 1, 1, 15, true, null], 'connect' => ['127.0.0.1', $two, 1],
    'pconnect' => ['127.0.0.1', $two, 1],
];
/* Their answers are of the moment. */
$untold = ['getStats', 'getExtendedStats'];
$is_missing_cas = function (string $method, array $arguments): bool {
    return $method === 'cas' && !in_array($arguments[0], ['text', 'number'], true);
};
foreach ($methods as $method => $usual) {
    for ($at = -1; $at < count($usual); $at++) {
        foreach ($at < 0 ? [null] : $odd as $i => $value) {
            $arguments = $usual;
            if ($at >= 0) {
                $arguments[$at] = $value;
            }
            /* On a key that is missing the old extension's cas() marks every server as failed. */
            if ($is_missing_cas($method, $arguments)) {
                continue;
            }
            does("$method#$at#$i", function () use ($method, $arguments, $untold) {
                $m = fresh();
                $result = $m->$method(...$arguments);
                if (in_array($method, $untold, true)) {
                    return gettype($result);
                }
                /* With a server that fails the old extension may crash in a list. */
                $is_pool = in_array($method, ['addServer', 'connect', 'pconnect', 'setServerParams'], true);
                $left = $is_pool ? [] : $m->get(['k', 'none', 'text', 'number', '5', '1']);
                return [$result, is_array($left) ? $left : []];
            });
        }
    }
    does("$method without", function () use ($method) {
        return in_array($method, ['getVersion', 'close', 'getStats', 'getExtendedStats'], true) ? '' : fresh()->$method();
    });
}

/* ---- No server, a dead one ---------------------------------------------------------------------- */

foreach ($methods as $method => $usual) {
    if (strpos($method, 'onnect') === false && $method !== 'addServer' && $method !== 'setSaslAuthData') {
        does("no server: $method", function () use ($method, $usual) {
            return (new Memcache())->$method(...$usual);
        });
        does("closed: $method", function () use ($method, $usual) {
            $m = fresh();
            $m->close();
            return $m->$method(...$usual);
        });
        if ($method !== 'getServerStatus' && $method !== 'setServerParams' && $method !== 'findServer') {
            does("dead: $method", function () use ($method, $usual, $dead) {
                $m = new Memcache();
                $m->addServer('127.0.0.1', $dead, false);
                return [$m->$method(...$usual), $m->get('text')];
            });
        }
    }
}
foreach (['get', 'delete', 'increment', 'decrement', 'set', 'add'] as $method) {
    $list = in_array($method, ['set', 'add'], true) ? ['text' => 'v', 'none' => 1] : ['number', 'none', 'number'];
    does("no server: $method of a list", function () use ($method, $list) {
        return (new Memcache())->$method($list);
    });
    does("closed: $method of a list", function () use ($method, $list) {
        $m = fresh();
        $m->close();
        return $m->$method($list);
    });
}
foreach (['connect', 'pconnect'] as $method) {
    does("dead: $method", function () use ($method, $dead) {
        return (new Memcache())->$method('127.0.0.1', $dead);
    });
    does("dead: memcache_$method", function () use ($method, $dead) {
        return ("memcache_$method")('127.0.0.1', $dead);
    });
    does("pool dead: $method", function () use ($dead) {
        return (new MemcachePool())->connect('127.0.0.1', $dead);
    });
}
does('status after a failure', function () use ($dead, $one) {
    $m = new Memcache();
    $m->addServer('127.0.0.1', $dead, false);
    $m->addServer('127.0.0.1', $one, false);
    foreach (range(0, 20) as $i) {
        @$m->get("k$i");
    }
    return [$m->getServerStatus('127.0.0.1', $dead), $m->getServerStatus('127.0.0.1', $one)];
});
does('callback', function () use ($dead) {
    $m = new Memcache();
    $seen = [];
    $m->addServer('127.0.0.1', $dead, false, 1, 1, 15, true, function (...$arguments) use (&$seen) {
        $seen[] = $arguments;
        return true;
    });
    return [$m->get('k'), $m->get('k'), $m->set('k', 1), $seen];
});
does('callback that throws', function () use ($dead) {
    $m = new Memcache();
    $m->addServer('127.0.0.1', $dead, false);
    $m->setFailureCallback(function () {
        throw new LogicException('thrown');
    });
    return $m->get('k');
});

/* ---- Functions ---------------------------------------------------------------------------------- */

$functions = ['set', 'add', 'replace', 'append', 'prepend', 'get', 'delete', 'increment', 'decrement', 'get_version', 'close',
    'get_server_status', 'set_server_params', 'set_failure_callback', 'set_compress_threshold', 'set_sasl_auth_data'];
foreach ($functions as $function) {
    $method = lcfirst(str_replace('_', '', ucwords($function, '_')));
    does("memcache_$function", function () use ($function, $method, $methods) {
        return ("memcache_$function")(fresh(), ...$methods[$method]);
    });
    foreach ([new Plain(), null, 1, 'x', new MemcachePool()] as $i => $object) {
        does("memcache_$function of $i", function () use ($function, $method, $methods, $object) {
            return ("memcache_$function")($object, ...$methods[$method]);
        });
    }
}
does('memcache_add_server', function () use ($two) {
    return memcache_add_server(fresh(), '127.0.0.1', $two, true, 1, 1, 15, true, null);
});
does('memcache_add_server of a pool', function () use ($two) {
    return memcache_add_server(new MemcachePool(), '127.0.0.1', $two);
});
does('memcache_connect', function () use ($two) {
    return get_class(memcache_connect('127.0.0.1', $two)) . get_class(memcache_pconnect('127.0.0.1', $two, 1));
});
does('memcache_debug', function () {
    return [memcache_debug(true), memcache_debug(), memcache_debug(1, 2, 3)];
});

/* ---- Values, flags, lists ------------------------------------------------------------------------ */

$values = [null, true, false, 0, -7, PHP_INT_MAX, PHP_INT_MIN, 1.5, 1e100, INF, -INF, '', '0', 'text', "\0\r\n", str_repeat('x', 30000),
    [], [1, [2]], range(0, 9000), new ArrayObject([1]), str_repeat(md5('x', true), 3000)];
foreach ($values as $i => $value) {
    foreach ([0, MEMCACHE_COMPRESSED, MEMCACHE_USER1 | MEMCACHE_USER4, MEMCACHE_COMPRESSED | 0x7fff0000] as $flags) {
        does("value $i flags $flags", function () use ($value, $flags) {
            $m = fresh();
            $stored = $m->set('v', $value, $flags);
            $got = $m->get('v', $seen, $cas);
            $list = $m->get(['v', 'none'], $seen_list, $cas_list);
            return [$stored, md5(serialize($got)), $seen, is_int($cas) && $cas !== 0, md5(serialize($list)), $seen_list, array_keys($cas_list)];
        });
    }
}
does('flags of a miss', function () {
    $flags = 'before';
    $cas = 'before';
    return [fresh()->get('none', $flags, $cas), $flags, $cas];
});
does('flags of misses', function () {
    $flags = 'before';
    $cas = 'before';
    return [fresh()->get(['none', 'none2'], $flags, $cas), $flags, $cas];
});
does('a value that cannot be read', function () {
    $m = fresh();
    $m->prepend('list', 'x');
    $flags = $cas = 'before';
    return [$m->get('list', $flags, $cas), $flags, $cas, $m->get(['list', 'text'], $flags, $cas), $flags, array_keys($cas)];
});
does('cas', function () {
    $m = fresh();
    $m->get('text', $flags, $cas);
    return [$m->cas('text', 'new', 0, 0, $cas + 100000), $m->get('text'), $m->cas('text', 'new', 0, 0, $cas), $m->get('text')];
});
does('a list of sets', function () {
    $m = fresh();
    return [$m->set(['a' => 1, 'b' => 'x', 5 => [1], "c d" => null], null, 0, 60), $m->get(['a', 'b', 5, 'c d', 'none'])];
});
does('a list of adds', function () {
    $m = fresh();
    $m->delete('a');
    return [$m->add(['a' => 1, 'text' => 2]), $m->get(['a', 'text'])];
});
does('a list of replaces', function () {
    $m = fresh();
    return [$m->replace(['text' => 1, 'none' => 2]), $m->get(['none', 'text'])];
});
does('a list of deletes', function () {
    $m = fresh();
    return [$m->delete(['text', 'digits']), $m->delete(['number', 'none']), $m->delete([]), $m->get(['text', 'number'])];
});
does('a list of counts', function () {
    return [fresh()->increment(['number', 'digits'], 2), fresh()->decrement(['number', 'digits'], 10)];
});
does('a key twice in a list', function () {
    $m = fresh();
    return [$m->increment(['number', 'digits', 'number'], 2), $m->get(['number', 'number', 'text']), $m->delete(['text', 'text'])];
});
does('counting below 0 and above all', function () {
    $m = fresh();
    $m->set('most', '9223372036854775806');
    return [$m->decrement('number', 9), $m->get('number'), $m->increment('most'), $m->increment('most', 5), $m->get('most')];
});
does('counting what is no number', function () {
    $m = fresh();
    return [$m->increment('text'), $m->get('text'), $m->increment('list'), $m->get('number')];
});
does('too large', function () {
    $m = fresh();
    $m->setCompressThreshold(0);
    return [$m->set('text', str_repeat(md5('x', true), 100000)), $m->get('number')];
});
does('a closure', function () {
    return fresh()->set('k', function () {
    });
});
does('expiry', function () {
    $m = fresh();
    $results = [];
    foreach ([0, 60, -1, 2592000, 2592001, time() + 60, time() - 60, '60', ' 60'] as $i => $exptime) {
        $results[] = [$m->set("e$i", 1, 0, $exptime), $m->get("e$i")];
    }
    return $results;
});
does('deleted with a time', function () {
    $m = fresh();
    return [$m->delete('text', 10), $m->get('text'), $m->add('text', 1)];
});
does('keys with every byte', function () {
    $m = fresh();
    $seen = [];
    for ($byte = 0; $byte < 256; $byte++) {
        if ($byte !== 0x7f) {
            $seen[] = $m->set('k' . chr($byte) . 'k', $byte) && $m->get('k' . chr($byte) . 'k') === $byte;
        }
    }
    return array_unique($seen);
});
does('a long key', function () {
    $m = fresh();
    $m->set(str_repeat('k', 300), 1);
    return [$m->get(str_repeat('k', 250)), $m->get(str_repeat('k', 251)), array_keys($m->get([str_repeat('k', 260)]))];
});

/* ---- ini ------------------------------------------------------------------------------------------ */

$names = ['allow_failover', 'max_failover_attempts', 'default_port', 'chunk_size', 'protocol', 'hash_strategy', 'hash_function',
    'redundancy', 'session_redundancy', 'compress_threshold', 'lock_timeout', 'session_save_path', 'session_prefix_host_key',
    'session_prefix_host_key_remove_www', 'session_prefix_host_key_remove_subdomain', 'session_prefix_static_key', 'prefix_host_key',
    'prefix_host_key_remove_www', 'prefix_host_key_remove_subdomain', 'prefix_static_key'];
foreach ($names as $name) {
    does("ini $name", function () use ($name) {
        return ini_get("memcache.$name");
    });
    foreach (['0', '1', '-1', '', 'text', '5x', 'a.b', '99999999999', 'on', 'STANDARD', 'fnv', 'binary'] as $value) {
        does("ini $name = $value", function () use ($name, $value) {
            $before = ini_set("memcache.$name", $value);
            $result = [$before, ini_get("memcache.$name")];
            ini_restore("memcache.$name");
            return $result;
        });
    }
}
foreach (['static' => ['prefix_static_key' => 'pre_'], 'host' => ['prefix_host_key' => 1],
    'both' => ['prefix_host_key' => 1, 'prefix_static_key' => 'pre'],
    'whole host' => ['prefix_host_key' => 1, 'prefix_host_key_remove_www' => 0],
    'domain' => ['prefix_host_key' => 1, 'prefix_host_key_remove_subdomain' => 1]] as $what => $settings) {
    foreach (['www.shop.example.org', 'example.org', 'localhost', 'WWW.Example.org'] as $host) {
        does("prefix $what $host", function () use ($settings, $host) {
            $_SERVER['SERVER_NAME'] = $host;
            foreach ($settings as $name => $value) {
                ini_set("memcache.$name", $value);
            }
            $m = fresh();
            $result = [$m->set('p', 1), $m->get('p'), $m->get(['p']), $m->increment(['p'])];
            foreach ($settings as $name => $value) {
                ini_restore("memcache.$name");
            }
            return $result;
        });
    }
}

/* ---- Classes and constants ------------------------------------------------------------------------ */

does('constants', function () {
    return get_defined_constants(true)['memcache'];
});
does('functions', function () {
    return get_extension_funcs('memcache');
});
foreach (['MemcachePool', 'Memcache'] as $class) {
    foreach ((new ReflectionClass($class))->getMethods() as $method) {
        if ($method->name !== 'addBackup') {
            does("$class::{$method->name}", function () use ($method) {
                return [$method->class, $method->isStatic(), $method->isFinal(), $method->isPublic(), $method->getNumberOfRequiredParameters(),
                    array_map(function ($parameter) {
                        return $parameter->name . ($parameter->isPassedByReference() ? '&' : '');
                    }, $method->getParameters())];
            });
        }
    }
    does("$class is", function () use ($class) {
        $reflection = new ReflectionClass($class);
        return [$reflection->isFinal(), $reflection->isCloneable(), $reflection->isInstantiable(), $reflection->getParentClass() ? $reflection->getParentClass()->name : ''];
    });
}
foreach (get_extension_funcs('memcache') as $function) {
    does("parameters of $function", function () use ($function) {
        return array_map(function ($parameter) {
            return $parameter->name . ($parameter->isPassedByReference() ? '&' : '') . ($parameter->isOptional() ? '?' : '');
        }, (new ReflectionFunction($function))->getParameters());
    });
}

/* ---- flush, last: some of these work later ---------------------------------------------------------- */

does('flush', function () {
    $m = fresh();
    return [$m->flush(), $m->get('text'), memcache_flush($m)];
});
does('flush without servers', function () {
    $m = fresh();
    $m->close();
    return [$m->flush(), (new Memcache())->flush()];
});
does('flush of one that is dead', function () use ($one, $dead) {
    $m = new Memcache();
    $m->addServer('127.0.0.1', $dead, false);
    $first = $m->flush();
    $m->addServer('127.0.0.1', $one, false);
    return [$first, $m->flush()];
});
foreach ($odd as $i => $value) {
    does("flush#0#$i", function () use ($value) {
        return fresh()->flush($value);
    });
}
