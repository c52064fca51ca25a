//! Values from tokens: what a type of a user's is compiled against, and so as little as can be.
use crate::codec::read::{Parts, Reader, Token};
use crate::codec::{Failure, Form};
use serde::de::{self, DeserializeSeed, Deserializer, Expected, Unexpected, Visitor};

// A type that says what it wants is asked for that alone: each way of `deserialize_any` is compiled for every visitor.
macro_rules! numbers {
    ($($name:ident)+) => {$(
        fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            self.number(false)?;
            match self.token()? {
                Token::Unsigned(number) => visitor.visit_u64(number),
                Token::Signed(number) => visitor.visit_i64(number),
                Token::F32(number) => visitor.visit_f32(number),
                Token::F64(number) => visitor.visit_f64(number),
                token => Err(mismatch(token, &visitor)),
            }
        }
    )+};
}
macro_rules! texts {
    ($($name:ident)+) => {$(
        fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            match self.token()? {
                Token::Text(text) => visitor.visit_borrowed_str(text),
                token => Err(mismatch(token, &visitor)),
            }
        }
    )+};
}

/// A value of a kind that is not wanted.
fn mismatch(token: Token<'_>, expected: &dyn Expected) -> Failure {
    let found = match token {
        Token::Nil => Unexpected::Unit,
        Token::Bool(value) => Unexpected::Bool(value),
        Token::Unsigned(number) => Unexpected::Unsigned(number),
        Token::Signed(number) => Unexpected::Signed(number),
        Token::U128(_) | Token::I128(_) => Unexpected::Other("a number of 128 bits"),
        Token::F32(number) => Unexpected::Float(number.into()),
        Token::F64(number) => Unexpected::Float(number),
        Token::Text(text) => Unexpected::Str(text),
        Token::Bytes(bytes) => Unexpected::Bytes(bytes),
        Token::Array(_) => Unexpected::Seq,
        Token::Map(_) => Unexpected::Map,
        Token::Nested(_) => Unexpected::Option,
    };
    de::Error::invalid_type(found, expected)
}

impl<'de> Reader<'de> {
    fn elements<V: Visitor<'de>>(&mut self, len: u32, visitor: V) -> Result<V::Value, Failure> {
        let mut parts = self.parts(len)?;
        let value = visitor.visit_seq(&mut parts)?;
        parts.finish().map(|()| value)
    }

    fn entries<V: Visitor<'de>>(&mut self, len: u32, visitor: V) -> Result<V::Value, Failure> {
        let mut parts = self.parts(len)?;
        let value = visitor.visit_map(&mut parts)?;
        parts.finish().map(|()| value)
    }
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.token()? {
            Token::Nil => visitor.visit_unit(),
            Token::Bool(value) => visitor.visit_bool(value),
            Token::Unsigned(number) => visitor.visit_u64(number),
            Token::Signed(number) => visitor.visit_i64(number),
            // Who wants one asks for it: see below. What serde does otherwise is an error, which is large.
            Token::U128(_) | Token::I128(_) => Err(Failure::new("a number of 128 bits is not expected here")),
            Token::F32(number) => visitor.visit_f32(number),
            Token::F64(number) => visitor.visit_f64(number),
            Token::Text(text) => visitor.visit_borrowed_str(text),
            Token::Bytes(bytes) => visitor.visit_borrowed_bytes(bytes),
            Token::Array(len) => self.elements(len, visitor),
            Token::Map(len) => self.entries(len, visitor),
            Token::Nested(depth) => {
                self.unnest(depth);
                visitor.visit_some(self)
            }
        }
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.number(true)?;
        match self.token()? {
            Token::I128(number) => visitor.visit_i128(number),
            Token::U128(number) => visitor.visit_u128(number),
            token => {
                self.next = Some(token);
                self.deserialize_any(visitor)
            }
        }
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_i128(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.skip()?;
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.peek()? {
            Token::Nil => {
                self.next = None;
                return visitor.visit_none();
            }
            Token::Nested(depth) => self.unnest(depth),
            _ => {}
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let content = self.variant()?;
        visitor.visit_enum(Variant { reader: self, content })
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.truth()?;
        match self.token()? {
            Token::Bool(value) => visitor.visit_bool(value),
            token => Err(mismatch(token, &visitor)),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        match self.token()? {
            Token::Map(len) => self.entries(len, visitor),
            Token::Array(len) => self.elements(len, visitor),
            token => Err(mismatch(token, &visitor)),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.token()? {
            Token::Map(len) => self.entries(len, visitor),
            token => Err(mismatch(token, &visitor)),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.token()? {
            Token::Array(len) => self.elements(len, visitor),
            Token::Bytes(bytes) => visitor.visit_borrowed_bytes(bytes),
            token => Err(mismatch(token, &visitor)),
        }
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.token()? {
            Token::Text(text) => visitor.visit_borrowed_str(text),
            // Behind `#[serde(flatten)]` the keys of a map come this way, too.
            Token::Bytes(bytes) => visitor.visit_borrowed_bytes(bytes),
            Token::Unsigned(number) => visitor.visit_u64(number),
            Token::Signed(number) => visitor.visit_i64(number),
            Token::Bool(value) => visitor.visit_bool(value),
            token => Err(mismatch(token, &visitor)),
        }
    }

    texts!(deserialize_char deserialize_str deserialize_string);

    numbers!(
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_f32 deserialize_f64
    );

    fn is_human_readable(&self) -> bool {
        self.form == Form::Readable
    }

    serde::forward_to_deserialize_any! {
        bytes byte_buf unit unit_struct tuple_struct
    }
}

impl<'de> de::SeqAccess<'de> for &mut Parts<'_, 'de> {
    type Error = Failure;
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Failure> {
        if !self.next() {
            return Ok(None);
        }
        seed.deserialize(&mut *self.reader).map(Some).map_err(|failure| self.in_element(failure))
    }
    fn size_hint(&self) -> Option<usize> {
        // No more than there can be.
        Some((self.left as usize).min(self.reader.rest().len()))
    }
}

impl<'de> de::MapAccess<'de> for &mut Parts<'_, 'de> {
    type Error = Failure;
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Failure> {
        if !self.next() {
            return Ok(None);
        }
        self.name = self.reader.name();
        self.reader.key = true;
        let key = seed.deserialize(&mut *self.reader);
        self.reader.key = false;
        key.map(Some).map_err(|failure| self.in_entry(failure))
    }
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Failure> {
        seed.deserialize(&mut *self.reader).map_err(|failure| self.in_entry(failure))
    }
    fn size_hint(&self) -> Option<usize> {
        Some((self.left as usize).min(self.reader.rest().len()))
    }
}

/// A variant of an enum.
struct Variant<'a, 'de> {
    reader: &'a mut Reader<'de>,
    content: bool,
}

impl<'a, 'de> Variant<'a, 'de> {
    fn content(self) -> Result<&'a mut Reader<'de>, Failure> {
        if self.content { Ok(self.reader) } else { Err(Failure::new("a variant without its content")) }
    }
}

impl<'de> de::EnumAccess<'de> for Variant<'_, 'de> {
    type Error = Failure;
    type Variant = Self;
    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Failure> {
        let variant = seed.deserialize(&mut *self.reader)?;
        Ok((variant, self))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Failure;
    fn unit_variant(self) -> Result<(), Failure> {
        if self.content { de::Deserialize::deserialize(self.reader) } else { Ok(()) }
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Failure> {
        seed.deserialize(self.content()?)
    }
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Failure> {
        self.content()?.deserialize_any(visitor)
    }
    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.content()?.deserialize_any(visitor)
    }
}
