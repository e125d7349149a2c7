//! Every message both ways, with one peer.

use core::fmt;
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use tenantseal::{
    Error,
    wecom::{Binding, Event, Inner},
};

use crate::{
    case::Case,
    here::{Form, Here, callback, open, readable},
    peer::{Limit, Opened, Peer},
    wire::Wire,
};

/// How often what was done.
#[derive(Default)]
pub struct Counts {
    /// Opened, and altered ones that were refused: by the peer, of ours.
    theirs: BTreeMap<&'static str, [u64; 2]>,
    /// The same, here, of the peer's.
    ours: BTreeMap<&'static str, [u64; 2]>,
    limits: BTreeMap<Limit, u64>,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (title, counts) in [("ours, opened there", &self.theirs), ("theirs, opened here", &self.ours)] {
            writeln!(f, "  {title:<52} {:>8}  {:>7}", "equal", "refused")?;
            for (way, [equal, refused]) in counts {
                writeln!(f, "    {way:<50} {equal:>8}  {refused:>7}")?;
            }
        }
        for (limit, count) in &self.limits {
            writeln!(f, "  EXCLUDED {count} times: it {}", limit.reason())?;
        }
        Ok(())
    }
}

/// Runs `count` messages, or fewer if `stop` is set. Ends at the first that goes wrong.
pub fn run(peer: &mut Peer, seed: u64, count: u64, stop: &AtomicBool) -> Result<Counts, String> {
    let mut counts = Counts::default();
    for index in 0..count {
        if stop.load(Relaxed) {
            break;
        }
        let case = Case::new(seed, index);
        message(peer, &case, &mut counts).map_err(|error| {
            stop.store(true, Relaxed);
            format!("{} {}: message {index} of seed {seed}: {error}", peer.name, peer.version)
        })?;
    }
    Ok(counts)
}

fn message(peer: &mut Peer, case: &Case, counts: &mut Counts) -> Result<(), String> {
    let here = Here::new(case).map_err(|error| format!("credentials: {error}"))?;
    for form in Form::ALL {
        let wire = here.send(case, form).map_err(|error| format!("{form:?} cannot be made here: {error}"))?;
        opened_there(peer, case, form, wire, counts).map_err(|error| format!("our {form:?}: {error}"))?;
    }
    opened_here(peer, case, &here, counts)?;
    if case.altered.is_some() {
        for_somebody_else(peer, case, counts).map_err(|error| format!("another receiveid: {error}"))?;
    }
    Ok(())
}

fn opened_there(
    peer: &mut Peer,
    case: &Case,
    form: Form,
    mut wire: Wire,
    counts: &mut Counts,
) -> Result<(), String> {
    if let Some(place) = case.altered {
        wire.alter(place)?;
    }
    let expected = if form == Form::UrlCheck { &case.echo } else { &case.text };
    let answer = peer.open(case, &wire)?;
    let row = counts.theirs.entry(form.title()).or_default();
    match answer {
        Opened::Refused(_) if case.altered.is_some() => row[1] += 1,
        Opened::Text { .. } if case.altered.is_some() => return Err("it was altered, and was opened".into()),
        Opened::Failed(_) if case.receive_id.is_empty() && peer.has(Limit::NoEmptyReceiveId) => {
            *counts.limits.entry(Limit::NoEmptyReceiveId).or_default() += 1;
        }
        Opened::Text { .. } if case.receive_id.is_empty() && peer.has(Limit::NoEmptyReceiveId) => {
            return Err("an empty receiveid is excluded, and was opened: the list of limits is wrong".into());
        }
        Opened::Text { text, receive_id } => {
            equal("text", &text, expected.as_bytes())?;
            if let Some(found) = receive_id {
                equal("receiveid", found.as_bytes(), case.receive_id.as_bytes())?;
            } else if peer.has(Limit::ReceiveIdUnseen) {
                *counts.limits.entry(Limit::ReceiveIdUnseen).or_default() += 1;
            }
            row[0] += 1;
        }
        Opened::Refused(reason) => return Err(format!("refused: {reason}")),
        Opened::Failed(reason) => return Err(format!("failed: {reason}")),
    }
    Ok(())
}

