//! The stored form of a policy: canonical JSON under a MAC of the KEK. FORMAT.md section 8.

use std::sync::Arc;

use super::Policy;
use crate::{
    encoding::{Reader, ct_eq},
    error::Error,
    tenant::{
        kek::{Keks, KeyHandle},
        suite::Suite,
    },
};

const MAGIC: &[u8; 4] = b"TSPL";
const VERSION: u8 = 1;
const PURPOSE: &str = "policy/mac";

impl Policy {
    pub(crate) fn to_stored(&self, kek: &KeyHandle, suite: Suite) -> Result<Vec<u8>, Error> {
        let (provider, key) = kek.provider();
        let json = self.to_json();
        let mut out = Vec::with_capacity(json.len() + 128);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&[VERSION, suite.id()]);
        out.extend_from_slice(&provider.to_be_bytes());
        out.extend_from_slice(&key);
        out.extend_from_slice(&u32::try_from(json.len()).map_err(|_| Error::TooLong)?.to_be_bytes());
        out.extend_from_slice(json.as_bytes());
        out.extend_from_slice(&kek.mac(suite, PURPOSE, &out)?);
        Ok(out)
    }

    pub(crate) fn from_stored(bytes: &[u8], keks: &Keks) -> Result<Self, Error> {
        Self::read_stored(bytes, keks).map(|(policy, ..)| policy)
    }

    /// The same document under another KEK; `None` if it is under that one already.
    ///
    /// # Errors
    ///
    /// As [`Policy::from_stored`].
    pub(crate) fn rewrap(bytes: &[u8], keks: &Keks, to: &KeyHandle) -> Result<Option<Vec<u8>>, Error> {
        let (policy, suite, kek) = Self::read_stored(bytes, keks)?;
        if kek.provider() == to.provider() { Ok(None) } else { policy.to_stored(to, suite).map(Some) }
    }

    fn read_stored(bytes: &[u8], keks: &Keks) -> Result<(Self, Suite, Arc<KeyHandle>), Error> {
        let mut reader = Reader::new(bytes);
        if reader.array::<4>()? != MAGIC {
            return Err(Error::Malformed);
        }
        if reader.u8()? != VERSION {
            return Err(Error::Unsupported);
        }
        let suite = Suite::from_id(reader.u8()?)?;
        let provider = (reader.u16()?, *reader.array()?);
        let json = reader.prefixed32()?;
        let signed = bytes.len().saturating_sub(reader.remaining());
        let tag = reader.take(suite.mac_len())?;
        reader.finish()?;
        let kek = keks.of(provider)?;
        let (signed, _) = bytes.split_at_checked(signed).ok_or(Error::Malformed)?;
        if !ct_eq(&kek.mac(suite, PURPOSE, signed)?, tag) {
            return Err(Error::Open);
        }
        let policy = Self::from_json(json)?;
        if policy.to_json().as_bytes() == json { Ok((policy, suite, kek)) } else { Err(Error::Malformed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::kek::Kek;

    #[test]
    fn what_is_authentic_must_be_canonical_and_of_this_format() {
        let kek = KeyHandle::local(&Kek::generate().unwrap()).unwrap();
        let keks = Keks::new(kek, &[]);
        let kek = keks.current().unwrap();
        let suite = Suite::default();
        let policy = Policy::from_json(br#"{"tenantseal_policy":1,"version":1,"fields":[]}"#).unwrap();
        let stored = policy.to_stored(&kek, suite).unwrap();
        let signed = |from: &str, to: &str, head: &[(usize, u8)]| {
            let json = policy.to_json().replacen(from, to, 1);
            let mut out = stored[..24].to_vec();
            for (at, byte) in head {
                out[*at] = *byte;
            }
            out.extend_from_slice(&u32::try_from(json.len()).unwrap().to_be_bytes());
            out.extend_from_slice(json.as_bytes());
            out.extend_from_slice(&kek.mac(suite, PURPOSE, &out).unwrap());
            Policy::from_stored(&out, &keks)
        };
        assert_eq!(signed("", "", &[]), Ok(policy.clone()));
        assert_eq!(signed(":1", ": 1", &[]), Err(Error::Malformed));
        assert_eq!(signed(r#""compartments":[],"#, "", &[]), Err(Error::Malformed));
        assert!(matches!(signed(":1", ":2", &[]), Err(Error::Policy { .. })));
        for (head, error) in [
            ((0, b't'), Error::Malformed),
            ((4, 2), Error::Unsupported),
            ((5, 2), Error::Unsupported),
            ((7, 2), Error::UnknownKek),
            ((8, stored[8] ^ 1), Error::UnknownKek),
        ] {
            assert_eq!(signed("", "", &[head]), Err(error), "{head:?}");
        }
    }
}
