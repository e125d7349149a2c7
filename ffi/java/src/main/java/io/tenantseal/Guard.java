package io.tenantseal;

/** A memory of callbacks that several callbacks of one process share. */
public final class Guard extends Handle {
    private Guard(long handle) {
        super(handle, Library::tenantseal_guard_free);
    }

    /** A guard of at most {@code capacity} live entries. Memory is taken as it fills. */
    public static Guard inMemory(long capacity) {
        return new Guard(Calls.number(null, out -> Library.tenantseal_guard_in_memory(Calls.unsigned(capacity), out)));
    }
}
