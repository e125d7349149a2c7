package io.tenantseal;

import java.util.Arrays;

/** A message from WeCom: authentic, fresh, for this receiver, and claimed by this worker if it is new. */
public final class Event extends Handle {
    /** An encrypted passive reply. */
    public static final class Reply {
        /** The body of the response. */
        public final String body;
        /** The value of its Content-Type. */
        public final String contentType;

        private Reply(String body, String contentType) {
            this.body = body;
            this.contentType = contentType;
        }
    }

    Event(long handle) {
        super(handle, Library::tenantseal_event_free);
    }

    /** The decrypted message, as it was sent. */
    public byte[] message() {
        return Calls.bytes(this, 2048, (out, cap, len) -> Library.tenantseal_event_message(get(), out, cap, len));
    }

    /** The text of the message's first child of that name; null if there is none. */
    public String child(String name) {
        byte[] wanted = Calls.utf8(name);
        return Calls.text(Calls.optional(this, 256, (out, cap, len) -> Library.tenantseal_event_child(
                get(), wanted, wanted.length, out, cap, len)));
    }

    /** The text of a child of an element that has children; null if that has none of that name. */
    public String nested(String element, String name) {
        byte[] parent = Calls.utf8(element);
        byte[] wanted = Calls.utf8(name);
        return Calls.text(Calls.optional(this, 256, (out, cap, len) -> Library.tenantseal_event_nested_child(
                get(), parent, parent.length, wanted, wanted.length, out, cap, len)));
    }

    /** Whom the message is for. */
    public byte[] receiveId() {
        return Calls.bytes(this, 256, (out, cap, len) -> Library.tenantseal_event_receive_id(get(), out, cap, len));
    }

    /** The timestamp of the request, in seconds since 1970. */
    public long timestamp() {
        return Calls.number(this, out -> Library.tenantseal_event_timestamp(get(), out));
    }

    /** Whether this worker is to act on the event. */
    public boolean isFresh() {
        return claim() == Library.CLAIM_FRESH;
    }

    /** Whether another worker holds the event: answer 503, the sender comes back. */
    public boolean isInProgress() {
        return claim() == Library.CLAIM_IN_PROGRESS;
    }

    /** The body of an answer of 200 that says nothing: {@code success} where the product wants to read that, else empty. */
    public String acknowledgement() {
        return Calls.text(Calls.bytes(this, 16, (out, cap, len) -> Library.tenantseal_event_acknowledgement(
                get(), out, cap, len)));
    }

    /** Settles the event, after its effects are safe. An exception means: take them back. */
    public void done() {
        Calls.check(this, Library.tenantseal_event_done(get()));
    }

    /** The body of an encrypted passive reply. */
    public String reply(String plaintext) {
        byte[] text = Calls.utf8(plaintext);
        return Calls.text(Calls.bytes(this, 2L * text.length + 1024, (out, cap, len) -> Library.tenantseal_event_reply(
                get(), text, text.length, Library.REPLY_SAME, out, cap, len)));
    }

    /** As {@link #reply}, with the media type that the response has then. */
    public Reply replyWithType(String plaintext) {
        byte[] text = Calls.utf8(plaintext);
        byte[] body = new byte[Math.toIntExact(Library.tenantseal_event_reply_len(text.length))];
        long[] bodyLen = new long[1];
        byte[] type = Calls.bytes(this, Library.CONTENT_TYPE_MAX_LEN, (out, cap, len) ->
                Library.tenantseal_event_reply_with_type(
                        get(), text, text.length, body, body.length, bodyLen, out, cap, len));
        return new Reply(Calls.text(Arrays.copyOf(body, (int) bodyLen[0])), Calls.text(type));
    }

    private int claim() {
        int[] claim = new int[1];
        Calls.check(this, Library.tenantseal_event_claim(get(), claim));
        return claim[0];
    }
}
