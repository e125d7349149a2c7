//! The one layout in which WeCom's servers write XML: a root, its children one after the other, and in each a text or
//! one CDATA section.
//!
//! What is in that layout is read here, in a fraction of a general reader's time; the first byte that is not leaves the
//! whole document to quick-xml. Of what this accepts both read the same: a test and the fuzz target `xml` compare them.

use core::{ops::ControlFlow, str};

use memchr::memchr;

use super::envelope::is_space;

/// Calls `visit` with the name, which is ASCII, and the text of every child, which is UTF-8, until it breaks. `None` if the
/// document is in another layout, or not well-formed: `visit` may have seen a part of it by then.
///
/// White space is nobody's between children and after the root; a text neither starts nor ends with it, and has no
/// `<`, `>` or `&`. No attributes, comments, declarations or references.
pub(super) fn walk<'a>(
    document: &'a [u8],
    mut visit: impl FnMut(&'a [u8], &'a [u8]) -> ControlFlow<()>,
) -> Option<()> {
    let (root, mut rest) = open(document)?;
    loop {
        rest = skip_space(rest);
        if let Some(after) = close(rest, root) {
            return skip_space(after).is_empty().then_some(());
        }
        let (name, content) = open(rest)?;
        let (text, after) = match content.strip_prefix(b"<![CDATA[") {
            Some(section) => section_end(section)?,
            None => text_end(content)?,
        };
        rest = close(after, name)?;
        if !(text.is_ascii() || str::from_utf8(text).is_ok()) {
            return None;
        }
        if visit(name, text).is_break() {
            return Some(());
        }
    }
}

/// What follows XML's white space.
fn skip_space(from: &[u8]) -> &[u8] {
    let at = from.iter().position(|byte| !is_space(*byte));
    at.and_then(|at| from.get(at..)).unwrap_or_default()
}

/// The name of the start tag here, and what follows the tag.
fn open(from: &[u8]) -> Option<(&[u8], &[u8])> {
    let from = from.strip_prefix(b"<")?;
    let len = from.iter().position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_'))?;
    let (name, after) = from.split_at_checked(len)?;
    let starts_well = name.first().is_some_and(|byte| !byte.is_ascii_digit());
    starts_well.then_some((name, after.strip_prefix(b">")?))
}

/// What follows the end tag of that name, if it is here.
fn close<'a>(from: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    from.strip_prefix(b"</")?.strip_prefix(name)?.strip_prefix(b">")
}

/// A CDATA section, and what follows it.
fn section_end(section: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut from = 0;
    loop {
        let at = from + memchr(b']', section.get(from..)?)?;
        if let Some(after) = section.get(at..)?.strip_prefix(b"]]>") {
            return Some((section.get(..at)?, after));
        }
        from = at + 1;
    }
}

