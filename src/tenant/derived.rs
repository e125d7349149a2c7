//! Roots that are derived from a seed, for workers that hold one key and no records. FORMAT.md section 4.

use core::fmt;

use crate::{
    encoding::info,
    error::Error,
    primitive::{hash::sha256, kdf, mac::HmacSha256},
    secret::Secret,
    tenant::{
        id::{Generation, TenantId},
        record::RootKind,
        suite::purpose_info,
    },
};

/// A seed of derived roots: 32 random bytes that the KEK wraps once, shared by many tenants.
pub(crate) struct Seed {
    id: [u8; 16],
    secret: Secret<32>,
    mac: HmacSha256,
}

impl Seed {
    /// The kind of provider that derived records name.
    pub(crate) const PROVIDER: u16 = 2;
    /// The size of a salt, in bytes.
    pub(crate) const SALT_LEN: usize = 32;

    pub(crate) fn new(secret: Secret<32>) -> Result<Self, Error> {
        let prk = kdf::extract(&sha256(&[&info(&[b"seed"])?]), secret.expose_secret());
        let mut id = [0; 16];
        kdf::expand(&prk, &purpose_info("seed/id", 0, 16, &[])?, &mut id)?;
        let mac = Secret::try_filled(|out| kdf::expand(&prk, &purpose_info("seed/mac", 0, 32, &[])?, out))?;
        Ok(Self { id, secret, mac: HmacSha256::new(&mac) })
    }

    /// What derived records name it by.
    pub(crate) fn id(&self) -> &[u8; 16] {
        &self.id
    }

    /// `HKDF(salt, ikm = seed, info = I("root/derived", 00, 0020, kind, tenant, generation))`, 32 bytes.
    pub(crate) fn root(
        &self,
        salt: &[u8; Self::SALT_LEN],
        kind: RootKind,
        tenant: &TenantId,
        generation: Generation,
    ) -> Result<Secret<32>, Error> {
        let prk = kdf::extract(salt, self.secret.expose_secret());
        let context: [&[u8]; 3] = [&[kind.id()], tenant.as_bytes(), &generation.to_u32().to_be_bytes()];
        let info = purpose_info("root/derived", 0, 32, &context)?;
        Secret::try_filled(|out| kdf::expand(&prk, &info, out))
    }

    /// Authenticates a record of a root that is derived from this seed.
    pub(crate) fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        self.mac.tag(parts)
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seed").finish_non_exhaustive()
    }
}
