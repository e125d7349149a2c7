<?php

declare(strict_types=1);

namespace Tenantseal;

/**
 * The rows that a call found.
 *
 * @internal
 */
final class Rows extends Handle
{
    protected const TYPE = 'rows';

    /** @param mixed ...$arguments */
    public function __construct(
        string $function,
        #[\SensitiveParameter]
        ...$arguments
    ) {
        parent::__construct($function, ...$arguments);
    }

    /** @return array<Record> */
    public function records(): array
    {
        $count = Native::number('size_t', 'tenantseal_rows_count', $this->native());
        $records = [];
        for ($number = 0; $number < $count; $number++) {
            $records[] = new Record($this, $number);
        }

        return $records;
    }

    /**
     * @param int|string $kind
     * @param mixed ...$arguments
     * @return mixed
     */
    public function read(
        string $how,
        $kind,
        string $function,
        #[\SensitiveParameter]
        ...$arguments
    ) {
        return Native::$how($kind, $function, $this->native(), ...$arguments);
    }
}
