//! FIPS 180-4: the examples that NIST publishes with it (cryptographic standards and guidelines, examples with
//! intermediate values), and the empty message.

use hex_literal::hex;

use super::Tally;
use crate::primitive::{
    hash::{sha256, sha512},
    legacy::sha1,
};

const BITS_448: &[u8] = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
const BITS_896: &[u8] =
    b"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr\
    lmnopqrsmnopqrstnopqrstu";

/// Hashes every message whole and in two parts, cut at each place around a block boundary.
fn run<const N: usize>(suite: &'static str, hash: impl Fn(&[&[u8]]) -> [u8; N], cases: &[(&[u8], [u8; N])]) {
    let mut tally = Tally::new(suite);
    for (message, digest) in cases {
        assert_eq!(hash(&[message]), *digest, "{suite}, {} bytes", message.len());
        for cut in [1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129] {
            if let Some((head, tail)) = message.split_at_checked(cut) {
                assert_eq!(hash(&[head, tail]), *digest, "{suite}, {} bytes cut at {cut}", message.len());
            }
        }
        tally.ran();
    }
    tally.finish(4);
}

#[test]
fn sha1_matches_the_nist_examples() {
    let million = vec![b'a'; 1_000_000];
    run(
        "SHA-1",
        sha1,
        &[
            (b"", hex!("da39a3ee5e6b4b0d3255bfef95601890afd80709")),
            (b"abc", hex!("a9993e364706816aba3e25717850c26c9cd0d89d")),
            (BITS_448, hex!("84983e441c3bd26ebaae4aa1f95129e5e54670f1")),
            (&million, hex!("34aa973cd4c4daa4f61eeb2bdbad27316534016f")),
        ],
    );
}

#[test]
fn sha256_matches_the_nist_examples() {
    let million = vec![b'a'; 1_000_000];
    run(
        "SHA-256",
        sha256,
        &[
            (b"", hex!("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")),
            (b"abc", hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")),
            (BITS_448, hex!("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")),
            (&million, hex!("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")),
        ],
    );
}

#[test]
fn sha512_matches_the_nist_examples() {
    let million = vec![b'a'; 1_000_000];
    run(
        "SHA-512",
        sha512,
        &[
            (
                b"",
                hex!(
                "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
                "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
                ),
            ),
            (
                b"abc",
                hex!(
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
                ),
            ),
            (
                BITS_896,
                hex!(
                "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
                "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909"
                ),
            ),
            (
                &million,
                hex!(
                "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
                "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b"
                ),
            ),
        ],
    );
}
