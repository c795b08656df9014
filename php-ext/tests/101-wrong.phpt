--TEST--
mcproxy: what is wrong throws and says why
--FILE--
<?php
require __DIR__ . '/support.inc';
use McProxy\Client;
$server = new Server();
$c = new Client($server->name());
function attempt(callable $what): void
{
    global $server;
    try {
        var_dump($what());
    } catch (Throwable $thrown) {
        $text = str_replace($server->port, 'PORT', $thrown->getMessage());
        echo get_class($thrown), ' ', $thrown->getCode(), ': ', strlen($text) > 150 ? substr($text, 0, 150) . '...' : $text, "\n";
    }
}
class Own extends Client
{
    public function __construct()
    {
    }
}
$big = str_repeat('k', 251);
attempt(fn() => new Client());
attempt(fn() => new Client([]));
attempt(fn() => new Client([1]));
attempt(fn() => new Client(7));
attempt(fn() => new Client(new stdClass()));
attempt(fn() => new Client('h', 7));
attempt(fn() => new Client(['h:99999']));
attempt(fn() => new Client(['h'], [], 'timeout=5'));
attempt(fn() => new Client(['h'], [], "timeout=\0"));
attempt(fn() => new Client('h', options: 'colour=red'));
attempt(fn() => (new Own())->get('k'));
attempt(fn() => (new Own())->lastResult());
foreach (['', 'a b', $big, "a\x7f", "a\0b", 'mcp:s'] as $key) {
    attempt(fn() => $c->get($key));
}
attempt(fn() => $c->set('k', 'v', PHP_INT_MAX));
attempt(fn() => $c->set('k', 'v', 0, 1));
attempt(fn() => $c->set('k', 'v', 0, -1));
attempt(fn() => $c->set('k', fn() => 1));
attempt(fn() => $c->set('k', random_bytes(2 << 20)));
attempt(fn() => $c->get([]));
attempt(fn() => $c->get());
attempt(fn() => $c->getMultiple('k'));
attempt(fn() => $c->getMultiple([[]]));
attempt(fn() => $c->getMultiple(['a b', 'k']));
attempt(fn() => $c->fetchMultiple(['a b'])['a b']->status);
attempt(fn() => $c->setMultiple(['a b' => 1]));
attempt(fn() => $c->setMultiple(['a' => fn() => 1]));
attempt(fn() => $c->deleteMultiple(['']));
attempt(fn() => $c->getMultiple([]));
attempt(fn() => $c->setMultiple([]));
$c->set('s', 'abc');
attempt(fn() => $c->increment('s'));
attempt(fn() => $c->increment('n', initial: -1));
attempt(fn() => $c->cas('s', 1));
attempt(fn() => clone $c);
attempt(fn() => serialize($c));
attempt(fn() => unserialize('O:14:"McProxy\Client":0:{}'));
$c->set('bytes', 'x');
$server->put('broken', 4, 'a:1:{');
attempt(fn() => @$c->get('broken', 'standard'));
$server->end();
attempt(fn() => $c->get('k'));
attempt(fn() => $c->set('k', 1));
attempt(fn() => $c->getMultiple(['k', 'l']));
attempt(fn() => $c->stats());
attempt(fn() => $c->flush());
attempt(fn() => $c->fetchMultiple(['k'])['k']->status === Client::NO_SERVER);
attempt(fn() => $c->servers()[0]['state']);
?>
--EXPECTF--
McProxy\Exception -101: no server is given; there must be one, as in server=10.0.0.4:11211
McProxy\Exception -101: no server is given; there must be one, as in server=10.0.0.4:11211
McProxy\Exception -101: A server is written as a string, not as int
TypeError 0: McProxy\Client::__construct(): Argument #1 must be of type array|string, int given
TypeError 0: McProxy\Client::__construct(): Argument #1 must be of type array|string, stdClass given
TypeError 0: McProxy\Client::__construct(): Argument #2 must be of type array|string, int given
McProxy\Exception -101: "server="h:99999"" at position 2: the port is a number from 1 to 65535, as in host:11211
McProxy\Exception -101: "timeout=5" at position 13: a time needs a unit: us, ms, s or m, as in 250ms
ValueError 0: McProxy\Client::__construct(): Argument #3 ($options) must not contain any null bytes
McProxy\Exception -101: "colour=red" at position 13: no such option; mcproxy_options(7) has the list
McProxy\Exception -101: The constructor was not called
McProxy\Exception -101: The constructor was not called
McProxy\Exception -102: the key is empty
McProxy\Exception -102: the key "a b" has the byte 0x20 at position 2; white space and control bytes are not allowed
McProxy\Exception -102: the key "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk..." has 251 bytes, more than 250
McProxy\Exception -102: the key "a\x7f" has the byte 0x7f at position 2; white space and control bytes are not allowed
McProxy\Exception -102: the key "a\x00b" has the byte 0x00 at position 2; white space and control bytes are not allowed
McProxy\Exception -102: the key "mcp:s" begins with the reserved prefix "mcp:"
McProxy\Exception -101: the ttl 9223372036854775807 is above 2147483647; servers would store a miss
McProxy\Exception -101: Of the flags only bits 16 to 31 are the user's
McProxy\Exception -101: Of the flags only bits 16 to 31 are the user's

Warning: McProxy\Client::set(): Failed to serialize value in %s on line %d
Exception 0: Serialization of 'Closure' is not allowed
McProxy\Exception 4: too large
TypeError 0: McProxy\Client::get(): Argument #1 ($key) must be of type string, array given
ArgumentCountError 0: McProxy\Client::get() expects at least 1 argument, 0 given
TypeError 0: McProxy\Client::getMultiple(): Argument #1 ($keys) must be of type array, string given
TypeError 0: A key is a string, not array
McProxy\Exception -102: a b: bad key
int(-102)
McProxy\Exception -102: a b: bad key

Warning: McProxy\Client::setMultiple(): Failed to serialize value in %s on line %d
Exception 0: Serialization of 'Closure' is not allowed
McProxy\Exception -102: : bad key
array(0) {
}
bool(true)
McProxy\Exception 5: not a number
McProxy\Exception -101: A counter does not start below 0
ArgumentCountError 0: McProxy\Client::cas() expects at least 3 arguments, 2 given
Error 0: Trying to clone an uncloneable object of class McProxy\Client
Exception 0: Serialization of 'McProxy\Client' is not allowed
Exception 0: Unserialization of 'McProxy\Client' is not allowed
string(8) "standard"
McProxy\Exception -202: 127.0.0.1:PORT: connect: Connection refused
McProxy\Exception -202: 127.0.0.1:PORT: connect: Connection refused
McProxy\Exception -202: k: no server could be reached
array(1) {
  ["127.0.0.1:%d"]=>
  bool(false)
}
McProxy\Exception -202: 127.0.0.1:PORT: connect: Connection refused
bool(true)
string(4) "down"
