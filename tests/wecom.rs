//! WeCom callbacks through the public API: the published vectors, and what an attacker may try.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and says what it skipped"
)]

#[path = "wecom/malleation.rs"]
mod malleation;
#[path = "wecom/messages.rs"]
mod messages;
#[path = "wecom/scenes.rs"]
mod scenes;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::Value;
use tenantseal::{
    Error,
    wecom::{
        Arrival, Binding, Callback, Claim, Departure, Envelope, EventKey, Guard, MemoryGuard, ReceiveId,
        Ticket, sender::Sender,
    },
};

const TOKEN: &str = "QDG6eK";
const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
const OTHER_KEY: &str = "nfrioO2Mvz8dAOsjOsgquBXbenoyMAERIm7uf3B7ZoI";
const CORP: &str = "wx5823bf96d3bd56c7";
const NOW: u64 = 1_409_659_813;

/// developer.work.weixin.qq.com/document/path/90968, the worked example.
const SAMPLE_CHECK: &str = "msg_signature=5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3&timestamp=1409659589\
    &nonce=263014780&echostr=P9nAzCzyDtyTWESHep1vC5X9xho%2FqYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp%2B4RPcs8TgAE7OaBO%2BFZ\
    XvnaqQ%3D%3D";
const SAMPLE_QUERY: &str =
    "msg_signature=477715d11cdb4164915debcba66cb864d751f3e6&timestamp=1409659813&nonce=1372623149";
const SAMPLE_ENCRYPT: &str = "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3Q\
    czcdCUpj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+k\
    DZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcal\
    lcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAV\
    e0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q==";

/// A clock that the test sets, in milliseconds.
#[derive(Clone)]
struct Clock(Arc<AtomicU64>);

impl Clock {
    fn at(seconds: u64) -> Self {
        Self(Arc::new(AtomicU64::new(seconds * 1000)))
    }

    fn set(&self, millis: u64) {
        self.0.store(millis, Ordering::SeqCst);
    }

    fn read(&self) -> impl Fn() -> Duration + Send + Sync + 'static {
        let time = Arc::clone(&self.0);
        move || Duration::from_millis(time.load(Ordering::SeqCst))
    }
}

fn app_at(clock: &Clock) -> Callback {
    Callback::company_app(TOKEN, KEY, CORP).unwrap().clock(clock.read())
}

fn loose_at(clock: &Clock) -> Callback {
    app_at(clock).binding(Binding::IfPresent)
}

fn sender() -> Sender {
    Sender::new(TOKEN, KEY, CORP).unwrap()
}

fn text(created: u64, id: &str, content: &str) -> String {
    format!(
        "<xml><FromUserName>u</FromUserName><CreateTime>{created}</CreateTime><MsgId>{id}</MsgId>\
         <Content><![CDATA[{content}]]></Content></xml>"
    )
}

fn xml(encrypt: &str) -> Vec<u8> {
    format!("<xml><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>").into_bytes()
}

fn claim(app: &Callback, query: &str, body: &[u8]) -> Result<Claim, Error> {
    app.open(query, body).map(|event| event.claim())
}

/// Swaps the values of timestamp and nonce; the signature is the same.
fn swapped(query: &str) -> String {
    query.replace("timestamp=", "x=").replace("nonce=", "timestamp=").replace("&x=", "&nonce=")
}

fn parameter<'a>(query: &'a str, name: &str) -> &'a str {
    query.split('&').find_map(|one| one.strip_prefix(name)?.strip_prefix('=')).unwrap()
}

// --- vectors -----------------------------------------------------------------------------------------------------

#[derive(Debug, Default)]
struct Counts {
    opened: usize,
    refused: usize,
    skipped: usize,
}

fn escape(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

fn run_vectors(vectors: &Value, counts: &mut Counts) {
    for case in vectors.as_array().unwrap() {
        let field = |name: &str| case[name].as_str();
        let kind = field("kind").unwrap();
        if kind == "signature_3_tokens" || kind == "encrypt_fixed_random_json_reply" {
            // A signature without a body, and a reply: scenes.rs has them.
            counts.skipped += 1;
            continue;
        }
        let (timestamp, nonce) = (field("timestamp").unwrap(), field("nonce").unwrap());
        let (encrypt, signature) = (field("encrypt").unwrap(), field("msg_signature").unwrap());
        let receive_id = match field("receive_id").unwrap() {
            "" => ReceiveId::Empty,
            id => ReceiveId::Exact(id.into()),
        };
        let (token, key) = (field("token").unwrap(), field("encoding_aes_key").unwrap());
        let now: u64 = timestamp.parse().unwrap();
        let app = Callback::custom(token, key, receive_id.clone(), receive_id)
            .unwrap()
            .clock(move || Duration::from_secs(now));
        let query = format!("msg_signature={signature}&timestamp={timestamp}&nonce={nonce}");
        let body = field("envelope").map_or_else(|| xml(encrypt), |envelope| envelope.as_bytes().to_vec());
        let expect = field("expect").unwrap_or("ok");
        let outcome = app.open(&query, &body);
        let diagnosis = app.diagnose(&query, &body);
        if expect == "ok" {
            let event = outcome.unwrap_or_else(|error| panic!("{kind}: {error}: {diagnosis}"));
            assert_eq!(event.message(), field("plaintext").unwrap().as_bytes(), "{kind}");
            assert_eq!(event.receive_id(), field("receive_id").unwrap().as_bytes(), "{kind}");
            assert_eq!(diagnosis.code(), 0, "{kind}");
            if kind == "verify_url" {
                let echo = app.verify_url(&format!("{query}&echostr={}", escape(encrypt))).unwrap();
                assert_eq!(echo.as_bytes(), event.message());
            }
            counts.opened += 1;
        } else {
            assert_eq!(outcome.err(), Some(Error::Callback), "{kind}");
            let codes: &[i32] = match expect {
                _ if expect.starts_with("-40010/") => &[-40010, -40007, -40001],
                _ if expect.starts_with("reject") || expect.starts_with("signature alone") => &[-40001],
                _ => &[expect.get(..6).and_then(|code| code.parse().ok()).unwrap()],
            };
            assert!(codes.contains(&diagnosis.code()), "{kind}: {diagnosis}, not {codes:?}");
            counts.refused += 1;
        }
    }
}

#[test]
fn own_vectors_come_out_as_stated() {
    let vectors: Value = serde_json::from_str(include_str!("vectors/wecom_own_keys.json")).unwrap();
    let mut counts = Counts::default();
    run_vectors(&vectors["callbacks"], &mut counts);
    println!("own vectors: {counts:?}");
    assert_eq!((counts.opened, counts.refused, counts.skipped), (52, 31, 0));
}

#[test]
fn shared_vectors_come_out_as_stated() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/vectors/wecom");
    let mut counts = Counts::default();
    for name in ["official_samples.json", "must_reject.json"] {
        let Ok(file) = std::fs::read(format!("{folder}/{name}")) else {
            println!("SKIPPED, NOT TESTED: {folder}/{name} is not there");
            return;
        };
        run_vectors(&serde_json::from_slice(&file).unwrap(), &mut counts);
    }
    println!("shared vectors: {counts:?} (3-part signatures and a reply are in scenes.rs)");
    assert_eq!((counts.opened, counts.refused, counts.skipped), (6, 3, 5));
}

