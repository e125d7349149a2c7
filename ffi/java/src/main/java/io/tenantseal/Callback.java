package io.tenantseal;

import java.util.List;

/** One callback URL: its credentials, whom it is for, and what it remembers. Set it up, then share it between threads. */
public final class Callback extends Handle {
    /** What one of several callbacks opened. */
    public static final class Found<T> {
        /** Which of them it was, counted from 0. */
        public final int place;
        /** The event, or the echo of a URL check. */
        public final T value;

        private Found(int place, T value) {
            this.place = place;
            this.value = value;
        }
    }

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

    /** The command URL of a third-party suite: tickets, authorisations, changes of contacts. */
    public static Callback suiteCommands(String token, String encodingAesKey, String providerCorpId, String suiteId) {
        byte[] first = Calls.utf8(token);
        byte[] key = Calls.utf8(encodingAesKey);
        byte[] id = Calls.utf8(providerCorpId);
        byte[] other = Calls.utf8(suiteId);
        return new Callback(Calls.number(null, out -> Library.tenantseal_callback_suite_commands(
                first, first.length, key, key.length, id, id.length, other, other.length, out)));
    }

    /** The data URL of a third-party suite: what the members of every client company send. */
    public static Callback suiteData(String token, String encodingAesKey, String providerCorpId, ReceiveId clients) {
        byte[] first = Calls.utf8(token);
        byte[] key = Calls.utf8(encodingAesKey);
        byte[] id = Calls.utf8(providerCorpId);
        return new Callback(Calls.number(null, out -> Library.tenantseal_callback_suite_data(
                first, first.length, key, key.length, id, id.length,
                clients.policy(), clients.ids(), clients.ids().length, out)));
    }

    /** An AI bot in API mode: JSON, an empty receiveid. */
    public static Callback aiBot(String token, String encodingAesKey) {
        byte[] first = Calls.utf8(token);
        byte[] key = Calls.utf8(encodingAesKey);
        return new Callback(Calls.number(null, out -> Library.tenantseal_callback_ai_bot(
                first, first.length, key, key.length, out)));
    }

    /** A WeChat Official Account or mini-program, in secure or compatible mode. What comes in clear is never read. */
    public static Callback officialAccount(String token, String encodingAesKey, String appId) {
        byte[] first = Calls.utf8(token);
        byte[] key = Calls.utf8(encodingAesKey);
        byte[] id = Calls.utf8(appId);
        return new Callback(Calls.number(null, out -> Library.tenantseal_callback_official_account(
                first, first.length, key, key.length, id, id.length, out)));
    }

    /** A third-party platform of WeChat's, with its own AppID as the receiveid. */
    public static Callback openPlatform(String token, String encodingAesKey, String componentAppId) {
        byte[] first = Calls.utf8(token);
        byte[] key = Calls.utf8(encodingAesKey);
        byte[] id = Calls.utf8(componentAppId);
        return new Callback(Calls.number(null, out -> Library.tenantseal_callback_open_platform(
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

    /**
     * As {@link #open}, where several callbacks, eight at most, share a URL and exactly one of them may open the message.
     */
    public static Found<Event> openOneOf(List<Callback> callbacks, String rawQuery, byte[] body) {
        byte[] query = Calls.utf8(rawQuery);
        long[] handles = handles(callbacks);
        long[] place = new long[1];
        long event = Calls.number(null, out -> Library.tenantseal_callback_open_one_of(
                handles, callbacks.size(), query, query.length, body, body.length, place, out));
        callbacks.forEach(Handle::used);
        return new Found<>((int) place[0], new Event(event));
    }

    /** As {@link #verifyUrl}, where several callbacks share a URL. */
    public static Found<String> verifyUrlOneOf(List<Callback> callbacks, String rawQuery) {
        byte[] query = Calls.utf8(rawQuery);
        long[] handles = handles(callbacks);
        long[] place = new long[1];
        byte[] echo = Calls.bytes(null, 64, (out, cap, len) -> Library.tenantseal_callback_verify_url_one_of(
                handles, callbacks.size(), query, query.length, place, out, cap, len));
        callbacks.forEach(Handle::used);
        return new Found<>((int) place[0], Calls.text(echo));
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

    private static long[] handles(List<Callback> callbacks) {
        return callbacks.stream().mapToLong(Handle::get).toArray();
    }
}
