package io.tenantseal;

import java.util.Arrays;

/** What WeCom's servers send, for tests and simulators. */
public final class Sender extends Handle {
    /** A request: what a servlet gets. */
    public static final class Post {
        /** The query string, not decoded. */
        public final String query;
        /** The body. */
        public final byte[] body;

        private Post(String query, byte[] body) {
            this.query = query;
            this.body = body;
        }
    }

    private Sender(long handle) {
        super(handle, Library::tenantseal_sender_free);
    }

    /** Takes the callback's credentials, and the receiveid to send to. */
    public static Sender of(String token, String encodingAesKey, String receiveId) {
        byte[] first = Calls.utf8(token);
        byte[] key = Calls.utf8(encodingAesKey);
        byte[] id = Calls.utf8(receiveId);
        return new Sender(Calls.number(null, out -> Library.tenantseal_sender_new(
                first, first.length, key, key.length, id, id.length, out)));
    }

    /** A message as query string and XML body. */
    public Post post(String plaintext, long timestamp, String nonce) {
        byte[] text = Calls.utf8(plaintext);
        byte[] word = Calls.utf8(nonce);
        byte[] body = new byte[2 * text.length + 2048];
        long[] bodyLen = new long[1];
        byte[] query = Calls.bytes(this, 1024, (out, cap, len) -> Library.tenantseal_sender_post(
                get(), text, text.length, timestamp, word, word.length, out, cap, len, body, body.length, bodyLen));
        return new Post(Calls.text(query), Arrays.copyOf(body, (int) bodyLen[0]));
    }

    /** The query string of a URL check. */
    public String get(String echo, long timestamp, String nonce) {
        byte[] text = Calls.utf8(echo);
        byte[] word = Calls.utf8(nonce);
        return Calls.text(Calls.bytes(this, 1024, (out, cap, len) -> Library.tenantseal_sender_get(
                get(), text, text.length, timestamp, word, word.length, out, cap, len)));
    }

    /** Verifies and decrypts a reply's body. */
    public byte[] openReply(String body) {
        byte[] text = Calls.utf8(body);
        return Calls.bytes(this, text.length, (out, cap, len) -> Library.tenantseal_sender_open_reply(
                get(), text, text.length, out, cap, len));
    }
}