#[test]
fn the_official_samples_open() {
    let check = Callback::company_app(TOKEN, KEY, CORP).unwrap().clock(|| Duration::from_secs(1_409_659_589));
    let echo = check.verify_url(SAMPLE_CHECK).unwrap();
    assert_eq!((echo.as_bytes(), echo.receive_id()), (&b"1616140317555161061"[..], CORP.as_bytes()));
    let clock = Clock::at(NOW);
    let event = app_at(&clock).open(SAMPLE_QUERY, &xml(SAMPLE_ENCRYPT)).unwrap();
    let inner = event.inner().unwrap();
    assert_eq!((inner.get("Content"), inner.get("AgentID")), (Some("hello"), Some("218")));
    assert_eq!(inner.iter().count(), 7);
    assert_eq!((event.receive_id(), event.timestamp()), (CORP.as_bytes(), NOW));
    let json = format!("{{\"tousername\":\"x\",\"encrypt\":\"{SAMPLE_ENCRYPT}\",\"agentid\":\"218\"}}");
    let event = app_at(&clock).open(SAMPLE_QUERY, json.as_bytes()).unwrap();
    assert_eq!(event.inner().unwrap().get("MsgId"), Some("4561255354251345929"));
}

// --- the signature's ambiguities -----------------------------------------------------------------------------------

#[test]
fn every_split_of_the_sample_but_its_own_is_refused() {
    // All that is between the token and the end of the sorted texts, cut in every way at every place: the same
    // SHA-1 input, hence the same signature.
    let clock = Clock::at(NOW);
    let app = Callback::custom(TOKEN, KEY, ReceiveId::Any, ReceiveId::Any)
        .unwrap()
        .binding(Binding::Off)
        .window(Duration::from_secs(1 << 40))
        .clock(clock.read())
        .without_guard();
    let signature = parameter(SAMPLE_QUERY, "msg_signature");
    let open = |timestamp: &str, nonce: &str, encrypt: &str| {
        let query = format!("msg_signature={signature}&timestamp={timestamp}&nonce={}", escape(nonce));
        app.open(&query, &xml(encrypt)).map(drop)
    };
    let (timestamp, nonce) = ("1409659813", "1372623149");
    assert_eq!(open(timestamp, nonce, SAMPLE_ENCRYPT), Ok(()));
    // Only the swap is left when the binding, the window and the guard are all off.
    assert_eq!(open(nonce, timestamp, SAMPLE_ENCRYPT), Ok(()));
    let digits = "13726231491409659813";
    for at in 0..=20 {
        let (left, right) = digits.split_at(at);
        for (timestamp, nonce) in [(left, right), (right, left)] {
            let expected = if at == 10 { Ok(()) } else { Err(Error::Callback) };
            assert_eq!(open(timestamp, nonce, SAMPLE_ENCRYPT), expected, "{at}");
        }
    }
    for at in 1..SAMPLE_ENCRYPT.len() {
        let (head, tail) = SAMPLE_ENCRYPT.split_at(at);
        for (first, second) in [(timestamp, nonce), (nonce, timestamp)] {
            for (a, b) in [
                (first.to_owned(), format!("{second}{head}")),
                (first.to_owned(), format!("{head}{second}")),
                (format!("{first}{head}"), second.to_owned()),
            ] {
                assert_eq!(open(&a, &b, tail), Err(Error::Callback), "{at}");
                assert_eq!(open(&b, &a, tail), Err(Error::Callback), "{at}");
            }
            assert_eq!(open(first, &format!("{tail}{second}"), head), Err(Error::Callback), "{at}");
            assert_eq!(open(&format!("{tail}{first}"), second, head), Err(Error::Callback), "{at}");
        }
    }
}

#[test]
fn a_ciphertext_that_slides_against_the_nonce_is_signed_and_opens_nothing() {
    let clock = Clock::at(NOW);
    let (token, nonce) = ("zzzzzz", "9999999999");
    let app = Callback::custom(token, KEY, ReceiveId::Any, ReceiveId::Any)
        .unwrap()
        .binding(Binding::Off)
        .clock(clock.read())
        .without_guard();
    let sender = Sender::new(token, KEY, CORP).unwrap();
    let mut signed = 0;
    while signed < 20 {
        // Three blocks: base64 without padding. The order is timestamp, nonce, ciphertext, token, for most of them.
        let (query, body) = sender.post(&[b'x'; 40], NOW, nonce).unwrap();
        let envelope = Envelope::parse(&body).unwrap();
        let (head, tail) = envelope.encrypt().split_at(envelope.encrypt().len() - nonce.len());
        let slid = (query.replace(nonce, &escape(tail)), xml(&format!("{nonce}{head}")));
        assert_eq!(app.open(&slid.0, &slid.1).err(), Some(Error::Callback));
        // The padding, and once in a while the length: both stand behind the signature.
        signed += u32::from([-40007, -40008].contains(&app.diagnose(&slid.0, &slid.1).code()));
    }
}

