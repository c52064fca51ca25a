//! Bytes as JSON for people and tools, without the type that they are of.
use crate::codec::read::{Reader, Token};
use crate::codec::{Failure, Form};
use serde_json::{Map, Value};

/// The values that stand one behind the other, as JSON. What JSON has no form for is a text: numbers beyond its own, keys of
/// maps that are no texts, as JSON; bytes are numbers.
///
/// # Errors
/// When the bytes are no values.
pub(crate) fn values(bytes: &[u8]) -> Result<Vec<Value>, Failure> {
    let mut reader = Reader::new(Form::Binary, bytes);
    let mut values = Vec::new();
    while !reader.rest().is_empty() {
        values.push(reader.as_json()?);
    }
    Ok(values)
}

fn float(number: f64) -> Value {
    serde_json::Number::from_f64(number).map_or_else(|| number.to_string().into(), Value::Number)
}

impl Reader<'_> {
    fn as_json(&mut self) -> Result<Value, Failure> {
        Ok(match self.token()? {
            Token::Nil => Value::Null,
            Token::Bool(value) => value.into(),
            Token::Unsigned(number) => number.into(),
            Token::Signed(number) => number.into(),
            Token::U128(number) => number.to_string().into(),
            Token::I128(number) => number.to_string().into(),
            Token::F32(number) => float(number.into()),
            Token::F64(number) => float(number),
            Token::Text(text) => text.into(),
            Token::Bytes(bytes) => bytes.into(),
            Token::Array(len) => {
                let (mut parts, mut all) = (self.parts(len)?, Vec::new());
                while parts.next() {
                    all.push(parts.reader.as_json()?);
                }
                parts.finish()?;
                all.into()
            }
            Token::Map(len) => {
                let (mut parts, mut all) = (self.parts(len)?, Map::new());
                while parts.next() {
                    let key = match parts.reader.as_json()? {
                        Value::String(text) => text,
                        other => other.to_string(),
                    };
                    all.insert(key, parts.reader.as_json()?);
                }
                parts.finish()?;
                all.into()
            }
            Token::Nested(depth) => {
                self.unnest(depth);
                self.as_json()?
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::values;
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
        assert_eq!(values(&bytes).expect("it was encoded"), expected);
        assert!(values(&bytes[..bytes.len() - 1]).is_err());
        assert!(values(&[0xc1]).is_err());
    }
}
