package io.tenantseal;

import java.util.Arrays;

/** A blind index of a field: equal values share a token. */
public final class BlindIndex extends Handle {
    BlindIndex(long handle) {
        super(handle, Library::tenantseal_index_free);
    }

    /** The token to store beside a sealed value. */
    public long token(String value) {
        byte[] text = Calls.utf8(value);
        return Calls.number(this, out -> Library.tenantseal_index_token(get(), text, text.length, out));
    }

    /** Every token that rows with this value may have, for {@code WHERE column IN (...)}. Open what is found and compare. */
    public long[] lookup(String value) {
        byte[] text = Calls.utf8(value);
        long[] len = new long[1];
        long[] out = new long[16];
        int status = Library.tenantseal_index_lookup(get(), text, text.length, out, out.length, len);
        if (status == Library.ERROR_BUFFER_TOO_SMALL) {
            out = new long[(int) len[0]];
            status = Library.tenantseal_index_lookup(get(), text, text.length, out, out.length, len);
        }
        Calls.check(this, status);
        return Arrays.copyOf(out, (int) len[0]);
    }

    /** Whether two values are the same to this index. */
    public boolean matches(String left, String right) {
        byte[] one = Calls.utf8(left);
        byte[] other = Calls.utf8(right);
        int[] same = new int[1];
        Calls.check(this, Library.tenantseal_index_matches(get(), one, one.length, other, other.length, same));
        return same[0] == 1;
    }
}
