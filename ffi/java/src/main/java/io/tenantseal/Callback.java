package io.tenantseal;

/** One callback URL: its credentials, whom it is for, and what it remembers. Set it up, then share it between threads. */
public final class Callback extends Handle {
    private Callback(long handle) {
        super(handle, Library::tenantseal_callback_free);
    }

    /** A company's own app: XML, its CorpID as the receiveid, every message states its time. */
    public static Callback companyApp(String token, String encodingAesKey, String corpId) {
        byte[] first = Calls.utf8(token);
        byte[] key = Calls.utf8(encodingAesKey);
        byte[] id = Calls.utf8(corpId);
        return new Callback(Calls.number(null, out -> Library.tenantseal_callback_company_app(
                first, first.length, key, key.length, id, id.length, out)));
    }

    /** Any other kind of app. */
    public static Callback custom(String token, String encodingAesKey, ReceiveId urlCheck, ReceiveId messages) {
        byte[] first = Calls.utf8(token);
        byte[] key = Calls.utf8(encodingAesKey);
        return new Callback(Calls.number(null, out -> Library.tenantseal_callback_custom(first, first.length, key, key.length,
                urlCheck.policy(), urlCheck.ids(), urlCheck.ids().length,
                messages.policy(), messages.ids(), messages.ids().length, out)));
    }

    /** Adds a pair that was in use before, so that what is still on its way opens. */
    public Callback previous(String token, String encodingAesKey) {
        byte[] first = Calls.utf8(token);
        byte[] key = Calls.utf8(encodingAesKey);
        Calls.check(this, Library.tenantseal_callback_add_previous(get(), first, first.length, key, key.length));
        return this;
    }

    /** Sets how far a timestamp may be from the clock, in seconds; 300 unless set. */
    public Callback window(int seconds) {
        Calls.check(this, Library.tenantseal_callback_set_window(get(), Calls.unsigned(seconds)));
        return this;
    }

    /** Sets how long a claim on an event is held, in milliseconds; 4000 unless set. */
    public Callback lease(int milliseconds) {
        Calls.check(this, Library.tenantseal_callback_set_lease(get(), Calls.unsigned(milliseconds)));
        return this;
    }

    /** Stops the clock, for tests: milliseconds since 1970. */
    public Callback fixedTime(long milliseconds) {
        Calls.check(this, Library.tenantseal_callback_set_fixed_time(get(), Calls.unsigned(milliseconds)));
        return this;
    }

    /** Shares a guard with other callbacks; {@code callbackId} is your own name for this one, and never changes. */
    public Callback guard(Guard guard, String callbackId) {
        byte[] name = Calls.utf8(callbackId);
        int status = Library.tenantseal_callback_set_guard(get(), guard.get(), name, name.length);
        guard.used();
        Calls.check(this, status);
        return this;
    }

    /** Remembers nothing: every event is fresh, and replays are yours to recognise. */
    public Callback withoutGuard() {
        Calls.check(this, Library.tenantseal_callback_remove_guard(get()));
        return this;
    }

    /** Verifies, decrypts and recognises a message. {@code rawQuery} is the query string as it came, not decoded. */
    public Event open(String rawQuery, byte[] body) {
        byte[] query = Calls.utf8(rawQuery);
        return new Event(Calls.number(this, out -> Library.tenantseal_callback_open(
                get(), query, query.length, body, body.length, out)));
    }

    /** The body of the answer to the console's URL check. */
    public String verifyUrl(String rawQuery) {
        byte[] query = Calls.utf8(rawQuery);
        return Calls.text(Calls.bytes(this, 64, (out, cap, len) -> Library.tenantseal_callback_verify_url(
                get(), query, query.length, out, cap, len)));
    }

    /** Why a request is refused, as Tencent's code and the likely cause: for your log and never for the peer. */
    public String diagnose(String rawQuery, byte[] body) {
        byte[] query = Calls.utf8(rawQuery);
        int[] code = new int[1];
        byte[] cause = Calls.bytes(this, 256, (out, cap, len) -> Library.tenantseal_callback_diagnose(
                get(), query, query.length, body, body.length, code, out, cap, len));
        return code[0] + ": " + Calls.text(cause);
    }
}
