//! End-to-end sessions between two clients of one tenant: datagrams and streams.
//!
//! An [`Endpoint`] is one principal of one tenant, with its static key, for one purpose. It calls a [`Peer`], whose key it
//! knows, and a [`Listener`] answers; both end with a [`Session`], which is taken apart into a [`Sender`] and a
//! [`Receiver`] of datagrams, or becomes a [`Stream`]. The handshake is Noise (revision 34), `KKpsk0+psk2` unless told
//! otherwise: what a session is under comes from fresh keys of both sides, their static keys, the tenant's own key, and a
//! [`Ticket`] if there is one. FORMAT.md section 17 has every byte.
//!
//! # Security
//!
//! Without the tenant's key nothing is answered and no key agreement is computed. Who has it and nothing else can neither
//! read a session nor pass for somebody. Old sessions stay closed when static keys and the tenant's key leak later. What
//! a session does not hide: when packets go, how long they are, and that the same two endpoints speak. SECURITY.md says more.
//!
//! # Example
//!
//! ```
//! use tenantseal::{
//!     session::{Endpoint, Incoming, Listener, Peer, PrivateKey, Progress},
//!     tenant::{Kek, Keyring, PrincipalId},
//! };
//!
//! let keys = Keyring::in_memory(&Kek::generate()?)?;
//! let acme = keys.create_tenant("t-1001")?;
//! let (phone, laptop) = (PrincipalId::client("phone")?, PrincipalId::client("laptop")?);
//! acme.add_principal(&phone)?;
//! acme.add_principal(&laptop)?;
//!
//! // Each side has a private key and knows the other's public one.
//! let (phone_key, laptop_key) = (PrivateKey::generate()?, PrivateKey::generate()?);
//! let caller = Endpoint::new(&acme, &phone, &phone_key, "chat")?;
//! let called = Endpoint::new(&acme, &laptop, &laptop_key, "chat")?;
//! let mut listener = Listener::new(&keys);
//! listener.add(&called)?;
//! listener.expect(&called, &Peer::new(&phone, phone_key.public_key()))?;
//!
//! // Three packets, here without a network.
//! let from = "192.0.2.1:5000".parse().unwrap();
//! let mut initiator = caller.initiate(&Peer::new(&laptop, laptop_key.public_key()))?;
//! let Incoming::Send(answer) = listener.receive(from, initiator.packet())? else { unreachable!() };
//! let Progress::Established(mine, confirmation) = initiator.receive(&answer)? else { unreachable!() };
//! let Incoming::Established(theirs, first) = listener.receive(from, &confirmation)? else { unreachable!() };
//! assert!(first.is_empty(), "else it is a datagram, and the confirmation was lost");
//! assert_eq!(theirs.peer(), &phone);
//!
//! // Datagrams, in any order, each opened once.
//! let (sender, _) = mine.split();
//! let (_, mut receiver) = theirs.split();
//! let mut packet = Vec::new();
//! sender.seal("你好".as_bytes(), &mut packet)?;
//! let mut again = packet.clone();
//! assert_eq!(receiver.open(&mut packet)?, "你好".as_bytes());
//! assert!(receiver.open(&mut again).is_err(), "a replay");
//! # Ok::<(), tenantseal::Error>(())
//! ```

mod clock;
mod cookie;
mod endpoint;
mod established;
mod index;
mod initiator;
mod key;
mod limits;
mod listener;
mod packet;
mod parties;
mod payload;
mod peer;
mod process;
mod psk;
mod receiver;
mod sender;
mod standing;
mod stream;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
mod window;

pub use endpoint::Endpoint;
pub use established::Session;
pub use initiator::{Initiator, Progress};
pub use key::{PrivateKey, PublicKey};
pub use limits::Limits;
pub use listener::{Incoming, Listener, Load};
pub use packet::receiver_index;
pub use peer::{Claim, Directory, KnownPeers, Peer, Ticket};
pub use receiver::{Counts, Receiver};
pub use sender::Sender;
#[cfg(feature = "tokio")]
pub use stream::AsyncStream;
pub use stream::Stream;
