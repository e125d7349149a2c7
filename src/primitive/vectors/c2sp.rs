//! C2SP `XAES-256-GCM.md`, accumulated randomized tests. The two single vectors are in `aead`.

use hex_literal::hex;
use shake::{
    Shake128, Shake128Reader,
    digest::{ExtendableOutput as _, Update as _, XofReader as _},
};

use super::Tally;
use crate::primitive::aead::Xaes256Gcm;

/// One SHAKE-128 of the empty input gives, for each test, `key[32]`, `nonce[24]`, and plaintext and aad with a length
/// byte before each; a second SHAKE-128 takes the ciphertexts.
#[test]
fn xaes_matches_the_accumulated_c2sp_vector() {
    const ITERATIONS: usize = 10_000;

    let mut tally = Tally::new("C2SP XAES-256-GCM, accumulated");
    let mut input = Shake128::default().finalize_xof();
    let mut hash = Shake128::default();
    for _ in 0..ITERATIONS {
        let (key, head, tail) = (array::<32>(&mut input), array::<12>(&mut input), array::<12>(&mut input));
        let mut buffer = string(&mut input);
        let plaintext = buffer.clone();
        let aad = string(&mut input);

        let gcm = Xaes256Gcm::new(&key).derive(&head);
        let mut tag = [0; 16];
        gcm.seal_in_place(&tail, &aad, &mut buffer, &mut tag).unwrap();
        hash.update(&buffer);
        hash.update(&tag);
        gcm.open_in_place(&tail, &aad, &mut buffer, &tag).unwrap();
        assert_eq!(buffer, plaintext);
        tally.ran();
    }
    let digest = array::<32>(&mut hash.finalize_xof());
    assert_eq!(digest, hex!("e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939"));
    tally.finish(ITERATIONS);
}

/// C2SP states how the input stream starts.
#[test]
fn the_input_stream_is_the_one_c2sp_means() {
    let start = array::<16>(&mut Shake128::default().finalize_xof());
    assert_eq!(start, hex!("7f9c2ba4e88f827d616045507605853e"));
}

fn array<const N: usize>(input: &mut Shake128Reader) -> [u8; N] {
    let mut out = [0; N];
    input.read(&mut out);
    out
}

fn string(input: &mut Shake128Reader) -> Vec<u8> {
    let [len] = array::<1>(input);
    let mut out = vec![0; usize::from(len)];
    input.read(&mut out);
    out
}
