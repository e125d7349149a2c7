package io.tenantseal;

/** A vault of sealed records on an SQLite file. Share it freely between threads. */
public final class Vault extends Handle {
    private Vault(long handle) {
        super(handle, Library::tenantseal_vault_free);
    }

    /** Opens the file, makes it if it is not there, and adds what the policy in force needs. */
    public static Vault open(String path, Keyring keyring) {
        byte[] name = Calls.utf8(path);
        return new Vault(Calls.number(keyring, out -> Library.tenantseal_vault_open(name, name.length, keyring.get(), out)));
    }

    /** One tenant's rows. */
    public TenantVault tenant(String id) {
        byte[] name = Calls.utf8(id);
        return new TenantVault(Calls.number(this, out -> Library.tenantseal_vault_tenant(get(), name, name.length, out)));
    }
}
