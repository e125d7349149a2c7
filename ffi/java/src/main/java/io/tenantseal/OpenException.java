package io.tenantseal;

/** Sealed data does not open here: altered, of another place, under an unknown key, or in another format. */
public final class OpenException extends TenantsealException {
    private static final long serialVersionUID = 1L;

    OpenException(int code, int position) {
        super(code, position);
    }
}
