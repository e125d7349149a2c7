package io.tenantseal;

/** A row: opened, or as a listing may show it. */
public final class Record {
    private final Rows rows;
    private final long number;

    Record(Rows rows, long number) {
        this.rows = rows;
        this.number = number;
    }

    /** The row's id. */
    public long id() {
        return Calls.number(rows, out -> Library.tenantseal_rows_id(rows.get(), number, out));
    }

    /** The row's compartment; empty for the default one. */
    public String compartment() {
        return Calls.text(Calls.bytes(rows, 64, (out, cap, len) -> Library.tenantseal_rows_compartment(
                rows.get(), number, out, cap, len)));
    }

    /** The text of a column, or what a listing may show of it; null if it is NULL or not of this row. */
    public String text(String column) {
        return Calls.valueText(bytes(column));
    }

    /** The bytes of a column; null if it is NULL or not of this row. */
    public byte[] bytes(String column) {
        byte[] name = Calls.utf8(column);
        return Calls.optional(rows, 256, (out, cap, len) -> Library.tenantseal_rows_value(
                rows.get(), number, name, name.length, out, cap, len));
    }

    /** The integer of a plain column. */
    public long getLong(String column) {
        byte[] name = Calls.utf8(column);
        return Calls.number(rows, out -> Library.tenantseal_rows_i64(rows.get(), number, name, name.length, out));
    }

    /** The number of a plain column. */
    public double getDouble(String column) {
        byte[] name = Calls.utf8(column);
        double[] value = new double[1];
        Calls.check(rows, Library.tenantseal_rows_f64(rows.get(), number, name, name.length, value));
        return value[0];
    }

    /** The truth value of a plain column. */
    public boolean getBoolean(String column) {
        byte[] name = Calls.utf8(column);
        int[] value = new int[1];
        Calls.check(rows, Library.tenantseal_rows_bool(rows.get(), number, name, name.length, value));
        return value[0] == 1;
    }

    /** The id alone. */
    @Override
    public String toString() {
        return "tenantseal Record " + id();
    }
}
