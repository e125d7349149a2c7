//! This library as one more peer of `interop bench`: a program of its own for each backend, which answers as the others do.

use std::{
    hint::black_box,
    io::{self, BufRead as _, Write as _},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tenantseal::{
    Error,
    wecom::{Binding, BizMsgCrypt, Callback, sender::Sender},
};

pub const TOKEN: &str = "QDG6eK";
pub const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
pub const CORP: &str = "wx5823bf96d3bd56c7";
pub const NOW: u64 = 1_409_659_813;
pub const NONCE: &str = "1372623149";

/// A message as benches/wecom.rs has it.
pub fn message(number: usize, now: u64, content: usize) -> String {
    format!(
        "<xml><ToUserName><![CDATA[{CORP}]]></ToUserName>\n<FromUserName><![CDATA[mycreate]]></FromUserName>\n\
         <CreateTime>{now}</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA[{}]]></Content>\n\
         <MsgId>{:019}</MsgId>\n<AgentID>218</AgentID>\n</xml>",
        "h".repeat(content),
        number
    )
}

/// What is measured of this library.
#[derive(Clone, Copy, Debug)]
pub enum Subject {
    DecryptMsg,
    Open,
    OpenGuarded,
}

impl Subject {
    pub const ALL: [Self; 3] = [Self::DecryptMsg, Self::Open, Self::OpenGuarded];

    pub fn name(self) -> &'static str {
        match self {
            Self::DecryptMsg => "BizMsgCrypt::decrypt_msg",
            Self::Open => "Callback::open, unbound, no guard",
            Self::OpenGuarded => "Callback::open, bound, guard",
        }
    }

    /// What it looks at.
    pub fn checks(self) -> &'static str {
        match self {
            Self::DecryptMsg => {
                "XML, grammars, signature, decryption, padding, lengths, receiveid, message's own time; wiped"
            }
            Self::Open => {
                "query, XML, grammars, signature, decryption, padding, lengths, receiveid, clock; wiped"
            }
            Self::OpenGuarded => "as above, and message's own time, and whether it came before",
        }
    }
}

pub fn serve() -> Result<(), String> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line.map_err(|error| error.to_string())?;
        let answer = serde_json::from_str(&line)
            .map_err(|error| error.to_string())
            .and_then(|request| bench(&request));
        let answer = answer.unwrap_or_else(|error| json!({ "error": error }));
        writeln!(out, "{answer}").and_then(|()| out.flush()).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn bench(request: &Value) -> Result<Value, String> {
    let text = |name: &str| request.get(name).and_then(Value::as_str).ok_or_else(|| format!("no {name}"));
    if text("op")? == "hello" {
        return Ok(json!({"name": "tenantseal", "version": "here"}));
    }
    let count = request.get("count").and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok());
    let count = count.ok_or("no count")?;
    let body = STANDARD.decode(text("body")?).map_err(|error| error.to_string())?;
    let query = text("query")?;
    let subject = text("subject")?;
    let subject = Subject::ALL.into_iter().find(|known| known.name() == subject).ok_or("no such subject")?;
    let ns = match subject {
        Subject::DecryptMsg => {
            let call = decrypt_msg(query, &body)?;
            timed(count, call)?
        }
        Subject::Open => {
            let callback = callback().map_err(readable)?.binding(Binding::Off).without_guard();
            timed(count, || callback.open(black_box(query), black_box(&body)).map(drop).map_err(readable))?
        }
        Subject::OpenGuarded => {
            let content =
                request.get("content").and_then(Value::as_u64).and_then(|len| usize::try_from(len).ok());
            guarded(count, content.ok_or("no content")?).map_err(readable)?
        }
    };
    Ok(json!({ "ns": ns }))
}

/// The call of the three that opens, with parameters that were split before.
pub fn decrypt_msg<'a>(
    query: &'a str,
    body: &'a [u8],
) -> Result<impl FnMut() -> Result<(), String> + 'a, String> {
    let crypt = BizMsgCrypt::new(TOKEN, KEY, CORP).map_err(readable)?;
    let value = |name: &str| {
        let found = query.split('&').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
        found.ok_or_else(|| format!("no {name}"))
    };
    let (signature, timestamp, nonce) = (value("msg_signature")?, value("timestamp")?, value("nonce")?);
    Ok(move || {
        let opened =
            crypt.decrypt_msg(black_box(body), signature.as_bytes(), timestamp.as_bytes(), nonce.as_bytes());
        opened.map(|text| drop(black_box(text))).map_err(|refused| refused.to_string())
    })
}

pub fn callback() -> Result<Callback, Error> {
    Ok(Callback::company_app(TOKEN, KEY, CORP)?.clock(|| Duration::from_secs(NOW)))
}

fn timed(count: usize, mut call: impl FnMut() -> Result<(), String>) -> Result<f64, String> {
    for _ in 0..count / 4 {
        call()?;
    }
    let start = Instant::now();
    for _ in 0..count {
        call()?;
    }
    Ok(start.elapsed().as_secs_f64() * 1e9)
}

/// Each message is new to the guard, and between two rounds all that is in it runs out.
pub fn guarded(count: usize, content: usize) -> Result<f64, Error> {
    let time = Arc::new(AtomicU64::new(NOW));
    let clock = Arc::clone(&time);
    let callback = callback()?.clock(move || Duration::from_secs(clock.load(Relaxed)));
    let round = if content > 1_000 { 64 } else { 2_048 };
    let (mut left, mut spent) = (count, Duration::ZERO);
    while left > 0 {
        let posts = posts(round.min(left), time.fetch_add(2_000, Relaxed) + 2_000, content)?;
        let start = Instant::now();
        for (query, body) in &posts {
            black_box(callback.open(query, body)?);
        }
        spent += start.elapsed();
        left -= posts.len();
    }
    Ok(spent.as_secs_f64() * 1e9)
}

pub fn posts(count: usize, now: u64, content: usize) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let sender = Sender::new(TOKEN, KEY, CORP)?;
    (0..count).map(|number| sender.post(message(number, now, content).as_bytes(), now, NONCE)).collect()
}

fn readable(error: Error) -> String {
    error.to_string()
}
