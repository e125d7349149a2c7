//! Index tokens computed anew from FORMAT.md alone: from a KEK and a stored record to the token.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use xaes_256_gcm::{
    Xaes256Gcm,
    aead::{Aead as _, Payload},
};

/// The IndexRoot of a record of suite 01, sections 3 and 4.
pub(super) fn root(kek: &[u8; 32], record: &[u8]) -> Vec<u8> {
    assert_eq!((&record[..4], record[5]), (&b"TSKR"[..], 2), "the record of an IndexRoot");
    let tenant = usize::from(u16::from_be_bytes(record[40..42].try_into().unwrap()));
    let key: [u8; 32] = expand(&extract(&info(&[b"kek"]), kek), b"kek/wrap", 1, &[]).try_into().unwrap();
    let (aad, wrapped) = (&record[..74 + tenant], &record[76 + tenant..]);
    let nonce: [u8; 24] = wrapped[..24].try_into().unwrap();
    let payload = Payload { msg: &wrapped[24..], aad };
    Xaes256Gcm::new((&key).into()).decrypt((&nonce).into(), payload).unwrap()
}

/// The key of an exact index, section 5.
pub(super) fn index_key(
    root: &[u8],
    tenant: &str,
    class: u8,
    [table, column, index]: [&str; 3],
    normaliser: &str,
    bits: u8,
) -> Vec<u8> {
    let prk = extract(&info(&[b"tenant", tenant.as_bytes()]), root);
    let class = expand(&prk, b"node/class", 0, &[&[class]]);
    let compartment = expand(&class, b"node/compartment", 0, &[b""]);
    let table = expand(&compartment, b"node/table", 0, &[table.as_bytes()]);
    let column = expand(&table, b"node/column", 0, &[column.as_bytes()]);
    expand(&column, b"index", 0, &[index.as_bytes(), &[1], normaliser.as_bytes(), &[bits]])
}

/// A token of an exact index, section 9.
pub(super) fn token(key: &[u8], partition: u16, value: &[u8], bits: u8) -> i64 {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(&[1]);
    mac.update(&partition.to_be_bytes());
    mac.update(&u32::try_from(value.len()).unwrap().to_be_bytes());
    mac.update(value);
    let tag = mac.finalize().into_bytes();
    i64::try_from(u64::from_be_bytes(tag[..8].try_into().unwrap()) >> (64 - bits)).unwrap()
}

/// `I(parts...)`, section 1.
fn info(parts: &[&[u8]]) -> Vec<u8> {
    let mut out = b"tenantseal/1".to_vec();
    out.push(u8::try_from(parts.len()).unwrap());
    for part in parts {
        out.extend(u16::try_from(part.len()).unwrap().to_be_bytes());
        out.extend(*part);
    }
    out
}

fn extract(salt: &[u8], secret: &[u8]) -> Vec<u8> {
    Hkdf::<Sha256>::extract(Some(&Sha256::digest(salt)), secret).0.to_vec()
}

/// 32 bytes.
fn expand(prk: &[u8], purpose: &[u8], suite: u8, context: &[&[u8]]) -> Vec<u8> {
    let head: [&[u8]; 3] = [purpose, &[suite], &[0, 32]];
    let mut out = vec![0; 32];
    Hkdf::<Sha256>::from_prk(prk).unwrap().expand(&info(&[&head, context].concat()), &mut out).unwrap();
    out
}