#[test]
fn a_splice_that_comes_first_does_not_block_the_genuine_one() {
    let clock = Clock::at(NOW);
    for app in [app_at(&clock), loose_at(&clock)] {
        for moved in [1, 4, 44, 64, 128, 256, 384] {
            let (head, tail) = SAMPLE_ENCRYPT.split_at(moved);
            let query = SAMPLE_QUERY.replace("1372623149", &format!("1372623149{}", escape(head)));
            assert_eq!(claim(&app, &query, &xml(tail)), Err(Error::Callback));
        }
        assert_eq!(claim(&app, SAMPLE_QUERY, &xml(SAMPLE_ENCRYPT)), Ok(Claim::Fresh));
    }
}

/// SHA-1 from a state: what length extension needs, FIPS 180-4.
fn sha1_continued(state: [u32; 5], hashed: u64, tail: &[u8]) -> String {
    let mut message = tail.to_vec();
    message.push(0x80);
    while message.len() % 64 != 56 {
        message.push(0);
    }
    message.extend_from_slice(&((hashed + tail.len() as u64) * 8).to_be_bytes());
    let mut state = state;
    for block in message.chunks(64) {
        let mut w: Vec<u32> =
            block.chunks(4).map(|word| u32::from_be_bytes(word.try_into().unwrap())).collect();
        for t in 16..80 {
            w.push((w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16]).rotate_left(1));
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (t, word) in w.iter().enumerate() {
            let (f, k) = match t {
                0..20 => (b & c | !b & d, 0x5a82_7999),
                20..40 => (b ^ c ^ d, 0x6ed9_eba1),
                40..60 => (b & c | b & d | c & d, 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6u32),
            };
            let next = a.rotate_left(5).wrapping_add(f).wrapping_add(e).wrapping_add(k).wrapping_add(*word);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
        }
        for (value, add) in state.iter_mut().zip([a, b, c, d, e]) {
            *value = value.wrapping_add(add);
        }
    }
    state.iter().map(|word| format!("{word:08x}")).collect()
}

#[test]
fn a_sha1_length_extension_is_stopped_by_the_grammars() {
    let initial = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    let original = format!("13726231491409659813{TOKEN}{SAMPLE_ENCRYPT}");
    let signature = parameter(SAMPLE_QUERY, "msg_signature");
    // The sample's sorted order is nonce, timestamp, token, ciphertext: the hash ends in the ciphertext.
    assert_eq!(sha1_continued(initial, 0, original.as_bytes()), signature);
    let state: Vec<u32> =
        (0..5).map(|n| u32::from_str_radix(&signature[n * 8..n * 8 + 8], 16).unwrap()).collect();
    let mut glue = vec![0x80];
    while (original.len() + glue.len()) % 64 != 56 {
        glue.push(0);
    }
    glue.extend_from_slice(&(original.len() as u64 * 8).to_be_bytes());
    let added = "A".repeat(128);
    let hashed = (original.len() + glue.len()) as u64;
    let forged = sha1_continued(state.try_into().unwrap(), hashed, added.as_bytes());
    let whole = [original.as_bytes(), &glue, added.as_bytes()].concat();
    assert_eq!(sha1_continued(initial, 0, &whole), forged, "the attack itself works");
    let clock = Clock::at(NOW);
    let app = loose_at(&clock);
    let query = SAMPLE_QUERY.replace(signature, &forged);
    // As the ciphertext, with the glue in it; and as a nonce that sorts last.
    let extended = [SAMPLE_ENCRYPT.as_bytes(), &glue, added.as_bytes()].concat();
    let mut body = b"<xml><Encrypt><![CDATA[".to_vec();
    body.extend_from_slice(&extended);
    body.extend_from_slice(b"]]></Encrypt></xml>");
    assert!(matches!(app.open(&query, &body).err(), Some(Error::Callback | Error::CallbackFormat)));
    let escaped: String = extended
        .iter()
        .map(|byte| match byte {
            b'"' | b'\\' | 0..0x20 | 0x7f.. => format!("\\u{byte:04x}"),
            _ => char::from(*byte).to_string(),
        })
        .collect();
    let json = format!("{{\"encrypt\":\"{escaped}\"}}");
    assert_eq!(app.open(&query, json.as_bytes()).err(), Some(Error::Callback));
    assert_eq!(app.diagnose(&query, json.as_bytes()).code(), -40010);
    let nonce: String = extended.iter().map(|byte| format!("%{byte:02x}")).collect();
    for encrypt in ["1372623149", &"A".repeat(44)] {
        let query = format!("msg_signature={forged}&timestamp=1409659813&nonce={nonce}");
        assert_eq!(app.open(&query, &xml(encrypt)).err(), Some(Error::Callback));
        assert_eq!(app.diagnose(&query, &xml(encrypt)).code(), -40001);
    }
}

