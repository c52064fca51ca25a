//! The bytes of a line.
//!
//! ```text
//! {"topic":"sold","offset":0,"epoch":7,"ordinal":0,"now":5,"before":{},"event":{"apples":3}}
//! {"topic":"paid","offset":0,"epoch":7,"ordinal":0,"now":5,"event":12,"end":{"bytes":158,"crc32c":"725b4aef"}}
//! ```
//!
//! `end` closes a commit: it stands on its last line, and says how many bytes the commit has before this field, and their
//! checksum. `before` stands on the first line of some commits, the first one of each file among them: the positions before
//! the commit, so that a file can be read from there.
use crate::{Event, OwnedEvent, Positions};
use serde::de::{DeserializeOwned, IgnoredAny};
use std::collections::BTreeMap;
use std::io::Write;

const NEVER: &str = "memory can be written to";

/// What a line says.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub(crate) topic: String,
    pub(crate) offset: u64,
    pub(crate) epoch: u64,
    pub(crate) ordinal: u64,
    pub(crate) now: u64,
    pub(crate) before: Option<Positions>,
    pub(crate) body: &'a [u8],
    pub(crate) end: Option<End>,
}

/// The end of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) bytes: u64,
    pub(crate) crc: u32,
}

/// What is wrong with the text of an event, if something is.
pub(crate) fn verify_body(body: &str) -> Result<(), String> {
    if body.as_bytes().contains(&b'\n') {
        return Err("the text has a line break".to_owned());
    }
    serde_json::from_str::<IgnoredAny>(body)
        .map_err(|error| format!("the text is not JSON: {error}"))
        .map(drop)
}

