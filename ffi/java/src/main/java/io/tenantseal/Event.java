package io.tenantseal;

/** A message from WeCom: authentic, fresh, for this receiver, and claimed by this worker if it is new. */
public final class Event extends Handle {
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

    private int claim() {
        int[] claim = new int[1];
        Calls.check(this, Library.tenantseal_event_claim(get(), claim));
        return claim[0];
    }
}
