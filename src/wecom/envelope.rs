//! Where the ciphertext is in a request's body: the XML or JSON around it.

mod json;

use core::{fmt, ops::ControlFlow, str};
use std::borrow::Cow;

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

pub(super) use json::Text;

use super::flat;
use crate::error::Error;

/// A request's body, taken apart but not yet authenticated.
///
/// `to_user_name` and `agent_id` are what the sender says of itself. They may choose which credentials to try,
/// nothing more.
///
/// # Example
///
/// ```
/// use tenantseal::wecom::Envelope;
///
/// let body = b"<xml><ToUserName><![CDATA[ww1]]></ToUserName><Encrypt><![CDATA[AAAA]]></Encrypt></xml>";
/// let envelope = Envelope::parse(body)?;
/// assert_eq!((envelope.encrypt(), envelope.to_user_name()), ("AAAA", Some("ww1")));
/// # Ok::<(), tenantseal::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Envelope<'a> {
    agent_id: Option<Cow<'a, [u8]>>,
    encrypt: Cow<'a, [u8]>,
    format: Format,
    to_user_name: Option<Cow<'a, [u8]>>,
}

/// What a document is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Xml,
}

impl<'a> Envelope<'a> {
    /// Parses a body of at most 1 MiB, UTF-8 with or without a byte order mark, XML or JSON by its first
    /// character.
    ///
    /// XML: one root element; no document type, no processing instruction, no entity; at most 8 levels; an
    /// element that is read is there once. JSON: one object, `encrypt` or `Encrypt` but not both, at most 32
    /// levels. Time and memory are linear in the size.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] over 1 MiB, [`Error::CallbackFormat`] for everything else.
    pub fn parse(body: &'a [u8]) -> Result<Self, Error> {
        if body.len() > MAX_BODY {
            return Err(Error::TooLong);
        }
        Self::read(body).ok_or(Error::CallbackFormat)
    }

    /// The ciphertext, as base64 text, without white space around it.
    #[must_use]
    pub fn encrypt(&self) -> &str {
        text(self.ciphertext())
    }

    /// [`Envelope::encrypt`] as bytes.
    pub(super) fn ciphertext(&self) -> &[u8] {
        let is_text = |byte: &u8| !is_space(*byte);
        let start = self.encrypt.iter().position(is_text).unwrap_or_default();
        let end = self.encrypt.iter().rposition(is_text).map_or(start, |last| last + 1);
        self.encrypt.get(start..end).unwrap_or_default()
    }

    /// The CorpID or suite id that the sender states; not authenticated.
    #[must_use]
    pub fn to_user_name(&self) -> Option<&str> {
        self.to_user_name.as_deref().map(text)
    }

    /// The agent id that the sender states; not authenticated.
    #[must_use]
    pub fn agent_id(&self) -> Option<&str> {
        self.agent_id.as_deref().map(text)
    }

    pub(super) fn format(&self) -> Format {
        self.format
    }

    fn read(body: &'a [u8]) -> Option<Self> {
        let (format, document) = document(body)?;
        let mut fields = Fields::default();
        match format {
            Format::Json => json::read(document, &mut fields)?,
            Format::Xml => read_xml(document, &mut fields)?,
        }
        let Fields([agent_id, encrypt, to_user_name]) = fields;
        Some(Self { agent_id, encrypt: encrypt?, format, to_user_name })
    }
}

impl fmt::Debug for Envelope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope").field("format", &self.format).finish_non_exhaustive()
    }
}

/// Tells XML from JSON and drops what may come before either.
pub(super) fn document(bytes: &[u8]) -> Option<(Format, &[u8])> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    match text.first()? {
        b'<' => Some((Format::Xml, text)),
        b'{' => Some((Format::Json, text)),
        _ => None,
    }
}

/// What is read of a body, in the order of [`Field`]: UTF-8.
#[derive(Default)]
struct Fields<'a>([Option<Cow<'a, [u8]>>; 3]);

#[derive(Clone, Copy)]
enum Field {
    AgentId,
    Encrypt,
    ToUserName,
}

