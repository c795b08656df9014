<?php
/**
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The classes and functions of the memcache module, as the old extension has them. Method names
 * are in lower case because warnings show them so. The methods' types are the old extension's, so
 * that a subclass with its signatures is one of ours, too; taken is more: null for 0, numbers as
 * keys. The port -1 is memcache.default_port.
 *
 * @generate-function-entries
 * @generate-class-entries
 * @generate-legacy-arginfo
 */

class MemcachePool
{
    /**
     * @param string $host
     * @param int|null $tcp_port
     * @param int $udp_port
     * @param bool $persistent
     * @param int $weight
     * @param float $timeout
     * @param int $retry_interval
     * @return bool
     */
    public function connect($host, $tcp_port = null, $udp_port = 0, $persistent = true, $weight = 1, $timeout = 1.0, $retry_interval = 15) {}

    /**
     * @param string $host
     * @param int|null $tcp_port
     * @param int $udp_port
     * @param bool $persistent
     * @param int $weight
     * @param float $timeout
     * @param int $retry_interval
     * @param bool $status
     * @return bool
     */
    public function addserver($host, $tcp_port = null, $udp_port = 0, $persistent = true, $weight = 1, $timeout = 1.0, $retry_interval = 15, $status = true) {}

    /**
     * A server that keeps a second copy of every key; see also the ini value memcache.backup.
     * @return bool
     */
    public function addBackup(string $host, ?int $port = null, int $weight = 1) {}

    /**
     * @param callable|null $failure_callback
     * @implementation-alias memcache_set_server_params
     * @return bool
     */
    public function setserverparams(string $host, int $tcp_port = -1, float $timeout = 1.0, int $retry_interval = 15, bool $status = true, $failure_callback = null) {}

    /**
     * @implementation-alias memcache_set_failure_callback
     * @return bool
     */
    public function setfailurecallback(?callable $failure_callback) {}

    /**
     * @implementation-alias memcache_get_server_status
     * @return int|false
     */
    public function getserverstatus(string $host, int $tcp_port = -1) {}

    /**
     * @return string|false
     */
    public function findserver(string $key) {}

    /**
     * @implementation-alias memcache_get_version
     * @return string|false
     */
    public function getversion() {}

    /**
     * @implementation-alias memcache_add
     * @return bool
     */
    public function add(array|string $key, mixed $value = null, int $flags = 0, int $exptime = 0, int $cas = 0) {}

    /**
     * @implementation-alias memcache_set
     * @return bool
     */
    public function set(array|string $key, mixed $value = null, int $flags = 0, int $exptime = 0, int $cas = 0) {}

    /**
     * @implementation-alias memcache_replace
     * @return bool
     */
    public function replace(array|string $key, mixed $value = null, int $flags = 0, int $exptime = 0, int $cas = 0) {}

    /**
     * @implementation-alias memcache_cas
     * @return bool
     */
    public function cas(array|string $key, mixed $value = null, int $flags = 0, int $exptime = 0, int $cas = 0) {}

    /**
     * @implementation-alias memcache_append
     * @return bool
     */
    public function append(array|string $key, mixed $value = null, int $flags = 0, int $exptime = 0, int $cas = 0) {}

    /**
     * @implementation-alias memcache_prepend
     * @return bool
     */
    public function prepend(array|string $key, mixed $value = null, int $flags = 0, int $exptime = 0, int $cas = 0) {}

    /**
     * @implementation-alias memcache_get
     * @return mixed
     */
    public function get(array|string $key, mixed &$flags = null, mixed &$cas = null) {}

    /**
     * @implementation-alias memcache_delete
     * @return bool
     */
    public function delete(array|string $key, int $exptime = 0) {}

    /**
     * @implementation-alias memcache_get_stats
     * @return array|bool
     */
    public function getstats(string $type = "", int $slabid = 0, int $limit = 100) {}

    /**
     * @implementation-alias memcache_get_extended_stats
     * @return array|bool
     */
    public function getextendedstats(string $type = "", int $slabid = 0, int $limit = 100) {}

    /**
     * @implementation-alias memcache_set_compress_threshold
     * @return bool
     */
    public function setcompressthreshold(int $threshold, float $min_savings = 0.2) {}

    /**
     * @implementation-alias memcache_increment
     * @return array|int|false
     */
    public function increment(array|string $key, int $value = 1, int $defval = 0, int $exptime = 0) {}

    /**
     * @implementation-alias memcache_decrement
     * @return array|int|false
     */
    public function decrement(array|string $key, int $value = 1, int $defval = 0, int $exptime = 0) {}

    /**
     * @implementation-alias memcache_close
     * @return bool
     */
    public function close() {}

    /**
     * @implementation-alias memcache_flush
     * @return bool
     */
    public function flush(int $delay = 0) {}

    /**
     * @implementation-alias memcache_set_sasl_auth_data
     * @return bool
     */
    public function setSaslAuthData(string $username, string $password) {}
}