#[test]
fn a_swapped_replay_at_the_nonces_time_is_refused_or_recognised() {
    let clock = Clock::at(NOW);
    let later = NOW + 31_641;
    let nonce = later.to_string();
    // With an inner time: the binding refuses it.
    let app = app_at(&clock);
    let (query, body) = sender().post(text(NOW, "1", "a").as_bytes(), NOW, &nonce).unwrap();
    assert_eq!(claim(&app, &query, &body), Ok(Claim::Fresh));
    clock.set(later * 1000);
    assert_eq!(claim(&app, &swapped(&query), &body), Err(Error::Callback));
    assert_eq!(app.diagnose(&swapped(&query), &body).code(), -40001);
    // Without one, or with the binding off: the guard still knows it, whatever came between.
    let no_time = "<xml><MsgId>2</MsgId></xml>".to_owned();
    for (message, binding) in [(no_time, Binding::IfPresent), (text(NOW, "3", "a"), Binding::Off)] {
        clock.set(NOW * 1000);
        let app = app_at(&clock).binding(binding);
        let (query, body) = sender().post(message.as_bytes(), NOW, &nonce).unwrap();
        app.open(&query, &body).unwrap().done().unwrap();
        for n in 0..100 {
            let now = NOW + n * 300;
            clock.set(now * 1000);
            let message = text(now, &format!("1{n}"), "b");
            let (query, body) = sender().post(message.as_bytes(), now, "n").unwrap();
            assert_eq!(claim(&app, &query, &body), Ok(Claim::Fresh));
        }
        clock.set(later * 1000);
        assert_eq!(claim(&app, &swapped(&query), &body), Ok(Claim::Done));
        clock.set((later + 300) * 1000);
        assert_eq!(claim(&app, &swapped(&query), &body), Ok(Claim::Done));
        clock.set((later + 301) * 1000);
        assert_eq!(claim(&app, &swapped(&query), &body), Err(Error::Callback));
    }
}

#[test]
fn a_message_does_not_decrypt_at_the_url_check() {
    let clock = Clock::at(NOW);
    let app = app_at(&clock);
    let as_check = |query: &str, encrypt: &str| format!("{query}&echostr={}", escape(encrypt));
    let refused = app.verify_url(&as_check(SAMPLE_QUERY, SAMPLE_ENCRYPT)).err();
    assert_eq!(refused, Some(Error::Callback));
    let good = ["a".repeat(64), "-_".into()];
    for echo in &good {
        assert_eq!(
            app.verify_url(&sender().get(echo, NOW, "n").unwrap()).unwrap().as_bytes(),
            echo.as_bytes()
        );
    }
    for echo in ["", "a b", "<xml/>", "a\n", "\"a\"", &"a".repeat(65)] {
        let query = sender().get(echo, NOW, "n").unwrap();
        assert_eq!(app.verify_url(&query).err(), Some(Error::Callback), "{echo:?}");
        assert_eq!(app.diagnose(&query, b"").code(), -40008);
    }
    // Nor an old check, nor one for somebody else, nor one without its parameter.
    for (timestamp, ok) in [(NOW - 301, false), (NOW - 300, true), (NOW + 300, true), (NOW + 301, false)] {
        assert_eq!(app.verify_url(&sender().get("1", timestamp, "n").unwrap()).is_ok(), ok);
    }
    let other = Sender::new(TOKEN, KEY, "ww2").unwrap().get("1", NOW, "n").unwrap();
    assert_eq!(app.verify_url(&other).err(), Some(Error::Callback));
    assert_eq!(app.diagnose(&other, b"").receive_id(), Some(&b"ww2"[..]));
    assert_eq!(app.verify_url(SAMPLE_QUERY).err(), Some(Error::CallbackFormat));
}

#[test]
fn the_two_receiveid_policies_are_apart() {
    let clock = Clock::at(NOW);
    let suite = Callback::custom(
        TOKEN,
        KEY,
        ReceiveId::Exact("provider".into()),
        ReceiveId::OneOf(vec!["suite".into(), "client".into()]),
    )
    .unwrap()
    .clock(clock.read());
    for (id, check, message) in
        [("provider", true, false), ("suite", false, true), ("client", false, true), ("", false, false)]
    {
        let sender = Sender::new(TOKEN, KEY, id).unwrap();
        assert_eq!(suite.verify_url(&sender.get("1", NOW, "n").unwrap()).is_ok(), check, "{id}");
        let (query, body) = sender.post(text(NOW, id, "a").as_bytes(), NOW, "n").unwrap();
        let outcome = suite.open(&query, &body);
        assert_eq!(outcome.is_ok(), message, "{id}");
        if let Ok(event) = outcome {
            assert_eq!(event.receive_id(), id.as_bytes());
        } else {
            assert_eq!(suite.diagnose(&query, &body).code(), -40005);
        }
    }
}

// --- time --------------------------------------------------------------------------------------------------------

#[test]
fn both_windows_hold_at_their_edges() {
    let clock = Clock::at(NOW);
    let app = app_at(&clock).without_guard();
    let open = |inner: u64, timestamp: u64| {
        let (query, body) = sender().post(text(inner, "1", "a").as_bytes(), timestamp, "n").unwrap();
        app.open(&query, &body).map(drop)
    };
    for (inner, timestamp, ok) in [
        (NOW, NOW, true),
        (NOW - 300, NOW, true),
        (NOW + 300, NOW, true),
        (NOW - 301, NOW, false),
        (NOW + 301, NOW, false),
        (NOW - 300, NOW - 300, true),
        (NOW + 300, NOW + 300, true),
        (NOW - 301, NOW - 301, false),
        (NOW + 301, NOW + 301, false),
        (NOW - 600, NOW - 300, true),
    ] {
        let expected = if ok { Ok(()) } else { Err(Error::Callback) };
        assert_eq!(open(inner, timestamp), expected, "{inner} {timestamp}");
    }
    clock.set((NOW + 300) * 1000);
    assert_eq!(open(NOW, NOW), Ok(()));
    clock.set((NOW + 300) * 1000 + 1);
    assert_eq!(open(NOW, NOW), Err(Error::Callback));
    let tight = app_at(&clock).window(Duration::ZERO);
    clock.set(NOW * 1000);
    let (query, body) = sender().post(text(NOW, "1", "a").as_bytes(), NOW, "n").unwrap();
    assert!(tight.open(&query, &body).is_ok());
}