/// Puts a line without its last bytes: those depend on whether it is the last one of a commit.
pub(crate) fn put(out: &mut Vec<u8>, event: &Event<'_>, before: Option<&Positions>) {
    let Event { topic, offset, epoch, ordinal, now, body } = *event;
    out.extend_from_slice(br#"{"topic":"#);
    serde_json::to_writer(&mut *out, topic).expect(NEVER);
    write!(out, r#","offset":{offset},"epoch":{epoch},"ordinal":{ordinal},"now":{now}"#).expect(NEVER);
    if let Some(before) = before {
        out.extend_from_slice(br#","before":"#);
        serde_json::to_writer(&mut *out, before.as_map()).expect(NEVER);
    }
    out.extend_from_slice(br#","event":"#);
    out.extend_from_slice(body.as_bytes());
}

/// The last bytes of a line within a commit.
pub(crate) const CLOSE: &[u8] = b"}\n";

impl End {
    /// The last bytes of a commit.
    pub(crate) fn encode(self) -> String {
        format!("{OPEN}{}{MIDDLE}{:08x}{SHUT}\n", self.bytes, self.crc)
    }

    /// The end on this line, and where on the line it begins.
    pub(crate) fn decode(line: &[u8]) -> Option<(Self, usize)> {
        let rest = line.strip_suffix(SHUT.as_bytes())?;
        let (rest, crc) = rest.split_at(rest.len().checked_sub(8)?);
        let rest = rest.strip_suffix(MIDDLE.as_bytes())?;
        let digits = rest.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let (rest, bytes) = rest.split_at(rest.len() - digits);
        let rest = rest.strip_suffix(OPEN.as_bytes())?;
        let end = Self {
            bytes: std::str::from_utf8(bytes).ok()?.parse().ok()?,
            crc: u32::from_str_radix(std::str::from_utf8(crc).ok()?, 16).ok()?,
        };
        let encoded = end.encode();
        (line[rest.len()..] == encoded.as_bytes()[..encoded.len() - 1]).then_some((end, rest.len()))
    }
}

const OPEN: &str = r#","end":{"bytes":"#;
const MIDDLE: &str = r#","crc32c":""#;
const SHUT: &str = r#""}}"#;

impl<'a> Line<'a> {
    /// A line as this sink writes it, without its line break. What the event says is left to the checksum.
    pub(crate) fn parse(line: &'a [u8]) -> Option<Self> {
        let (end, length) = match End::decode(line) {
            Some((end, length)) => (Some(end), length),
            None => (None, line.strip_suffix(b"}")?.len()),
        };
        let rest = &mut &line[..length];
        skip(rest, br#"{"topic":"#)?;
        let topic = json::<String>(rest)?;
        let offset = number(rest, br#","offset":"#)?;
        let epoch = number(rest, br#","epoch":"#)?;
        let ordinal = number(rest, br#","ordinal":"#)?;
        let now = number(rest, br#","now":"#)?;
        let before = match skip(rest, br#","before":"#) {
            Some(()) => Some(json::<BTreeMap<String, u64>>(rest)?.into_iter().collect()),
            None => None,
        };
        skip(rest, br#","event":"#)?;
        Some(Self { topic, offset, epoch, ordinal, now, before, body: rest, end })
    }

    pub(crate) fn to_event(&self) -> Option<OwnedEvent> {
        let body = std::str::from_utf8(self.body).ok()?.to_owned();
        let Self { offset, epoch, ordinal, now, .. } = *self;
        Some(OwnedEvent { topic: self.topic.clone(), offset, epoch, ordinal, now, body })
    }
}

fn skip(rest: &mut &[u8], text: &[u8]) -> Option<()> {
    *rest = rest.strip_prefix(text)?;
    Some(())
}

fn number(rest: &mut &[u8], text: &[u8]) -> Option<u64> {
    skip(rest, text)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, behind) = rest.split_at(digits);
    *rest = behind;
    std::str::from_utf8(number).ok()?.parse().ok()
}

fn json<T: DeserializeOwned>(rest: &mut &[u8]) -> Option<T> {
    let mut values = serde_json::Deserializer::from_slice(rest).into_iter::<T>();
    let value = values.next()?.ok()?;
    *rest = &rest[values.byte_offset()..];
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(event: &Event<'_>, before: Option<&Positions>, end: Option<End>) -> Vec<u8> {
        let mut out = Vec::new();
        put(&mut out, event, before);
        match end {
            Some(end) => out.extend_from_slice(end.encode().trim_end().as_bytes()),
            None => out.push(b'}'),
        }
        out
    }

    #[test]
    fn a_line_reads_as_it_was_written_and_is_json() {
        let before: Positions = [("a\"\n\u{1F600}".to_owned(), 3)].into_iter().collect();
        let end = End { bytes: 12, crc: 0xab };
        for topic in ["", "a", "a\"b\\c\n\u{1}", "\u{1F600}"] {
            for body in
                [r#""""#, "{}", "[1, 2]", " null", r#"{"end":{"bytes":1,"crc32c":"00000000"}}"#, "1e3"]
            {
                let event = Event { topic, offset: 5, epoch: u64::MAX, ordinal: 1, now: 9, body };
                for before in [None, Some(&before)] {
                    for end in [None, Some(end)] {
                        let text = encode(&event, before, end);
                        let line = Line::parse(&text).unwrap();
                        assert_eq!(line.to_event(), Some(event.to_owned()));
                        assert_eq!((line.before.as_ref(), line.end), (before, end));
                        serde_json::from_slice::<IgnoredAny>(&text).unwrap();
                    }
                }
            }
        }
    }

    #[test]
    fn a_body_that_looks_like_an_end_is_a_body() {
        let body = r#"{"a":1,"end":{"bytes":1,"crc32c":"00000000"}}"#;
        let event = Event { topic: "t", offset: 0, epoch: 0, ordinal: 0, now: 0, body };
        let line = encode(&event, None, None);
        assert_eq!(Line::parse(&line).unwrap().end, None);
    }

    #[test]
    fn only_the_end_as_it_is_written_is_an_end() {
        let end = End { bytes: 10, crc: 0xabc };
        let text = end.encode();
        let text = text.trim_end();
        assert_eq!(End::decode(text.as_bytes()), Some((end, 0)));
        for wrong in
            [text.replace("10", "010"), text.replace("abc", "ABC"), text.replace("10", ""), text[1..].into()]
        {
            assert_eq!(End::decode(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn bodies_are_json_in_one_line() {
        for right in ["0", r#""""#, " {} ", &format!("{}{}", "[".repeat(10_000), "]".repeat(10_000))] {
            verify_body(right).unwrap();
        }
        for wrong in ["", "{", "{} {}", "{\n}", "nul", "\"\u{1}\""] {
            assert!(verify_body(wrong).is_err(), "{wrong}");
        }
    }
}
