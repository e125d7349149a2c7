<?php

declare(strict_types=1);

namespace Tenantseal;

/**
 * What a tenant's rows and a transaction have in common.
 *
 * In $values a string is text, ['bytes' => string] bytes, null NULL; int, float and bool are for plain columns.
 *
 * @internal
 */
abstract class Table extends Handle
{
    /** @internal @param mixed ...$arguments */
    public function __construct(
        string $function,
        #[\SensitiveParameter]
        ...$arguments
    ) {
        parent::__construct($function, ...$arguments);
    }

    /**
     * Inserts a row and returns its id, which is never used again.
     *
     * @param array<string, mixed> $values
     */
    public function insert(
        string $table,
        #[\SensitiveParameter]
        array $values,
        ?string $compartment = null
    ): int {
        $fields = new Fields($values, $compartment);

        return Native::number('int64_t', $this->named('insert'), $this->native(), $table, $fields->native());
    }

    /** The row of that id, opened; null if this tenant has none. */
    public function get(string $table, int $id): ?Record
    {
        return (new Rows($this->named('get'), $this->native(), $table, $id))->records()[0] ?? null;
    }

    /**
     * The rows of which $field (`table.column`) has this value, by that index; each was opened and compared.
     *
     * @return array<Record>
     */
    public function find(
        string $field,
        string $index,
        #[\SensitiveParameter]
        string $value
    ): array {
        return (new Rows($this->named('find'), $this->native(), $field, $index, $value))->records();
    }

    /**
     * Changes columns of a row; returns whether it is there.
     *
     * @param array<string, mixed> $values
     */
    public function update(
        string $table,
        int $id,
        #[\SensitiveParameter]
        array $values
    ): bool {
        $fields = new Fields($values, null);

        return Native::number('int32_t', $this->named('update'), $this->native(), $table, $id, $fields->native()) === 1;
    }

    /** Deletes a row; returns whether it was there. */
    public function delete(string $table, int $id): bool
    {
        return Native::number('int32_t', $this->named('delete'), $this->native(), $table, $id) === 1;
    }

    protected function named(string $verb): string
    {
        return 'tenantseal_' . static::TYPE . "_$verb";
    }
}
