package io.tenantseal;

/** The database refused, is busy, is closed, or does not fit the policy. */
public final class StoreException extends TenantsealException {
    private static final long serialVersionUID = 1L;

    StoreException(int code, int position) {
        super(code, position);
    }
}