/// A text, and what follows it.
fn text_end(content: &[u8]) -> Option<(&[u8], &[u8])> {
    let (text, after) = content.split_at_checked(memchr(b'<', content)?)?;
    let spaced = [text.first(), text.last()].into_iter().flatten().any(|byte| is_space(*byte));
    let plain = !spaced && !text.iter().any(|byte| matches!(byte, b'&' | b'>'));
    plain.then_some((text, after))
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;
    use crate::wecom::children;

    fn read(document: &str) -> Option<Vec<(&str, &str)>> {
        let mut children = Vec::new();
        walk(document.as_bytes(), |name, text| {
            children.push((str::from_utf8(name).unwrap(), str::from_utf8(text).unwrap()));
            ControlFlow::Continue(())
        })
        .map(|()| children)
    }

    #[test]
    fn the_layout_is_read() {
        assert_eq!(read("<xml></xml>"), Some(vec![]));
        let sample =
            "<xml><A><![CDATA[a]]></A>\n<B_1>2</B_1>\r\n\t<C></C><D><![CDATA[]]></D><A>\u{4e2d}</A></xml>\n";
        let children = [("A", "a"), ("B_1", "2"), ("C", ""), ("D", ""), ("A", "\u{4e2d}")];
        assert_eq!(read(sample).as_deref(), Some(&children[..]));
        let section = "<x><A><![CDATA[]] ]>]] <b>&amp;]]></A></x>";
        assert_eq!(read(section), Some(vec![("A", "]] ]>]] <b>&amp;")]));
    }

    #[test]
    fn white_space_that_is_not_xmls_is_text() {
        let sample = "<xml><A>\u{a0}</A><B>\u{b}</B><C>a\u{c}</C></xml>";
        assert_eq!(read(sample), Some(vec![("A", "\u{a0}"), ("B", "\u{b}"), ("C", "a\u{c}")]));
    }

    #[test]
    fn every_other_layout_is_left_to_the_reader() {
        for other in [
            "",
            "<xml>",
            " <xml></xml>",
            "<xml></xml>x",
            "<xml></xml><xml></xml>",
            "<xml/>",
            "<xml a='1'></xml>",
            "<xml ></xml>",
            "<xml>x</xml>",
            "<?xml version='1.0'?><xml></xml>",
            "<!DOCTYPE xml><xml></xml>",
            "<xml><!-- c --></xml>",
            "<xml><A/></xml>",
            "<xml><A ></A></xml>",
            "<xml><A></A ></xml>",
            "<xml><A></B></xml>",
            "<xml><A><B></B></A></xml>",
            "<xml><A> a</A></xml>",
            "<xml><A>a </A></xml>",
            "<xml><A> </A></xml>",
            "<xml></xml>\u{c}",
            "<xml>\u{b}<A></A></xml>",
            "<xml><A>a&amp;b</A></xml>",
            "<xml><A>a>b</A></xml>",
            "<xml><A><![CDATA[a]]><![CDATA[b]]></A></xml>",
            "<xml><A><![CDATA[a]]>b</A></xml>",
            "<xml><A>b<![CDATA[a]]></A></xml>",
            "<xml><A><![CDATA[a]></A></xml>",
            "<xml><1></1></xml>",
            "<xml><a:b></a:b></xml>",
            "<xml><></></xml>",
            "<xml><\u{4e2d}></\u{4e2d}></xml>",
            "<xml><![CDATA[a]]></xml>",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
        assert_eq!(walk(b"<xml><A>\xff</A></xml>", |_, _| ControlFlow::Continue(())), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        /// Documents of pieces that go together, or nearly.
        #[test]
        fn the_reader_reads_the_same(pieces in vec(select(&PIECES[..]), 0..12), broken in any::<bool>()) {
            let mut document = pieces.concat();
            if !broken {
                document = format!("<xml>{document}</xml>");
            }
            if let Some(flat) = read(&document) {
                let mut children = Vec::new();
                let read = children::walk(document.as_bytes(), |_| true, |name, text| {
                    assert!(text.as_source().is_none());
                    children.push((name.into_owned(), text.to_string()));
                    ControlFlow::Continue(())
                });
                prop_assert_eq!(read, Some(()));
                let same = children.iter().map(|(name, text)| (&**name, &**text));
                prop_assert!(flat.into_iter().eq(same), "{}", document);
            }
        }
    }

    const PIECES: [&str; 26] = [
        "\u{b}",
        "\u{c}",
        "<A>",
        "</A>",
        "<A>",
        "</A>",
        "<B></B>",
        "<A>1</A>",
        "<A><![CDATA[1]]></A>",
        "<A>a b</A>",
        "<![CDATA[",
        "]]>",
        "]",
        "a",
        " ",
        "\n",
        "\r\n",
        "\t",
        "\u{4e2d}",
        "\u{a0}",
        "\u{feff}",
        "&amp;",
        "<C/>",
        "<!-- -->",
        "<xml>",
        "</xml>",
    ];

    #[test]
    fn a_walk_that_is_broken_off_looks_no_further() {
        let mut seen = Vec::new();
        let broken = walk(b"<xml><A>1</A><B>2</B><not", |name, text| {
            seen.push((name, text));
            if name == b"B" { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!((broken, seen), (Some(()), vec![(&b"A"[..], &b"1"[..]), (b"B", b"2")]));
    }
}
