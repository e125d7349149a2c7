//! What a decrypted message says, as names and texts.

use core::{fmt, ops::ControlFlow, str};
use std::borrow::Cow;

use super::{
    children::{Source, Value, walk, walk_nested},
    flat,
    query::seconds,
};
use crate::error::Error;

/// The top-level children of a message: XML elements or JSON keys, in order.
///
/// A value is text, with entities and escapes resolved and CDATA sections joined. Of an element with elements in
/// it, and of a JSON array or object, the value is its source. What was copied is wiped when this is dropped.
///
/// # Example
///
/// ```
/// use tenantseal::wecom::Inner;
///
/// let inner = Inner::parse(b"<xml><Mobile><![CDATA[138]]></Mobile><Department>1,2</Department></xml>")?;
/// assert_eq!(inner.get("Mobile"), Some("138"));
/// assert_eq!(inner.get("Email"), None);
/// # Ok::<(), tenantseal::Error>(())
/// ```
pub struct Inner<'a> {
    children: Vec<(Cow<'a, str>, Value<'a>)>,
}

impl<'a> Inner<'a> {
    /// Parses a message: UTF-8, XML or JSON by its first character, at most 32 levels and 1024 children. A
    /// document type and an entity that is not one of XML's own five are refused.
    ///
    /// # Errors
    ///
    /// [`Error::CallbackFormat`].
    pub fn parse(message: &'a [u8]) -> Result<Self, Error> {
        Self::collect(|visit| walk(message, |_| true, visit))
    }

    /// Parses what is inside a child.
    pub(super) fn parse_nested(source: Source<'a>) -> Result<Self, Error> {
        Self::collect(|visit| walk_nested(source, visit))
    }

    fn collect(
        walk: impl FnOnce(&mut dyn FnMut(Cow<'a, str>, Value<'a>) -> ControlFlow<()>) -> Option<()>,
    ) -> Result<Self, Error> {
        let (mut children, mut room) = (Vec::new(), true);
        walk(&mut |name, value| {
            room = children.len() < MAX_CHILDREN;
            if !room {
                return ControlFlow::Break(());
            }
            children.push((name, value));
            ControlFlow::Continue(())
        })
        .filter(|()| room)
        .ok_or(Error::CallbackFormat)?;
        Ok(Self { children })
    }

    /// The text of the first child of that exact name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(child, _)| *child == name).map(|(_, value)| value)
    }

    /// The source of the first child of that name that has children.
    pub(super) fn source(&self, name: &str) -> Option<Source<'_>> {
        self.sources(name).next()
    }

    /// The sources of the children of that name that have children.
    pub(super) fn sources(&self, name: &str) -> impl Iterator<Item = Source<'_>> {
        let named = self.children.iter().filter(move |(child, _)| *child == name);
        named.filter_map(|(_, value)| value.as_source())
    }

    /// All children in order, as name and text; a repeated name comes as often as it is there.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.children.iter().map(|(name, value)| (&**name, &**value))
    }
}

impl fmt::Debug for Inner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").finish_non_exhaustive()
    }
}

/// What identifies a message and dates it, from inside the encryption.
#[derive(Default)]
pub(super) struct Stamp<'a> {
    /// `CreateTime` or `create_time`, else `TimeStamp`; 10 digits.
    pub(super) time: Option<u64>,
    /// `MsgId` or `msgid`; 1 to 128 bytes.
    pub(super) id: Option<Value<'a>>,
}

impl<'a> Stamp<'a> {
    /// Looks for the stamp in one pass that ends where all of it was found, or where the message cannot be parsed
    /// any further: what was found by then counts.
    pub(super) fn find(message: &'a [u8]) -> Self {
        let mut flat = Search::default();
        let text = |text| Value::borrowed(str::from_utf8(text).unwrap_or_default());
        if flat::walk(message, |name, value| flat.look(name, || text(value))).is_some() {
            return flat.found();
        }
        let mut search = Search::default();
        let _parsed = walk(message, Search::wants, |name, value| search.look(name.as_bytes(), || value));
        search.found()
    }
}

/// What was found so far: the first of each, whether it can be used or not.
#[derive(Default)]
struct Search<'a> {
    create: Option<Option<u64>>,
    stamp: Option<Option<u64>>,
    id: Option<Value<'a>>,
}

impl<'a> Search<'a> {
    fn wants(name: &str) -> bool {
        matches!(name, "CreateTime" | "MsgId" | "TimeStamp" | "create_time" | "msgid")
    }

    fn look(&mut self, name: &[u8], value: impl FnOnce() -> Value<'a>) -> ControlFlow<()> {
        let time = |value: Value<'a>| Some(seconds(value.trim_ascii().as_bytes()));
        match name {
            b"CreateTime" | b"create_time" if self.create.is_none() => self.create = time(value()),
            b"TimeStamp" if self.stamp.is_none() => self.stamp = time(value()),
            b"MsgId" | b"msgid" if self.id.is_none() => {
                self.id = Some(value()).filter(|id| (1..=MAX_ID).contains(&id.len()));
            }
            _ => {}
        }
        if self.create.is_some() && self.id.is_some() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn found(self) -> Stamp<'a> {
        Stamp { time: self.create.or(self.stamp).flatten(), id: self.id }
    }
}

const MAX_CHILDREN: usize = 1024;