class Memcache extends MemcachePool
{
    /**
     * @param string $host
     * @param int|null $port
     * @param float $timeout
     * @param mixed $unused4
     * @param mixed $unused5
     * @param mixed $unused6
     * @param mixed $unused7
     * @param mixed $unused8
     * @return bool
     */
    public function connect($host, $port = null, $timeout = 1.0, $unused4 = null, $unused5 = null, $unused6 = null, $unused7 = null, $unused8 = null) {}

    /**
     * @param string $host
     * @param int|null $port
     * @param float $timeout
     * @param mixed $unused4
     * @param mixed $unused5
     * @param mixed $unused6
     * @param mixed $unused7
     * @param mixed $unused8
     * @implementation-alias Memcache::connect
     * @return bool
     */
    public function pconnect($host, $port = null, $timeout = 1.0, $unused4 = null, $unused5 = null, $unused6 = null, $unused7 = null, $unused8 = null) {}

    /**
     * @param string $host
     * @param int|null $tcp_port
     * @param bool $persistent
     * @param int $weight
     * @param float $timeout
     * @param int $retry_interval
     * @param bool $status
     * @param callable|null $failure_callback
     * @implementation-alias memcache_add_server
     * @return bool
     */
    public function addserver($host, $tcp_port = null, $persistent = true, $weight = 1, $timeout = 1.0, $retry_interval = 15, $status = true, $failure_callback = null) {}
}

function memcache_connect(string $host, ?int $port = null, float $timeout = 1.0, mixed $unused4 = null, mixed $unused5 = null, mixed $unused6 = null, mixed $unused7 = null, mixed $unused8 = null): Memcache|false {}

/**
 * @implementation-alias memcache_connect
 */
function memcache_pconnect(string $host, ?int $port = null, float $timeout = 1.0, mixed $unused4 = null, mixed $unused5 = null, mixed $unused6 = null, mixed $unused7 = null, mixed $unused8 = null): Memcache|false {}

/** @param callable|null $failure_callback */
function memcache_add_server(Memcache $memcache, string $host, ?int $port = null, bool $persistent = true, int $weight = 1, float $timeout = 1.0, int $retry_interval = 15, bool $status = true, $failure_callback = null): bool {}

/** @param callable|null $failure_callback */
function memcache_set_server_params(MemcachePool $memcache, string $host, ?int $tcp_port = null, float $timeout = 1.0, int $retry_interval = 15, bool $status = true, $failure_callback = null): bool {}

/** @param callable|null $failure_callback */
function memcache_set_failure_callback(MemcachePool $memcache, $failure_callback): bool {}

function memcache_get_server_status(MemcachePool $memcache, string $host, ?int $tcp_port = null): int|false {}

function memcache_get_version(MemcachePool $memcache): string|false {}

/** @param array|string|int $key */
function memcache_add(MemcachePool $memcache, $key, mixed $value = null, ?int $flags = 0, ?int $exptime = 0, ?int $cas = 0): bool {}

/** @param array|string|int $key */
function memcache_set(MemcachePool $memcache, $key, mixed $value = null, ?int $flags = 0, ?int $exptime = 0, ?int $cas = 0): bool {}

/** @param array|string|int $key */
function memcache_replace(MemcachePool $memcache, $key, mixed $value = null, ?int $flags = 0, ?int $exptime = 0, ?int $cas = 0): bool {}

/** @param array|string|int $key */
function memcache_cas(MemcachePool $memcache, $key, mixed $value = null, ?int $flags = 0, ?int $exptime = 0, ?int $cas = 0): bool {}

/** @param array|string|int $key */
function memcache_append(MemcachePool $memcache, $key, mixed $value = null, ?int $flags = 0, ?int $exptime = 0, ?int $cas = 0): bool {}

/** @param array|string|int $key */
function memcache_prepend(MemcachePool $memcache, $key, mixed $value = null, ?int $flags = 0, ?int $exptime = 0, ?int $cas = 0): bool {}

/**
 * @param array|string|int $key
 * @param int|array $flags
 * @param int|array $cas
 */
function memcache_get(MemcachePool $memcache, $key, &$flags = null, &$cas = null): mixed {}

/**
 * @param array|string|int $key
 * @param mixed $exptime
 */
function memcache_delete(MemcachePool $memcache, $key, $exptime = 0): bool {}

/** @param mixed $on_off */
function memcache_debug($on_off): bool {}

function memcache_get_stats(MemcachePool $memcache, ?string $type = null, int $slabid = 0, int $limit = 100): array|bool {}

function memcache_get_extended_stats(MemcachePool $memcache, ?string $type = null, int $slabid = 0, int $limit = 100): array|bool {}

function memcache_set_compress_threshold(MemcachePool $memcache, int $threshold, float $min_savings = 0.2): bool {}

/** @param array|string|int $key */
function memcache_increment(MemcachePool $memcache, $key, int $value = 1, int $defval = 0, int $exptime = 0): array|int|false {}

/** @param array|string|int $key */
function memcache_decrement(MemcachePool $memcache, $key, int $value = 1, int $defval = 0, int $exptime = 0): array|int|false {}

function memcache_close(MemcachePool $memcache): bool {}

function memcache_flush(MemcachePool $memcache, int $delay = 0): bool {}

function memcache_set_sasl_auth_data(MemcachePool $memcache, string $username, string $password): bool {}
