//! What a body returns for a buffer: bytes that are the library's own and are wiped with it where they are secret.

use tenantseal::{SecretBytes, field::Opened, wecom::Echo};
use zeroize::Zeroizing;

/// Bytes, in one piece or several.
pub(crate) trait Content {
    /// Shows every piece, the same ones at every call.
    fn each(&self, show: &mut dyn FnMut(&[u8]));
}

/// How many bytes there are in all.
pub(crate) fn len(content: &impl Content) -> usize {
    let mut len = 0;
    content.each(&mut |part| len += part.len());
    len
}

impl Content for Vec<u8> {
    fn each(&self, show: &mut dyn FnMut(&[u8])) {
        show(self);
    }
}

impl Content for String {
    fn each(&self, show: &mut dyn FnMut(&[u8])) {
        show(self.as_bytes());
    }
}

impl Content for Zeroizing<Vec<u8>> {
    fn each(&self, show: &mut dyn FnMut(&[u8])) {
        show(self);
    }
}

impl Content for SecretBytes {
    fn each(&self, show: &mut dyn FnMut(&[u8])) {
        show(self.expose_secret());
    }
}

/// Bytes as they are, a value of every other type in its text form.
impl Content for Opened {
    fn each(&self, show: &mut dyn FnMut(&[u8])) {
        match self.to_text() {
            Ok(text) => show(text.as_bytes()),
            Err(_) => show(self.expose_secret()),
        }
    }
}

impl Content for Echo {
    fn each(&self, show: &mut dyn FnMut(&[u8])) {
        show(self.as_bytes());
    }
}

impl<T: Content> Content for Vec<T> {
    fn each(&self, show: &mut dyn FnMut(&[u8])) {
        for one in self {
            one.each(show);
        }
    }
}
