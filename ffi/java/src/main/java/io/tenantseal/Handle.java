package io.tenantseal;

import java.lang.ref.PhantomReference;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongUnaryOperator;

/**
 * An object of the native library. Close it when it is done with; what was forgotten is released when it is collected.
 * Closing twice does nothing, and calls after it throw {@link IllegalStateException}. A handle is a checked number, so a
 * call that runs while another thread closes it fails, and does no harm.
 */
abstract class Handle implements AutoCloseable {
    private final Native handle;
    private volatile boolean alive = true;

    Handle(long handle, LongUnaryOperator free) {
        this.handle = new Native(handle, free);
        REAPER.watch(this, this.handle);
    }

    /** Releases it. */
    @Override
    public final void close() {
        handle.free();
    }

    /** The type alone. */
    @Override
    public final String toString() {
        return "tenantseal " + getClass().getSimpleName();
    }

    /** The native handle, for the next call. */
    final long get() {
        long number = handle.number.get();
        if (number == 0) {
            throw new IllegalStateException("this " + this + " is closed");
        }
        return number;
    }

    /**
     * Called after each native call. To read the flag, which no compiler may do earlier, the object must still be there; so it
     * is not collected, and its handle not released, while the call runs.
     */
    final void used() {
        if (!alive) {
            throw new AssertionError();
        }
    }

    /** What is released, apart from the object that is watched. */
    private static final class Native {
        private final AtomicLong number;
        private final LongUnaryOperator free;

        Native(long number, LongUnaryOperator free) {
            this.number = new AtomicLong(number);
            this.free = free;
        }

        void free() {
            long last = number.getAndSet(0);
            if (last != 0) {
                // What was closed already is no fault.
                free.applyAsLong(last);
            }
        }
    }

    private static final Reaper REAPER = new Reaper();

    /** What java.lang.ref.Cleaner does, which Java 8 does not have. */
    private static final class Reaper {
        private final ReferenceQueue<Handle> collected = new ReferenceQueue<>();
        private final Set<Watched> watched = ConcurrentHashMap.newKeySet();

        Reaper() {
            Thread thread = new Thread(this::reap, "tenantseal-reaper");
            thread.setDaemon(true);
            thread.start();
        }

        void watch(Handle object, Native handle) {
            watched.add(new Watched(object, handle, collected));
        }

        private void reap() {
            while (true) {
                try {
                    Reference<? extends Handle> gone = collected.remove();
                    ((Watched) gone).handle.free();
                    watched.remove(gone);
                } catch (InterruptedException e) {
                    // Whoever interrupts a whole group of threads means others: nothing would be released any more.
                    continue;
                }
            }
        }
    }

    private static final class Watched extends PhantomReference<Handle> {
        private final Native handle;

        Watched(Handle object, Native handle, ReferenceQueue<Handle> collected) {
            super(object, collected);
            this.handle = handle;
        }
    }
}
