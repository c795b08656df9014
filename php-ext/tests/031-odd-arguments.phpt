--TEST--
every method of every class with odd arguments: an answer or an exception of PHP's, and all goes on
--FILE--
<?php
require __DIR__ . '/support.inc';
$server = new Server();
$said = 0;
set_error_handler(function () use (&$said): bool {
    $said++;
    return true;
});
class Texty
{
    public function __toString(): string
    {
        return 'texty';
    }
}
class Thrower
{
    public function __toString(): string
    {
        throw new LogicException('thrown');
    }
    public function __serialize(): array
    {
        throw new LogicException('thrown');
    }
}
class Nested
{
    public $m;
    public function __serialize(): array
    {
        global $m;
        $m->set('nested', 1);
        method_exists($m, 'close') && $m->close();
        return [1];
    }
    public function __unserialize(array $data): void
    {
        global $m;
        $m->get(['nested', 'k']);
    }
}
$closed = fopen('php://memory', 'r');
fclose($closed);
$odd = [null, true, false, 0, 1, -1, 65536, PHP_INT_MAX, PHP_INT_MIN, 1.5, -1.5, NAN, INF, 1e300, '', '0', '1', 'k', ' ', "\0", "a\r\nflush_all\r\n",
    'mcp:s', str_repeat('x', 251), str_repeat('y', 100000), "\xff\xfe", '127.0.0.1', 'unix:///nowhere', 'slabs', [], [[]], ['k'], [1, 2, 3], ['k' => 'v'],
    [null], [new stdClass()], array_fill(0, 300, 'k'), new stdClass(), new Texty(), new Thrower(), new Nested(), fopen('php://memory', 'r'), $closed,
    'strlen', function () {
        return 1;
    }];
mt_srand(11);
$calls = 0;
$kinds = [];
function odd_call(callable $call): void
{
    global $calls, $kinds;
    $calls++;
    try {
        $call();
    } catch (TypeError | ValueError | Exception $e) {
        $kinds[get_class($e)] = true;
    } catch (Error $e) {
        $kinds[preg_replace('/class \S+/', 'class', $e->getMessage())] = true;
    }
}
/* Mostly as many as are taken. */
function arguments(int $least, int $most): array
{
    global $odd;
    $arguments = [];
    for ($i = mt_rand(0, 9) ? mt_rand($least, $most) : mt_rand(0, $most + 2); $i > 0; $i--) {
        $arguments[] = $odd[mt_rand(0, count($odd) - 1)];
    }
    return $arguments;
}
$slow = ['connect', 'pconnect'];
foreach ([Memcache::class, MemcachePool::class, McProxy\Client::class] as $class) {
    foreach ((new ReflectionClass($class))->getMethods() as $method) {
        for ($i = 0; $i < 40 && !in_array($method->name, $slow, true); $i++) {
            if ($class === McProxy\Client::class) {
                $m = new $class($server->name());
            } else {
                $m = new $class();
                $m->addServer($server->host, $server->port);
            }
            odd_call(function () use ($m, $method) {
                $arguments = arguments($method->getNumberOfRequiredParameters(), $method->getNumberOfParameters());
                /* A name that nobody knows is looked for; that is another test's. */
                $m->{$method->name}(...$arguments);
            });
            if ($method->name !== 'addserver' && $method->name !== 'setserverparams' && $method->name !== 'addBackup' && $method->name !== '__construct') {
                odd_call(function () use ($m) {
                    $m->get('k');
                });
            }
        }
    }
}
foreach (get_extension_funcs('memcache') as $function) {
    $takes = new ReflectionFunction($function);
    for ($i = 0; $i < 40 && strpos($function, 'connect') === false; $i++) {
        $m = pool($server);
        odd_call(function () use ($function, $m, $takes) {
            $most = $takes->getNumberOfParameters() - 1;
            $arguments = array_merge(mt_rand(0, 9) ? [$m] : [], arguments(max(0, $takes->getNumberOfRequiredParameters() - 1), $most));
            $function(...$arguments);
        });
    }
}
ksort($kinds);
echo implode("\n", array_keys($kinds)), "\n";
check('many calls', $calls > 4000 && $said > 300);
$m = pool($server);
check('and all goes on', $m->set('last', 1) && $m->get('last') === 1);
?>
--EXPECT--
ArgumentCountError
Exception
LogicException
McProxy\Exception
Object of class could not be converted to string
TypeError
ValueError
many calls: yes
and all goes on: yes
