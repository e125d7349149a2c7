//! What only the inside can see: when AES runs.

use core::time::Duration;
use std::sync::Arc;

use super::{
    Binding, Callback, ReceiveId,
    block::{DECRYPTIONS, encrypt},
    credentials::Pair,
    sender::Sender,
    signature::sign,
};
use crate::{encoding::hex_encode, error::Error};

const TOKEN: &str = "QDG6eK";
const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
const OTHER_KEY: &str = "nfrioO2Mvz8dAOsjOsgquBXbenoyMAERIm7uf3B7ZoI";
const NOW: u64 = 1_409_659_813;

fn callback() -> Callback {
    Callback::company_app(TOKEN, KEY, "ww1").unwrap().clock(|| Duration::from_secs(NOW))
}

fn decryptions<T>(run: impl FnOnce() -> T) -> (T, u64) {
    let before = DECRYPTIONS.with(core::cell::Cell::get);
    let out = run();
    (out, DECRYPTIONS.with(core::cell::Cell::get) - before)
}

fn message(created: u64) -> String {
    format!("<xml><CreateTime>{created}</CreateTime><MsgId>1</MsgId></xml>")
}

#[test]
fn aes_does_not_run_before_a_valid_signature() {
    let app = callback().previous(TOKEN, OTHER_KEY).unwrap().previous("other", KEY).unwrap();
    let sender = Sender::new(TOKEN, KEY, "ww1").unwrap();
    let (query, body) = sender.post(message(NOW).as_bytes(), NOW, "n").unwrap();
    let (digit, rest) = query.strip_prefix("msg_signature=").unwrap().split_at(1);
    let forged = format!("msg_signature={}{rest}", if digit == "0" { "1" } else { "0" });
    let (refused, count) = decryptions(|| app.open(&forged, &body).err());
    assert_eq!((refused, count), (Some(Error::Callback), 0));
    let check = sender.get("1", NOW, "n").unwrap();
    let (refused, count) = decryptions(|| app.verify_url(&check.replace("nonce=n", "nonce=m")).err());
    assert_eq!((refused, count), (Some(Error::Callback), 0));
    let (refused, count) = decryptions(|| app.diagnose(&forged, &body).code());
    assert_eq!((refused, count), (-40001, 0));
}

#[test]
fn every_outcome_after_the_signature_costs_the_same_aes() {
    let app = callback().previous(TOKEN, OTHER_KEY).unwrap().without_guard();
    let pair = Pair::new(TOKEN, KEY).unwrap();
    let post = |key: &str, receive_id: &str, created: u64, timestamp: u64| {
        let sender = Sender::new(TOKEN, key, receive_id).unwrap();
        let (query, body) = sender.post(message(created).as_bytes(), timestamp, "n").unwrap();
        let (outcome, count) = decryptions(|| app.open(&query, &body));
        assert_eq!(count, 2);
        outcome.map(drop)
    };
    assert_eq!(post(KEY, "ww1", NOW, NOW), Ok(()));
    assert_eq!(post(OTHER_KEY, "ww1", NOW, NOW), Ok(()));
    assert_eq!(post(KEY, "ww2", NOW, NOW), Err(Error::Callback));
    assert_eq!(post(KEY, "ww1", NOW - 301, NOW), Err(Error::Callback));
    assert_eq!(post(KEY, "ww1", NOW, NOW - 301), Err(Error::Callback));
    let unknown = "A".repeat(43);
    assert_eq!(post(&unknown, "ww1", NOW, NOW), Err(Error::Callback));
    // A length that does not fit: the ciphertext without its first blocks.
    let text = encrypt(&pair, &[1; 16], &[b'm'; 44], b"ww1").unwrap();
    let ciphertext = base64_simd::STANDARD.decode_to_vec(text).unwrap();
    let text = base64_simd::STANDARD.encode_to_string(&ciphertext[32..]);
    let signature = hex_encode(&sign(&pair, b"1409659813", b"n", text.as_bytes()));
    let query = format!("msg_signature={signature}&timestamp=1409659813&nonce=n");
    let body = format!("{{\"encrypt\":\"{text}\"}}");
    let (outcome, count) = decryptions(|| app.open(&query, body.as_bytes()).err());
    assert_eq!((outcome, count), (Some(Error::Callback), 2));
    assert_eq!(app.diagnose(&query, body.as_bytes()).code(), -40008);
}

#[test]
fn two_pairs_that_open_the_same_request_refuse_it() {
    // Twice the same pair cannot be configured from outside.
    let app = callback().with(|settings| {
        let pair = Arc::clone(&settings.pairs[0]);
        settings.pairs.push(pair);
    });
    let sender = Sender::new(TOKEN, KEY, "ww1").unwrap();
    let (query, body) = sender.post(message(NOW).as_bytes(), NOW, "n").unwrap();
    assert_eq!(app.open(&query, &body).err(), Some(Error::Callback));
    assert_eq!(app.diagnose(&query, &body).code(), -40004);
    let third = app.with(|settings| settings.pairs.push(Arc::clone(&settings.pairs[0])));
    assert_eq!(third.open(&query, &body).err(), Some(Error::Callback));
}

#[test]
fn a_pair_that_is_there_is_not_added_again() {
    let app = callback();
    for last in "ABCD".chars() {
        let spelled = format!("{}{last}", &KEY[..42]);
        assert_eq!(app.clone().previous(TOKEN, &spelled).unwrap().0.pairs.len(), 1);
    }
    let mut app = app;
    for n in 1..Callback::MAX_PAIRS {
        app = app.previous(&format!("t{n}"), KEY).unwrap();
    }
    assert_eq!(app.clone().previous("t1", KEY).unwrap().0.pairs.len(), Callback::MAX_PAIRS);
    assert_eq!(app.previous("t9", KEY).err(), Some(Error::Value));
}

#[test]
fn presets_are_as_stated() {
    let app = Callback::company_app(TOKEN, KEY, "ww1").unwrap();
    assert_eq!((app.0.binding, app.0.window), (Binding::Required, Duration::from_secs(300)));
    assert_eq!((app.0.lease, app.0.guard.is_some()), (Duration::from_secs(4), true));
    assert_eq!(app.0.url_check, ReceiveId::Exact("ww1".into()));
    assert_eq!(app.0.messages, ReceiveId::Exact("ww1".into()));
    assert_eq!(Callback::company_app(TOKEN, KEY, "").err(), Some(Error::Value));
    let app = Callback::custom(TOKEN, KEY, ReceiveId::Empty, ReceiveId::Any).unwrap();
    assert_eq!((app.0.binding, app.0.guard.is_some()), (Binding::IfPresent, true));
    assert_eq!((&app.0.url_check, &app.0.messages), (&ReceiveId::Empty, &ReceiveId::Any));
}
