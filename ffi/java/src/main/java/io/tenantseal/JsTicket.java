package io.tenantseal;

/** A ticket of WeCom's JS-SDK. It is secret: the page gets signatures, never the ticket. Share it freely between threads. */
public final class JsTicket extends Handle {
    /** What the page passes to {@code wx.config} or {@code wx.agentConfig}. Nothing in it is secret. */
    public static final class Config {
        /** {@code timestamp}, in seconds since 1970. */
        public final long timestamp;
        /** {@code nonceStr}. */
        public final String nonceStr;
        /** {@code signature}. */
        public final String signature;

        private Config(long timestamp, String nonceStr, String signature) {
            this.timestamp = timestamp;
            this.nonceStr = nonceStr;
            this.signature = signature;
        }
    }

    private JsTicket(long handle) {
        super(handle, Library::tenantseal_js_ticket_free);
    }

    /** Takes a {@code jsapi_ticket}, or the ticket of type {@code agent_config}. */
    public static JsTicket of(String ticket) {
        byte[] text = Calls.utf8(ticket);
        return new JsTicket(Calls.number(null, out -> Library.tenantseal_js_ticket_new(text, text.length, out)));
    }

    /**
     * Signs the address of a page, for now. Sign only addresses of your own pages: compare what a parameter or {@code Referer}
     * states with a list before.
     */
    public Config sign(String url) {
        byte[] address = Calls.utf8(url);
        long[] timestamp = new long[1];
        byte[] nonce = new byte[Library.JS_NONCE_LEN];
        long[] nonceLen = new long[1];
        byte[] signature = Calls.bytes(this, Library.JS_SIGNATURE_LEN, (out, cap, len) -> Library.tenantseal_js_ticket_sign(
                get(), address, address.length, timestamp, nonce, nonce.length, nonceLen, out, cap, len));
        return new Config(timestamp[0], Calls.text(nonce), Calls.text(signature));
    }
}
