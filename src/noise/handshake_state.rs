//! `HandshakeState`, section 5.3, as two types: one that writes next and one that reads next.

use core::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::{
    MAX_MESSAGE,
    cipher_state::TransportKey,
    pattern::{Pattern, Token},
    symmetric_state::SymmetricState,
};
use crate::{
    error::Error,
    primitive::{
        aead::TAG_LEN,
        dh::{self, PrivateKey},
        rng::RandomSource,
    },
    secret::Secret,
};

/// Who sends the first message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Initiator,
    Responder,
}

/// What one side brings.
pub(crate) struct Keys {
    /// Its static key; `None` if the pattern has none of this side.
    pub(crate) s: Option<Arc<PrivateKey>>,
    /// The other's static key, if it is known beforehand.
    pub(crate) rs: Option<[u8; dh::LEN]>,
    /// In the order of the pattern's psk tokens. Those that are known later are added then: [`WriteState::add_psk`].
    pub(crate) psks: Vec<Arc<Secret<32>>>,
}

/// A handshake in which this side sends the next message.
pub(crate) struct WriteState(HandshakeState);

/// A handshake in which this side receives the next message.
pub(crate) struct ReadState(HandshakeState);

/// What comes after a message.
#[derive(Debug)]
pub(crate) enum Next {
    /// It was the last.
    Established(Box<Established>),
    Read(ReadState),
    Write(WriteState),
}

/// A handshake that has ended: each side's keys, from where this side stands.
#[derive(Debug)]
pub(crate) struct Established {
    pub(crate) sending: TransportKey,
    pub(crate) receiving: TransportKey,
    pub(crate) exporter: Secret<32>,
    pub(crate) handshake_hash: [u8; 32],
    /// The other's static key, if it has one.
    pub(crate) remote_static: Option<[u8; dh::LEN]>,
}

#[derive(Clone)]
struct HandshakeState {
    symmetric: SymmetricState,
    s: Option<Arc<PrivateKey>>,
    e: Option<Arc<PrivateKey>>,
    rs: Option<[u8; dh::LEN]>,
    re: Option<[u8; dh::LEN]>,
    role: Role,
    pattern: &'static Pattern,
    /// How many messages there were.
    messages: usize,
    psks: Vec<Arc<Secret<32>>>,
    /// How many psks were mixed in.
    psks_used: usize,
}

/// `Initialize(pattern, role, prologue, s, e, rs, re)`: the first state of a handshake.
///
/// # Errors
///
/// [`Error::Value`] for keys that are not those of the pattern.
pub(crate) fn initialize(
    pattern: &'static Pattern,
    role: Role,
    prologue: &[u8],
    keys: Keys,
) -> Result<Next, Error> {
    let mut symmetric = SymmetricState::initialize_symmetric(pattern.name);
    symmetric.mix_hash(prologue);
    let own = keys.s.as_ref().map(|s| *s.public());
    let (initiator, responder) = match role {
        Role::Initiator => (own, keys.rs),
        Role::Responder => (keys.rs, own),
    };
    let beforehand = [(pattern.initiator_is_known, initiator), (pattern.responder_is_known, responder)];
    for (_, public) in beforehand.into_iter().filter(|(known, _)| *known) {
        symmetric.mix_hash(&public.ok_or(Error::Value)?);
    }
    let state = HandshakeState {
        symmetric,
        s: keys.s,
        e: None,
        rs: keys.rs,
        re: None,
        role,
        pattern,
        messages: 0,
        psks: keys.psks,
        psks_used: 0,
    };
    state.next()
}

impl WriteState {
    /// The first state of an initiator.
    ///
    /// # Errors
    ///
    /// As [`initialize`].
    pub(crate) fn initiator(pattern: &'static Pattern, prologue: &[u8], keys: Keys) -> Result<Self, Error> {
        match initialize(pattern, Role::Initiator, prologue, keys)? {
            Next::Write(state) => Ok(state),
            Next::Established(_) | Next::Read(_) => Err(Error::Value),
        }
    }

    /// `WriteMessage(payload, message_buffer)`: appends the message to `out`.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] over 65,535 bytes; [`Error::Random`]; [`Error::Open`] for a key of the other side that does not
    /// contribute. The handshake has ended then.
    pub(crate) fn write_message(
        self,
        payload: &[u8],
        rng: &mut impl RandomSource,
        out: &mut Vec<u8>,
    ) -> Result<Next, Error> {
        let mut state = self.0;
        let start = out.len();
        for token in state.tokens()? {
            match token {
                Token::E => {
                    let e = PrivateKey::generate(rng)?;
                    out.extend_from_slice(e.public());
                    state.mix_ephemeral(e.public())?;
                    state.e = Some(Arc::new(e));
                }
                Token::S => {
                    let s = state.s.as_ref().ok_or(Error::Value)?;
                    state.symmetric.encrypt_and_hash(s.public(), out)?;
                }
                other => state.mix(*other)?,
            }
        }
        state.symmetric.encrypt_and_hash(payload, out)?;
        if out.len() - start > MAX_MESSAGE {
            return Err(Error::TooLong);
        }
        state.messages += 1;
        state.next()
    }

