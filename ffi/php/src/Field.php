<?php

declare(strict_types=1);

namespace Tenantseal;

/** A field of one tenant, in one compartment. A row is an int, a string of UTF-8 or a Row. */
final class Field extends Handle
{
    protected const TYPE = 'field';

    /** @internal @param mixed ...$arguments */
    public function __construct(
        string $function,
        #[\SensitiveParameter]
        ...$arguments
    ) {
        parent::__construct($function, ...$arguments);
    }

    /** The same field in a compartment of the policy. */
    public function compartment(string $label): self
    {
        return new self('tenantseal_field_compartment', $this->native(), $label);
    }

    /**
     * Seals a value for a row, to bytes: 64 more than the value has.
     *
     * @param int|string|Row $row
     */
    public function seal(
        #[\SensitiveParameter]
        string $value,
        $row
    ): string {
        [$suffix, $argument] = Row::argument($row);

        return Native::bytes(strlen($value) + 80, "tenantseal_field_seal$suffix", $this->native(), $argument, $value);
    }

    /**
     * As seal(), for columns that hold only text.
     *
     * @param int|string|Row $row
     */
    public function sealText(
        #[\SensitiveParameter]
        string $value,
        $row
    ): string {
        [$suffix, $argument] = Row::argument($row);
        $room = 2 * strlen($value) + 128;

        return Native::bytes($room, "tenantseal_field_seal_text$suffix", $this->native(), $argument, $value);
    }

    /**
     * Opens what seal() or sealText() made for this row.
     *
     * @param int|string|Row $row
     */
    public function open(string $sealed, $row): string
    {
        [$suffix, $argument] = Row::argument($row);

        return Native::bytes(strlen($sealed), "tenantseal_field_open$suffix", $this->native(), $argument, $sealed);
    }

    /**
     * Seals many values in one call; null stays null.
     *
     * @param array<string|null> $values
     * @param array<int> $rows
     * @return array<string|null>
     */
    public function sealMany(
        #[\SensitiveParameter]
        array $values,
        array $rows
    ): array {
        return $this->many('tenantseal_field_seal_many_i64', $values, $rows, 80);
    }

    /**
     * Opens many cells in one call; null stays null.
     *
     * @param array<string|null> $cells
     * @param array<int> $rows
     * @return array<string|null>
     */
    public function openMany(array $cells, array $rows): array
    {
        return $this->many('tenantseal_field_open_many_i64', $cells, $rows, 0);
    }

    /** The blind index of that label. */
    public function index(string $label): BlindIndex
    {
        return new BlindIndex('tenantseal_field_index', $this->native(), $label);
    }

    /** The mask of this field: a sealed column of its own. */
    public function mask(): Mask
    {
        return new Mask('tenantseal_field_mask', $this->native());
    }

    /**
     * @param array<string|null> $values
     * @param array<int> $rows
     * @return array<string|null>
     */
    private function many(
        string $function,
        #[\SensitiveParameter]
        array $values,
        array $rows,
        int $overhead
    ): array {
        $values = array_values($values);
        $rows = array_values($rows);
        if (count($values) !== count($rows)) {
            throw new \InvalidArgumentException('as many rows as values are needed');
        }
        $there = [];
        $ids = [];
        $offsets = [0];
        $end = 0;
        foreach ($values as $position => $value) {
            if ($value === null) {
                continue;
            }
            if (!is_string($value) || !is_int($rows[$position])) {
                throw new \TypeError('a value is a string or null, and its row an int');
            }
            $there[] = $position;
            $ids[] = $rows[$position];
            $offsets[] = $end += strlen($value);
        }
        $joined = implode('', $values);
        $count = count($there);
        $ends = Native::numbers('uint64_t', array_fill(0, $count + 1, 0));
        $failed = Native::ffi()->new('size_t');
        $room = $end + $overhead * $count + 1;
        $out = Native::ffi()->new("uint8_t[$room]");
        $len = Native::ffi()->new('size_t');
        $status = Native::ffi()->$function(
            $this->native(),
            Native::numbers('int64_t', $ids),
            $count,
            $joined,
            $end,
            Native::numbers('uint64_t', $offsets),
            $out,
            $room,
            \FFI::addr($len),
            $ends,
            \FFI::addr($failed)
        );
        if ($status !== 0) {
            throw TenantsealException::of($status, $there[$failed->cdata] ?? null);
        }
        $made = \FFI::string($out, $len->cdata);
        $result = array_fill(0, count($values), null);
        foreach ($there as $number => $position) {
            $result[$position] = substr($made, $ends[$number], $ends[$number + 1] - $ends[$number]);
        }

        return $result;
    }
}
