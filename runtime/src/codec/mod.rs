//! Values as bytes: what is compared when transactions run twice, copied where nothing else copies, and made of JSON
//! where a call comes by name.
//!
//! MessagePack with the names of fields: it describes itself, so that untagged and flattened types work. `Some(None)` and
//! numbers of 128 bits, which it does not know, are extensions of it. Writer and reader are here, and not serde's for this
//! format, because every type of a user's that travels is compiled against them: these are a fourth of the code.
mod arguments;
mod elsewhere;
mod json;
mod read;
mod show;
mod values;
mod write;

use read::Reader;
use serde::de::{self, DeserializeOwned};
use serde::{Serialize, ser};
use std::fmt::{self, Display};
use write::Writer;

/// The kinds of extensions: `Some` of so many around `None`, numbers, and tables whose rows are elsewhere.
const NESTED: i8 = 1;
const I128: i8 = 2;
const U128: i8 = 3;
const TABLE: i8 = 4;

pub use arguments::Arguments;
pub(crate) use elsewhere::{decode_marked, first_length, marks, put_in_place, say, table};
pub(crate) use json::{to_json, values_to_json};

/// Why a value and bytes do not go together.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) what: String,
    /// Where in the value: `lines[3].quantity`.
    pub(crate) path: String,
}

impl Failure {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), path: String::new() }
    }

    /// It was in this field, or under this key of a map.
    pub(crate) fn in_field(mut self, name: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{name}{dot}{}", self.path);
        self
    }

    /// It was in this element of a sequence.
    fn in_element(mut self, index: u32) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("[{index}]{dot}{}", self.path);
        self
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.what)
    }
}
impl std::error::Error for Failure {}
impl ser::Error for Failure {
    fn custom<T: Display>(said: T) -> Self {
        Self::new(said.to_string())
    }
}
impl de::Error for Failure {
    fn custom<T: Display>(said: T) -> Self {
        Self::new(said.to_string())
    }
}

/// Which of its two forms a value that has two is given: one for programs, or one for people, as a UUID has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The shortest. Numbers, keys of maps and variants are what they are.
    Binary,
    /// That of JSON, whose keys of maps are texts.
    Readable,
}

/// A value as bytes. One that cannot be encoded stands for the reason.
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    encode_in(Form::Binary, value)
}

/// As [`encode`], in one of the two forms.
fn encode_in<T: Serialize + ?Sized>(form: Form, value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Err(failure) = append(form, value, &mut bytes) {
        stands_for(&failure, &mut bytes);
    }
    bytes
}

/// Appends the bytes of a value; nothing if it cannot be encoded.
pub(crate) fn append<T: Serialize + ?Sized>(
    form: Form,
    value: &T,
    bytes: &mut Vec<u8>,
) -> Result<(), Failure> {
    let end = bytes.len();
    let mut behind = Behind { writer: Writer::new(form, std::mem::take(bytes)), end: Some(end), bytes };
    value.serialize(&mut behind.writer)?;
    behind.end = None;
    Ok(())
}

/// Writes behind bytes, which are as they were if what is written does not come to its end.
struct Behind<'a> {
    writer: Writer,
    end: Option<usize>,
    bytes: &'a mut Vec<u8>,
}

impl Drop for Behind<'_> {
    fn drop(&mut self) {
        *self.bytes = self.writer.take_bytes();
        if let Some(end) = self.end {
            self.bytes.truncate(end);
        }
    }
}

/// Appends the reason why a value cannot be encoded.
pub(crate) fn stands_for(failure: &Failure, bytes: &mut Vec<u8>) {
    bytes.extend(format!("cannot be encoded: {failure}").into_bytes());
}

/// A value from its bytes.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    decode_in(Form::Binary, bytes)
}

/// As [`decode`], in one of the two forms.
pub(crate) fn decode_in<T: DeserializeOwned>(form: Form, bytes: &[u8]) -> Result<T, Failure> {
    let mut reader = Reader::new(form, bytes);
    let value = T::deserialize(&mut reader)?;
    reader.finish().map(|()| value)
}

/// A value for people, in a form between Rust's and JSON's.
pub(crate) fn shown(bytes: &[u8]) -> String {
    first_shown(bytes).map_or_else(|| String::from_utf8_lossy(bytes).into_owned(), |(text, _)| text)
}

