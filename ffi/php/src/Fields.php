<?php

declare(strict_types=1);

namespace Tenantseal;

/**
 * The columns to write.
 *
 * @internal
 */
final class Fields extends Handle
{
    protected const TYPE = 'fields';

    /**
     * @param array<string, mixed> $values A string is text, ['bytes' => string] bytes, null NULL; int, float and bool are
     *     for plain columns.
     */
    public function __construct(
        #[\SensitiveParameter]
        array $values,
        ?string $compartment
    ) {
        parent::__construct('tenantseal_fields_new');
        foreach ($values as $column => $value) {
            $this->set((string) $column, $value);
        }
        if ($compartment !== null) {
            Native::call('tenantseal_fields_set_compartment', $this->native(), $compartment);
        }
    }

    /** @param mixed $value */
    private function set(
        string $column,
        #[\SensitiveParameter]
        $value
    ): void {
        if ($value === null) {
            Native::call('tenantseal_fields_set_null', $this->native(), $column);
        } elseif (is_string($value)) {
            Native::call('tenantseal_fields_set_text', $this->native(), $column, $value);
        } elseif (is_array($value) && is_string($value['bytes'] ?? null)) {
            Native::call('tenantseal_fields_set_bytes', $this->native(), $column, $value['bytes']);
        } elseif (is_int($value)) {
            Native::call('tenantseal_fields_set_i64', $this->native(), $column, $value);
        } elseif (is_float($value)) {
            Native::call('tenantseal_fields_set_f64', $this->native(), $column, $value);
        } elseif (is_bool($value)) {
            Native::call('tenantseal_fields_set_bool', $this->native(), $column, (int) $value);
        } else {
            throw new \TypeError("the value of a column is a string, ['bytes' => string], int, float, bool or null");
        }
    }
}
