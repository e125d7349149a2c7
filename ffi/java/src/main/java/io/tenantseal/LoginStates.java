package io.tenantseal;

/**
 * The {@code state} of WeCom's OAuth login: for one browser, good once, and for ten minutes. Set it up, then share it between
 * threads.
 */
public final class LoginStates extends Handle {
    private LoginStates(long handle) {
        super(handle, Library::tenantseal_login_states_free);
    }

    /** States of this process alone, under a random key. */
    public static LoginStates generate() {
        return new LoginStates(Calls.number(null, Library::tenantseal_login_states_generate));
    }

    /** States of every process that has the same 32 random bytes, which serve nothing else; good once in each. */
    public static LoginStates fromSecret(byte[] secret) {
        return new LoginStates(Calls.number(null, out -> Library.tenantseal_login_states_from_secret(
                secret, secret.length, out)));
    }

    /** Sets for how long a state is good, in seconds; 600 unless set. */
    public LoginStates lifetime(int seconds) {
        Calls.check(this, Library.tenantseal_login_states_set_lifetime(get(), Calls.unsigned(seconds)));
        return this;
    }

    /** Shares a guard; {@code name} is your own, never changes, and is no callback's. */
    public LoginStates guard(Guard guard, String name) {
        byte[] own = Calls.utf8(name);
        int status = Library.tenantseal_login_states_set_guard(get(), guard.get(), own, own.length);
        guard.used();
        Calls.check(this, status);
        return this;
    }

    /** Makes a state for a browser. {@code context} is what else must be the same when it comes back: the tenant, the page. */
    public String issue(Browser browser, byte[] context) {
        byte[] state = Calls.bytes(this, Library.LOGIN_STATE_LEN, (out, cap, len) -> Library.tenantseal_login_states_issue(
                get(), browser.get(), context, context.length, out, cap, len));
        browser.used();
        return Calls.text(state);
    }

    /** Accepts a state that came back, once. {@link OpenException}: begin the login anew. */
    public void accept(String state, Browser browser, byte[] context) {
        byte[] text = Calls.utf8(state);
        int status = Library.tenantseal_login_states_accept(
                get(), text, text.length, browser.get(), context, context.length);
        browser.used();
        Calls.check(this, status);
    }
}
