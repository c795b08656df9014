<?php
/* SPDX-License-Identifier: BSD-3-Clause */

namespace McProxy;

use Psr\SimpleCache\CacheInterface;

/**
 * PSR-16 over McProxy\Client. The parameters have no types, so that it fits psr/simple-cache 1.0
 * to 3.0; they are checked all the same.
 *
 * PSR-16 knows no failures: what the client throws comes out as false, or as the default, unless
 * `$throws` is set.
 */
class SimpleCache implements CacheInterface
{
    private Client $client;
    private bool $throws;

    public function __construct(Client $client, bool $throws = false)
    {
        $this->client = $client;
        $this->throws = $throws;
    }

    public function get($key, $default = null): mixed
    {
        $key = self::key($key);
        return $this->attempt(fn() => $this->client->get($key, $default), $default);
    }

    public function set($key, $value, $ttl = null): bool
    {
        $key = self::key($key);
        $seconds = self::seconds($ttl);
        if ($seconds === 0) {
            return $this->delete($key);
        }
        return $this->attempt(fn() => $this->client->set($key, $value, $seconds ?? 0), false);
    }

    public function delete($key): bool
    {
        $key = self::key($key);
        return $this->attempt(fn() => $this->client->delete($key) || true, false);
    }

    public function clear(): bool
    {
        return $this->attempt(function () {
            $this->client->flush();
            return true;
        }, false);
    }

    public function getMultiple($keys, $default = null): iterable
    {
        $keys = self::keys($keys);
        $found = $this->attempt(fn() => $this->client->getMultiple($keys), []);
        $values = [];
        foreach ($keys as $key) {
            $values[$key] = array_key_exists($key, $found) ? $found[$key] : $default;
        }
        return $values;
    }

    public function setMultiple($values, $ttl = null): bool
    {
        if (!is_iterable($values)) {
            throw new InvalidArgument('The values are neither an array nor traversable');
        }
        $checked = [];
        foreach ($values as $key => $value) {
            $checked[self::key(is_int($key) ? (string) $key : $key)] = $value;
        }
        $seconds = self::seconds($ttl);
        if ($seconds === 0) {
            return $this->deleteMultiple(array_map('strval', array_keys($checked)));
        }
        return $this->attempt(fn() => $this->client->setMultiple($checked, $seconds ?? 0), false);
    }

    public function deleteMultiple($keys): bool
    {
        $keys = self::keys($keys);
        return $this->attempt(fn() => $this->client->deleteMultiple($keys) >= 0, false);
    }

    public function has($key): bool
    {
        $key = self::key($key);
        return $this->attempt(fn() => $this->client->fetch($key)->status === Client::OK, false);
    }

    private function attempt(callable $what, mixed $otherwise): mixed
    {
        try {
            return $what();
        } catch (Exception $failure) {
            if ($this->throws) {
                throw $failure;
            }
            return $otherwise;
        }
    }

    /** PSR-16 reserves some characters; memcached cannot hold others. */
    private static function key($key): string
    {
        if (!is_string($key) || $key === '') {
            throw new InvalidArgument('A key is a text that is not empty');
        }
        if (preg_match('~[{}()/\\\\@:\x00-\x20\x7f]~', $key)) {
            throw new InvalidArgument('The key has a character that is reserved, a blank or a control byte');
        }
        if (strlen($key) > 250) {
            throw new InvalidArgument('The key has more than 250 bytes');
        }
        return $key;
    }

    private static function keys($keys): array
    {
        if (!is_iterable($keys)) {
            throw new InvalidArgument('The keys are neither an array nor traversable');
        }
        $checked = [];
        foreach ($keys as $key) {
            $checked[] = self::key($key);
        }
        return $checked;
    }

    /** Null: for ever. 0: it has expired. Above 30 days memcached wants a date. */
    private static function seconds($ttl): ?int
    {
        if ($ttl === null) {
            return null;
        }
        if ($ttl instanceof \DateInterval) {
            $now = new \DateTimeImmutable();
            $ttl = $now->add($ttl)->getTimestamp() - $now->getTimestamp();
        }
        if (!is_int($ttl)) {
            throw new InvalidArgument('A time to live is null, seconds or a DateInterval');
        }
        if ($ttl <= 0) {
            return 0;
        }
        return $ttl <= 2592000 ? $ttl : min(time() + $ttl, 2147483647);
    }
}
