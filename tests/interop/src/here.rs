//! This side of the wire, and each form that a message takes on its way from here.

use std::time::Duration;

use tenantseal::{
    Error,
    wecom::{BizMsgCrypt, Callback, Event, ReceiveId, sender::Sender},
};

use crate::{case::Case, wire::Wire};

/// What is sent from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    PostXml,
    PostJson,
    EventReplyXml,
    EventReplyJson,
    EncryptMsgXml,
    EncryptMsgJson,
    UrlCheck,
}

impl Form {
    pub const ALL: [Self; 7] = [
        Self::PostXml,
        Self::PostJson,
        Self::EventReplyXml,
        Self::EventReplyJson,
        Self::EncryptMsgXml,
        Self::EncryptMsgJson,
        Self::UrlCheck,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Self::PostXml => "message, XML (Sender::post)",
            Self::PostJson => "message, JSON (Sender::post_json)",
            Self::EventReplyXml => "reply, XML (Event::reply)",
            Self::EventReplyJson => "reply, JSON (Event::reply)",
            Self::EncryptMsgXml => "reply, XML (BizMsgCrypt::encrypt_msg)",
            Self::EncryptMsgJson => "reply, JSON (BizMsgCrypt::encrypt_msg)",
            Self::UrlCheck => "URL check (Sender::get)",
        }
    }
}

/// This side, with the credentials of one message.
pub struct Here {
    /// With binding and guard.
    pub callback: Callback,
    pub crypt: BizMsgCrypt,
    pub sender: Sender,
}

impl Here {
    pub fn new(case: &Case) -> Result<Self, Error> {
        Ok(Self {
            callback: callback(case, case.timestamp)?,
            crypt: BizMsgCrypt::new(&case.token, &case.key, &case.receive_id)?,
            sender: Sender::new(&case.token, &case.key, &case.receive_id)?,
        })
    }

    pub fn send(&self, case: &Case, form: Form) -> Result<Wire, String> {
        let text = case.text.as_bytes();
        let body = |body: String| Wire { query: None, body: Some(body) };
        let encrypt_msg = || {
            let timestamp = case.timestamp.to_string();
            self.crypt.encrypt_msg(text, &case.nonce, Some(&timestamp)).map_err(|refused| refused.to_string())
        };
        match form {
            Form::PostXml | Form::PostJson => self.post(case, form == Form::PostXml).map_err(readable),
            Form::EventReplyXml | Form::EventReplyJson => {
                let request = self.post(case, form == Form::EventReplyXml).map_err(readable)?;
                let event = open(&self.callback, &request).map_err(readable)?;
                event.reply(text).map(|reply| body(reply.to_body())).map_err(readable)
            }
            Form::EncryptMsgXml => encrypt_msg().map(|reply| body(reply.to_xml())),
            Form::EncryptMsgJson => encrypt_msg().map(|reply| body(reply.to_json())),
            Form::UrlCheck => {
                let query = self.sender.get(&case.echo, case.timestamp, &case.nonce).map_err(readable)?;
                Ok(Wire { query: Some(query), body: None })
            }
        }
    }

    fn post(&self, case: &Case, xml: bool) -> Result<Wire, Error> {
        let text = case.text.as_bytes();
        let (query, body) = if xml {
            self.sender.post(text, case.timestamp, &case.nonce)?
        } else {
            self.sender.post_json(text, case.timestamp, &case.nonce)?
        };
        Ok(Wire { query: Some(query), body: Some(String::from_utf8_lossy(&body).into_owned()) })
    }
}

/// A callback for one message, with the clock at `now`.
pub fn callback(case: &Case, now: u64) -> Result<Callback, Error> {
    let receive_id = match case.receive_id.as_str() {
        "" => ReceiveId::Empty,
        id => ReceiveId::Exact(id.to_owned()),
    };
    let callback = Callback::custom(&case.token, &case.key, receive_id.clone(), receive_id)?;
    Ok(callback.clock(move || Duration::from_secs(now)))
}

pub fn open(callback: &Callback, wire: &Wire) -> Result<Event, Error> {
    let (query, body) = (wire.query.as_deref(), wire.body.as_deref());
    callback.open(query.unwrap_or_default(), body.unwrap_or_default().as_bytes())
}

pub fn readable(error: Error) -> String {
    error.to_string()
}
