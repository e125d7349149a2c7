//! One other implementation: a program that answers a line for a line, or the crate that is linked in here.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{case::Case, linked, wire::Wire};

/// What a peer's interface does not offer. Each is printed, and each is looked at: a case that it excludes is still
/// run, and is an error if it turns out to work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    NoEmptyReceiveId,
    NoReply,
    OwnHeading,
    PadsTo16,
    ReceiveIdUnseen,
}

impl Limit {
    pub fn reason(self) -> &'static str {
        match self {
            Self::NoEmptyReceiveId => "opens messages whose receiveid is not empty",
            Self::NoReply => {
                "gives a ciphertext and a signature; the XML and JSON around them are the driver's"
            }
            Self::OwnHeading => {
                "chooses its reply's timestamp and nonce itself, so a message's own time is not compared"
            }
            Self::PadsTo16 => "pads to a multiple of 16; a request is opened here if it is a multiple of 32",
            Self::ReceiveIdUnseen => "returns the text alone, so that there is no receiveid to compare",
        }
    }
}

/// What is known of a peer before it is asked.
pub struct Profile {
    name: &'static str,
    pub language: &'static str,
    pub limits: &'static [Limit],
    /// What of the format is the package's own, for the table of `interop bench`.
    pub opens: &'static str,
}

const PROFILES: [Profile; 6] = [
    Profile {
        name: "@wecom/crypto",
        language: "Node",
        limits: &[Limit::NoReply],
        opens: "signature, decryption; receiveid returned",
    },
    Profile {
        name: "github.com/silenceper/wechat/v2",
        language: "Go",
        limits: &[Limit::NoEmptyReceiveId, Limit::NoReply],
        opens: "signature, decryption, receiveid",
    },
    Profile { name: "tenantseal", language: "Rust", limits: &[], opens: "" },
    Profile {
        name: "wechatpy",
        language: "Python",
        limits: &[],
        opens: "XML, signature, decryption, receiveid",
    },
    Profile {
        name: "wecom-crypto",
        language: "Rust",
        limits: &[Limit::NoReply, Limit::PadsTo16],
        opens: "signature, decryption; receiveid returned",
    },
    Profile {
        name: "weixin-java-cp",
        language: "Java",
        limits: &[Limit::OwnHeading, Limit::ReceiveIdUnseen],
        opens: "XML, signature, decryption",
    },
];

pub struct Peer {
    pub name: String,
    pub version: String,
    pub profile: &'static Profile,
    way: Way,
}

enum Way {
    Linked,
    Program { child: Child, stdin: ChildStdin, stdout: BufReader<ChildStdout> },
}

/// What a peer made of a [`Wire`].
pub enum Opened {
    Text { text: Vec<u8>, receive_id: Option<String> },
    Refused(String),
    Failed(String),
}

impl Peer {
    /// The crate that is part of this program.
    pub fn linked() -> Result<Self, String> {
        Self::meet(Way::Linked)
    }

    /// Starts a program.
    pub fn start(launcher: &str) -> Result<Self, String> {
        let mut child = Command::new(launcher)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{launcher}: {error}"))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(format!("{launcher}: no pipes"));
        };
        Self::meet(Way::Program { child, stdin, stdout: BufReader::new(stdout) })
            .map_err(|error| format!("{launcher}: {error}"))
    }

    fn meet(mut way: Way) -> Result<Self, String> {
        let hello = way.ask(&json!({"op": "hello"}))?;
        let name = string(&hello, "name")?;
        let profile = PROFILES
            .iter()
            .find(|profile| profile.name == name)
            .ok_or_else(|| format!("nothing is known of a peer that is called {name}"))?;
        Ok(Self { version: string(&hello, "version")?, name, profile, way })
    }

    pub fn has(&self, limit: Limit) -> bool {
        self.profile.limits.contains(&limit)
    }

    pub fn open(&mut self, case: &Case, wire: &Wire) -> Result<Opened, String> {
        let answer = self.way.ask(&open_request(&case.token, &case.key, &case.receive_id, wire))?;
        Ok(if let Some(text) = answer.get("text").and_then(Value::as_str) {
            let text = STANDARD.decode(text).map_err(|error| format!("not base64: {error}"))?;
            let receive_id = answer.get("id").and_then(Value::as_str).map(str::to_owned);
            Opened::Text { text, receive_id }
        } else if let Some(reason) = answer.get("refused").and_then(Value::as_str) {
            Opened::Refused(reason.to_owned())
        } else {
            Opened::Failed(string(&answer, "error")?)
        })
    }

    /// A reply in the peer's own envelope.
    pub fn reply(&mut self, case: &Case) -> Result<String, String> {
        let body = string(&self.seal(case, "reply", &case.text)?, "body")?;
        let body = STANDARD.decode(body).map_err(|error| format!("not base64: {error}"))?;
        String::from_utf8(body).map_err(|error| error.to_string())
    }

    /// A ciphertext and its signature.
    pub fn ciphertext(&mut self, case: &Case, text: &str) -> Result<(String, String), String> {
        let answer = self.seal(case, "ciphertext", text)?;
        Ok((string(&answer, "encrypt")?, string(&answer, "signature")?))
    }

    /// The query string of a URL check.
    pub fn echo(&mut self, case: &Case) -> Result<String, String> {
        string(&self.seal(case, "echo", &case.echo)?, "query")
    }

    /// Nanoseconds for `count` messages, by the peer's own clock.
    pub fn bench(&mut self, mut request: Value, count: u64) -> Result<f64, String> {
        request["op"] = "bench".into();
        request["count"] = count.into();
        let answer = self.way.ask(&request)?;
        answer.get("ns").and_then(Value::as_f64).ok_or_else(|| answer.to_string())
    }

    fn seal(&mut self, case: &Case, form: &str, text: &str) -> Result<Value, String> {
        self.way.ask(&json!({
            "op": "seal",
            "form": form,
            "token": case.token,
            "key": case.key,
            "id": case.receive_id,
            "timestamp": case.timestamp.to_string(),
            "nonce": case.nonce,
            "text": STANDARD.encode(text),
        }))
    }
}

/// A line of the protocol: open this.
pub fn open_request(token: &str, key: &str, receive_id: &str, wire: &Wire) -> Value {
    let mut request = json!({"op": "open", "token": token, "key": key, "id": receive_id});
    if let Some(query) = &wire.query {
        request["query"] = query.as_str().into();
    }
    if let Some(body) = &wire.body {
        request["body"] = STANDARD.encode(body).into();
    }
    request
}

impl Way {
    fn ask(&mut self, request: &Value) -> Result<Value, String> {
        match self {
            Self::Linked => Ok(linked::answer(request)),
            Self::Program { stdin, stdout, .. } => {
                let mut line = request.to_string();
                line.push('\n');
                stdin.write_all(line.as_bytes()).map_err(|error| format!("cannot be asked: {error}"))?;
                line.clear();
                stdout.read_line(&mut line).map_err(|error| format!("no answer: {error}"))?;
                serde_json::from_str(&line).map_err(|error| format!("the answer {line:?}: {error}"))
            }
        }
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        if let Self::Program { child, .. } = self {
            // It has nothing to lose, and may be waiting for a line for ever.
            let _killed = child.kill();
            let _waited = child.wait();
        }
    }
}

fn string(answer: &Value, name: &str) -> Result<String, String> {
    let text = answer.get(name).and_then(Value::as_str);
    text.map(str::to_owned).ok_or_else(|| format!("no {name} in the answer {answer}"))
}
