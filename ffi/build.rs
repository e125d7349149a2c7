//! Names the shared library for the dynamic linker.

/// Raised when a symbol goes or changes, not when one is added. `tenantseal_abi_version()` returns the same number.
const ABI: u32 = 0;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libtenantseal.so.{ABI}");
    println!("cargo:rustc-env=TENANTSEAL_ABI={ABI}");
}
