//! Values as JSON, from bytes in the readable form. The other way needs nothing: JSON is a value like any other.
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
