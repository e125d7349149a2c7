<?php

declare(strict_types=1);

namespace Tenantseal;

/**
 * The row that a cell belongs to. Where a row is asked for, an int is a row's id and a string is a text id; the other kinds
 * are made here. Which kind a field takes is said by the policy.
 */
final class Row
{
    /** @var string */
    private $encoded;

    private function __construct(string $encoded)
    {
        $this->encoded = $encoded;
    }

    /** The row of a field that is bound to none. */
    public static function unbound(): self
    {
        return new self(Native::bytes(64, 'tenantseal_row_unbound'));
    }

    /** A row whose id is bytes. */
    public static function bytes(string $id): self
    {
        return new self(Native::bytes(strlen($id) + 64, 'tenantseal_row_bytes', $id));
    }

    /**
     * The row that has these values in its natural key columns, in the policy's order: an int, a string of UTF-8, or
     * ['bytes' => string].
     *
     * @param array<int|string|array<string, string>> $keys
     */
    public static function natural(array $keys): self
    {
        $encoded = '';
        foreach ($keys as $key) {
            $room = strlen($encoded) + 64;
            if (is_int($key)) {
                $encoded = Native::bytes($room, 'tenantseal_row_natural_i64', $encoded, $key);
            } elseif (is_string($key)) {
                $encoded = Native::bytes($room + strlen($key), 'tenantseal_row_natural_text', $encoded, $key);
            } elseif (is_array($key) && is_string($key['bytes'] ?? null)) {
                $encoded = Native::bytes($room + strlen($key['bytes']), 'tenantseal_row_natural_bytes', $encoded, $key['bytes']);
            } else {
                throw new \TypeError('a natural key is an int, a string or [\'bytes\' => string]');
            }
        }

        return new self($encoded);
    }

    /**
     * The suffix of the function and the argument that stand for a row.
     *
     * @internal
     * @param mixed $row
     * @return array{0: string, 1: int|string}
     */
    public static function argument($row): array
    {
        if (is_int($row)) {
            return ['_i64', $row];
        }
        if (is_string($row)) {
            return ['', Native::bytes(strlen($row) + 64, 'tenantseal_row_text', $row)];
        }
        if ($row instanceof self) {
            return ['', $row->encoded];
        }
        throw new \TypeError('a row is an int, a string or a ' . self::class);
    }
}
