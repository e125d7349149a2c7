package io.tenantseal;

/** A callback is refused. Answer every one of these alike, but 503 to a guard that is full. */
public final class CallbackException extends TenantsealException {
    private static final long serialVersionUID = 1L;

    CallbackException(int code, int position) {
        super(code, position);
    }
}
