//! One function per decoder. A decoder may refuse any input, and may not panic; what it accepts has the properties
//! that are asserted here.

use std::sync::OnceLock;

use tenantseal::wecom::{Callback, Envelope, Inner};

/// A callback body or a decrypted message that claims to be XML.
pub fn xml(data: &[u8]) {
    parse(data);
}

/// A callback body or a decrypted message that claims to be JSON.
pub fn json(data: &[u8]) {
    parse(data);
}

/// A raw query string, with a body after the first line feed. Nobody without the token makes one that opens.
pub fn query(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (query, body) = data.split_at(end);
    let Ok(query) = std::str::from_utf8(query) else { return };
    let body = body.get(1..).unwrap_or_default();
    assert!(callback().open(query, body).is_err());
    assert!(callback().verify_url(query).is_err());
}

/// The format is found in the bytes, so both kinds of corpus go through both parsers.
fn parse(data: &[u8]) {
    if let Ok(envelope) = Envelope::parse(data) {
        assert!(envelope.encrypt().is_ascii() && envelope.encrypt().len() <= data.len());
    }
    if let Ok(inner) = Inner::parse(data) {
        for (name, value) in inner.iter() {
            assert!(inner.get(name).is_some());
            // Entities and escapes only ever shrink.
            assert!(value.len() <= data.len());
        }
    }
}

fn callback() -> &'static Callback {
    static CALLBACK: OnceLock<Callback> = OnceLock::new();
    CALLBACK.get_or_init(|| {
        // Of no account anywhere.
        let key = "tenantsealFuzzingKeyTenantsealFuzzingKey012";
        Callback::company_app("fuzzing", key, "ww0123456789abcdef")
            .expect("the credentials are of the right form")
    })
}
