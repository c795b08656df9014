--TEST--
mcproxy: the ini values, and how they and the constructor meet
--SKIPIF--
<?php getenv('MCPROXY_SLOW') and print 'skip times mean nothing here'; ?>
--FILE--
<?php
require __DIR__ . '/support.inc';
use McProxy\Client;
foreach (ini_get_all('mcproxy', false) as $name => $value) {
    echo $name, ' = ', var_export($value, true), "\n";
}
function says(Client $client, string $what): bool
{
    return strpos(preg_replace('/\s+/', ' ', $client->explain()), $what) !== false;
}
ini_set('mcproxy.options', "server=127.0.0.1:1 name=a weight=2 backup=127.0.0.1:2 timeout=250ms # a comment\nretry_max=5s namespace=\"ini:\"");
$c = new Client();
var_dump(count($c->servers()), $c->servers()[0]['name'], $c->servers()[0]['weight'], says($c, '250 ms'), says($c, 'ini:'));
$c = new Client('127.0.0.1:3 127.0.0.1:4, 127.0.0.1:5', options: 'timeout=300ms --NAMESPACE=own:');
var_dump(array_column($c->servers(), 'name'), says($c, '250 ms'), says($c, '300 ms'), says($c, 'ini:'), says($c, 'own:'), says($c, '5000 ms'));
ini_set('mcproxy.backup', '127.0.0.1:9');
var_dump(array_column((new Client('127.0.0.1:3'))->servers(), 'is_backup', 'name'), count((new Client('127.0.0.1:3', '127.0.0.1:8'))->servers()));
ini_set('mcproxy.options', '');
$server = new Server();
ini_set('mcproxy.backup', '');
$c = new Client([$server->name()], options: 'namespace=ns:');
$c->set('k', 1);
var_dump($server->raw('ns:k')[1], $c->getMultiple(['k']));
?>
--EXPECTF--
mcproxy.allowed_classes = '*'
mcproxy.backup = ''
mcproxy.compress_threshold = '20000'
mcproxy.hash_function = 'crc32'
mcproxy.hash_strategy = 'consistent'
mcproxy.lock_timeout = '15'
mcproxy.options = ''
mcproxy.serializer = 'php'
mcproxy.session_prefix_host_key = '0'
mcproxy.session_prefix_host_key_remove_subdomain = '0'
mcproxy.session_prefix_host_key_remove_www = '1'
mcproxy.session_prefix_static_key = NULL
mcproxy.session_redundancy = '2'
mcproxy.session_save_path = NULL
mcproxy.unpacked_max = '268435456'
mcproxy.value_format = 'memcache'
int(2)
string(1) "a"
int(2)
bool(true)
bool(true)
array(3) {
  [0]=>
  string(11) "127.0.0.1:%d"
  [1]=>
  string(11) "127.0.0.1:%d"
  [2]=>
  string(11) "127.0.0.1:%d"
}
bool(false)
bool(true)
bool(false)
bool(true)
bool(true)
array(2) {
  ["127.0.0.1:%d"]=>
  bool(false)
  ["127.0.0.1:%d"]=>
  bool(true)
}
int(2)
string(1) "1"
array(1) {
  ["k"]=>
  int(1)
}
