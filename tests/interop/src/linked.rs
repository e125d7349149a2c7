//! The crate wecom-crypto, behind the line protocol of ../README.md. It takes ciphertexts: what reads and writes XML, JSON
//! and queries here is this program's.

use std::{hint::black_box, time::Instant};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use wecom_crypto::{Agent, Source};

pub fn answer(request: &Value) -> Value {
    let result = match text(request, "op") {
        "hello" => Ok(json!({"name": "wecom-crypto", "version": version()})),
        "open" => open(request),
        "seal" => seal(request),
        "bench" => bench(request),
        _ => Err("no such operation".to_owned()),
    };
    result.unwrap_or_else(|error| json!({ "error": error }))
}

/// What is signed, and the signature.
struct Signed {
    signature: String,
    timestamp: String,
    nonce: String,
    encrypt: String,
}

impl Signed {
    fn read(request: &Value) -> Option<Self> {
        let body = request.get("body").and_then(Value::as_str);
        let body = body.map(|body| String::from_utf8(STANDARD.decode(body).ok()?).ok());
        let document = match &body {
            Some(body) => Document::parse(body.as_deref()?)?,
            None => Document::None,
        };
        let Some(query) = request.get("query").and_then(Value::as_str) else {
            return Some(Self {
                signature: document.field("msgsignature", "MsgSignature")?,
                timestamp: document.field("timestamp", "TimeStamp")?,
                nonce: document.field("nonce", "Nonce")?,
                encrypt: document.field("encrypt", "Encrypt")?,
            });
        };
        let parameter = |name: &str| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        Some(Self {
            signature: parameter("msg_signature")?,
            timestamp: parameter("timestamp")?,
            nonce: parameter("nonce")?,
            encrypt: match document {
                Document::None => parameter("echostr")?,
                _ => document.field("encrypt", "Encrypt")?,
            },
        })
    }

    fn is_right(&self, agent: &Agent) -> bool {
        agent.generate_signature(&[&self.timestamp, &self.nonce, &self.encrypt]) == self.signature
    }
}

enum Document<'a> {
    Json(Value),
    None,
    Xml(&'a str),
}

impl<'a> Document<'a> {
    fn parse(body: &'a str) -> Option<Self> {
        if body.starts_with('{') {
            serde_json::from_str(body).ok().map(Self::Json)
        } else {
            Some(Self::Xml(body))
        }
    }

    fn field(&self, in_json: &str, in_xml: &str) -> Option<String> {
        match self {
            Self::None => None,
            Self::Json(json) => match json.get(in_json)? {
                Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            },
            Self::Xml(xml) => {
                let (_, rest) = xml.split_once(&format!("<{in_xml}>"))?;
                let (value, _) = rest.split_once(&format!("</{in_xml}>"))?;
                let inner = value.strip_prefix("<![CDATA[").and_then(|value| value.strip_suffix("]]>"));
                Some(inner.unwrap_or(value).to_owned())
            }
        }
    }
}

fn open(request: &Value) -> Result<Value, String> {
    let signed = Signed::read(request).ok_or("cannot be read")?;
    let agent = agent(request);
    if !signed.is_right(&agent) {
        return Ok(json!({"refused": "signature"}));
    }
    let Source { text, receive_id } = agent.decrypt(&signed.encrypt).map_err(|error| error.to_string())?;
    Ok(json!({"text": STANDARD.encode(text), "id": receive_id}))
}

fn seal(request: &Value) -> Result<Value, String> {
    let plaintext = STANDARD.decode(text(request, "text")).map_err(|error| error.to_string())?;
    let plaintext = String::from_utf8(plaintext).map_err(|error| error.to_string())?;
    let (timestamp, nonce) = (text(request, "timestamp"), text(request, "nonce"));
    let agent = agent(request);
    let encrypt = agent.encrypt(&Source { text: plaintext, receive_id: text(request, "id").to_owned() });
    let signature = agent.generate_signature(&[timestamp, nonce, &encrypt]);
    if text(request, "form") == "ciphertext" {
        return Ok(json!({"encrypt": encrypt, "signature": signature}));
    }
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("msg_signature", &signature)
        .append_pair("timestamp", timestamp)
        .append_pair("nonce", nonce)
        .append_pair("echostr", &encrypt)
        .finish();
    Ok(json!({ "query": query }))
}

fn bench(request: &Value) -> Result<Value, String> {
    let signed = Signed::read(request).ok_or("cannot be read")?;
    let agent = agent(request);
    let count = request.get("count").and_then(Value::as_u64).ok_or("no count")?;
    let once = || {
        if !black_box(&signed).is_right(&agent) {
            return Err("signature".to_owned());
        }
        agent.decrypt(&signed.encrypt).map(black_box).map(drop).map_err(|error| error.to_string())
    };
    for _ in 0..count / 4 {
        once()?;
    }
    let start = Instant::now();
    for _ in 0..count {
        once()?;
    }
    Ok(json!({"ns": start.elapsed().as_secs_f64() * 1e9}))
}

fn agent(request: &Value) -> Agent {
    Agent::new(text(request, "token"), text(request, "key"))
}

fn text<'a>(request: &'a Value, name: &str) -> &'a str {
    request.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// From the lock file, which is what was built.
fn version() -> &'static str {
    let package = include_str!("../Cargo.lock")
        .split("[[package]]")
        .find(|package| package.lines().any(|line| line == "name = \"wecom-crypto\""));
    let line = package.and_then(|package| package.lines().find_map(|line| line.strip_prefix("version = ")));
    line.unwrap_or_default().trim_matches('"')
}