const MAX_ID: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(message: &str) -> Option<Vec<(String, String)>> {
        let inner = Inner::parse(message.as_bytes()).ok()?;
        Some(inner.iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    fn one(message: &str) -> Option<String> {
        let inner = Inner::parse(message.as_bytes()).ok()?;
        inner.get("a").map(Into::into)
    }

    #[test]
    fn xml_text_is_resolved() {
        for (source, text) in [
            ("x", "x"),
            ("", ""),
            ("<![CDATA[x]]>", "x"),
            ("\n<![CDATA[x]]>\n", "x"),
            ("<![CDATA[a]]]]><![CDATA[>b]]>", "a]]>b"),
            ("<![CDATA[ a & <b> ]]>", " a & <b> "),
            ("a&amp;&lt;&gt;&quot;&apos;&#65;&#x4e2d;b", "a&<>\"'A中b"),
            ("1,2", "1,2"),
            ("&lt; &gt;", "< >"),
            (" &lt;\n", " <\n"),
            ("\n<![CDATA[x]]>&amp;", "x&"),
            ("a<!-- c -->b", "ab"),
            ("<b>1</b><b><![CDATA[2]]></b>", "<b>1</b><b><![CDATA[2]]></b>"),
            ("t<b/>u", "t<b/>u"),
        ] {
            assert_eq!(one(&format!("<xml><x/><a>{source}</a></xml>")).as_deref(), Some(text), "{source}");
        }
        assert_eq!(one("<xml><a q='1' >x</a ></xml>").as_deref(), Some("x"));
    }

    #[test]
    fn json_values_are_text() {
        for (source, text) in [
            ("\"x\"", "x"),
            ("\"a\\\"\\u4e2d\\/\"", "a\"中/"),
            ("4561255354251345929", "4561255354251345929"),
            ("1.50", "1.50"),
            ("true", "true"),
            ("{\"b\": [\"]\", 1]}", "{\"b\": [\"]\", 1]}"),
        ] {
            assert_eq!(one(&format!("{{\"x\":null,\"a\":{source}}}")).as_deref(), Some(text), "{source}");
        }
        assert_eq!(one("{\"a\":null}"), None);
    }

    #[test]
    fn repeated_children_are_all_there() {
        let message = "<xml><Department>1,2</Department><Department>3</Department></xml>";
        let department = |text: &str| ("Department".to_owned(), text.to_owned());
        assert_eq!(pairs(message), Some(vec![department("1,2"), department("3")]));
    }

    #[test]
    fn what_cannot_be_parsed_is_refused() {
        let deep = |n: usize| format!("<x>{}{}</x>", "<a>".repeat(n), "</a>".repeat(n));
        let deep_json = |n: usize| format!("{{\"a\":{}{}}}", "[".repeat(n), "]".repeat(n));
        assert!(pairs(&deep(31)).is_some() && pairs(&deep_json(31)).is_some());
        let many = |n: usize| format!("<x>{}</x>", "<a/>".repeat(n));
        assert!(pairs(&many(MAX_CHILDREN)).is_some());
        for bad in [
            "",
            "text",
            "<xml>",
            "<xml></xml>x",
            "<xml/><xml/>",
            "<!DOCTYPE x><xml/>",
            "<!DOCTYPE x [<!ENTITY e \"1\">]><xml><a>&e;</a></xml>",
            "<xml><a>&nbsp;</a></xml>",
            "<xml><a>&#0;</a></xml>",
            "<xml><a>&</a></xml>",
            "<xml><?p?></xml>",
            "{\"a\":1",
            "{\"a\":1}x",
            "{\"a\": :mycreate\"}",
            &deep(32),
            &deep_json(32),
            &"<a>".repeat(100_000),
            &format!("{{\"a\":{}", "[".repeat(100_000)),
            &many(MAX_CHILDREN + 1),
        ] {
            assert!(pairs(bad).is_none(), "{}", &bad[..bad.len().min(80)]);
        }
    }

    #[test]
    fn a_stamp_is_found_where_it_is_authentic() {
        let find = |message: &str| {
            let stamp = Stamp::find(message.as_bytes());
            (stamp.time, stamp.id.as_deref().map(str::to_owned))
        };
        let (time, id) = (Some(1_409_659_813), Some("45".to_owned()));
        assert_eq!(find("<x><CreateTime>1409659813</CreateTime><MsgId>45</MsgId></x>"), (time, id.clone()));
        assert_eq!(find("<x><TimeStamp>1409659813</TimeStamp></x>"), (time, None));
        let both = "<x><TimeStamp>1</TimeStamp><CreateTime>1409659813</CreateTime></x>";
        assert_eq!(find(both), (time, None));
        assert_eq!(find("{\"CreateTime\":1409659813,\"MsgId\":45}"), (time, id.clone()));
        assert_eq!(find("{\"msgid\":\"45\"}"), (None, id.clone()));
        // Found before the message breaks, and after.
        assert_eq!(find("{\"CreateTime\":1409659813,\"MsgId\":45, broken"), (time, id.clone()));
        assert_eq!(find("{\"CreateTime\":1409659813, broken"), (time, None));
        assert_eq!(find("<x><CreateTime>1409659813</CreateTime><a>"), (time, None));
        assert_eq!(find("<x><MsgId>45</MsgId></y>"), (None, id));
        assert_eq!(find("{\"x\": :y, \"CreateTime\":1409659813,\"MsgId\":45}"), (None, None));
        // Only at the top level, only whole, only 10 digits.
        assert_eq!(find("<x><y><CreateTime>1409659813</CreateTime></y></x>"), (None, None));
        let text = "<x><a><![CDATA[</a><CreateTime>1409659813</CreateTime>]]></a></x>";
        assert_eq!(find(text), (None, None));
        assert_eq!(find("<x><CreateTime>1409659813000</CreateTime></x>"), (None, None));
        assert_eq!(find(&format!("<x><MsgId>{}</MsgId></x>", "1".repeat(129))), (None, None));
    }
}
