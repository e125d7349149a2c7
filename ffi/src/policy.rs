//! Policy documents, before they are installed.

use core::cell::Cell;

use tenantseal::{Error, tenant::Policy};

use crate::{
    input::bytes,
    output::{Buffer, Detail, call},
    status::tenantseal_status,
};

/// Checks a policy document.
///
/// @param json, json_len  the document
/// @param out_field  after POLICY the position in `fields` of the field that breaks a rule, counted
///     from 0; -1 for the document itself and otherwise
/// @return POLICY: tenantseal_policy_explain() has the rule; TOO_LONG
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_policy_check(
    json: *const u8,
    json_len: usize,
    out_field: *mut i64,
) -> tenantseal_status {
    let field = Cell::new(-1);
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Detail(out_field, &field), || {
            let json = bytes(json, json_len)?;
            Policy::from_json(json).map(drop).map_err(|error| {
                if let Error::Policy { field: Some(position), .. } = error {
                    field.set(position.into());
                }
                error.into()
            })
        })
    }
}

/// Says what is wrong with a policy document, in one sentence for its author: empty if nothing is.
///
/// @param json, json_len  the document
/// @param out, out_cap, out_len  where to write, its capacity, and what its length became
/// @return OK
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_policy_explain(
    json: *const u8,
    json_len: usize,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let json = bytes(json, json_len)?;
            Ok(Policy::from_json(json).map_or_else(|error| error.to_string(), |_| String::new()))
        })
    }
}

/// Writes a policy document in its canonical form: what is stored and compared.
///
/// @param json, json_len  the document
/// @param out, out_cap, out_len  where to write, its capacity, and what its length became
/// @return POLICY; TOO_LONG
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_policy_canonical(
    json: *const u8,
    json_len: usize,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let json = bytes(json, json_len)?;
            Ok(Policy::from_json(json)?.to_json())
        })
    }
}