fn opened_here(peer: &mut Peer, case: &Case, here: &Here, counts: &mut Counts) -> Result<(), String> {
    if peer.has(Limit::NoReply) {
        *counts.limits.entry(Limit::NoReply).or_default() += 1;
    } else {
        let body = peer.reply(case)?;
        let outcome = own_reply(case, here, peer.has(Limit::OwnHeading), body, counts);
        outcome.map_err(|error| format!("its reply: {error}"))?;
    }
    let (encrypt, signature) = peer.ciphertext(case, &case.text)?;
    let fits = is_whole(peer, &encrypt, counts)?;
    for form in ["XML", "JSON"] {
        let outcome = wrapped(case, here, form, &encrypt, &signature, fits, counts);
        outcome.map_err(|error| format!("its ciphertext, in {form}: {error}"))?;
    }
    let query = peer.echo(case)?;
    let echo = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "echostr");
    let encrypt = echo.map(|(_, value)| value.into_owned()).ok_or("its URL check has no echostr")?;
    let fits = is_whole(peer, &encrypt, counts)?;
    url_check(case, here, query, fits, counts).map_err(|error| format!("its URL check: {error}"))
}

/// A message as it should be, but for its receiveid.
fn for_somebody_else(peer: &mut Peer, case: &Case, counts: &mut Counts) -> Result<(), String> {
    let other = case.with_receive_id(format!("{}x", case.receive_id));
    let there = Here::new(&other).map_err(readable)?;
    let row = counts.theirs.entry("message, XML, for another receiveid").or_default();
    match peer.open(case, &there.send(&other, Form::PostXml)?)? {
        Opened::Refused(_) | Opened::Failed(_) => row[1] += 1,
        // Its caller compares.
        Opened::Text { receive_id: Some(found), .. } => {
            equal("receiveid", found.as_bytes(), other.receive_id.as_bytes())?;
            row[1] += 1;
        }
        Opened::Text { receive_id: None, .. } if peer.has(Limit::ReceiveIdUnseen) => {
            *counts.limits.entry(Limit::ReceiveIdUnseen).or_default() += 1;
        }
        Opened::Text { receive_id: None, .. } => return Err("it was opened there".into()),
    }
    let (encrypt, signature) = peer.ciphertext(&other, &case.text)?;
    let query = format!("msg_signature={signature}&timestamp={}&nonce={}", case.timestamp, case.nonce);
    let wire = Wire { query: Some(query), body: Some(format!("{{\"encrypt\":\"{encrypt}\"}}")) };
    let row = counts.ours.entry("ciphertext, in JSON, for another receiveid").or_default();
    match open(&callback(case, case.timestamp).map_err(readable)?, &wire) {
        Err(Error::Callback) => row[1] += 1,
        Err(error) => return Err(readable(error)),
        Ok(_) => return Err("it was opened here".into()),
    }
    Ok(())
}

/// Whether a ciphertext of the peer's is one that is opened here.
fn is_whole(peer: &Peer, encrypt: &str, counts: &mut Counts) -> Result<bool, String> {
    let padding = encrypt.bytes().rev().take_while(|byte| *byte == b'=').count();
    let fits = (encrypt.len() / 4 * 3).checked_sub(padding).is_some_and(|len| len % 32 == 0);
    if !fits && !peer.has(Limit::PadsTo16) {
        return Err("its ciphertext is no multiple of 32".into());
    }
    if !fits {
        *counts.limits.entry(Limit::PadsTo16).or_default() += 1;
    }
    Ok(fits)
}

