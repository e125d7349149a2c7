package io.tenantseal;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;

/**
 * Finds the native library: where the system property {@code tenantseal.library} or the environment variable
 * {@code TENANTSEAL_LIBRARY} points to, else {@code libtenantseal.so.0} where JNA and the system look for libraries.
 */
final class Loader {
    private Loader() {
    }

    static void load(Class<?> declarations) {
        if (Native.POINTER_SIZE != 8 || Native.SIZE_T_SIZE != 8) {
            throw new UnsatisfiedLinkError("tenantseal needs a 64-bit JVM");
        }
        String named = System.getProperty("tenantseal.library", System.getenv("TENANTSEAL_LIBRARY"));
        Native.register(declarations, NativeLibrary.getInstance(named == null ? "libtenantseal.so.0" : named));
    }
}
