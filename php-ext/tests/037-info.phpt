--TEST--
both modules: what phpinfo() shows
--FILE--
<?php
require __DIR__ . '/support.inc';
$server = new Server();
pool($server)->set('k', 'v');
(new McProxy\Client($server->name()))->get('k');
ob_start();
phpinfo(INFO_MODULES);
$parts = array_slice(preg_split('/^(\w+)$/m', ob_get_clean(), -1, PREG_SPLIT_DELIM_CAPTURE), 1);
$sections = array_column(array_chunk($parts, 2), 1, 0);
foreach (['memcache', 'mcproxy'] as $module) {
    $section = $sections[$module] ?? '';
    preg_match_all('/^(.*?) => (.*)$/m', $section, $found, PREG_SET_ORDER);
    $rows = array_column($found, 2, 1);
    $version = phpversion($module);
    check("$module: its version", ($rows['Version'] ?? '') === $version && $version !== '');
    check("$module: the library's", preg_match('/^\d+\.\d+\.\d+$/', $rows['libmcproxy (running)']) && $rows['libmcproxy (running)'] === $rows['libmcproxy (compiled)']);
    check("$module: serializers, sessions, pools", $rows['Serializers'] !== '' && $rows['Sessions'] === 'yes' && $rows['Pools of this worker'] === '1');
    $missing = array_filter(array_keys(ini_get_all($module, false)), function (string $name) use ($rows): bool {
        return !isset($rows[$name]);
    });
    echo $module, ', ini values that it lacks: ', implode(' ', $missing), "\n";
}
?>
--EXPECT--
memcache: its version: yes
memcache: the library's: yes
memcache: serializers, sessions, pools: yes
memcache, ini values that it lacks: 
mcproxy: its version: yes
mcproxy: the library's: yes
mcproxy: serializers, sessions, pools: yes
mcproxy, ini values that it lacks: 