#[test]
fn bindings_differ_on_messages_without_a_time() {
    let clock = Clock::at(NOW);
    for (message, required, if_present, off) in [
        (text(NOW, "1", "a"), true, true, true),
        (text(NOW - 301, "1", "a"), false, false, true),
        ("<xml><MsgId>1</MsgId></xml>".into(), false, true, true),
        ("success".into(), false, true, true),
        (format!("{{\"FromUserName\": :x\", \"CreateTime\": {NOW}}}"), false, true, true),
        (format!("<xml><SuiteId>s</SuiteId><TimeStamp>{NOW}</TimeStamp></xml>"), true, true, true),
        ("<xml><TimeStamp>1409659512</TimeStamp></xml>".into(), false, false, true),
    ] {
        let (query, body) = sender().post(message.as_bytes(), NOW, "n").unwrap();
        for (binding, ok) in
            [(Binding::Required, required), (Binding::IfPresent, if_present), (Binding::Off, off)]
        {
            let app = app_at(&clock).binding(binding);
            assert_eq!(app.open(&query, &body).is_ok(), ok, "{binding:?} {message}");
        }
    }
}

// --- the guard ---------------------------------------------------------------------------------------------------

#[test]
fn a_replay_and_a_retry_are_not_fresh() {
    let clock = Clock::at(NOW);
    let app = app_at(&clock);
    let message = text(NOW, "1", "a");
    let (query, body) = sender().post(message.as_bytes(), NOW, "n").unwrap();
    let first = app.open(&query, &body).unwrap();
    assert!(first.is_fresh());
    assert_eq!(claim(&app, &query, &body), Ok(Claim::InProgress));
    // Encrypted anew, with another timestamp and nonce.
    let (again, new_body) = sender().post(message.as_bytes(), NOW + 5, "m").unwrap();
    assert_eq!(claim(&app, &again, &new_body), Ok(Claim::InProgress));
    first.done().unwrap();
    first.done().unwrap();
    assert_eq!(claim(&app, &query, &body), Ok(Claim::Done));
    assert_eq!(claim(&app, &again, &new_body), Ok(Claim::Done));
    // In JSON, and through a clone.
    let (other, json) = sender().post_json(message.as_bytes(), NOW, "k").unwrap();
    let event = app.clone().open(&other, &json).unwrap();
    assert_eq!((event.claim(), event.done()), (Claim::Done, Err(Error::ClaimExpired)));
    // The last retry that the windows let in is still known: retention is three windows.
    clock.set((NOW - 300) * 1000);
    let early = text(NOW, "2", "a");
    let (query, body) = sender().post(early.as_bytes(), NOW - 300, "n").unwrap();
    app.open(&query, &body).unwrap().done().unwrap();
    clock.set((NOW + 600) * 1000);
    let (query, body) = sender().post(early.as_bytes(), NOW + 300, "n").unwrap();
    assert_eq!(claim(&app, &query, &body), Ok(Claim::Done));
}

#[test]
fn different_events_of_one_second_are_both_fresh() {
    let clock = Clock::at(NOW);
    let app = app_at(&clock);
    let event = |user: &str| {
        format!(
            "<xml><FromUserName>sys</FromUserName><CreateTime>{NOW}</CreateTime>\
             <Event>change_contact</Event><UserID>{user}</UserID></xml>"
        )
    };
    for message in [event("a"), event("b"), text(NOW, "1", "x"), text(NOW, "2", "x")] {
        let (query, body) = sender().post(message.as_bytes(), NOW, "n").unwrap();
        assert_eq!(claim(&app, &query, &body), Ok(Claim::Fresh));
        let (query, body) = sender().post(message.as_bytes(), NOW, "m").unwrap();
        assert_eq!(claim(&app, &query, &body), Ok(Claim::InProgress));
    }
    // The same message id for two receivers is two events.
    let two = Callback::custom(TOKEN, KEY, ReceiveId::Any, ReceiveId::Any).unwrap().clock(clock.read());
    for id in ["ww1", "ww2"] {
        let sender = Sender::new(TOKEN, KEY, id).unwrap();
        let (query, body) = sender.post(text(NOW, "1", "x").as_bytes(), NOW, "n").unwrap();
        assert_eq!(claim(&two, &query, &body), Ok(Claim::Fresh));
    }
}

#[test]
fn a_lease_that_ran_out_is_given_to_the_next_worker() {
    let clock = Clock::at(NOW);
    let app = app_at(&clock).lease(Duration::from_secs(2));
    let (query, body) = sender().post(text(NOW, "1", "a").as_bytes(), NOW, "n").unwrap();
    let slow = app.open(&query, &body).unwrap();
    clock.set(NOW * 1000 + 1999);
    assert_eq!(claim(&app, &query, &body), Ok(Claim::InProgress));
    clock.set(NOW * 1000 + 2000);
    assert_eq!(slow.done(), Err(Error::ClaimExpired));
    let next = app.open(&query, &body).unwrap();
    assert!(next.is_fresh());
    assert_eq!(slow.done(), Err(Error::ClaimExpired));
    next.done().unwrap();
    assert_eq!(slow.done(), Err(Error::ClaimExpired));
    assert_eq!(claim(&app, &query, &body), Ok(Claim::Done));
}

