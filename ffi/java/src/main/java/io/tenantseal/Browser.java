package io.tenantseal;

/** One browser, known again by a cookie. It is secret; a new login may keep it. Share it freely between threads. */
public final class Browser extends Handle {
    private Browser(long handle) {
        super(handle, Library::tenantseal_browser_free);
    }

    /** A browser that was not seen before. */
    public static Browser generate() {
        return new Browser(Calls.number(null, Library::tenantseal_browser_generate));
    }

    /** The browser of a cookie's value; {@link OpenException} if it is none. */
    public static Browser fromCookie(String value) {
        byte[] cookie = Calls.utf8(value);
        return new Browser(Calls.number(null, out -> Library.tenantseal_browser_from_cookie(cookie, cookie.length, out)));
    }

    /** The cookie's value. Set it Secure, HttpOnly and SameSite=Lax, under a name that starts with {@code __Host-}. */
    public String toCookie() {
        return Calls.text(Calls.bytes(this, Library.BROWSER_COOKIE_LEN, (out, cap, len) ->
                Library.tenantseal_browser_to_cookie(get(), out, cap, len)));
    }
}
