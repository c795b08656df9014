<?php
/**
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The classes of the mcproxy module.
 *
 * @generate-function-entries
 * @generate-legacy-arginfo
 */

namespace McProxy;

/** What could not be done. The code is one of Client's constants. */
class Exception extends \RuntimeException
{
}

/** All that is known of one call: what came of it, who answered, and what happened to each copy. */
final class Result
{
    /** One of Client's constants. */
    public int $status = 0;
    public mixed $value = null;
    /** As stored; the upper 16 bits are the user's. */
    public int $flags = 0;
    /** Token for Client::cas(). */
    public ?int $cas = null;
    /** Seconds left, -1: never expires. */
    public ?int $ttl = null;
    /** What increment() and decrement() came to. */
    public ?int $number = null;
    /** Name of the server whose answer this is. */
    public ?string $server = null;
    /** "ok", "failed", "unknown" or "skipped". */
    public string $primary = "skipped";
    public string $backup = "skipped";
    public bool $fromBackup = false;
}

/**
 * Many memcached servers as one cache that survives any one of them. A miss is an answer; what
 * could not be done throws.
 */
class Client
{
    /**
     * Servers are written as in mcproxy_options(7): "host", "host:port", "[v6]:port", "unix:/path",
     * each with an optional "/?weight"; in an array, or in a text with commas or blanks between
     * them. Without servers the ini value mcproxy.options has them.
     */
    public function __construct(array|string $servers = [], array|string $backups = [], string $options = "") {}

    /** The value, or `$default` when there is none. */
    public function get(string $key, mixed $default = null): mixed {}

    /** The value and everything known about it; with `$touch` it gets that time to live. */
    public function fetch(string $key, ?int $touch = null): Result {}

    /** The values that there are, by key. */
    public function getMultiple(array $keys): array {}

    /** A result for each key; one that failed hides no other. */
    public function fetchMultiple(array $keys): array {}

    public function set(string $key, mixed $value, int $ttl = 0, int $flags = 0): bool {}

    /** False when the key exists. */
    public function add(string $key, mixed $value, int $ttl = 0, int $flags = 0): bool {}

    /** False when it does not. */
    public function replace(string $key, mixed $value, int $ttl = 0, int $flags = 0): bool {}

    /** False when it does not exist. */
    public function append(string $key, string $value): bool {}

    /** False when it does not exist. */
    public function prepend(string $key, string $value): bool {}

    /** False when the value is not the one that the token was handed out with any more. */
    public function cas(string $key, mixed $value, int $token, int $ttl = 0, int $flags = 0): bool {}

    public function setMultiple(array $values, int $ttl = 0): bool {}

    /** False when there was nothing. */
    public function delete(string $key): bool {}

    /** How many there were. */
    public function deleteMultiple(array $keys): int {}

    /** False when there is nothing. */
    public function touch(string $key, int $ttl): bool {}

    /** The new number; null when there is none and no `$initial` one. */
    public function increment(string $key, int $by = 1, ?int $initial = null, int $ttl = 0): ?int {}

    /** The new number, never below 0; null when there is none and no `$initial` one. */
    public function decrement(string $key, int $by = 1, ?int $initial = null, int $ttl = 0): ?int {}

    /** Drops everything on every server, `$delay` seconds from now. */
    public function flush(int $delay = 0): void {}

    /** What came of the last call; null before the first. */
    public function lastResult(): ?Result {}

    /** Names of the key's servers: ["primary" => ..., "backup" => ... or null]. */
    public function where(string $key): array {}

    /** What this worker knows of each server. */
    public function servers(): array {}

    /** What each server says of itself, by name; false for one that does not answer. */
    public function stats(string $type = ""): array {}

    /** Gives it a moment without a call: probes and what is owed. Never waits. */
    public function maintain(): void {}

    /** The options in words, passwords as ***. */
    public function explain(): string {}
}
