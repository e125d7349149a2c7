<?php

declare(strict_types=1);

namespace Tenantseal;

/** The sealed mask column of a field. */
final class Mask extends Handle
{
    protected const TYPE = 'mask';

    /** @internal @param mixed ...$arguments */
    public function __construct(
        string $function,
        #[\SensitiveParameter]
        ...$arguments
    ) {
        parent::__construct($function, ...$arguments);
    }

    /**
     * Masks a value and seals the result.
     *
     * @param int|string|Row $row
     */
    public function seal(
        #[\SensitiveParameter]
        string $value,
        $row
    ): string {
        [$suffix, $argument] = Row::argument($row);

        return Native::bytes(strlen($value) + 128, "tenantseal_mask_seal$suffix", $this->native(), $argument, $value);
    }

    /**
     * Opens a sealed mask, for display.
     *
     * @param int|string|Row $row
     */
    public function open(string $sealed, $row): string
    {
        [$suffix, $argument] = Row::argument($row);

        return Native::bytes(strlen($sealed), "tenantseal_mask_open$suffix", $this->native(), $argument, $sealed);
    }
}