#[test]
fn a_claim_does_not_outlive_what_it_is_on() {
    let clock = Clock::at(NOW);
    let lease = Duration::from_secs(3_600);
    let app = loose_at(&clock).window(Duration::from_secs(3_600)).lease(lease);
    let (query, body) = sender().post_json(b"{\"msgid\":\"1\"}", NOW - 3_600, "n").unwrap();
    let event = app.open(&query, &body).unwrap();
    let later = NOW + 3_599;
    clock.set(later * 1000);
    let (query, body) = sender().post_json(b"{\"msgid\":\"1\"}", later, "m").unwrap();
    assert_eq!(claim(&app, &query, &body), Ok(Claim::InProgress));
    assert_eq!(event.done(), Ok(()));
    let small = loose_at(&clock).lease(lease);
    let (query, body) = sender().post_json(b"{\"msgid\":\"2\"}", later, "n").unwrap();
    let event = small.open(&query, &body).unwrap();
    clock.set((later + 901) * 1000);
    let (query, body) = sender().post_json(b"{\"msgid\":\"2\"}", later + 901, "m").unwrap();
    assert_eq!(claim(&small, &query, &body), Ok(Claim::InProgress));
    assert_eq!(event.done(), Ok(()));
}

#[test]
fn a_guards_name_is_bounded_and_has_no_nul() {
    let app = |name: &str| loose_at(&Clock::at(NOW)).guard(Arc::new(MemoryGuard::default()), name).err();
    for name in ["a", "名", &"a".repeat(255)] {
        assert_eq!(app(name), None);
    }
    for name in ["", "a\0b", &"a".repeat(256)] {
        assert_eq!(app(name), Some(Error::Value));
    }
}

#[test]
fn a_full_guard_refuses_until_entries_run_out() {
    let clock = Clock::at(NOW);
    let guard = Arc::new(MemoryGuard::new(4));
    let app = app_at(&clock).guard(guard, "app").unwrap();
    let post = |id: &str, now: u64| sender().post(text(now, id, "a").as_bytes(), now, "n").unwrap();
    let (query, body) = post("1", NOW);
    let first = app.open(&query, &body).unwrap();
    first.done().unwrap();
    assert_eq!(claim(&app, &post("2", NOW).0, &post("2", NOW).1).err(), Some(Error::Callback));
    let (query2, body2) = post("2", NOW);
    assert_eq!(claim(&app, &query2, &body2), Ok(Claim::Fresh));
    let (query3, body3) = post("3", NOW);
    assert_eq!(claim(&app, &query3, &body3), Err(Error::GuardFull));
    assert_eq!(first.reply(b"x").err(), Some(Error::GuardFull));
    assert_eq!(claim(&app, &query, &body), Ok(Claim::Done));
    let later = NOW + 901;
    clock.set(later * 1000);
    let (query3, body3) = post("3", later);
    assert_eq!(claim(&app, &query3, &body3), Ok(Claim::Fresh));
}

#[test]
fn a_message_with_its_own_time_is_not_kept_for_its_nonce() {
    let clock = Clock::at(NOW);
    let app = app_at(&clock).guard(Arc::new(MemoryGuard::new(2)), "app").unwrap();
    let (query, body) = sender().post(text(NOW, "1", "a").as_bytes(), NOW, "4000000000").unwrap();
    assert_eq!(claim(&app, &query, &body), Ok(Claim::Fresh));
    let later = NOW + 901;
    clock.set(later * 1000);
    let (query, body) = sender().post(text(later, "2", "a").as_bytes(), later, "4000000000").unwrap();
    assert_eq!(claim(&app, &query, &body), Ok(Claim::Fresh));
    // One without is kept, and the guard is full for as long.
    let app = loose_at(&clock).guard(Arc::new(MemoryGuard::new(2)), "app").unwrap();
    let (query, body) = sender().post(b"<xml/>", later, "4000000000").unwrap();
    assert_eq!(claim(&app, &query, &body), Ok(Claim::Fresh));
    clock.set((later + 100_000_000) * 1000);
    let (query, body) = sender().post(b"<xml/>", later + 100_000_000, "n").unwrap();
    assert_eq!(claim(&app, &query, &body), Err(Error::GuardFull));
}

#[test]
fn a_shared_guard_serves_every_process_and_every_key() {
    let clock = Clock::at(NOW);
    let guard = Arc::new(MemoryGuard::new(100));
    let (query, body) = sender().post(text(NOW, "1", "a").as_bytes(), NOW, "n").unwrap();
    let named = |id: &str| app_at(&clock).guard(guard.clone(), id);
    named("a").unwrap().open(&query, &body).unwrap().done().unwrap();
    assert_eq!(claim(&named("a").unwrap(), &query, &body), Ok(Claim::Done));
    assert_eq!(claim(&named("b").unwrap(), &query, &body), Ok(Claim::Fresh));
    // The retry under the new key of the same callback is the same event.
    let renewed = Callback::company_app("newtoken", OTHER_KEY, CORP)
        .unwrap()
        .previous(TOKEN, KEY)
        .unwrap()
        .clock(clock.read())
        .guard(guard.clone(), "a")
        .unwrap();
    let sender = Sender::new("newtoken", OTHER_KEY, CORP).unwrap();
    let (query, body) = sender.post(text(NOW, "1", "a").as_bytes(), NOW, "n").unwrap();
    assert_eq!(claim(&renewed, &query, &body), Ok(Claim::Done));
    for id in [String::new(), "i".repeat(256)] {
        assert_eq!(named(&id).err(), Some(Error::Value));
    }
    assert!(named(&"i".repeat(255)).is_ok());
}

#[test]
fn without_a_guard_everything_is_fresh() {
    let clock = Clock::at(NOW);
    let app = app_at(&clock).without_guard();
    let (query, body) = sender().post(text(NOW, "1", "a").as_bytes(), NOW, "n").unwrap();
    for _ in 0..2 {
        let event = app.open(&query, &body).unwrap();
        assert!(event.is_fresh());
        event.done().unwrap();
    }
}

#[test]
fn a_diagnosis_leaves_the_guard_alone() {
    let clock = Clock::at(NOW);
    let app = app_at(&clock);
    let (query, body) = sender().post(text(NOW, "1", "a").as_bytes(), NOW, "n").unwrap();
    assert_eq!(app.diagnose(&query, &body).code(), 0);
    assert_eq!(claim(&app, &query, &body), Ok(Claim::Fresh));
}

// --- replies -----------------------------------------------------------------------------------------------------