/// The reply in the peer's own XML: as a reply, as a request, and by the three calls.
fn own_reply(
    case: &Case,
    here: &Here,
    own_heading: bool,
    body: String,
    counts: &mut Counts,
) -> Result<(), String> {
    let mut wire = Wire { query: None, body: Some(body) };
    if let Some(place) = case.altered {
        wire.alter(place)?;
    }
    let body = wire.body.as_deref().unwrap_or_default();
    let inner = Inner::parse(body.as_bytes()).map_err(readable)?;
    let field = |name: &str| inner.get(name).ok_or_else(|| format!("no {name} in {body:?}"));
    let (signature, timestamp, nonce) = (field("MsgSignature")?, field("TimeStamp")?, field("Nonce")?);
    let query = format!("msg_signature={signature}&timestamp={timestamp}&nonce={nonce}");
    let expected = Expected { altered: case.altered.is_some(), fits: true, text: &case.text };

    let outcome = here.sender.open_reply(body);
    let outcome = outcome.as_ref().map(tenantseal::SecretBytes::expose_secret).map_err(|error| *error);
    expected.check("reply, its own XML (Sender::open_reply)", outcome, counts)?;

    let now = timestamp.parse().map_err(|_| format!("the timestamp {timestamp:?}"))?;
    let mut callback = callback(case, now).map_err(readable)?;
    if own_heading {
        callback = callback.binding(Binding::Off);
        *counts.limits.entry(Limit::OwnHeading).or_default() += 1;
    }
    let event = callback.open(&query, body.as_bytes());
    expected.event("reply, its own XML (Callback::open)", case, &event, counts)?;

    if !(own_heading && case.states_time) {
        let outcome = here.crypt.decrypt_msg(
            body.as_bytes(),
            signature.as_bytes(),
            timestamp.as_bytes(),
            nonce.as_bytes(),
        );
        let outcome =
            outcome.as_ref().map(tenantseal::SecretBytes::expose_secret).map_err(|_| Error::Callback);
        expected.check("reply, its own XML (BizMsgCrypt::decrypt_msg)", outcome, counts)?;
    }
    Ok(())
}

/// A ciphertext of the peer's in XML or JSON of the driver's: as a request, by the three calls, and as a reply.
fn wrapped(
    case: &Case,
    here: &Here,
    form: &str,
    encrypt: &str,
    signature: &str,
    fits: bool,
    counts: &mut Counts,
) -> Result<(), String> {
    let (timestamp, nonce) = (case.timestamp, &case.nonce);
    let query = format!("msg_signature={signature}&timestamp={timestamp}&nonce={nonce}");
    let is_xml = form == "XML";
    let body = if is_xml {
        format!("<xml><AgentID></AgentID><Encrypt>{encrypt}</Encrypt></xml>")
    } else {
        format!("{{\"encrypt\":\"{encrypt}\"}}")
    };
    let mut request = Wire { query: Some(query), body: Some(body) };
    let body = if is_xml {
        format!(
            "<xml><Nonce>{nonce}</Nonce><TimeStamp>{timestamp}</TimeStamp>\
             <MsgSignature>{signature}</MsgSignature><Encrypt>{encrypt}</Encrypt></xml>"
        )
    } else {
        format!(
            "{{\"nonce\":\"{nonce}\",\"timestamp\":\"{timestamp}\",\"msgsignature\":\"{signature}\",\
             \"encrypt\":\"{encrypt}\"}}"
        )
    };
    let mut reply = Wire { query: None, body: Some(body) };
    if let Some(place) = case.altered {
        request.alter(place)?;
        reply.alter(place)?;
    }
    let expected = Expected { altered: case.altered.is_some(), fits, text: &case.text };
    let titles = if is_xml {
        [
            "ciphertext, in XML (Callback::open)",
            "ciphertext, in XML (BizMsgCrypt::decrypt_msg)",
            "ciphertext, in XML (Sender::open_reply)",
        ]
    } else {
        [
            "ciphertext, in JSON (Callback::open)",
            "ciphertext, in JSON (BizMsgCrypt::decrypt_msg)",
            "ciphertext, in JSON (Sender::open_reply)",
        ]
    };

    // The other form is another callback's: a guard would know the message.
    let callback = callback(case, timestamp).map_err(readable)?;
    expected.event(titles[0], case, &open(&callback, &request), counts)?;

    let outcome = here.crypt.decrypt_msg(
        request.body.as_deref().unwrap_or_default().as_bytes(),
        signature.as_bytes(),
        timestamp.to_string().as_bytes(),
        nonce.as_bytes(),
    );
    let outcome = outcome.as_ref().map(tenantseal::SecretBytes::expose_secret).map_err(|_| Error::Callback);
    expected.check(titles[1], outcome, counts)?;

    let outcome = here.sender.open_reply(reply.body.as_deref().unwrap_or_default());
    let outcome = outcome.as_ref().map(tenantseal::SecretBytes::expose_secret).map_err(|error| *error);
    expected.check(titles[2], outcome, counts)
}

