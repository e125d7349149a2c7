<?php

declare(strict_types=1);

namespace Tenantseal;

/** The keys of every tenant under one key-encryption key. It works on after a fork. */
final class Keyring extends Handle
{
    protected const TYPE = 'keyring';

    /** Makes a new key file, readable by its owner alone. The passphrase has 12 bytes at least. */
    public static function create(
        string $path,
        #[\SensitiveParameter]
        string $passphrase
    ): self {
        return new self('tenantseal_keyring_create', $path, $passphrase);
    }

    /** Opens a key file. */
    public static function open(
        string $path,
        #[\SensitiveParameter]
        string $passphrase
    ): self {
        return new self('tenantseal_keyring_open', $path, $passphrase);
    }

    /** A keyring that is stored nowhere, under 32 random bytes; with the records() that you kept, if there are any. */
    public static function fromKek(
        #[\SensitiveParameter]
        string $kek,
        string $records = ''
    ): self {
        return $records === ''
            ? new self('tenantseal_keyring_from_kek', $kek)
            : new self('tenantseal_keyring_from_records', $kek, $records);
    }

    /** Creates a tenant under your own id of 1 to 128 bytes, which never changes. */
    public function createTenant(string $id): Tenant
    {
        return new Tenant('tenantseal_keyring_create_tenant', $this->native(), $id);
    }

    /** The keys of a tenant. */
    public function tenant(string $id): Tenant
    {
        return new Tenant('tenantseal_keyring_tenant', $this->native(), $id);
    }

    /** The keys of the tenant that has this alias: a CorpID, a suite id, an open id. */
    public function tenantByAlias(string $alias): Tenant
    {
        return new Tenant('tenantseal_keyring_tenant_by_alias', $this->native(), $alias);
    }

    /** Gives a tenant another name. No key changes. */
    public function addAlias(string $alias, string $id): void
    {
        Native::call('tenantseal_keyring_add_alias', $this->native(), $alias, $id);
    }

    /** Takes a name away. No key changes. */
    public function removeAlias(string $alias): void
    {
        Native::call('tenantseal_keyring_remove_alias', $this->native(), $alias);
    }

    /** Gives a tenant a new root and returns its generation. What older generations sealed still opens. */
    public function rotateTenant(string $id): int
    {
        return Native::number('uint32_t', 'tenantseal_keyring_rotate_tenant', $this->native(), $id);
    }

    /** Gives a tenant a new index root and returns its epoch. Lookups ask for the tokens of every epoch. */
    public function rotateIndex(string $id): int
    {
        return Native::number('uint32_t', 'tenantseal_keyring_rotate_index', $this->native(), $id);
    }

    /** Puts a policy document (JSON) in force for every tenant. */
    public function installPolicy(string $json): void
    {
        Native::call('tenantseal_keyring_install_policy', $this->native(), $json);
    }

    /** The policy in force, in its canonical form. */
    public function policy(): string
    {
        return Native::bytes(4096, 'tenantseal_keyring_policy', $this->native());
    }

    /** Every record, wrapped, to be kept by you. */
    public function records(): string
    {
        return Native::bytes(4096, 'tenantseal_keyring_records', $this->native());
    }

    /** Reads the key file again, so that what other processes changed is seen. */
    public function reload(): void
    {
        Native::call('tenantseal_keyring_reload', $this->native());
    }
}
