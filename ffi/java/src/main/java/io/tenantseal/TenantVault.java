package io.tenantseal;

import java.util.List;
import java.util.Map;

/**
 * One tenant's rows: from {@link Vault#tenant}. Share it freely between threads.
 *
 * <p>In {@code values} a String is text, byte[] bytes and null NULL; Long, Integer, Double, Float and Boolean are for plain
 * columns.
 */
public final class TenantVault extends Handle {
    TenantVault(long handle) {
        super(handle, Library::tenantseal_tenant_vault_free);
    }

    /** Inserts a row and returns its id, which is never used again. */
    public long insert(String table, Map<String, ?> values) {
        return insert(table, values, null);
    }

    /** Inserts a row into a compartment. */
    public long insert(String table, Map<String, ?> values, String compartment) {
        byte[] label = Calls.utf8(table);
        try (Fields fields = Fields.of(values, compartment)) {
            return Calls.number(this, out -> Library.tenantseal_tenant_vault_insert(get(), label, label.length, fields.get(), out));
        }
    }

    /** The row of that id, opened; null if this tenant has none. */
    public Record get(String table, long id) {
        byte[] label = Calls.utf8(table);
        List<Record> found = new Rows(Calls.number(this, out -> Library.tenantseal_tenant_vault_get(
                get(), label, label.length, id, out))).records();
        return found.isEmpty() ? null : found.get(0);
    }

    /** The rows of which {@code field} (table.column) has this value, by that index; each was opened and compared. */
    public List<Record> find(String field, String index, String value) {
        byte[] label = Calls.utf8(field);
        byte[] name = Calls.utf8(index);
        byte[] text = Calls.utf8(value);
        return new Rows(Calls.number(this, out -> Library.tenantseal_tenant_vault_find(
                get(), label, label.length, name, name.length, text, text.length, out))).records();
    }

    /** Changes columns of a row; returns whether it is there. */
    public boolean update(String table, long id, Map<String, ?> values) {
        byte[] label = Calls.utf8(table);
        int[] there = new int[1];
        try (Fields fields = Fields.of(values, null)) {
            Calls.check(this, Library.tenantseal_tenant_vault_update(get(), label, label.length, id, fields.get(), there));
        }
        return there[0] == 1;
    }

    /** Deletes a row; returns whether it was there. */
    public boolean delete(String table, long id) {
        byte[] label = Calls.utf8(table);
        int[] there = new int[1];
        Calls.check(this, Library.tenantseal_tenant_vault_delete(get(), label, label.length, id, there));
        return there[0] == 1;
    }

    /** Up to {@code limit} rows with ids above {@code after}, as a listing may show them: only masks are opened. */
    public List<Record> listMasked(String table, long after, int limit) {
        byte[] label = Calls.utf8(table);
        return new Rows(Calls.number(this, out -> Library.tenantseal_tenant_vault_list_masked(
                get(), label, label.length, after, Calls.unsigned(limit), out))).records();
    }

    /**
     * Starts a transaction. Closed without {@link Transaction#commit}, it leaves nothing. While it is open every other write to
     * this vault waits, those of its own thread for ever: write through it.
     */
    public Transaction begin() {
        return new Transaction(Calls.number(this, out -> Library.tenantseal_tenant_vault_begin(get(), out)));
    }
}