#[test]
fn a_reply_opens_at_the_peer_and_not_here() {
    let clock = Clock::at(NOW);
    let app = loose_at(&clock);
    let message = text(NOW, "1", "a");
    let (query, body) = sender().post(message.as_bytes(), NOW, "1409659999").unwrap();
    let event = app.open(&query, &body).unwrap();
    let reply = event.reply("<xml>回复</xml>".as_bytes()).unwrap();
    for text in [reply.to_xml(), reply.to_json(), reply.to_body()] {
        assert_eq!(sender().open_reply(&text).unwrap().expose_secret(), "<xml>回复</xml>".as_bytes());
    }
    let xml_text = reply.to_xml();
    let lines: Vec<&str> = xml_text.lines().collect();
    assert!(lines[0] == "<xml>" && lines[1].starts_with("<Encrypt><![CDATA[") && lines.len() == 6);
    assert_eq!(lines[3], "<TimeStamp>1409659813</TimeStamp>");
    assert!(lines[4].starts_with("<Nonce><![CDATA[") && lines[5] == "</xml>");
    let json: Value = serde_json::from_str(&reply.to_json()).unwrap();
    assert_eq!(json["timestamp"], NOW);
    let reflect = |text: &str| {
        let reply: Value = serde_json::from_str(text).unwrap();
        let field = |name: &str| reply[name].as_str().unwrap().to_owned();
        let query = format!(
            "msg_signature={}&timestamp={}&nonce={}",
            field("msgsignature"),
            reply["timestamp"],
            field("nonce")
        );
        (query, xml(&field("encrypt")))
    };
    let (query, body) = reflect(&reply.to_json());
    assert_ne!(parameter(&query, "nonce"), "1409659999");
    assert_eq!(claim(&app, &query, &body), Err(Error::Callback));
    // Another callback with the same keys and no memory would take it: it is the guard that refuses.
    assert_eq!(claim(&loose_at(&clock), &query, &body), Ok(Claim::Fresh));
    // A JSON reply has the request's nonce; swapped, it is refused at that time too.
    let (query, body) = sender().post_json(b"{\"msgid\":\"9\"}", NOW, "1409669999").unwrap();
    let event = app.open(&query, &body).unwrap();
    let reply = event.reply(b"{}").unwrap();
    assert_eq!(reply.to_body(), reply.to_json());
    let (query, body) = reflect(&reply.to_json());
    assert_eq!(parameter(&query, "nonce"), "1409669999");
    assert_eq!(claim(&app, &query, &body), Err(Error::Callback));
    clock.set(1_409_669_999_000);
    assert_eq!(claim(&app, &swapped(&query), &body), Err(Error::Callback));
    assert_eq!(claim(&loose_at(&clock), &swapped(&query), &body), Ok(Claim::Fresh));
}

/// Keeps what it is told of replies; every event is fresh.
#[derive(Debug, Default)]
struct Departures(std::sync::Mutex<Vec<Duration>>);

impl Guard for Departures {
    fn claim(&self, arrival: &Arrival<'_>) -> Result<Ticket, Error> {
        Ok(Ticket { claim: Claim::Fresh, event: arrival.event, fencing: 1 })
    }

    fn done(&self, _: &EventKey, _: u64, _: Duration) -> Result<(), Error> {
        Ok(())
    }

    fn replied(&self, reply: &Departure<'_>) -> Result<(), Error> {
        self.0.lock().unwrap().push(reply.until);
        Ok(())
    }
}

#[test]
fn a_reply_is_kept_for_two_windows() {
    let clock = Clock::at(NOW);
    let departures = Arc::new(Departures::default());
    let app = app_at(&clock).window(Duration::from_secs(100)).guard(departures.clone(), "c").unwrap();
    let (query, body) = sender().post(text(NOW, "1", "a").as_bytes(), NOW, "n").unwrap();
    app.open(&query, &body).unwrap().reply(b"r").unwrap();
    assert_eq!(*departures.0.lock().unwrap(), [Duration::from_secs(NOW + 200)]);
}

#[test]
fn a_reply_uses_the_key_that_opened_the_event() {
    let clock = Clock::at(NOW);
    let app = app_at(&clock).previous("old", OTHER_KEY).unwrap();
    let old = Sender::new("old", OTHER_KEY, CORP).unwrap();
    for (from, other) in [(&old, &sender()), (&sender(), &old)] {
        let (query, body) = from.post(text(NOW, "1", "a").as_bytes(), NOW, "n").unwrap();
        let reply = app.open(&query, &body).unwrap().reply(b"ok").unwrap().to_xml();
        assert_eq!(from.open_reply(&reply).unwrap().expose_secret(), b"ok");
        assert_eq!(other.open_reply(&reply).err(), Some(Error::Callback));
    }
    // The same token with two keys: both are tried.
    let app = app_at(&clock).previous(TOKEN, OTHER_KEY).unwrap();
    for key in [KEY, OTHER_KEY] {
        let from = Sender::new(TOKEN, key, CORP).unwrap();
        let (query, body) = from.post(text(NOW, key, "a").as_bytes(), NOW, "n").unwrap();
        let reply = app.open(&query, &body).unwrap().reply(b"ok").unwrap().to_xml();
        assert_eq!(from.open_reply(&reply).unwrap().expose_secret(), b"ok");
    }
}

#[test]
fn equal_messages_encrypt_differently() {
    let (_, one) = sender().post(b"a", NOW, "n").unwrap();
    let (_, two) = sender().post(b"a", NOW, "n").unwrap();
    let encrypt = |body: &[u8]| Envelope::parse(body).unwrap().encrypt().to_owned();
    assert_ne!(encrypt(&one), encrypt(&two));
}

// --- sizes and forms -----------------------------------------------------------------------------------------------