fn url_check(case: &Case, here: &Here, query: String, fits: bool, counts: &mut Counts) -> Result<(), String> {
    let mut wire = Wire { query: Some(query), body: None };
    if let Some(place) = case.altered {
        wire.alter(place)?;
    }
    let query = wire.query.as_deref().unwrap_or_default();
    let expected = Expected { altered: case.altered.is_some(), fits, text: &case.echo };
    let outcome = here.callback.verify_url(query);
    if let Ok(echo) = &outcome {
        equal("receiveid", echo.receive_id(), case.receive_id.as_bytes())?;
    }
    let outcome = outcome.as_ref().map(|echo| echo.as_bytes()).map_err(|error| *error);
    expected.check("URL check (Callback::verify_url)", outcome, counts)?;

    let parameter = |name: &str| {
        let found = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
        found.map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    let outcome = here.crypt.verify_url(
        parameter("msg_signature").as_bytes(),
        parameter("timestamp").as_bytes(),
        parameter("nonce").as_bytes(),
        parameter("echostr").as_bytes(),
    );
    let outcome = outcome.as_ref().map(|echo| echo.as_bytes()).map_err(|_| Error::Callback);
    expected.check("URL check (BizMsgCrypt::verify_url)", outcome, counts)
}

/// What must become of a message of the peer's.
struct Expected<'a> {
    altered: bool,
    fits: bool,
    text: &'a str,
}

impl Expected<'_> {
    fn event(
        &self,
        title: &'static str,
        case: &Case,
        event: &Result<Event, Error>,
        counts: &mut Counts,
    ) -> Result<(), String> {
        if let Ok(event) = event {
            equal("receiveid", event.receive_id(), case.receive_id.as_bytes())?;
            if !event.is_fresh() {
                return Err(format!("{title}: it is not fresh"));
            }
        }
        self.check(title, event.as_ref().map(Event::message).map_err(|error| *error), counts)
    }

    fn check(
        &self,
        title: &'static str,
        outcome: Result<&[u8], Error>,
        counts: &mut Counts,
    ) -> Result<(), String> {
        let row = counts.ours.entry(title).or_default();
        match outcome {
            Ok(text) if self.fits && !self.altered => {
                equal("text", text, self.text.as_bytes()).map_err(|error| format!("{title}: {error}"))?;
                row[0] += 1;
            }
            Ok(_) => return Err(format!("{title}: it was altered, or is no multiple of 32, and was opened")),
            Err(Error::Callback) if self.altered => row[1] += 1,
            // Counted where the limit is known.
            Err(Error::Callback) if !self.fits => {}
            Err(error) => return Err(format!("{title}: {error}")),
        }
        Ok(())
    }
}

fn equal(what: &str, found: &[u8], expected: &[u8]) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    let at = found.iter().zip(expected).take_while(|(found, expected)| found == expected).count();
    Err(format!("the {what} differs at byte {at}: {} bytes instead of {}", found.len(), expected.len()))
}
