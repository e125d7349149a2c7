#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tenantseal_fuzz::bodies::session(data));
