//! WeCom callbacks, beside SHA-1, base64 and AES-CBC on the same bytes.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc
)]

#[path = "floor.rs"]
mod floor;

use std::{
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use criterion::{Criterion, criterion_group, criterion_main};
use tenantseal::wecom::{Binding, Callback, sender::Sender};

const TOKEN: &str = "QDG6eK";
const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
const CORP: &str = "wx5823bf96d3bd56c7";
const NOW: u64 = 1_409_659_813;
/// Messages in a round: each is new to the guard. Between two rounds everything in it runs out.
const ROUND: usize = 256;

fn callback() -> Callback {
    Callback::company_app(TOKEN, KEY, CORP).unwrap().clock(|| Duration::from_secs(NOW))
}

fn message(number: usize, now: u64, content: usize) -> String {
    format!(
        "<xml><ToUserName><![CDATA[{CORP}]]></ToUserName>\n<FromUserName><![CDATA[mycreate]]></FromUserName>\n\
         <CreateTime>{now}</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA[{}]]></Content>\n\
         <MsgId>{:019}</MsgId>\n<AgentID>218</AgentID>\n</xml>",
        "h".repeat(content),
        number
    )
}

/// What the XML reader costs by itself: every event of a document.
fn read_xml(document: &[u8]) -> usize {
    let mut reader = quick_xml::Reader::from_reader(document);
    let mut events = 0;
    while reader.read_event().unwrap() != quick_xml::events::Event::Eof {
        events += 1;
    }
    events
}

/// The text of `Encrypt`, out of a body.
fn encrypt(body: &[u8]) -> &str {
    let body = core::str::from_utf8(body).unwrap();
    body.split("<Encrypt><![CDATA[").nth(1).unwrap().split("]]>").next().unwrap()
}

fn open(criterion: &mut Criterion) {
    let sender = Sender::new(TOKEN, KEY, CORP).unwrap();
    // 5 characters give an Encrypt of 472 characters, as the official sample has.
    for (name, content) in [("472", 5), ("64k", 65_000)] {
        let round = if content > 1_000 { 64 } else { ROUND };
        let text = message(1, NOW, content);
        let (query, body) = &sender.post(text.as_bytes(), NOW, "1372623149").unwrap();
        if name == "472" {
            assert_eq!(encrypt(body).len(), 472);
        }
        let mut group = criterion.benchmark_group(format!("wecom_open_{name}"));
        let key = floor::Cbc::new(&[7; 32]);
        let timestamp = NOW.to_string();
        // Where the ciphertext stands is given: finding it is no primitive.
        let encrypt = encrypt(body).as_bytes();
        let primitives = |buffer: &mut [u8]| {
            let encrypt = black_box(encrypt);
            let parts = [timestamp.as_bytes(), b"1372623149", TOKEN.as_bytes(), encrypt];
            let digest = floor::sha1(&parts);
            let out = base64_simd::Out::from_slice(buffer);
            let block = base64_simd::STANDARD.decode(encrypt, out).unwrap();
            key.decrypt(&[1; 16], block);
            (digest, block[0])
        };
        let mut buffer = vec![0; encrypt.len()];
        group.bench_function("floor", |b| b.iter(|| primitives(&mut buffer)));
        // The same with the XML reader on the body, and on the body and the message.
        group.bench_function("floor_body", |b| {
            b.iter(|| (primitives(&mut buffer), read_xml(black_box(body))));
        });
        group.bench_function("floor_both", |b| {
            b.iter(|| {
                (primitives(&mut buffer), read_xml(black_box(body)), read_xml(black_box(text.as_bytes())))
            });
        });
        let bare = callback().binding(Binding::Off).without_guard();
        group.bench_function("ours_bare", |b| {
            b.iter(|| bare.open(black_box(query), black_box(body)).unwrap());
        });
        let bound = callback().without_guard();
        group.bench_function("ours_bound", |b| {
            b.iter(|| bound.open(black_box(query), black_box(body)).unwrap());
        });
        let time = Arc::new(AtomicU64::new(NOW));
        let clock = Arc::clone(&time);
        let whole = callback().clock(move || Duration::from_secs(clock.load(Relaxed)));
        group.bench_function("ours", |b| {
            b.iter_custom(|iterations| {
                let (mut left, mut spent) = (usize::try_from(iterations).unwrap(), Duration::ZERO);
                while left > 0 {
                    let now = time.fetch_add(2_000, Relaxed) + 2_000;
                    let posts: Vec<(String, Vec<u8>)> = (0..round.min(left))
                        .map(|number| message(number, now, content))
                        .map(|text| sender.post(text.as_bytes(), now, "1372623149").unwrap())
                        .collect();
                    let start = Instant::now();
                    for (query, body) in &posts {
                        let event = whole.open(query, body).unwrap();
                        debug_assert!(event.is_fresh());
                        black_box(event);
                    }
                    spent += start.elapsed();
                    left -= posts.len();
                }
                spent
            });
        });
        group.finish();
    }
}

fn reply(criterion: &mut Criterion) {
    let sender = Sender::new(TOKEN, KEY, CORP).unwrap();
    let text = message(1, NOW, 5);
    let (query, body) = sender.post(text.as_bytes(), NOW, "1372623149").unwrap();
    let event = callback().without_guard().open(&query, &body).unwrap();
    let mut group = criterion.benchmark_group("wecom_reply");
    group.bench_function("floor", |b| {
        let key = floor::Cbc::new(&[7; 32]);
        let timestamp = NOW.to_string();
        b.iter(|| {
            let mut random = [0; 16];
            getrandom::fill(&mut random).unwrap();
            let mut block = [0; 352];
            block[..16].copy_from_slice(&random);
            key.encrypt(&[1; 16], &mut block);
            let encrypt = base64_simd::STANDARD.encode_to_string(block);
            floor::sha1(&[timestamp.as_bytes(), b"1372623149", TOKEN.as_bytes(), encrypt.as_bytes()])
        });
    });
    group.bench_function("ours", |b| b.iter(|| event.reply(black_box(text.as_bytes())).unwrap().to_xml()));
    group.finish();
}

/// Bodies that are refused, at half and at all of the size that is taken: the time must not grow faster.
fn refuse(criterion: &mut Criterion) {
    let app = callback();
    let query = format!("msg_signature={}&timestamp={NOW}&nonce=1", "0".repeat(40));
    let fill = |head: &str, piece: &str, tail: &str, len: usize| {
        let count = (len - head.len() - tail.len()) / piece.len();
        format!("{head}{}{tail}", piece.repeat(count))
    };
    for (name, head, piece, tail) in [
        ("attributes", "<xml", " a=''", "><Encrypt>A</Encrypt></xml>"),
        ("cdata", "<xml><Encrypt>", "<![CDATA[A]]>", "</Encrypt></xml>"),
        ("comments", "<xml><Encrypt>A</Encrypt>", "<!---->", "</xml>"),
        ("elements", "<xml><Encrypt>A</Encrypt>", "<a>b</a>", "</xml>"),
        ("open_tags", "", "<a>", ""),
        ("quote", "<xml a='", "<", ""),
        ("json_escapes", "{\"encrypt\":\"", "\\u0041", "\"}"),
        ("json_keys", "{\"encrypt\":\"A\"", ",\"a\":1", "}"),
        ("json_open", "{\"a\":", "[", ""),
    ] {
        let mut group = criterion.benchmark_group(format!("wecom_refuse_{name}"));
        for (row, len) in [("floor", Callback::MAX_BODY / 2), ("twice_the_size", Callback::MAX_BODY)] {
            let body = fill(head, piece, tail, len);
            assert!(app.open(&query, body.as_bytes()).is_err());
            group.bench_function(row, |b| b.iter(|| app.open(black_box(&query), black_box(body.as_bytes()))));
        }
        group.finish();
    }
}

fn config() -> Criterion {
    Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2))
}

criterion_group!(name = benches; config = config(); targets = open, reply, refuse);
criterion_main!(benches);
