package io.tenantseal;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * What every call has in common: bytes out, text in, statuses to exceptions. The owner of the handle that a call uses is given
 * along, so that it is not collected before the call returns; null if there is none.
 */
final class Calls {
    private Calls() {
    }

    /** A call that writes bytes. */
    interface Bytes {
        int call(byte[] out, long cap, long[] len);
    }

    /** A call that stores one number, or makes a handle. */
    interface Number {
        int call(long[] out);
    }

    /** Calls with room for {@code capacity} bytes, and once more if that is too little. */
    static byte[] bytes(Handle owner, long capacity, Bytes call) {
        int[] status = new int[1];
        byte[] bytes = bytesOrStatus(owner, capacity, call, status);
        check(owner, status[0]);
        return bytes;
    }

    /** As {@link #bytes}, with null for what is not there. */
    static byte[] optional(Handle owner, long capacity, Bytes call) {
        int[] status = new int[1];
        byte[] bytes = bytesOrStatus(owner, capacity, call, status);
        check(owner, status[0] == Library.ERROR_ABSENT ? Library.OK : status[0]);
        return bytes;
    }

    /** As {@link #bytes}, for calls whose status is the answer; null unless it is 0. */
    static byte[] bytesOrStatus(Handle owner, long capacity, Bytes call, int[] status) {
        long[] len = new long[1];
        byte[] out = new byte[size(Math.max(capacity, 1))];
        status[0] = call.call(out, out.length, len);
        if (owner != null) {
            owner.used();
        }
        if (status[0] == Library.ERROR_BUFFER_TOO_SMALL && len[0] > out.length) {
            return bytesOrStatus(owner, len[0], call, status);
        }
        if (status[0] != 0) {
            return null;
        }
        byte[] exact = len[0] == out.length ? out : Arrays.copyOf(out, (int) len[0]);
        if (exact != out) {
            Arrays.fill(out, (byte) 0);
        }
        return exact;
    }

    static long number(Handle owner, Number call) {
        long[] out = new long[1];
        check(owner, call.call(out));
        return out[0];
    }

    static void check(Handle owner, int status) {
        if (owner != null) {
            owner.used();
        }
        if (status != 0) {
            throw TenantsealException.of(status, -1);
        }
    }

    /** UTF-8. A text with a lone surrogate is none. */
    static byte[] utf8(String text) {
        try {
            ByteBuffer bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
            byte[] exact = new byte[bytes.remaining()];
            bytes.get(exact);
            Arrays.fill(bytes.array(), (byte) 0);
            return exact;
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("a text has half of a surrogate pair in it");
        }
    }

    static String text(byte[] utf8) {
        return utf8 == null ? null : new String(utf8, StandardCharsets.UTF_8);
    }

    /** The text of a value, which may be bytes that are none. */
    static String valueText(byte[] value) {
        if (value == null) {
            return null;
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(value)).toString();
        } catch (CharacterCodingException e) {
            throw TenantsealException.of(Library.ERROR_WRONG_TYPE, -1);
        }
    }

    /** A number that has no sign in C. */
    static int unsigned(int number) {
        return (int) unsigned((long) number);
    }

    static long unsigned(long number) {
        if (number < 0) {
            throw new IllegalArgumentException("the number is negative");
        }
        return number;
    }

    /** Array lengths have 31 bits. */
    private static int size(long len) {
        if (len > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("the result is longer than an array can be");
        }
        return (int) len;
    }
}
