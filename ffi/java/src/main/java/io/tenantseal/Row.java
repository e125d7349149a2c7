package io.tenantseal;

/** The row that a cell belongs to. Which kind a field takes is said by the policy. */
public final class Row {
    private final byte[] encoded;

    private Row(byte[] encoded) {
        this.encoded = encoded;
    }

    /** The row of a field that is bound to none. */
    public static Row unbound() {
        return new Row(Calls.bytes(null, 64, Library::tenantseal_row_unbound));
    }

    /** A row whose id is a number. */
    public static Row of(long id) {
        return new Row(Calls.bytes(null, 64, (out, cap, len) -> Library.tenantseal_row_i64(id, out, cap, len)));
    }

    /** A row whose id is text. */
    public static Row of(String id) {
        byte[] text = Calls.utf8(id);
        return new Row(Calls.bytes(null, text.length + 64L,
                (out, cap, len) -> Library.tenantseal_row_text(text, text.length, out, cap, len)));
    }

    /** A row whose id is bytes. */
    public static Row of(byte[] id) {
        return new Row(Calls.bytes(null, id.length + 64L,
                (out, cap, len) -> Library.tenantseal_row_bytes(id, id.length, out, cap, len)));
    }

    /** The row that has these values in its natural key columns, in the policy's order: Long, Integer, String or byte[]. */
    public static Row natural(Object... keys) {
        byte[] row = new byte[0];
        for (Object key : keys) {
            byte[] before = row;
            if (key instanceof Long || key instanceof Integer) {
                long number = ((Number) key).longValue();
                row = Calls.bytes(null, before.length + 64L, (out, cap, len) -> Library.tenantseal_row_natural_i64(
                        before, before.length, number, out, cap, len));
            } else if (key instanceof String) {
                byte[] text = Calls.utf8((String) key);
                row = Calls.bytes(null, before.length + text.length + 64L, (out, cap, len) -> Library.tenantseal_row_natural_text(
                        before, before.length, text, text.length, out, cap, len));
            } else if (key instanceof byte[]) {
                byte[] bytes = (byte[]) key;
                row = Calls.bytes(null, before.length + bytes.length + 64L, (out, cap, len) -> Library.tenantseal_row_natural_bytes(
                        before, before.length, bytes, bytes.length, out, cap, len));
            } else {
                throw new IllegalArgumentException("a natural key is a Long, Integer, String or byte[]");
            }
        }
        return new Row(row);
    }

    byte[] encoded() {
        return encoded;
    }
}
