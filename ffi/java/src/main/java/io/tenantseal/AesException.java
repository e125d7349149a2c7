package io.tenantseal;

/** A refusal with Tencent's code, which is for your log: never send it to the peer, answer every refusal alike. */
public final class AesException extends Exception {
    private static final long serialVersionUID = 1L;
    private final int code;

    AesException(int code) {
        super("refused: " + code);
        this.code = code;
    }

    /** Tencent's code, -40001 to -40011. */
    public int getCode() {
        return code;
    }
}
