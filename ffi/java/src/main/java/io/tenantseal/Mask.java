package io.tenantseal;

/** The sealed mask column of a field. */
public final class Mask extends Handle {
    Mask(long handle) {
        super(handle, Library::tenantseal_mask_free);
    }

    /** Masks a value and seals the result for the row of that id. */
    public byte[] seal(String value, long row) {
        byte[] text = Calls.utf8(value);
        return Calls.bytes(this, text.length + 128L, (out, cap, len) -> Library.tenantseal_mask_seal_i64(
                get(), row, text, text.length, out, cap, len));
    }

    /** Masks a value and seals the result for a row of another kind. */
    public byte[] seal(String value, Row row) {
        byte[] text = Calls.utf8(value);
        byte[] place = row.encoded();
        return Calls.bytes(this, text.length + 128L, (out, cap, len) -> Library.tenantseal_mask_seal(
                get(), place, place.length, text, text.length, out, cap, len));
    }

    /** Opens a sealed mask, for display. */
    public String open(byte[] sealed, long row) {
        return Calls.text(Calls.bytes(this, sealed.length, (out, cap, len) -> Library.tenantseal_mask_open_i64(
                get(), row, sealed, sealed.length, out, cap, len)));
    }

    /** Opens a sealed mask of a row of another kind. */
    public String open(byte[] sealed, Row row) {
        byte[] place = row.encoded();
        return Calls.text(Calls.bytes(this, sealed.length, (out, cap, len) -> Library.tenantseal_mask_open(
                get(), place, place.length, sealed, sealed.length, out, cap, len)));
    }
}
