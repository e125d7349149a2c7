package io.tenantseal;

/** The keys of every tenant under one key-encryption key. Share it freely between threads. */
public final class Keyring extends Handle {
    private Keyring(long handle) {
        super(handle, Library::tenantseal_keyring_free);
    }

    /** Makes a new key file, readable by its owner alone. The passphrase has 12 bytes at least; it is not kept. */
    public static Keyring create(String path, byte[] passphrase) {
        byte[] name = Calls.utf8(path);
        return new Keyring(Calls.number(null, out -> Library.tenantseal_keyring_create(
                name, name.length, passphrase, passphrase.length, out)));
    }

    /** Opens a key file. */
    public static Keyring open(String path, byte[] passphrase) {
        byte[] name = Calls.utf8(path);
        return new Keyring(Calls.number(null, out -> Library.tenantseal_keyring_open(
                name, name.length, passphrase, passphrase.length, out)));
    }

    /** A keyring that is stored nowhere, under 32 random bytes. */
    public static Keyring fromKek(byte[] kek) {
        return new Keyring(Calls.number(null, out -> Library.tenantseal_keyring_from_kek(kek, kek.length, out)));
    }

    /** A keyring from the {@link #records} that you kept. */
    public static Keyring fromRecords(byte[] kek, byte[] records) {
        return new Keyring(Calls.number(null, out -> Library.tenantseal_keyring_from_records(
                kek, kek.length, records, records.length, out)));
    }

    /** Creates a tenant under your own id of 1 to 128 bytes, which never changes. */
    public Tenant createTenant(String id) {
        byte[] name = Calls.utf8(id);
        return new Tenant(Calls.number(this, out -> Library.tenantseal_keyring_create_tenant(get(), name, name.length, out)));
    }

    /** The keys of a tenant. */
    public Tenant tenant(String id) {
        byte[] name = Calls.utf8(id);
        return new Tenant(Calls.number(this, out -> Library.tenantseal_keyring_tenant(get(), name, name.length, out)));
    }

    /** The keys of the tenant that has this alias: a CorpID, a suite id, an open id. */
    public Tenant tenantByAlias(String alias) {
        byte[] name = Calls.utf8(alias);
        return new Tenant(Calls.number(this, out -> Library.tenantseal_keyring_tenant_by_alias(get(), name, name.length, out)));
    }

    /** Gives a tenant another name. No key changes. */
    public void addAlias(String alias, String id) {
        byte[] name = Calls.utf8(alias);
        byte[] tenant = Calls.utf8(id);
        Calls.check(this, Library.tenantseal_keyring_add_alias(get(), name, name.length, tenant, tenant.length));
    }

    /** Takes a name away. No key changes. */
    public void removeAlias(String alias) {
        byte[] name = Calls.utf8(alias);
        Calls.check(this, Library.tenantseal_keyring_remove_alias(get(), name, name.length));
    }

    /** Gives a tenant a new root and returns its generation. What older generations sealed still opens. */
    public int rotateTenant(String id) {
        byte[] name = Calls.utf8(id);
        int[] generation = new int[1];
        Calls.check(this, Library.tenantseal_keyring_rotate_tenant(get(), name, name.length, generation));
        return generation[0];
    }

    /** Gives a tenant a new index root and returns its epoch. Lookups ask for the tokens of every epoch. */
    public int rotateIndex(String id) {
        byte[] name = Calls.utf8(id);
        int[] epoch = new int[1];
        Calls.check(this, Library.tenantseal_keyring_rotate_index(get(), name, name.length, epoch));
        return epoch[0];
    }

    /** Puts a policy document (JSON) in force for every tenant. */
    public void installPolicy(String json) {
        byte[] document = Calls.utf8(json);
        Calls.check(this, Library.tenantseal_keyring_install_policy(get(), document, document.length));
    }

    /** The policy in force, in its canonical form. */
    public String policy() {
        return Calls.text(Calls.bytes(this, 4096, (out, cap, len) -> Library.tenantseal_keyring_policy(get(), out, cap, len)));
    }

    /** Every record, wrapped, to be kept by you. */
    public byte[] records() {
        return Calls.bytes(this, 4096, (out, cap, len) -> Library.tenantseal_keyring_records(get(), out, cap, len));
    }

    /** Reads the key file again, so that what other processes changed is seen. */
    public void reload() {
        Calls.check(this, Library.tenantseal_keyring_reload(get()));
    }
}
