package io.tenantseal;

/**
 * Anything that tenantseal refuses or cannot do. The message holds no key, no value and no tenant's name.
 */
public class TenantsealException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final int code;
    private final int position;

    TenantsealException(int code, int position) {
        super(Library.tenantseal_status_message(code));
        this.code = code;
        this.position = position;
    }

    /** The hundreds of a number are its kind: error.rs in the Rust library. */
    static TenantsealException of(int status, int position) {
        switch (status / 100) {
            case 1:
                return new InvalidException(status, position);
            case 2:
                return new OpenException(status, position);
            case 3:
                return new CallbackException(status, position);
            case 4:
                return new StoreException(status, position);
            default:
                return new TenantsealException(status, position);
        }
    }

    /** The number that every language of tenantseal knows the reason by. */
    public int code() {
        return code;
    }

    /** In a bulk call, the position of the value that failed, counted from 0; else -1. */
    public int position() {
        return position;
    }
}
