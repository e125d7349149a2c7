//! What can be read of a cell without any key.

use tenantseal::field::CellHeader;

use crate::{
    input::bytes,
    output::{Buffer, Scalar, call},
    status::tenantseal_status,
};

/// Reads the header of a cell in its binary form. No key is needed and nothing is authenticated.
///
/// @param cell, cell_len  the cell
/// @param out_suite  the number of the suite
/// @param out_generation  the generation of the tenant's root
/// @param out_commitment, out_commitment_cap, out_commitment_len  the commitment of the key,
///     TENANTSEAL_KEY_COMMITMENT_LEN bytes
/// @return MALFORMED if it is no cell; UNSUPPORTED for a suite, flag or kind that this build does
///     not have
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_cell_header(
    cell: *const u8,
    cell_len: usize,
    out_suite: *mut u32,
    out_generation: *mut u32,
    out_commitment: *mut u8,
    out_commitment_cap: usize,
    out_commitment_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(
            (
                (Scalar(out_suite), Scalar(out_generation)),
                Buffer::new(out_commitment, out_commitment_cap, out_commitment_len),
            ),
            || {
                let cell = bytes(cell, cell_len)?;
                let header = CellHeader::parse(cell)?;
                let suite = u32::from(header.suite.id());
                Ok(((suite, header.generation.to_u32()), header.key_commitment.to_vec()))
            },
        )
    }
}

/// The size of a key commitment, in bytes.
pub const TENANTSEAL_KEY_COMMITMENT_LEN: usize = 16;

/// TENANTSEAL_KEY_COMMITMENT_LEN, for callers that cannot read macros.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_key_commitment_len() -> usize {
    TENANTSEAL_KEY_COMMITMENT_LEN
}
