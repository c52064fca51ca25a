//! Values as JSON, without the types that they are of. The other way needs nothing: JSON is a value like any other.
use crate::codec::read::{Reader, Token};
use crate::codec::{Failure, Form};
use serde_json::{Map, Number, Value};

/// A value as JSON. What JSON does not know is written as serde's own does it: a number that is not finite as `null`, a
/// key of a map as its text; a number of more than 64 bits is a text.
///
/// # Errors
/// When the bytes hold no value.
pub(crate) fn to_json(bytes: &[u8]) -> Result<Value, Failure> {
    let mut reader = Reader::new(Form::Readable, bytes);
    let value = reader.json()?;
    reader.finish().map(|()| value)
}

/// The values that stand one behind the other in the binary form, as JSON for people and tools. Beside what [`to_json`] says, a
/// number that is not finite is a text.
///
/// # Errors
/// When the bytes are no values.
pub(crate) fn values_to_json(bytes: &[u8]) -> Result<Vec<Value>, Failure> {
    let mut reader = Reader::new(Form::Binary, bytes);
    let mut values = Vec::new();
    while !reader.rest().is_empty() {
        values.push(reader.json()?);
    }
    Ok(values)
}

impl Reader<'_> {
    fn json(&mut self) -> Result<Value, Failure> {
        Ok(match self.token()? {
            Token::Nil | Token::Nested(_) => Value::Null,
            Token::Bool(value) => value.into(),
            Token::Unsigned(number) => number.into(),
            Token::Signed(number) => number.into(),
            Token::U128(number) => {
                Number::from_u128(number).map_or_else(|| number.to_string().into(), Value::from)
            }
            Token::I128(number) => {
                Number::from_i128(number).map_or_else(|| number.to_string().into(), Value::from)
            }
            Token::F32(number) if !number.is_finite() && self.form == Form::Binary => {
                number.to_string().into()
            }
            Token::F64(number) if !number.is_finite() && self.form == Form::Binary => {
                number.to_string().into()
            }
            Token::F32(number) => number.into(),
            Token::F64(number) => number.into(),
            Token::Text(text) => text.into(),
            Token::Bytes(bytes) => bytes.into(),
            Token::Array(len) => {
                let (mut parts, mut all) = (self.parts(len)?, Vec::new());
                while parts.next() {
                    all.push(parts.reader.json()?);
                }
                parts.finish()?;
                all.into()
            }
            Token::Map(len) => {
                let (mut parts, mut all) = (self.parts(len)?, Map::new());
                while parts.next() {
                    let key = match parts.reader.json()? {
                        Value::String(text) => text,
                        other => other.to_string(),
                    };
                    all.insert(key, parts.reader.json()?);
                }
                parts.finish()?;
                all.into()
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::values_to_json;
    use crate::codec::encode;
    use serde_json::json;
    use std::collections::BTreeMap;

    #[test]
    fn what_was_encoded_is_shown() {
        let mut bytes = encode(&("key", 1_u8, -2_i64));
        bytes.extend(encode(&BTreeMap::from([((1, true), Some(u128::MAX)), ((2, false), None)])));
        bytes.extend(encode(&f64::NAN));
        let max = u128::MAX.to_string();
        let expected = [json!(["key", 1, -2]), json!({ "[1,true]": max, "[2,false]": null }), json!("NaN")];
        assert_eq!(values_to_json(&bytes).expect("it was encoded"), expected);
        assert!(values_to_json(&bytes[..bytes.len() - 1]).is_err());
        assert!(values_to_json(&[0xc1]).is_err());
    }
}