    /// Gives the psk of the next psk token for which there is none.
    pub(crate) fn add_psk(&mut self, psk: Arc<Secret<32>>) {
        self.0.psks.push(psk);
    }

    /// The other's static key, as far as it is known.
    pub(crate) fn remote_static(&self) -> Option<&[u8; dh::LEN]> {
        self.0.rs.as_ref()
    }
}

impl ReadState {
    /// The first state of a responder.
    ///
    /// # Errors
    ///
    /// As [`initialize`].
    pub(crate) fn responder(pattern: &'static Pattern, prologue: &[u8], keys: Keys) -> Result<Self, Error> {
        match initialize(pattern, Role::Responder, prologue, keys)? {
            Next::Read(state) => Ok(state),
            Next::Established(_) | Next::Write(_) => Err(Error::Value),
        }
    }

    /// `ReadMessage(message, payload_buffer)`: the payload and what comes next. This state stays as it was, and reads the
    /// genuine message after any number of others. Whoever has read that drops this: read twice, it would give the same keys
    /// twice.
    ///
    /// # Errors
    ///
    /// [`Error::Open`], whatever is wrong with the message.
    pub(crate) fn read_message(&self, message: &[u8]) -> Result<(Zeroizing<Vec<u8>>, Next), Error> {
        if message.len() > MAX_MESSAGE {
            return Err(Error::Open);
        }
        let mut state = self.0.clone();
        let mut rest = message;
        for token in state.tokens()? {
            match token {
                Token::E => {
                    let (re, after) = rest.split_first_chunk::<{ dh::LEN }>().ok_or(Error::Open)?;
                    state.mix_ephemeral(re)?;
                    (state.re, rest) = (Some(*re), after);
                }
                Token::S => {
                    let len = dh::LEN + if state.symmetric.has_key() { TAG_LEN } else { 0 };
                    let (sealed, after) = rest.split_at_checked(len).ok_or(Error::Open)?;
                    let rs = state.symmetric.decrypt_and_hash(sealed)?;
                    (state.rs, rest) = (Some(rs.as_slice().try_into().map_err(|_| Error::Open)?), after);
                }
                other => state.mix(*other)?,
            }
        }
        let payload = state.symmetric.decrypt_and_hash(rest)?;
        state.messages += 1;
        Ok((payload, state.next()?))
    }
}

impl HandshakeState {
    fn tokens(&self) -> Result<&'static [Token], Error> {
        self.pattern.messages.get(self.messages).copied().ok_or(Error::Value)
    }

    /// The `e` token, less the key itself: in a handshake with psks it is a key too, section 9.2.
    fn mix_ephemeral(&mut self, public: &[u8; dh::LEN]) -> Result<(), Error> {
        self.symmetric.mix_hash(public);
        if self.pattern.has_psk() { self.symmetric.mix_key(public) } else { Ok(()) }
    }

    /// A token that carries nothing.
    fn mix(&mut self, token: Token) -> Result<(), Error> {
        let initiator = self.role == Role::Initiator;
        let (own, theirs) = match token {
            Token::Ee => (&self.e, self.re),
            Token::Es if initiator => (&self.e, self.rs),
            Token::Es => (&self.s, self.re),
            Token::Se if initiator => (&self.s, self.re),
            Token::Se => (&self.e, self.rs),
            Token::Ss => (&self.s, self.rs),
            Token::Psk => {
                let psk = self.psks.get(self.psks_used).ok_or(Error::Value)?;
                self.symmetric.mix_key_and_hash(psk.expose_secret())?;
                self.psks_used += 1;
                return Ok(());
            }
            Token::E | Token::S => return Err(Error::Value),
        };
        let shared = own.as_ref().ok_or(Error::Value)?.agree(&theirs.ok_or(Error::Value)?)?;
        self.symmetric.mix_key(shared.expose_secret())
    }

    fn next(self) -> Result<Next, Error> {
        if self.messages == self.pattern.messages.len() {
            let split = self.symmetric.split()?;
            let (sending, receiving) = match self.role {
                Role::Initiator => (split.initiator, split.responder),
                Role::Responder => (split.responder, split.initiator),
            };
            return Ok(Next::Established(Box::new(Established {
                sending,
                receiving,
                exporter: split.exporter,
                handshake_hash: split.handshake_hash,
                remote_static: self.rs,
            })));
        }
        // The initiator sends the messages of even positions.
        let writes = self.messages.is_multiple_of(2) == (self.role == Role::Initiator);
        Ok(if writes { Next::Write(WriteState(self)) } else { Next::Read(ReadState(self)) })
    }
}

impl fmt::Debug for WriteState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteState").field("pattern", &self.0.pattern.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for ReadState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadState").field("pattern", &self.0.pattern.name).finish_non_exhaustive()
    }
}