impl<'a> Fields<'a> {
    fn slot(&mut self, field: Field) -> &mut Option<Cow<'a, [u8]>> {
        let Self([agent_id, encrypt, to_user_name]) = self;
        match field {
            Field::AgentId => agent_id,
            Field::Encrypt => encrypt,
            Field::ToUserName => to_user_name,
        }
    }
}

fn read_xml<'a>(document: &'a [u8], fields: &mut Fields<'a>) -> Option<()> {
    let mut once = true;
    let flat = flat::walk(document, |name, text| {
        if let Some(field) = xml_field(name) {
            once &= fields.slot(field).replace(Cow::Borrowed(text)).is_none();
        }
        ControlFlow::Continue(())
    });
    match flat {
        Some(()) => once.then_some(()),
        None => {
            *fields = Fields::default();
            read_any_xml(document, fields)
        }
    }
}

fn read_any_xml<'a>(document: &'a [u8], fields: &mut Fields<'a>) -> Option<()> {
    let mut reader = Reader::from_reader(document);
    reader.config_mut().expand_empty_elements = true;
    let (mut depth, mut rooted, mut first) = (0usize, false, true);
    // The element that is being read, and whether white space came after its text.
    let mut open: Option<(Field, bool)> = None;
    loop {
        // White space between children is nobody's: no event is made of it.
        reader.config_mut().trim_text_start = depth < 2;
        match reader.read_event() {
            Ok(Event::Start(tag)) if depth < MAX_DEPTH && open.is_none() && is_plain(&tag) => {
                if depth == 0 && rooted {
                    return None;
                }
                rooted = true;
                depth += 1;
                if depth == 2
                    && let Some(field) = xml_field(tag.name().into_inner().as_bytes())
                {
                    open = Some((field, false));
                    if fields.slot(field).replace(Cow::Borrowed(b"")).is_some() {
                        return None;
                    }
                }
            }
            Ok(Event::End(_)) => {
                depth = depth.checked_sub(1)?;
                open = None;
            }
            Ok(Event::Text(text)) => {
                let blank = is_blank(&text);
                match &mut open {
                    _ if blank && depth == 0 => {}
                    _ if depth == 0 => return None,
                    Some((field, gap)) if blank => *gap = !fields.slot(*field).as_ref()?.is_empty(),
                    Some(open) => append(fields, *open, text.into_inner())?,
                    None => {}
                }
            }
            Ok(Event::CData(_)) if depth == 0 => return None,
            Ok(Event::CData(text)) => {
                if let Some(open) = open {
                    append(fields, open, text.into_inner())?;
                }
            }
            Ok(Event::Comment(_)) if open.is_none() => {}
            Ok(Event::Decl(_)) if first => {}
            Ok(Event::Eof) => return (rooted && depth == 0).then_some(()),
            _ => return None,
        }
        first = false;
    }
}

/// Adds a piece of text to the element that is being read. Pieces with white space between them are not one
/// value.
fn append<'a>(fields: &mut Fields<'a>, (field, gap): (Field, bool), text: Cow<'a, str>) -> Option<()> {
    let value = fields.slot(field).as_mut()?;
    match &**value {
        b"" => *value = bytes(text),
        _ if gap => return None,
        _ => value.to_mut().extend_from_slice(text.as_bytes()),
    }
    Some(())
}

fn bytes(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

/// What was read is UTF-8.
fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap_or_default()
}

/// The elements that are read, by their exact names.
fn xml_field(name: &[u8]) -> Option<Field> {
    match name {
        b"AgentID" => Some(Field::AgentId),
        b"Encrypt" => Some(Field::Encrypt),
        b"ToUserName" => Some(Field::ToUserName),
        _ => None,
    }
}

/// A tag with a name, and attributes, if any, that are short and hold no reference.
pub(super) fn is_plain(tag: &BytesStart<'_>) -> bool {
    let attributes = tag.attributes_raw();
    !tag.name().into_inner().is_empty()
        && (attributes.is_empty() || attributes.len() <= MAX_ATTRIBUTES && !attributes.contains(['&', '<']))
}

