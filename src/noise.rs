//! The Noise Protocol Framework, revision 34, with 25519, AESGCM and SHA256. The files have the names of its objects.
//!
//! A state that writes is used up by writing, since its ephemeral key is good once. A state that reads is not changed by
//! reading: it gives the next state, or an error and stays as it was, whatever was sent to it.

mod cipher_state;
mod handshake_state;
mod pattern;
mod symmetric_state;
#[cfg(test)]
mod vectors;

pub(crate) use cipher_state::TransportKey;
pub(crate) use handshake_state::{Established, Keys, Next, ReadState, WriteState};
pub(crate) use pattern::Pattern;

/// The longest message, in bytes, section 3.
pub(crate) const MAX_MESSAGE: usize = 65_535;