#[test]
fn sizes_hold_at_their_bounds() {
    let clock = Clock::at(NOW);
    let app = app_at(&clock).without_guard();
    let (query, body) = sender().post(text(NOW, "1", "a").as_bytes(), NOW, "n").unwrap();
    let padded = |len: usize| {
        let mut body = body.clone();
        body.resize(len, b' ');
        body
    };
    assert!(app.open(&query, &padded(Callback::MAX_BODY)).is_ok());
    assert_eq!(app.open(&query, &padded(Callback::MAX_BODY + 1)).err(), Some(Error::TooLong));
    let long = |len: usize| format!("{query}&x={}", "y".repeat(len - query.len() - 3));
    assert!(app.open(&long(Callback::MAX_QUERY), &body).is_ok());
    assert_eq!(app.open(&long(Callback::MAX_QUERY + 1), &body).err(), Some(Error::TooLong));
    assert_eq!(app.verify_url(&long(Callback::MAX_QUERY + 1)).err(), Some(Error::TooLong));
}

#[test]
fn every_bit_and_every_truncation_of_a_request_is_refused() {
    let clock = Clock::at(NOW);
    let app = loose_at(&clock).without_guard();
    let (query, body) = sender().post_json(text(NOW, "1", "a").as_bytes(), NOW, "nonce-1").unwrap();
    assert!(app.open(&query, &body).is_ok());
    for len in 0..body.len() {
        assert_eq!(app.open(&query, &body[..len]).err(), Some(Error::CallbackFormat));
    }
    for at in 0..body.len() * 8 {
        let mut body = body.clone();
        body[at / 8] ^= 1 << (at % 8);
        let refused = app.open(&query, &body).err();
        // "encrypt" and "Encrypt" are one bit apart.
        let is_case = Envelope::parse(&body).is_ok() && body.starts_with(b"{\"Encrypt");
        assert!(is_case || matches!(refused, Some(Error::Callback | Error::CallbackFormat)), "{at}");
    }
    for at in 0..query.len() * 8 {
        let mut bytes = query.clone().into_bytes();
        bytes[at / 8] ^= 1 << (at % 8);
        if let Ok(query) = String::from_utf8(bytes) {
            assert!(app.open(&query, &body).is_err(), "{query}");
        }
    }
}

#[test]
fn an_operator_is_told_the_likely_cause() {
    let clock = Clock::at(NOW);
    let app = app_at(&clock);
    let (query, body) = sender().post(text(NOW, "1", "a").as_bytes(), NOW, "n").unwrap();
    let cause = |query: &str, body: &[u8]| {
        let diagnosis = app.diagnose(query, body);
        assert_eq!(diagnosis.to_string(), format!("{}: {}", diagnosis.code(), diagnosis.cause()));
        (diagnosis.code(), diagnosis.cause())
    };
    let encrypt = Envelope::parse(&body).unwrap().encrypt().to_owned();
    let other_key = Sender::new(TOKEN, OTHER_KEY, CORP).unwrap();
    let (key_query, key_body) = other_key.post(text(NOW, "1", "a").as_bytes(), NOW, "n").unwrap();
    let old = sender().post(text(NOW - 301, "1", "a").as_bytes(), NOW - 301, "n").unwrap();
    let unbound = sender().post(text(NOW - 301, "1", "a").as_bytes(), NOW, "n").unwrap();
    let bare = sender().post(b"<xml/>", NOW, "n").unwrap();
    let with_plus = {
        let mut encrypt = encrypt.clone();
        encrypt.replace_range(0..1, "+");
        encrypt
    };
    for (query, body, code, word) in [
        (query.replace("msg_signature", "signature"), body.clone(), -40001, "secure mode"),
        (query.replace("nonce=n", "nonce=m"), body.clone(), -40001, "token"),
        (query.replace("1409659813", "1409659813000"), body.clone(), -40001, "milliseconds"),
        (query.clone(), xml(&with_plus[1..].replace('=', " ")), -40010, ""),
        (query.clone(), xml(&format!("A {}", &with_plus[2..])), -40010, "decoded twice"),
        (query.clone(), b"hello".to_vec(), -40002, "XML"),
        (query.clone(), b"{}".to_vec(), -40002, "XML"),
        (query.replace("nonce=n", "x=n"), body.clone(), -40002, "missing"),
        (format!("{query}&nonce=n"), body.clone(), -40002, "twice"),
        (key_query, key_body, -40007, "EncodingAESKey"),
        (old.0, old.1, -40001, "clock"),
        (unbound.0, unbound.1, -40001, "own time"),
        (bare.0, bare.1, -40001, "no time"),
    ] {
        let (found, cause) = cause(&query, &body);
        assert_eq!(found, code, "{cause}");
        assert!(cause.contains(word), "{cause}");
        assert!(!cause.contains(TOKEN));
    }
    // The value of the plain `signature` parameter: sha1 of the sorted token, timestamp and nonce.
    let app = Callback::custom("AAAAA", KEY, ReceiveId::Any, ReceiveId::Any).unwrap();
    let query = "msg_signature=6c5c811b55cc85e0e1b54100749188c20beb3f5d&timestamp=1714112445&nonce=415670741";
    let diagnosis = app.diagnose(query, &xml(&encrypt));
    assert_eq!(diagnosis.code(), -40001);
    assert!(diagnosis.cause().contains("does not cover the body"), "{diagnosis}");
}

#[test]
fn nothing_secret_is_shown() {
    let clock = Clock::at(NOW);
    let app = app_at(&clock);
    let (query, body) = sender().post(text(NOW, "1", "confidential").as_bytes(), NOW, "n").unwrap();
    let event = app.open(&query, &body).unwrap();
    let echo = app.verify_url(&sender().get("confidential", NOW, "n").unwrap()).unwrap();
    let shown = format!("{app:?} {event:?} {:?} {echo:?} {:?}", event.inner().unwrap(), sender());
    for secret in [TOKEN, KEY, "confidential", CORP] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
