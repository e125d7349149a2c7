package io.tenantseal;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * A file that an AI bot received, decrypted as it is read, in constant memory. One thread at a time.
 *
 * <p>The format has no signature: fetch the file over TLS, from the address in a message that was verified. What was read is
 * worth nothing unless the end comes without an exception: {@link CallbackException}, from every read after it too, is what is
 * no such file, a cut one included.
 */
public final class MediaInputStream extends FilterInputStream {
    private static final int PIECE = 16 * 1024;

    private final Media media;
    private final byte[] sealed = new byte[PIECE];
    private byte[] opened = new byte[0];
    private int given;
    private boolean ended;

    /** Takes the file, and the callback's EncodingAESKey or the {@code aeskey} beside the address. Closing closes both. */
    public MediaInputStream(InputStream file, String key) {
        super(file);
        byte[] digits = Calls.utf8(key);
        media = new Media(Calls.number(null, out -> Library.tenantseal_media_new(digits, digits.length, out)));
        Arrays.fill(digits, (byte) 0);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] out, int offset, int length) throws IOException {
        if (offset < 0 || length < 0 || length > out.length - offset) {
            throw new IndexOutOfBoundsException();
        }
        if (length == 0) {
            return 0;
        }
        while (given == opened.length) {
            if (ended) {
                return -1;
            }
            fill();
        }
        int count = Math.min(length, opened.length - given);
        System.arraycopy(opened, given, out, offset, count);
        given += count;
        return count;
    }

    @Override
    public long skip(long count) throws IOException {
        byte[] passed = new byte[(int) Math.max(0, Math.min(count, PIECE))];
        int read = read(passed, 0, passed.length);
        Arrays.fill(passed, (byte) 0);
        return Math.max(0, read);
    }

    @Override
    public int available() {
        return opened.length - given;
    }

    @Override
    public void close() throws IOException {
        forget();
        media.close();
        super.close();
    }

    @Override
    public boolean markSupported() {
        return false;
    }

    @Override
    public synchronized void mark(int limit) {
    }

    @Override
    public synchronized void reset() throws IOException {
        throw new IOException("mark is not supported");
    }

    private void fill() throws IOException {
        forget();
        int count = in.read(sealed);
        opened = count < 0 ? media.finish() : media.update(sealed, count);
        ended = count < 0;
    }

    private void forget() {
        Arrays.fill(opened, (byte) 0);
        opened = new byte[0];
        given = 0;
    }

    /** The decryption itself. */
    private static final class Media extends Handle {
        Media(long handle) {
            super(handle, Library::tenantseal_media_free);
        }

        byte[] update(byte[] piece, int count) {
            return Calls.bytes(this, Library.tenantseal_media_update_len(count), (out, cap, len) ->
                    Library.tenantseal_media_update(get(), piece, count, out, cap, len));
        }

        byte[] finish() {
            return Calls.bytes(this, Library.tenantseal_media_update_len(0), (out, cap, len) ->
                    Library.tenantseal_media_finish(get(), out, cap, len));
        }
    }
}
