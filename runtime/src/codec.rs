//! Values as bytes: what is compared when transactions run twice, and copied where nothing else copies.
//!
//! MessagePack with the names of fields: it describes itself, so that untagged and flattened types work. It does not tell
//! `Some(None)` from `None`.
use serde::de::{DeserializeOwned, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// A value as bytes. One that cannot be encoded stands for the reason.
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    rmp_serde::to_vec_named(value).unwrap_or_else(|error| format!("cannot be encoded: {error}").into_bytes())
}

/// A value from its bytes.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    rmp_serde::from_slice(bytes).map_err(|error| error.to_string())
}

/// A value for people.
pub(crate) fn shown(bytes: &[u8]) -> String {
    first_shown(bytes).map_or_else(|| String::from_utf8_lossy(bytes).into_owned(), |(text, _)| text)
}

/// The first of several values that stand one after the other, for people, and the bytes of the others.
pub(crate) fn first_shown(mut bytes: &[u8]) -> Option<(String, &[u8])> {
    let Text(text) = rmp_serde::from_read(&mut bytes).ok()?;
    Some((text, bytes))
}

/// What stands in bytes, in a form between Rust's and JSON's.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue).map(Self)
    }
}

struct AnyValue;

macro_rules! debug {
    ($($name:ident: $ty:ty),+) => {
        $(fn $name<E>(self, value: $ty) -> Result<String, E> { Ok(format!("{value:?}")) })+
    };
}

impl<'de> Visitor<'de> for AnyValue {
    type Value = String;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }
    debug!(
        visit_bool: bool, visit_i64: i64, visit_i128: i128, visit_u64: u64, visit_u128: u128, visit_f64: f64,
        visit_str: &str
    );
    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<String, E> {
        // As numbers of 128 bits are encoded.
        Ok(bytes
            .try_into()
            .map_or_else(|_| format!("{bytes:?}"), |bytes| u128::from_be_bytes(bytes).to_string()))
    }
    fn visit_unit<E>(self) -> Result<String, E> {
        Ok("null".to_owned())
    }
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_any(self)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<String, A::Error> {
        let mut all = Vec::new();
        while let Some(Text(text)) = sequence.next_element()? {
            all.push(text);
        }
        Ok(format!("[{}]", all.join(", ")))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<String, A::Error> {
        let mut all = Vec::new();
        while let Some((Text(key), Text(value))) = map.next_entry()? {
            all.push(format!("{}: {value}", key.trim_matches('"')));
        }
        Ok(format!("{{{}}}", all.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[derive(serde::Serialize)]
    enum Kind {
        Named { n: u8 },
        Unit,
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
        assert_eq!(shown(b"\xc1 nothing"), "\u{fffd} nothing");
    }
}
