<?php

declare(strict_types=1);

namespace Tenantseal;

/** One tenant's keys: from Keyring::tenant(). */
final class Tenant extends Handle
{
    protected const TYPE = 'tenant';

    /** @internal @param mixed ...$arguments */
    public function __construct(
        string $function,
        #[\SensitiveParameter]
        ...$arguments
    ) {
        parent::__construct($function, ...$arguments);
    }

    /** Whose keys these are. */
    public function id(): string
    {
        return Native::bytes(128, 'tenantseal_tenant_id', $this->native());
    }

    /** The field of that permanent label, `table.column`. */
    public function field(string $label): Field
    {
        return new Field('tenantseal_tenant_field', $this->native(), $label);
    }
}