/// Whether a text is XML's white space and nothing else. Unicode's other white space is text.
pub(super) fn is_blank(text: &str) -> bool {
    text.bytes().all(is_space)
}

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// The longest body, in bytes.
pub(super) const MAX_BODY: usize = 1 << 20;

const MAX_DEPTH: usize = 8;

const MAX_JSON_DEPTH: usize = 32;

/// The longest list of attributes that is passed over, in bytes.
const MAX_ATTRIBUTES: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn encrypt(body: &str) -> Option<String> {
        Envelope::parse(body.as_bytes()).ok().map(|envelope| envelope.encrypt().to_owned())
    }

    #[test]
    fn every_spelling_of_an_envelope_is_read() {
        for good in [
            "<xml><Encrypt>AA==</Encrypt></xml>",
            "\u{feff} \n<xml><Encrypt><![CDATA[AA==]]></Encrypt></xml>\n",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xml a=\"1\">\n <Encrypt>\n <![CDATA[AA==]]>\n </Encrypt ></xml>",
            "<xml><Encrypt> AA== \r\n</Encrypt><AgentID/><ToUserName></ToUserName></xml>",
            "<xml><Encrypt><![CDATA[AA]]><![CDATA[==]]></Encrypt></xml>",
            "<r><!-- c --><x><Encrypt>no</Encrypt></x>text<Encrypt>AA==</Encrypt></r><!-- c -->",
            "{\"encrypt\":\"AA==\"}",
            "\u{feff}{ \"ToUserName\": \"a\", \"Encrypt\": \"AA\\u003d=\", \"x\": [{\"Encrypt\": null}, 1.5, true]}\n",
            "{\"AgentID\":218,\"encrypt\":\"AA==\",\"tousername\":\"\"}",
        ] {
            assert_eq!(encrypt(good).as_deref(), Some("AA=="), "{good}");
        }
    }

    #[test]
    fn hints_are_read_and_nothing_is_copied() {
        let body =
            b"<xml><ToUserName><![CDATA[ww1]]></ToUserName><AgentID>7</AgentID><Encrypt>A</Encrypt></xml>";
        let envelope = Envelope::parse(body).unwrap();
        assert_eq!((envelope.to_user_name(), envelope.agent_id()), (Some("ww1"), Some("7")));
        assert!(matches!(envelope.encrypt, Cow::Borrowed(_)));
        let envelope = Envelope::parse(b"{\"encrypt\":\"A\",\"agentid\":7}").unwrap();
        assert_eq!((envelope.to_user_name(), envelope.agent_id()), (None, Some("7")));
        assert!(matches!(envelope.encrypt, Cow::Borrowed(_)));
    }

    #[test]
    fn whatever_is_not_one_envelope_is_refused() {
        let entity = "<xml><Encrypt>A&amp;</Encrypt></xml>";
        for bad in [
            "",
            " ",
            "[]",
            "\"A\"",
            "<xml/>",
            "<xml></xml>",
            "<xml><Encrypt>A</Encrypt>",
            "<xml><Encrypt>A</xml>",
            "<xml><Encrypt>A</Encrypt></xml>x",
            "<xml><Encrypt>A</Encrypt></xml><xml/>",
            "<xml><Encrypt>A</Encrypt></xml><![CDATA[]]>",
            "<xml><Encrypt>A</Encrypt></xml></xml>",
            "<xml><Encrypt>A</Encrypt><Encrypt>A</Encrypt></xml>",
            "<xml><Encrypt/><Encrypt>A</Encrypt></xml>",
            "<xml><Encrypt>A</Encrypt><AgentID/><AgentID/></xml>",
            "<xml><encrypt>A</encrypt></xml>",
            "<xml><ENCRYPT>A</ENCRYPT></xml>",
            "<Encrypt>A</Encrypt>",
            "<xml><Encrypt><b>A</b></Encrypt></xml>",
            "<xml><Encrypt>A<!-- c -->B</Encrypt></xml>",
            "<xml><Encrypt><![CDATA[A]]> <![CDATA[B]]></Encrypt></xml>",
            "<!DOCTYPE xml><xml><Encrypt>A</Encrypt></xml>",
            "<!DOCTYPE xml [<!ENTITY e \"A\">]><xml><Encrypt>&e;</Encrypt></xml>",
            "<?pi x?><xml><Encrypt>A</Encrypt></xml>",
            "<xml><?pi?><Encrypt>A</Encrypt></xml>",
            "<xml><?xml version=\"1.0\"?><Encrypt>A</Encrypt></xml>",
            entity,
            "<xml><x>&#65;</x><Encrypt>A</Encrypt></xml>",
            "<xml a=\"&lt;\"><Encrypt>A</Encrypt></xml>",
            "\u{feff}\u{feff}<xml><Encrypt>A</Encrypt></xml>",
            "{}",
            "{\"ENCRYPT\":\"A\"}",
            "{\"encrypt\":\"A\",\"encrypt\":\"A\"}",
            "{\"encrypt\":\"A\",\"Encrypt\":\"A\"}",
            "{\"encrypt\":\"A\"}x",
            "{\"encrypt\":\"A\"}{}",
            "{\"encrypt\":\"A\",}",
            "{\"encrypt\":null}",
            "{\"encrypt\":[\"A\"]}",
            "{\"encrypt\":\"A\"",
        ] {
            assert_eq!(Envelope::parse(bad.as_bytes()), Err(Error::CallbackFormat), "{bad}");
        }
        assert_eq!(Envelope::parse(b"<xml><Encrypt>\xff</Encrypt></xml>"), Err(Error::CallbackFormat));
        let wide = |big: bool| -> Vec<u8> {
            "<xml><Encrypt>A</Encrypt></xml>"
                .encode_utf16()
                .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
                .collect()
        };
        for big in [false, true] {
            assert_eq!(Envelope::parse(&wide(big)), Err(Error::CallbackFormat));
            let mark: &[u8] = if big { b"\xfe\xff" } else { b"\xff\xfe" };
            assert_eq!(Envelope::parse(&[mark, &wide(big)].concat()), Err(Error::CallbackFormat));
        }
    }

    #[test]
    fn depth_is_bounded() {
        let xml = |levels: usize| {
            let nested = levels - 1;
            format!("<x>{}{}<Encrypt>A</Encrypt></x>", "<n>".repeat(nested), "</n>".repeat(nested))
        };
        assert!(encrypt(&xml(8)).is_some());
        assert!(encrypt(&xml(9)).is_none());
        let json = |levels: usize| {
            let nested = levels - 1;
            format!("{{\"encrypt\":\"A\",\"x\":{}{}}}", "[".repeat(nested), "]".repeat(nested))
        };
        assert!(encrypt(&json(32)).is_some());
        assert!(encrypt(&json(33)).is_none());
        for open in ["<a>", "[", "{\"a\":"] {
            assert!(encrypt(&open.repeat(200_000)).is_none());
            assert!(encrypt(&format!("{{\"x\":{}", open.repeat(200_000))).is_none());
        }
    }

    #[test]
    fn size_and_attributes_are_bounded() {
        let fill = |len: usize| format!("<xml><Encrypt>A</Encrypt>{}</xml>", " ".repeat(len - 31));
        assert_eq!(fill(MAX_BODY).len(), MAX_BODY);
        assert!(Envelope::parse(fill(MAX_BODY).as_bytes()).is_ok());
        assert_eq!(Envelope::parse(fill(MAX_BODY + 1).as_bytes()), Err(Error::TooLong));
        let attributes: String = (0..100_000).map(|n| format!(" a{n}=''")).collect();
        let body = format!("<xml{attributes}><Encrypt>A</Encrypt></xml>");
        let refused = Envelope::parse(body.as_bytes());
        assert!(matches!(refused, Err(Error::CallbackFormat | Error::TooLong)));
        let attributes = &attributes[..900_000.min(attributes.len())];
        let body = format!("<xml{}'><Encrypt>A</Encrypt></xml>", attributes.trim_end_matches('\''));
        assert_eq!(Envelope::parse(body.as_bytes()), Err(Error::CallbackFormat));
    }
}
