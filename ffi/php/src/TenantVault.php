<?php

declare(strict_types=1);

namespace Tenantseal;

/** One tenant's rows: from Vault::tenant(). */
final class TenantVault extends Table
{
    protected const TYPE = 'tenant_vault';

    /**
     * Up to $limit rows with ids above $after, as a listing may show them: no sealed value is opened, only masks.
     *
     * @return array<Record>
     */
    public function listMasked(string $table, int $after = 0, int $limit = 100): array
    {
        $limit = Native::unsigned($limit);

        return (new Rows('tenantseal_tenant_vault_list_masked', $this->native(), $table, $after, $limit))->records();
    }

    /**
     * Starts a transaction. Released without commit(), it leaves nothing. While it is open every other write to this vault
     * waits, in a script for ever: write through it.
     */
    public function begin(): Transaction
    {
        return new Transaction('tenantseal_tenant_vault_begin', $this->native());
    }
}
