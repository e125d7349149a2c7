<?php

declare(strict_types=1);

namespace Tenantseal;

/** A vault of sealed records on an SQLite file. In a child after a fork its calls throw: open it there. */
final class Vault extends Handle
{
    protected const TYPE = 'vault';

    /** Opens the file, makes it if it is not there, and adds what the policy in force needs. */
    public static function open(string $path, Keyring $keyring): self
    {
        return new self('tenantseal_vault_open', $path, $keyring->native());
    }

    /** One tenant's rows. */
    public function tenant(string $id): TenantVault
    {
        return new TenantVault('tenantseal_vault_tenant', $this->native(), $id);
    }
}
