package io.tenantseal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** One tenant's keys: from {@link Keyring#tenant}. */
public final class Tenant extends Handle {
    /** What the console asks for when a callback's URL is saved. */
    public static final class Credentials {
        /** The generation of the tenant's root that they are derived from. */
        public final int generation;
        /** The token. */
        public final String token;
        /** The EncodingAESKey. */
        public final String encodingAesKey;

        private Credentials(int generation, String token, String encodingAesKey) {
            this.generation = generation;
            this.token = token;
            this.encodingAesKey = encodingAesKey;
        }
    }

    Tenant(long handle) {
        super(handle, Library::tenantseal_tenant_free);
    }

    /** Whose keys these are. */
    public byte[] id() {
        return Calls.bytes(this, 128, (out, cap, len) -> Library.tenantseal_tenant_id(get(), out, cap, len));
    }

    /** The field of that permanent label, {@code table.column}. */
    public Field field(String label) {
        byte[] name = Calls.utf8(label);
        return new Field(Calls.number(this, out -> Library.tenantseal_tenant_field(get(), name, name.length, out)));
    }

    /**
     * The credentials of one application's callback, derived from the tenant's root: the newest generation's first, then what
     * the console may still have, for {@link Callback#previous}. {@code application} is your own permanent name for it.
     */
    public List<Credentials> callbackCredentials(String application) {
        byte[] name = Calls.utf8(application);
        byte[] token = new byte[Library.CALLBACK_TOKEN_LEN];
        long[] tokenLen = new long[1];
        // All ones: the number has no sign in C.
        int[] generation = {-1};
        List<Credentials> all = new ArrayList<>();
        while (true) {
            int below = generation[0];
            byte[] key = Calls.optional(this, Library.CALLBACK_KEY_LEN, (out, cap, len) ->
                    Library.tenantseal_tenant_callback_credentials(get(), name, name.length, below, generation,
                            token, token.length, tokenLen, out, cap, len));
            if (key == null) {
                return all;
            }
            all.add(new Credentials(generation[0], Calls.text(token), Calls.text(key)));
            Arrays.fill(token, (byte) 0);
            Arrays.fill(key, (byte) 0);
        }
    }
}
