//! Handshake patterns, section 7, with the psk modifiers of section 9.

/// Who sends and receives which keys in a handshake.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// The whole protocol name, section 8.
    pub(crate) name: &'static str,
    /// Whether the responder knows the initiator's static key beforehand.
    pub(crate) initiator_is_known: bool,
    /// Whether the initiator knows the responder's static key beforehand.
    pub(crate) responder_is_known: bool,
    /// The tokens of each message; the initiator sends the first, and they take turns.
    pub(crate) messages: &'static [&'static [Token]],
}

/// What a message does: keys that it carries, and what is mixed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    E,
    Ee,
    Es,
    Psk,
    S,
    Se,
    Ss,
}

use Token::{E, Ee, Es, Psk, S, Se, Ss};

impl Pattern {
    /// `KKpsk0+psk2`: each knows the other's static key.
    pub(crate) const KK: Self = Self {
        name: "Noise_KKpsk0+psk2_25519_AESGCM_SHA256",
        initiator_is_known: true,
        responder_is_known: true,
        messages: &[&[Psk, E, Es, Ss], &[E, Ee, Se, Psk]],
    };
    /// `IKpsk0+psk2`: the initiator knows the responder's static key and sends its own.
    pub(crate) const IK: Self = Self {
        name: "Noise_IKpsk0+psk2_25519_AESGCM_SHA256",
        initiator_is_known: false,
        responder_is_known: true,
        messages: &[&[Psk, E, Es, S, Ss], &[E, Ee, Se, Psk]],
    };
    /// `XXpsk0+psk3`: both send their static keys.
    pub(crate) const XX: Self = Self {
        name: "Noise_XXpsk0+psk3_25519_AESGCM_SHA256",
        initiator_is_known: false,
        responder_is_known: false,
        messages: &[&[Psk, E], &[E, Ee, S, Es], &[S, Se, Psk]],
    };

    /// Whether a psk is mixed in anywhere: then ephemeral keys are too, section 9.2.
    pub(crate) fn has_psk(&self) -> bool {
        self.messages.iter().any(|tokens| tokens.contains(&Psk))
    }
}
