//! Tokens from bytes, which ask nothing of the type of a value.
use crate::codec::{Failure, Form, I128, NESTED, TABLE, U128, elsewhere};
use rmp::Marker;
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
    pub(super) form: Form,
    /// Whether what comes next is the key of a map.
    pub(super) key: bool,
    rest: &'de [u8],
    /// A token that has been looked at, or that is to come before the rest.
    pub(super) next: Option<Token<'de>>,
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
                    (Marker::FixExt1, TABLE) => {
                        let [number] = self.bytes()?;
                        elsewhere::read(number)?;
                        self.token()?
                    }
                    (Marker::FixExt16, I128) => Token::I128(i128::from_be_bytes(self.bytes()?)),
                    (Marker::FixExt16, U128) => Token::U128(u128::from_be_bytes(self.bytes()?)),
                    _ => return Err(unknown(head)),
                }
            }
            _ => return Err(unknown(head)),
        })
    }

    pub(super) fn peek(&mut self) -> Result<Token<'de>, Failure> {
        let token = self.token()?;
        self.next = Some(token);
        Ok(token)
    }

    /// Steps into `Some` of so many around `None`.
    pub(super) fn unnest(&mut self, depth: NonZeroU8) {
        self.next = Some(NonZeroU8::new(depth.get() - 1).map_or(Token::Nil, Token::Nested));
    }

    /// Reads a value that nobody wants.
    pub(super) fn skip(&mut self) -> Result<(), Failure> {
        self.walk(&mut |_| {})
    }

    /// Reads a value for the marks in it; there are `all` bytes from which they are counted.
    pub(super) fn marks(&mut self, all: usize, found: &mut Vec<(usize, u8)>) -> Result<(), Failure> {
        const HEAD: [u8; 2] = [Marker::FixExt1.to_u8(), TABLE.cast_unsigned()];
        self.walk(&mut |reader| {
            if let [a, b, number, rest @ ..] = reader.rest
                && [*a, *b] == HEAD
            {
                found.push((all - rest.len(), *number));
                reader.rest = rest;
            }
        })
    }

    /// Reads a value, and all values in it; `before` sees each before it is read.
    fn walk(&mut self, before: &mut impl FnMut(&mut Self)) -> Result<(), Failure> {
        before(self);
        let (len, each) = match self.token()? {
            Token::Array(len) => (len, 1),
            Token::Map(len) => (len, 2),
            _ => return Ok(()),
        };
        let mut parts = self.parts(len)?;
        while parts.next() {
            (0..each).try_for_each(|_| parts.reader.walk(before))?;
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
    pub(super) fn number(&mut self, wide: bool) -> Result<(), Failure> {
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
    pub(super) fn truth(&mut self) -> Result<(), Failure> {
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
    pub(super) fn name(&mut self) -> Option<&'de str> {
        match self.peek() {
            Ok(Token::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The head of an enum; whether it has content.
    pub(super) fn variant(&mut self) -> Result<bool, Failure> {
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
    pub(super) left: u32,
    /// The key of the entry that is read, if it is a text.
    pub(super) name: Option<&'de str>,
}

impl Parts<'_, '_> {
    /// Whether there is one more.
    pub(super) fn next(&mut self) -> bool {
        let more = self.left > 0;
        self.left = self.left.saturating_sub(1);
        more
    }

    /// A failure in the element that is read.
    pub(super) fn in_element(&self, failure: Failure) -> Failure {
        failure.in_element(self.len - self.left - 1)
    }

    /// A failure in the entry that is read.
    pub(super) fn in_entry(&self, failure: Failure) -> Failure {
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
