//! Values from bytes.
//!
//! A value is read token by token, which asks nothing of its type; a type of a user's costs what it does with a token.
use super::{Failure, Form, I128, NESTED, U128};
use rmp::Marker;
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, Expected, Unexpected, Visitor};
use std::num::NonZeroU8;

/// How many values may stand in one another.
const DEEPEST: u16 = 1024;

/// What stands at the head of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token<'de> {
    Nil,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    U128(u128),
    I128(i128),
    F32(f32),
    F64(f64),
    Text(&'de str),
    Bytes(&'de [u8]),
    Array(u32),
    Map(u32),
    /// `Some` of so many, around `None`.
    Nested(NonZeroU8),
}

/// Reads values that stand behind each other.
pub(crate) struct Reader<'de> {
    form: Form,
    /// Whether what comes next is the key of a map.
    key: bool,
    rest: &'de [u8],
    /// A token that has been looked at, or that is to come before the rest.
    next: Option<Token<'de>>,
    depth: u16,
}

impl<'de> Reader<'de> {
    pub(crate) fn new(form: Form, bytes: &'de [u8]) -> Self {
        Self { form, key: false, rest: bytes, next: None, depth: 0 }
    }

    /// Everything has been read.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        match (self.rest.len(), self.next) {
            (0, None) => Ok(()),
            (left, _) => Err(Failure::new(format!("{left} bytes too many"))),
        }
    }

    /// What has not been read.
    pub(crate) fn rest(&self) -> &'de [u8] {
        self.rest
    }

    fn take(&mut self, len: usize) -> Result<&'de [u8], Failure> {
        let (taken, rest) =
            self.rest.split_at_checked(len).ok_or_else(|| Failure::new("the bytes end early"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Failure> {
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| Failure::new("the bytes end early"))
    }

    fn unsigned<const N: usize>(&mut self) -> Result<u64, Failure> {
        Ok(self.bytes::<N>()?.into_iter().fold(0, |number, byte| number << 8 | u64::from(byte)))
    }

    fn length<const N: usize>(&mut self) -> Result<usize, Failure> {
        usize::try_from(self.unsigned::<N>()?)
            .map_err(|_| Failure::new("a length that this machine cannot have"))
    }

    fn count<const N: usize>(&mut self) -> Result<u32, Failure> {
        u32::try_from(self.unsigned::<N>()?).map_err(|_| Failure::new("a length of more than 32 bits"))
    }

    fn text(&mut self, len: usize) -> Result<Token<'de>, Failure> {
        let text = str::from_utf8(self.take(len)?);
        text.map(Token::Text).map_err(|_| Failure::new("a text that is not UTF-8"))
    }

    pub(super) fn token(&mut self) -> Result<Token<'de>, Failure> {
        if let Some(token) = self.next.take() {
            return Ok(token);
        }
        let [head] = self.bytes()?;
        Ok(match Marker::from_u8(head) {
            Marker::FixPos(number) => Token::Unsigned(number.into()),
            Marker::FixNeg(number) => Token::Signed(number.into()),
            Marker::Null => Token::Nil,
            Marker::False => Token::Bool(false),
            Marker::True => Token::Bool(true),
            Marker::U8 => Token::Unsigned(self.unsigned::<1>()?),
            Marker::U16 => Token::Unsigned(self.unsigned::<2>()?),
            Marker::U32 => Token::Unsigned(self.unsigned::<4>()?),
            Marker::U64 => Token::Unsigned(self.unsigned::<8>()?),
            Marker::I8 => Token::Signed(i8::from_be_bytes(self.bytes()?).into()),
            Marker::I16 => Token::Signed(i16::from_be_bytes(self.bytes()?).into()),
            Marker::I32 => Token::Signed(i32::from_be_bytes(self.bytes()?).into()),
            Marker::I64 => Token::Signed(i64::from_be_bytes(self.bytes()?)),
            Marker::F32 => Token::F32(f32::from_be_bytes(self.bytes()?)),
            Marker::F64 => Token::F64(f64::from_be_bytes(self.bytes()?)),
            Marker::FixStr(len) => self.text(len.into())?,
            Marker::Str8 => self.length::<1>().and_then(|len| self.text(len))?,
            Marker::Str16 => self.length::<2>().and_then(|len| self.text(len))?,
            Marker::Str32 => self.length::<4>().and_then(|len| self.text(len))?,
            Marker::Bin8 => self.length::<1>().and_then(|len| self.take(len)).map(Token::Bytes)?,
            Marker::Bin16 => self.length::<2>().and_then(|len| self.take(len)).map(Token::Bytes)?,
            Marker::Bin32 => self.length::<4>().and_then(|len| self.take(len)).map(Token::Bytes)?,
            Marker::FixArray(len) => Token::Array(len.into()),
            Marker::Array16 => Token::Array(self.count::<2>()?),
            Marker::Array32 => Token::Array(self.count::<4>()?),
            Marker::FixMap(len) => Token::Map(len.into()),
            Marker::Map16 => Token::Map(self.count::<2>()?),
            Marker::Map32 => Token::Map(self.count::<4>()?),
            marker @ (Marker::FixExt1 | Marker::FixExt16) => {
                let [kind] = self.bytes()?;
                match (marker, kind.cast_signed()) {
                    (Marker::FixExt1, NESTED) => {
                        let [depth] = self.bytes()?;
                        NonZeroU8::new(depth).map(Token::Nested).ok_or_else(|| unknown(head))?
                    }
                    (Marker::FixExt16, I128) => Token::I128(i128::from_be_bytes(self.bytes()?)),
                    (Marker::FixExt16, U128) => Token::U128(u128::from_be_bytes(self.bytes()?)),
                    _ => return Err(unknown(head)),
                }
            }
            _ => return Err(unknown(head)),
        })
    }

    fn peek(&mut self) -> Result<Token<'de>, Failure> {
        let token = self.token()?;
        self.next = Some(token);
        Ok(token)
    }

    /// Steps into `Some` of so many around `None`.
    pub(super) fn unnest(&mut self, depth: NonZeroU8) {
        self.next = Some(NonZeroU8::new(depth.get() - 1).map_or(Token::Nil, Token::Nested));
    }

    /// Reads a value that nobody wants.
    fn skip(&mut self) -> Result<(), Failure> {
        let (len, each) = match self.token()? {
            Token::Array(len) => (len, 1),
            Token::Map(len) => (len, 2),
            _ => return Ok(()),
        };
        let mut parts = self.parts(len)?;
        while parts.next() {
            (0..each).try_for_each(|_| parts.reader.skip())?;
        }
        parts.finish()
    }

    pub(super) fn parts(&mut self, len: u32) -> Result<Parts<'_, 'de>, Failure> {
        if self.depth == DEEPEST {
            return Err(Failure::new(format!("more than {DEEPEST} values in one another")));
        }
        self.depth += 1;
        Ok(Parts { reader: self, len, left: len, name: None })
    }

    /// A number is wanted. The keys of JSON are texts, and so are its numbers of 128 bits.
    fn number(&mut self, wide: bool) -> Result<(), Failure> {
        if self.form == Form::Binary || !(self.key || wide) {
            return Ok(());
        }
        if let Token::Text(text) = self.peek()? {
            let narrow = text.parse().map(Token::Unsigned).or_else(|_| text.parse().map(Token::Signed));
            let number = match narrow {
                Err(_) if wide => text.parse().map(Token::U128).or_else(|_| text.parse().map(Token::I128)),
                narrow => narrow,
            };
            self.next = number.ok().or(self.next);
        }
        Ok(())
    }

    /// A truth value is wanted; as a key of JSON it is a text.
    fn truth(&mut self) -> Result<(), Failure> {
        if self.key && self.form == Form::Readable {
            self.next = Some(match self.peek()? {
                Token::Text("true") => Token::Bool(true),
                Token::Text("false") => Token::Bool(false),
                token => token,
            });
        }
        Ok(())
    }

    /// What a map has next, as it is named in an error.
    fn name(&mut self) -> Option<&'de str> {
        match self.peek() {
            Ok(Token::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The head of an enum; whether it has content.
    fn variant(&mut self) -> Result<bool, Failure> {
        match self.peek()? {
            Token::Map(1) => {
                self.next = None;
                Ok(true)
            }
            Token::Text(_) => Ok(false),
            token => Err(Failure::new(format!("{token:?} where a variant is expected"))),
        }
    }
}

fn unknown(head: u8) -> Failure {
    Failure::new(format!("{head:#x} begins no value"))
}

/// The elements of an array, or the entries of a map.
pub(super) struct Parts<'a, 'de> {
    pub(super) reader: &'a mut Reader<'de>,
    len: u32,
    left: u32,
    /// The key of the entry that is read, if it is a text.
    name: Option<&'de str>,
}

impl Parts<'_, '_> {
    /// Whether there is one more.
    pub(super) fn next(&mut self) -> bool {
        let more = self.left > 0;
        self.left = self.left.saturating_sub(1);
        more
    }

    /// A failure in the element that is read.
    fn in_element(&self, failure: Failure) -> Failure {
        failure.in_element(self.len - self.left - 1)
    }

    /// A failure in the entry that is read.
    fn in_entry(&self, failure: Failure) -> Failure {
        match self.name {
            Some(name) => failure.in_field(name),
            None => self.in_element(failure),
        }
    }

    pub(super) fn finish(self) -> Result<(), Failure> {
        self.reader.depth -= 1;
        if self.left == 0 { Ok(()) } else { Err(Failure::new(format!("{} elements too many", self.left))) }
    }
}

// A type that says what it wants is asked for that alone: each way of `deserialize_any` is compiled for every visitor.
macro_rules! numbers {
    ($($name:ident)+) => {$(
        fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            self.number(false)?;
            match self.token()? {
                Token::Unsigned(number) => visitor.visit_u64(number),
                Token::Signed(number) => visitor.visit_i64(number),
                token => Err(mismatch(token, &visitor)),
            }
        }
    )+};
}
macro_rules! floats {
    ($($name:ident)+) => {$(
        fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            match self.token()? {
                Token::F32(number) => visitor.visit_f32(number),
                Token::F64(number) => visitor.visit_f64(number),
                Token::Unsigned(number) => visitor.visit_u64(number),
                Token::Signed(number) => visitor.visit_i64(number),
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
            Token::Array(len) => {
                let mut parts = self.parts(len)?;
                let value = visitor.visit_seq(&mut parts)?;
                parts.finish().map(|()| value)
            }
            Token::Map(len) => {
                let mut parts = self.parts(len)?;
                let value = visitor.visit_map(&mut parts)?;
                parts.finish().map(|()| value)
            }
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
            Token::Map(len) => {
                let mut parts = self.parts(len)?;
                let value = visitor.visit_map(&mut parts)?;
                parts.finish().map(|()| value)
            }
            token @ Token::Array(_) => {
                self.next = Some(token);
                self.deserialize_seq(visitor)
            }
            token => Err(mismatch(token, &visitor)),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.token()? {
            Token::Map(len) => {
                let mut parts = self.parts(len)?;
                let value = visitor.visit_map(&mut parts)?;
                parts.finish().map(|()| value)
            }
            token => Err(mismatch(token, &visitor)),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.token()? {
            Token::Array(len) => {
                let mut parts = self.parts(len)?;
                let value = visitor.visit_seq(&mut parts)?;
                parts.finish().map(|()| value)
            }
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

    floats!(deserialize_f32 deserialize_f64);
    texts!(deserialize_char deserialize_str deserialize_string);

    numbers!(
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
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
        Some((self.left as usize).min(self.reader.rest.len()))
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
        Some((self.left as usize).min(self.reader.rest.len()))
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

/// The arguments of a call as bytes, one behind the other; read by generated code.
pub struct Arguments<'de> {
    reader: Reader<'de>,
    /// The first that could not be read, and why.
    failure: Option<(usize, Failure)>,
}

impl<'de> Arguments<'de> {
    pub(crate) fn new(form: Form, bytes: &'de [u8]) -> Self {
        Self { reader: Reader::new(form, bytes), failure: None }
    }

    /// The next, which is parameter number `place`.
    pub(crate) fn next<T: DeserializeOwned>(&mut self, place: usize) -> Option<T> {
        T::deserialize(&mut self.reader).map_err(|failure| self.failure = Some((place, failure))).ok()
    }

    /// What could not be read: the parameter, and why.
    pub(crate) fn failure(self) -> Option<(usize, Failure)> {
        self.failure.or_else(|| self.reader.finish().err().map(|failure| (0, failure)))
    }
}