/// The first of several values that stand one after the other, for people, and the bytes of the others.
pub(crate) fn first_shown(bytes: &[u8]) -> Option<(String, &[u8])> {
    let mut reader = Reader::new(Form::Binary, bytes);
    let text = reader.show().ok()?;
    Some((text, reader.rest()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::ser::SerializeSeq;
    use serde::{Deserialize, Deserializer, Serializer};
    use std::collections::BTreeMap;

    #[derive(Serialize)]
    enum Kind {
        Named { n: u8 },
        Unit,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum Variants {
        Unit,
        Newtype(Option<()>),
        Tuple(u8, String),
        Struct { a: i64, b: Vec<Self> },
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(untagged)]
    enum Untagged {
        Number(i64),
        Text(String),
        Pair(u8, bool),
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind")]
    enum Tagged {
        A { x: u8 },
        B,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Flattened {
        id: u8,
        #[serde(flatten)]
        rest: BTreeMap<String, i64>,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Nothing;

    /// A sequence that does not say how long it is, as bytes or one by one.
    #[derive(Clone, Debug, PartialEq)]
    struct Unknown(Vec<u8>);
    impl Serialize for Unknown {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut all = serializer.serialize_seq(None)?;
            self.0.iter().try_for_each(|byte| all.serialize_element(byte))?;
            all.end()
        }
    }
    impl<'de> Deserialize<'de> for Unknown {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            Vec::deserialize(deserializer).map(Self)
        }
    }

    /// There and back; and no part of the bytes is a value, nor more of them.
    #[track_caller]
    fn check<T: Serialize + DeserializeOwned + PartialEq + fmt::Debug>(value: &T) {
        let bytes = encode(value);
        assert_eq!(decode::<T>(&bytes).as_ref(), Ok(value), "{bytes:x?}");
        for len in (0..bytes.len()).step_by(1 + bytes.len() / 9) {
            assert!(decode::<T>(&bytes[..len]).is_err(), "{len} of {bytes:x?}");
        }
        let more = [&bytes[..], &[0xc0]].concat();
        assert!(decode::<T>(&more).is_err());
    }

    #[test]
    fn values_come_back() {
        check(&(u64::MAX, i64::MIN, -1_i8, -32_i16, -33_i32, 127_u8, 128_u16, 1_u32 << 16));
        check(&(u128::MAX, i128::MIN, 'ß', true, 1.5_f32, f64::INFINITY, (), Nothing));
        check(&[None, Some(None), Some(Some(None)), Some(Some(Some(())))]);
        check(&[None, Some(None), Some(Some(vec![Some(1), None]))]);
        check(&vec![
            Variants::Unit,
            Variants::Newtype(None),
            Variants::Newtype(Some(())),
            Variants::Tuple(1, "two".into()),
            Variants::Struct { a: -3, b: vec![Variants::Unit] },
        ]);
        check(&[Some(Untagged::Number(-5)), Some(Untagged::Text("5".into())), None]);
        check(&(Untagged::Pair(1, true), Tagged::A { x: 3 }, Tagged::B));
        check(&Flattened { id: 1, rest: BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), -1)]) });
        for len in [0, 1, 15, 16, 31, 32, 255, 256, 65_535, 65_536] {
            check(&(vec![1_u8; len], "x".repeat(len), Unknown(vec![200; len])));
            check(&(0..len).map(|n| (n, n)).collect::<BTreeMap<_, _>>());
        }
    }

    #[test]
    fn what_is_no_value_is_an_error() {
        // Not too deep, not too long, of no other kind; and no bytes make it panic.
        let deep = [&[0x91; 5000][..], &[0xc0]].concat();
        assert!(decode::<de::IgnoredAny>(&deep).is_err_and(|error| error.what.contains("in one another")));
        assert!(
            decode::<Vec<u64>>(&[0xdd, 0xff, 0xff, 0xff, 0xff])
                .is_err_and(|error| error.what.contains("end early"))
        );
        assert!(decode::<u8>(&encode(&300)).is_err() && decode::<String>(&encode(&1)).is_err());
        assert!(
            decode::<(u8, u8)>(&encode(&[1, 2, 3]))
                .is_err_and(|error| error.what.contains("1 elements too many"))
        );
        let mut random = 1_u64;
        for _ in 0..20_000 {
            let bytes: Vec<u8> = std::iter::repeat_with(|| {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                random.to_be_bytes()[0]
            })
            .take(12)
            .collect();
            let _ = (decode::<de::IgnoredAny>(&bytes), decode::<Vec<Variants>>(&bytes), shown(&bytes));
        }
    }

    #[test]
    fn bytes_are_shown_as_people_write_them() {
        let map = BTreeMap::from([(2, Some("two")), (3, None)]);
        assert_eq!(shown(&encode(&map)), "{2: \"two\", 3: null}");
        let value = (1_u64 << 40, -3, 0.5, true, 'c', u128::from(u64::MAX) + 1, i128::MAX, ());
        let expected = "[1099511627776, -3, 0.5, true, \"c\", 18446744073709551616, \
                        170141183460469231731687303715884105727, null]";
        assert_eq!(shown(&encode(&value)), expected);
        assert_eq!(shown(&encode(&[Kind::Named { n: 1 }, Kind::Unit])), "[{Named: {n: 1}}, \"Unit\"]");
        assert_eq!(shown(&encode(&[None, Some(None), Some(Some(1))])), "[null, Some(null), 1]");
        assert_eq!(shown(b"\xc1 nothing"), "\u{fffd} nothing");
    }
}
