package io.tenantseal;

/** One tenant's keys: from {@link Keyring#tenant}. */
public final class Tenant extends Handle {
    Tenant(long handle) {
        super(handle, Library::tenantseal_tenant_free);
    }

    /** Whose keys these are. */
    public byte[] id() {
        return Calls.bytes(this, 128, (out, cap, len) -> Library.tenantseal_tenant_id(get(), out, cap, len));
    }

    /** The field of that permanent label, {@code table.column}. */
    public Field field(String label) {
        byte[] name = Calls.utf8(label);
        return new Field(Calls.number(this, out -> Library.tenantseal_tenant_field(get(), name, name.length, out)));
    }
}
