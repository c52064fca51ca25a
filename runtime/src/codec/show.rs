//! Values for people, from bytes.
use crate::codec::Failure;
use crate::codec::read::{Reader, Token};

impl Reader<'_> {
    /// Reads a value for people.
    pub(super) fn show(&mut self) -> Result<String, Failure> {
        Ok(match self.token()? {
            Token::Nil => "null".to_owned(),
            Token::Bool(value) => value.to_string(),
            Token::Unsigned(number) => number.to_string(),
            Token::Signed(number) => number.to_string(),
            Token::U128(number) => number.to_string(),
            Token::I128(number) => number.to_string(),
            Token::F32(number) => format!("{number:?}"),
            Token::F64(number) => format!("{number:?}"),
            Token::Text(text) => format!("{text:?}"),
            Token::Bytes(bytes) => format!("{bytes:?}"),
            Token::Array(len) => {
                let (mut parts, mut all) = (self.parts(len)?, Vec::new());
                while parts.next() {
                    all.push(parts.reader.show()?);
                }
                parts.finish()?;
                format!("[{}]", all.join(", "))
            }
            Token::Map(len) => {
                let (mut parts, mut all) = (self.parts(len)?, Vec::new());
                while parts.next() {
                    let (key, value) = (parts.reader.show()?, parts.reader.show()?);
                    all.push(format!("{}: {value}", key.trim_matches('"')));
                }
                parts.finish()?;
                format!("{{{}}}", all.join(", "))
            }
            Token::Nested(depth) => {
                self.unnest(depth);
                format!("Some({})", self.show()?)
            }
        })
    }
}
