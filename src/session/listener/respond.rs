//! What a first message is answered with, and who the other side is.

use std::sync::Arc;

use super::{Final, Stage, entry::Route};
use crate::{
    error::Error,
    noise::{Keys, Next, ReadState, WriteState},
    primitive::rng::RandomSource,
    secret::Secret,
    session::{
        cookie::mac1_of,
        endpoint::Endpoint,
        established::{Identity, Session},
        index::Index,
        key::PublicKey,
        packet::{self, Initiation},
        parties::Pattern,
        payload::Payload,
    },
    tenant::PrincipalId,
};

/// Who the other side is. That it may not speak is not told to it.
fn identity(endpoint: &Endpoint, id: &PrincipalId, key: PublicKey) -> Result<Identity, Error> {
    Identity::new(endpoint, id, key).map_err(silence)
}

/// What a caller is refused for is not told; that it could not be found out is told to the program.
fn silence(error: Error) -> Error {
    if error.forbids() { Error::Open } else { error }
}

/// Whom a message is from that says so and shows this static key.
///
/// # Errors
///
/// [`Error::Open`] if it is refused, whoever sends it again; what says that it could not be found out.
pub(super) fn claimed(
    endpoint: &Endpoint,
    payload: &Payload<'_>,
    key: Option<&[u8; 32]>,
) -> Result<Identity, Error> {
    let (Some(key), Some(id)) = (key, &payload.id) else { return Err(Error::Open) };
    let key = PublicKey::from_bytes(key);
    endpoint.check_claim(id, key, payload.certificate())?;
    identity(endpoint, id, key)
}

/// Reads a first message: the state that answers, the ticket's key, and who it is from and its timestamp, unless that
/// comes later.
#[allow(clippy::type_complexity, reason = "three things that are used at once")]
pub(super) fn read_initiation(
    endpoint: &Endpoint,
    packet: &Initiation<'_>,
    route: &Route,
) -> Result<(WriteState, Arc<Secret<32>>, Option<(Identity, u64)>), Error> {
    let parties = endpoint.parties(route.pattern, route.peer.as_ref(), false);
    let keys = Keys {
        s: Some(endpoint.key.clone()),
        rs: route.peer.as_ref().map(|peer| *peer.key.as_bytes()),
        psks: vec![route.psk.tenant.clone()],
    };
    let state = ReadState::responder(route.pattern.noise(), &parties.prologue(&route.psk)?, keys)?;
    let (payload, next) = state.read_message(packet.noise)?;
    let payload = Payload::parse(&payload, packet.header)?;
    let Next::Write(state) = next else { return Err(Error::Open) };
    let initiator = match (route.pattern, &route.peer, &payload.id) {
        (Pattern::Kk, Some(peer), None) => Some(identity(endpoint, &peer.id, peer.key)?),
        (Pattern::Ik, None, Some(_)) => Some(claimed(endpoint, &payload, state.remote_static())?),
        // The answer says who this is: not if that may not be said any more.
        (Pattern::Xx, None, None) => endpoint.check_own().map_err(silence).map(|()| None)?,
        _ => return Err(Error::Open),
    };
    let known = route.peer.as_ref().and_then(|peer| peer.ticket.as_ref());
    let ticket = match (known, payload.ticket_id) {
        (Some(ticket), []) => ticket.key.clone(),
        (None, []) => route.psk.no_ticket.clone(),
        (None, id) if route.pattern == Pattern::Ik => {
            let ticket = endpoint.need_directory()?.ticket(id).map_err(|_| Error::Open)?;
            if *ticket.id != *id {
                return Err(Error::Open);
            }
            ticket.key
        }
        _ => return Err(Error::Open),
    };
    Ok((state, ticket, initiator.map(|initiator| (initiator, payload.timestamp))))
}

/// Writes the second message: the number of the session, what it waits for, and the packet.
pub(super) fn respond(
    endpoint: &Endpoint,
    packet: &Initiation<'_>,
    route: &Route,
    mut state: WriteState,
    ticket: Arc<Secret<32>>,
    initiator: Option<Identity>,
    rng: &mut impl RandomSource,
) -> Result<(u32, Stage, Vec<u8>), Error> {
    let index = Index::allocate(rng)?;
    let number = index.number();
    let mut reply = packet::response_header(route.pattern, packet.sender, number);
    let unknown = route.pattern == Pattern::Xx;
    let payload = Payload {
        header: &reply,
        id: unknown.then(|| endpoint.id.clone()),
        certificate: if unknown { &endpoint.certificate } else { &[] },
        ..Payload::default()
    };
    let payload = payload.to_bytes()?;
    state.add_psk(ticket);
    let next = state.write_message(&payload, rng, &mut reply)?;
    reply.extend_from_slice(&mac1_of(&route.psk, &reply));
    let stage = match (next, initiator) {
        (Next::Established(keys), Some(peer)) => {
            Stage::Confirmation(Box::new(Session::new(endpoint, peer, *keys, index, packet.sender)?))
        }
        (Next::Read(state), None) => {
            let (endpoint, psk) = (endpoint.clone(), route.psk.clone());
            Stage::Final(Box::new(Final { endpoint, psk, state, index, peer_index: packet.sender }))
        }
        _ => return Err(Error::Open),
    };
    Ok((number, stage, reply))
}
