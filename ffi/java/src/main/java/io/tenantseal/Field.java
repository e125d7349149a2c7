package io.tenantseal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A field of one tenant, in one compartment. Share it freely between threads. */
public final class Field extends Handle {
    Field(long handle) {
        super(handle, Library::tenantseal_field_free);
    }

    /** The same field in a compartment of the policy. */
    public Field compartment(String label) {
        byte[] name = Calls.utf8(label);
        return new Field(Calls.number(this, out -> Library.tenantseal_field_compartment(get(), name, name.length, out)));
    }

    /** Seals the text of a text field for the row of that id: 64 bytes more than the text has in UTF-8. */
    public byte[] seal(String value, long row) {
        return seal(Calls.utf8(value), row);
    }

    /** Seals bytes, or the UTF-8 of a text, for the row of that id. */
    public byte[] seal(byte[] value, long row) {
        return Calls.bytes(this, value.length + 64L, (out, cap, len) -> Library.tenantseal_field_seal_i64(
                get(), row, value, value.length, out, cap, len));
    }

    /** Seals the text of a text field for a row of another kind. */
    public byte[] seal(String value, Row row) {
        return seal(Calls.utf8(value), row);
    }

    /** Seals bytes, or the UTF-8 of a text, for a row of another kind. */
    public byte[] seal(byte[] value, Row row) {
        byte[] place = row.encoded();
        return Calls.bytes(this, value.length + 80L, (out, cap, len) -> Library.tenantseal_field_seal(
                get(), place, place.length, value, value.length, out, cap, len));
    }

    /** As {@link #seal(String, long)}, in the text form, for columns that hold only text. */
    public String sealText(String value, long row) {
        byte[] text = Calls.utf8(value);
        return Calls.text(Calls.bytes(this, 2L * text.length + 128, (out, cap, len) -> Library.tenantseal_field_seal_text_i64(
                get(), row, text, text.length, out, cap, len)));
    }

    /** Opens what was sealed for the row of that id, in either form. */
    public byte[] open(byte[] sealed, long row) {
        return Calls.bytes(this, sealed.length, (out, cap, len) -> Library.tenantseal_field_open_i64(
                get(), row, sealed, sealed.length, out, cap, len));
    }

    /** Opens what was sealed for a row of another kind, in either form. */
    public byte[] open(byte[] sealed, Row row) {
        byte[] place = row.encoded();
        return Calls.bytes(this, sealed.length, (out, cap, len) -> Library.tenantseal_field_open(
                get(), place, place.length, sealed, sealed.length, out, cap, len));
    }

    /** Opens the text of a text field. */
    public String openText(byte[] sealed, long row) {
        return Calls.valueText(open(sealed, row));
    }

    /** Opens the text form. */
    public String openText(String sealed, long row) {
        return openText(Calls.utf8(sealed), row);
    }

    /** Seals many values in one call; null stays null. */
    public List<byte[]> sealMany(List<byte[]> values, long[] rows) {
        return many(values, rows, 64, Library::tenantseal_field_seal_many_i64);
    }

    /** Opens many cells in one call; null stays null. */
    public List<byte[]> openMany(List<byte[]> cells, long[] rows) {
        return many(cells, rows, 0, Library::tenantseal_field_open_many_i64);
    }

    /** The blind index of that label. */
    public BlindIndex index(String label) {
        byte[] name = Calls.utf8(label);
        return new BlindIndex(Calls.number(this, out -> Library.tenantseal_field_index(get(), name, name.length, out)));
    }

    /** The mask of this field: a sealed column of its own. */
    public Mask mask() {
        return new Mask(Calls.number(this, out -> Library.tenantseal_field_mask(get(), out)));
    }

    private interface Bulk {
        int call(long field, long[] rows, long count, byte[] values, long valuesLen, long[] offsets, byte[] out,
                long cap, long[] len, long[] outOffsets, long[] position);
    }

    private List<byte[]> many(List<byte[]> list, long[] rows, int overhead, Bulk call) {
        // Read once: what another thread changes meanwhile would be sealed for the row of something else.
        byte[][] values = list.toArray(new byte[0][]);
        if (values.length != rows.length) {
            throw new IllegalArgumentException("as many rows as values are needed");
        }
        long size = 0;
        int count = 0;
        for (byte[] value : values) {
            size += value == null ? 0 : value.length;
            count += value == null ? 0 : 1;
        }
        if (size + (long) overhead * count > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("the values are longer together than an array can be");
        }
        byte[] joined = new byte[(int) size];
        long[] offsets = new long[count + 1];
        long[] ids = new long[Math.max(count, 1)];
        int[] positions = new int[count];
        int next = 0;
        int end = 0;
        for (int position = 0; position < rows.length; position++) {
            byte[] value = values[position];
            if (value != null) {
                System.arraycopy(value, 0, joined, end, value.length);
                end += value.length;
                ids[next] = rows[position];
                positions[next++] = position;
                offsets[next] = end;
            }
        }
        byte[] out = new byte[Math.max(end + overhead * count, 1)];
        long[] ends = new long[count + 1];
        long[] len = new long[1];
        long[] failed = new long[1];
        int status = call.call(get(), ids, count, joined, end, offsets, out, out.length, len, ends, failed);
        used();
        Arrays.fill(joined, (byte) 0);
        if (status != 0) {
            boolean one = failed[0] >= 0 && failed[0] < count;
            throw TenantsealException.of(status, one ? positions[(int) failed[0]] : -1);
        }
        List<byte[]> made = new ArrayList<>(rows.length);
        next = 0;
        for (byte[] value : values) {
            made.add(value == null ? null : Arrays.copyOfRange(out, (int) ends[next], (int) ends[++next]));
        }
        Arrays.fill(out, (byte) 0);
        return made;
    }
}
