//! The vectors printed in RFC 5869 (HKDF), RFC 4231 (HMAC), RFC 5297 (AES-SIV) and RFC 9106 (Argon2id), and known
//! answers of our Argon2id.

use std::ops::RangeInclusive;

use hex_literal::hex;

use super::Tally;
use crate::{
    error::Error,
    primitive::{
        kdf::{expand, extract},
        mac::{HmacSha256, hmac_sha512_keyed},
        password::argon2id,
    },
};

/// ikm, salt, info, PRK, OKM.
type HkdfCase<'a> = (&'a [u8], &'a [u8], &'a [u8], [u8; 32], &'a [u8]);

/// Key, data, HMAC-SHA-256, HMAC-SHA-512.
type HmacCase<'a> = (&'a [u8], &'a [u8], &'a [u8], &'a [u8]);

/// Key, components, plaintext, synthetic IV and ciphertext.
type SivCase<'a> = ([u8; 32], &'a [&'a [u8]], &'a [u8], &'a [u8]);

/// Bytes that count up, as the RFCs write their inputs.
fn run(bytes: RangeInclusive<u8>) -> Vec<u8> {
    bytes.collect()
}

/// RFC 5869 appendix A.1 to A.3.
#[test]
fn hkdf_matches_rfc_5869() {
    let mut tally = Tally::new("RFC 5869");
    let cases: [HkdfCase<'_>; 3] = [
        // A.1
        (
            &[0x0b; 22],
            &run(0x00..=0x0c),
            &run(0xf0..=0xf9),
            hex!("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"),
            &hex!(
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
            "34007208d5b887185865"
            ),
        ),
        // A.2
        (
            &run(0x00..=0x4f),
            &run(0x60..=0xaf),
            &run(0xb0..=0xff),
            hex!("06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244"),
            &hex!(
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
            "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
            "cc30c58179ec3e87c14c01d5c1f3434f1d87"
            ),
        ),
        // A.3
        (
            &[0x0b; 22],
            b"",
            b"",
            hex!("19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04"),
            &hex!(
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
            "9d201395faa4b61a96c8"
            ),
        ),
    ];
    for (ikm, salt, info, prk, okm) in cases {
        let extracted = extract(salt, ikm);
        assert_eq!(extracted.expose_secret(), &prk);
        let mut out = vec![0; okm.len()];
        expand(&extracted, info, &mut out).unwrap();
        assert_eq!(out, okm);
        tally.ran();
    }
    tally.finish(3);
}

/// RFC 4231 section 4. Case 5 prints the first 16 bytes of its tags.
#[test]
fn hmac_matches_rfc_4231() {
    let mut tally = Tally::new("RFC 4231");
    let cases: [HmacCase<'_>; 7] = [
        // 4.2
        (
            &[0x0b; 20],
            b"Hi There",
            &hex!("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            &hex!(
            "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
            "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"
            ),
        ),
        // 4.3
        (
            b"Jefe",
            b"what do ya want for nothing?",
            &hex!("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            &hex!(
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
            "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
            ),
        ),
        // 4.4
        (
            &[0xaa; 20],
            &[0xdd; 50],
            &hex!("773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
            &hex!(
            "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39"
            "bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb"
            ),
        ),
        // 4.5
        (
            &run(1..=25),
            &[0xcd; 50],
            &hex!("82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
            &hex!(
            "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3db"
            "a91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd"
            ),
        ),
        // 4.6
        (
            &[0x0c; 20],
            b"Test With Truncation",
            &hex!("a3b6167473100ee06e0c796c2955552b"),
            &hex!("415fad6271580a531d4179bc891d87a6"),
        ),
        // 4.7
        (
            &[0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            &hex!("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
            &hex!(
            "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
            "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"
            ),
        ),
        // 4.8
        (
            &[0xaa; 131],
            b"This is a test using a larger than block-size key and a larger than block-size data. \
 The key needs to be hashed before being used by the HMAC algorithm.",
            &hex!("9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
            &hex!(
            "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944"
            "b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58"
            ),
        ),
    ];
    for (key, data, sha256, sha512) in cases {
        let (head, tail) = data.split_at(data.len() / 3);
        assert!(HmacSha256::keyed(key).tag(&[head, tail]).starts_with(sha256));
        assert!(hmac_sha512_keyed(key, &[head, tail]).starts_with(sha512));
        tally.ran();
    }
    tally.finish(7);
}

/// RFC 9106 section 5.3. It has a secret and associated data, which our function does not take, so this shows that
/// the crate below it is right, and the known answers show that our function calls it rightly.
#[test]
fn the_argon2_below_matches_rfc_9106() {
    use argon2::{Algorithm, Argon2, AssociatedData, ParamsBuilder, Version};

    let mut params = ParamsBuilder::new();
    params.m_cost(32).t_cost(3).p_cost(4).output_len(32).data(AssociatedData::new(&[4; 12]).unwrap());
    let params = params.build().unwrap();
    let argon2 = Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, params).unwrap();
    let mut tag = [0; 32];
    argon2.hash_password_into(&[1; 32], &[2; 16], &mut tag).unwrap();
    assert_eq!(tag, hex!("0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"));
}

/// Computed with argon2-cffi 25.1.0, which wraps the C reference implementation:
/// `hash_secret_raw(passphrase, salt, time_cost, memory_cost, parallelism, 32, Type.ID, version=19)`.
#[test]
fn argon2id_matches_the_reference_implementation() {
    let mut tally = Tally::new("Argon2id known answers");
    let cases = [
        (
            "correct horse battery staple",
            0..=15,
            (64, 2, 1),
            hex!("2df47ede6358ed17a9976d4fcedb897a10036d432a4acef17d263bfc98bd20ac"),
        ),
        (
            "\u{53e3}\u{4ee4} pass",
            16..=31,
            (256, 3, 4),
            hex!("60040728ac86844b98c98a4a0c5aa1c717fd8d01f3e52bab3f01f74b8d8f28e7"),
        ),
    ];
    for (passphrase, salt, (memory_kib, passes, lanes), expected) in cases {
        let salt = run(salt).try_into().unwrap();
        let key = argon2id(passphrase.as_bytes(), &salt, memory_kib, passes, lanes).unwrap();
        assert_eq!(key.expose_secret(), &expected);
        tally.ran();
    }
    tally.finish(2);
}

/// RFC 9106 section 3.1: 1 <= p, 1 <= t, 8p <= m.
#[test]
fn argon2id_refuses_costs_outside_the_rfc() {
    for (memory_kib, passes, lanes) in [(7, 1, 1), (15, 1, 2), (8, 0, 1), (8, 1, 0)] {
        assert_eq!(argon2id(b"", &[0; 16], memory_kib, passes, lanes).unwrap_err(), Error::Value);
    }
    for (memory_kib, lanes) in [(8, 1), (16, 2)] {
        assert!(argon2id(b"", &[0; 16], memory_kib, 1, lanes).is_ok());
    }
}

/// RFC 5297 appendix A, whose keys are of 32 bytes: the construction that ours has with 64.
#[test]
fn aes_siv_matches_rfc_5297() {
    use aes_siv::{KeyInit as _, siv::Aes128Siv};

    let mut tally = Tally::new("RFC 5297");
    let cases: [SivCase<'_>; 2] = [
        // A.1
        (
            hex!("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"),
            &[&run(0x10..=0x27)],
            &hex!("112233445566778899aabbccddee"),
            &hex!("85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c"),
        ),
        // A.2
        (
            hex!("7f7e7d7c7b7a79787776757473727170404142434445464748494a4b4c4d4e4f"),
            &[
                &hex!(
                    "00112233445566778899aabbccddeeffdeaddadadeaddadaffeeddccbbaa9988"
                    "7766554433221100"
                ),
                &hex!("102030405060708090a0"),
                &hex!("09f911029d74e35bd84156c5635688c0"),
            ],
            b"this is some plaintext to encrypt using SIV-AES",
            &hex!(
                "7bdb6e3b432667eb06f4d14bff2fbd0fcb900f2fddbe404326601965c889bf17"
                "dba77ceb094fa663b7a3f748ba8af829ea64ad544a272e9c485b62a3fd5c0d"
            ),
        ),
    ];
    for (key, components, plaintext, expected) in cases {
        let mut buffer = plaintext.to_vec();
        let siv = Aes128Siv::new(&key.into())
            .encrypt_inout_detached(components, buffer.as_mut_slice().into())
            .unwrap();
        assert_eq!([&siv, buffer.as_slice()].concat(), expected);
        tally.ran();
    }
    tally.finish(2);
}
