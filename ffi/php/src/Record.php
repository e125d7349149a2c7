<?php

declare(strict_types=1);

namespace Tenantseal;

/** A row: opened, or as a listing may show it. */
final class Record
{
    /** @var Rows */
    private $rows;
    /** @var int */
    private $number;

    /** @internal */
    public function __construct(Rows $rows, int $number)
    {
        $this->rows = $rows;
        $this->number = $number;
    }

    /** The row's id. */
    public function id(): int
    {
        return $this->rows->read('number', 'int64_t', 'tenantseal_rows_id', $this->number);
    }

    /** The row's compartment; empty for the default one. */
    public function compartment(): string
    {
        return $this->rows->read('bytes', 64, 'tenantseal_rows_compartment', $this->number);
    }

    /** The text or bytes of a column; null if it is NULL or not of this row. */
    public function get(string $column): ?string
    {
        return $this->rows->read('optional', 256, 'tenantseal_rows_value', $this->number, $column);
    }

    /** The integer of a plain column. */
    public function getInt(string $column): int
    {
        return $this->rows->read('number', 'int64_t', 'tenantseal_rows_i64', $this->number, $column);
    }

    /** The number of a plain column. */
    public function getFloat(string $column): float
    {
        return $this->rows->read('number', 'double', 'tenantseal_rows_f64', $this->number, $column);
    }

    /** The truth value of a plain column. */
    public function getBool(string $column): bool
    {
        return $this->rows->read('number', 'int32_t', 'tenantseal_rows_bool', $this->number, $column) === 1;
    }

    /** @return array<string, int> */
    public function __debugInfo(): array
    {
        return ['id' => $this->id()];
    }
}
