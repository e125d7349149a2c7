//! What a handshake message says, inside. FORMAT.md section 17.3.

use super::{Endpoint, Ticket};
use crate::{
    encoding::{info, parse_info},
    error::Error,
    tenant::PrincipalId,
};

/// The payload of a handshake message: `I(header, timestamp, id, certificate, ticket id)`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Payload<'a> {
    /// The header of the packet that it is in: what is outside is authenticated with what is inside.
    pub(super) header: &'a [u8],
    /// Of a first message: nanoseconds since 1970, larger in each. 0 elsewhere.
    pub(super) timestamp: u64,
    /// Who the sender is, if the other side could not know.
    pub(super) id: Option<PrincipalId>,
    pub(super) certificate: &'a [u8],
    pub(super) ticket_id: &'a [u8],
}

impl<'a> Payload<'a> {
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let id = self.id.as_ref().map_or(Vec::new(), PrincipalId::to_bytes);
        info(&[self.header, &self.timestamp.to_be_bytes(), &id, self.certificate, self.ticket_id])
    }

    /// # Errors
    ///
    /// [`Error::Open`] if it is none, or is in a packet with another header.
    pub(super) fn parse(bytes: &'a [u8], header: &[u8]) -> Result<Self, Error> {
        let parts = parse_info(bytes).map_err(|_| Error::Open)?;
        let [inside, timestamp, id, certificate, ticket_id] = parts[..] else { return Err(Error::Open) };
        if inside != header
            || certificate.len() > Endpoint::MAX_CERTIFICATE
            || ticket_id.len() > Ticket::MAX_ID
        {
            return Err(Error::Open);
        }
        Ok(Self {
            header: inside,
            timestamp: timestamp.try_into().map(u64::from_be_bytes).map_err(|_| Error::Open)?,
            id: if id.is_empty() { None } else { Some(PrincipalId::from_name(id).map_err(|_| Error::Open)?) },
            certificate,
            ticket_id,
        })
    }

    pub(super) fn certificate(&self) -> Option<&'a [u8]> {
        (!self.certificate.is_empty()).then_some(self.certificate)
    }
}
