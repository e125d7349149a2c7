package io.tenantseal;

/** An input, a name or a policy is not of the form that the call accepts, or names what is not there. */
public final class InvalidException extends TenantsealException {
    private static final long serialVersionUID = 1L;

    InvalidException(int code, int position) {
        super(code, position);
    }
}
