//! Which library this is.

use core::ffi::{CStr, c_char};

/// The version of the library, as in `0.1.0`. Static text; never NULL.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_version() -> *const c_char {
    VERSION.as_ptr()
}

/// The number of the ABI, which is also the soname's: raised when a symbol goes or changes, not when one is added.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_abi_version() -> u32 {
    ABI
}

const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => c"",
};

const ABI: u32 = match u32::from_str_radix(env!("TENANTSEAL_ABI"), 10) {
    Ok(number) => number,
    Err(_) => u32::MAX,
};
