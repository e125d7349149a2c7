//! Who a callback may be meant for.

use core::fmt;

/// Which receiveids are accepted. The receiveid is encrypted with the message, so it is authentic.
///
/// A company's own app uses its CorpID everywhere. A third-party suite has its provider's CorpID in the URL check,
/// its suite id in commands, and the client company's CorpID in messages. An AI bot has an empty one.
#[derive(Clone, PartialEq, Eq)]
pub enum ReceiveId {
    /// Any receiveid of at most 256 bytes.
    ///
    /// # Security
    ///
    /// The caller must look at `receive_id()` before acting: another company's message opens too.
    Any,
    /// The receiveid must be there and empty. It is not a way to skip the check.
    Empty,
    /// The receiveid must be these bytes, case included.
    Exact(String),
    /// The receiveid must be one of these.
    OneOf(Vec<String>),
}

impl ReceiveId {
    pub(super) fn accepts(&self, found: &[u8]) -> bool {
        found.len() <= MAX_LEN
            && match self {
                Self::Any => true,
                Self::Empty => found.is_empty(),
                Self::Exact(id) => found == id.as_bytes(),
                Self::OneOf(ids) => ids.iter().any(|id| found == id.as_bytes()),
            }
    }
}

impl fmt::Debug for ReceiveId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "Any",
            Self::Empty => "Empty",
            Self::Exact(_) => "Exact(..)",
            Self::OneOf(_) => "OneOf(..)",
        })
    }
}

/// The longest receiveid, in bytes.
const MAX_LEN: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_accepts_what_it_names_and_nothing_else() {
        let exact = ReceiveId::Exact("ww1".into());
        assert!(exact.accepts(b"ww1"));
        for other in ["", "ww", "ww11", "WW1", "ww1 ", "ww1\0"] {
            assert!(!exact.accepts(other.as_bytes()), "{other:?}");
        }
        let one_of = ReceiveId::OneOf(vec!["a".into(), "b".into()]);
        assert!(one_of.accepts(b"a") && one_of.accepts(b"b"));
        assert!(!one_of.accepts(b"ab") && !one_of.accepts(b""));
        assert!(!ReceiveId::OneOf(Vec::new()).accepts(b""));
        assert!(ReceiveId::Empty.accepts(b"") && !ReceiveId::Empty.accepts(b"a"));
        assert!(ReceiveId::Any.accepts(b"") && ReceiveId::Any.accepts(&[0xff; 256]));
        assert!(!ReceiveId::Any.accepts(&[b'a'; 257]));
    }
}
