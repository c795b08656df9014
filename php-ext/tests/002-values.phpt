--TEST--
memcache: every type of value comes back, in the old extension's bytes
--FILE--
<?php
require __DIR__ . '/support.inc';
$server = new Server();
$m = pool($server);
$object = new ArrayObject([1, 'b' => null]);
$values = [
    'hello', '42', '', 42, -7, PHP_INT_MIN, PHP_INT_MAX, 3.5, 0.1 + 0.2, 3.14159265358979, 1e100, -1e-300, INF,
    -INF, NAN, true, false, null, [1, 'a' => 2], [], $object, "nul\0\r\nEND\r\n",
];
foreach ($values as $value) {
    var_dump($m->set('k', $value));
    [$flags, $bytes] = $server->raw('k');
    echo str_replace("\0", '\0', var_export($value, true)), ' ', $flags, ' ', json_encode($bytes), ' ';
    $back = $m->get('k');
    $same = is_object($value) ? $back == $value : $back === $value;
    echo $same || (is_float($value) && is_nan($value) && is_nan($back)) ? 'same' : var_export($back, true), "\n";
}
?>
--EXPECT--
bool(true)
'hello' 0 "hello" same
bool(true)
'42' 0 "42" same
bool(true)
'' 0 "" same
bool(true)
42 768 "42" same
bool(true)
-7 768 "-7" same
bool(true)
-9223372036854775807-1 768 "-9223372036854775808" same
bool(true)
9223372036854775807 768 "9223372036854775807" same
bool(true)
3.5 1792 "3.5" same
bool(true)
0.30000000000000004 1792 "0.30000000000000004" same
bool(true)
3.14159265358979 1792 "3.14159265358979" same
bool(true)
1.0E+100 1792 "1.0e+100" same
bool(true)
-1.0E-300 1792 "-1.0e-300" same
bool(true)
INF 1792 "INF" same
bool(true)
-INF 1792 "-INF" same
bool(true)
NAN 1792 "NAN" same
bool(true)
true 256 "1" same
bool(true)
false 256 "0" same
bool(true)
NULL 1 "N;" false
bool(true)
array (
  0 => 1,
  'a' => 2,
) 1 "a:2:{i:0;i:1;s:1:\"a\";i:2;}" same
bool(true)
array (
) 1 "a:0:{}" same
bool(true)
\ArrayObject::__set_state(array(
   0 => 1,
   'b' => NULL,
)) 1 "O:11:\"ArrayObject\":4:{i:0;i:0;i:1;a:2:{i:0;i:1;s:1:\"b\";N;}i:2;a:0:{}i:3;N;}" same
bool(true)
'nul' . "\0" . '
END
' 0 "nul\u0000\r\nEND\r\n" same
