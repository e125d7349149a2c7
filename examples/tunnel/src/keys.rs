//! Who the ends are. In service each machine makes its own private key and keeps it; here one command makes all of them.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use tenantseal::{
    session::{Endpoint, Limits, Peer, PrivateKey, PublicKey},
    tenant::{Keyring, KeyringOptions, Passphrase, PassphraseCost, PrincipalId},
};
use zeroize::Zeroizing;

use crate::Outcome;

const TENANTS: [&str; 2] = ["acme", "other"];
const PRINCIPALS: [&str; 2] = ["phone", "laptop"];

/// What the sessions are for.
const PURPOSE: &str = "tunnel";

/// Two tenants that know principals of the same names, and one pair of keys for each name: an end of the other tenant
/// differs in its tenant and in nothing else.
pub fn make(folder: &Path) -> Outcome<()> {
    // The script's passphrase is random, so nobody can guess it at any cost.
    let options = KeyringOptions::new().passphrase_cost(PassphraseCost::MINIMUM);
    for name in TENANTS {
        let keyring = Keyring::create_with(folder.join(name).with_extension("ts"), &passphrase()?, &options)?;
        let tenant = keyring.create_tenant(name)?;
        for name in PRINCIPALS {
            tenant.add_principal(&PrincipalId::client(name)?)?;
        }
    }
    for name in PRINCIPALS {
        let key = PrivateKey::generate()?;
        let path = folder.join(name).with_extension("key");
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(key.expose_secret())?;
        fs::write(folder.join(name).with_extension("pub"), key.public_key().as_bytes())?;
    }
    Ok(())
}

/// One end as it starts: its tenant's keys, itself, and the other.
pub struct Identity {
    pub keyring: Keyring,
    pub endpoint: Endpoint,
    pub peer: Peer,
}

impl Identity {
    pub fn open(folder: &Path, tenant: &str, name: &str, peer: &str, limits: Limits) -> Outcome<Self> {
        let keyring = Keyring::open(folder.join(tenant).with_extension("ts"), &passphrase()?)?;
        let bytes = Zeroizing::new(fs::read(folder.join(name).with_extension("key"))?);
        let key = PrivateKey::from_bytes(bytes.as_slice().try_into()?)?;
        let id = PrincipalId::client(name)?;
        let endpoint = Endpoint::new(&keyring.tenant(tenant)?, &id, &key, PURPOSE)?.limits(limits);
        let peer_key = PublicKey::try_from(fs::read(folder.join(peer).with_extension("pub"))?.as_slice())?;
        Ok(Self { keyring, endpoint, peer: Peer::new(&PrincipalId::client(peer)?, peer_key) })
    }
}

fn passphrase() -> Outcome<Passphrase> {
    Passphrase::from_env("TENANTSEAL_PASSPHRASE")
        .map_err(|_| "TENANTSEAL_PASSPHRASE is to hold the passphrase of the key files".into())
}
