package io.tenantseal;

/** Which receiveids a callback accepts. */
public final class ReceiveId {
    private final int policy;
    private final byte[] ids;

    private ReceiveId(int policy, String ids) {
        this.policy = policy;
        this.ids = Calls.utf8(ids);
    }

    /** Any. Look at {@link Event#receiveId} before you act: another company's message opens too. */
    public static ReceiveId any() {
        return new ReceiveId(Library.RECEIVE_ID_ANY, "");
    }

    /** It must be there and empty, as an AI bot's is. */
    public static ReceiveId empty() {
        return new ReceiveId(Library.RECEIVE_ID_EMPTY, "");
    }

    /** It must be this one, and not empty: that is {@link #empty}. */
    public static ReceiveId exact(String id) {
        return new ReceiveId(Library.RECEIVE_ID_EXACT, id);
    }

    /** It must be one of these. */
    public static ReceiveId oneOf(String... ids) {
        return new ReceiveId(Library.RECEIVE_ID_ONE_OF, String.join("\n", ids));
    }

    int policy() {
        return policy;
    }

    byte[] ids() {
        return ids;
    }
}
