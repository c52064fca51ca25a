//! Values to bytes.
use crate::codec::{Failure, Form, I128, NESTED, TABLE, U128, elsewhere};
use rmp::encode::{self, ByteBuf};
use serde::ser::{self, Serialize, Serializer};

/// Writes values behind each other.
pub(crate) struct Writer {
    form: Form,
    bytes: ByteBuf,
}

impl Writer {
    /// Writes behind these bytes.
    pub(crate) fn new(form: Form, bytes: Vec<u8>) -> Self {
        Self { form, bytes: ByteBuf::from_vec(bytes) }
    }

    /// All bytes, those before what was written, too.
    pub(crate) fn take_bytes(&mut self) -> Vec<u8> {
        std::mem::take(self.bytes.as_mut_vec())
    }

    // What is not generic is compiled once, and not for every type of a user's.

    fn unsigned(&mut self, value: u64) -> Result<(), Failure> {
        written(encode::write_uint(&mut self.bytes, value))
    }

    fn signed(&mut self, value: i64) -> Result<(), Failure> {
        written(encode::write_sint(&mut self.bytes, value))
    }

    fn text(&mut self, text: &str) -> Result<(), Failure> {
        written(encode::write_str_len(&mut self.bytes, length(text.len())?))?;
        self.raw(text.as_bytes())
    }

    fn raw(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.bytes.as_mut_vec().extend(bytes);
        Ok(())
    }

    fn extension(&mut self, kind: i8, bytes: &[u8]) -> Result<(), Failure> {
        written(encode::write_ext_meta(&mut self.bytes, length(bytes.len())?, kind))?;
        self.raw(bytes)
    }

    /// A map of one entry, from the name of a variant to what it holds; that comes next.
    fn variant(&mut self, name: &str) -> Result<(), Failure> {
        written(encode::write_map_len(&mut self.bytes, 1))?;
        self.text(name)
    }

    /// `Some` of what stands from there: written only where it would be taken for `None` without it.
    fn some(&mut self, from: usize) -> Result<(), Failure> {
        let bytes = &mut self.bytes.as_mut_vec()[from..];
        match bytes {
            [NIL] => {
                self.bytes.as_mut_vec().truncate(from);
                self.extension(NESTED, &[1])
            }
            [FIXEXT1, kind, depth] if *kind == NESTED.cast_unsigned() => {
                *depth = depth.checked_add(1).ok_or_else(|| Failure::new("an `Option` in 256 others"))?;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn parts(&mut self, kind: Kind, len: Option<usize>) -> Result<Parts<'_>, Failure> {
        if let Some(len) = len {
            self.head(kind, len)?;
        }
        let from = self.bytes.as_vec().len();
        Ok(Parts { writer: self, kind, len, from, written: 0 })
    }

    fn head(&mut self, kind: Kind, len: usize) -> Result<(), Failure> {
        written(match kind {
            Kind::Array => encode::write_array_len(&mut self.bytes, length(len)?),
            Kind::Map => encode::write_map_len(&mut self.bytes, length(len)?),
        })
    }
}

const NIL: u8 = rmp::Marker::Null.to_u8();
const FIXEXT1: u8 = rmp::Marker::FixExt1.to_u8();

/// Appends the head of a map.
pub(super) fn map_head(len: usize, bytes: &mut Vec<u8>) -> Result<(), Failure> {
    let mut writer = Writer::new(Form::Binary, std::mem::take(bytes));
    let written = writer.head(Kind::Map, len);
    *bytes = writer.take_bytes();
    written
}

/// Memory takes whatever is written.
fn written<T, E>(result: Result<T, E>) -> Result<(), Failure> {
    result.map(drop).map_err(|_| Failure::new("memory cannot be written to"))
}

fn length(len: usize) -> Result<u32, Failure> {
    u32::try_from(len)
        .map_err(|_| Failure::new(format!("{len} elements or bytes in one value, of at most 2^32 - 1")))
}

#[derive(Clone, Copy)]
enum Kind {
    Array,
    Map,
}

/// The elements of a sequence, the entries of a map, or fields.
pub(crate) struct Parts<'a> {
    writer: &'a mut Writer,
    kind: Kind,
    /// How many there are, if that was said before.
    len: Option<usize>,
    /// Where they begin.
    from: usize,
    written: usize,
}

impl Parts<'_> {
    fn finish(self) -> Result<(), Failure> {
        let Self { writer, kind, len, from, written } = self;
        match len {
            Some(len) if len == written => Ok(()),
            Some(len) => Err(Failure::new(format!("{len} parts were promised, and {written} came"))),
            None => {
                let parts = writer.bytes.as_mut_vec().split_off(from);
                writer.head(kind, written)?;
                writer.raw(&parts)
            }
        }
    }
}

macro_rules! numbers {
    ($($name:ident($ty:ty) = $like:ident;)+) => {
        $(fn $name(self, value: $ty) -> Result<(), Failure> { self.$like(value.into()) })+
    };
}

impl<'a> Serializer for &'a mut Writer {
    type Ok = ();
    type Error = Failure;
    type SerializeSeq = Parts<'a>;
    type SerializeTuple = Parts<'a>;
    type SerializeTupleStruct = Parts<'a>;
    type SerializeTupleVariant = Parts<'a>;
    type SerializeMap = Parts<'a>;
    type SerializeStruct = Parts<'a>;
    type SerializeStructVariant = Parts<'a>;
    numbers! {
        serialize_i8(i8) = signed; serialize_i16(i16) = signed; serialize_i32(i32) = signed;
        serialize_i64(i64) = signed; serialize_u8(u8) = unsigned; serialize_u16(u16) = unsigned;
        serialize_u32(u32) = unsigned; serialize_u64(u64) = unsigned;
    }
    fn serialize_i128(self, value: i128) -> Result<(), Failure> {
        self.extension(I128, &value.to_be_bytes())
    }
    fn serialize_u128(self, value: u128) -> Result<(), Failure> {
        self.extension(U128, &value.to_be_bytes())
    }
    fn serialize_bool(self, value: bool) -> Result<(), Failure> {
        written(encode::write_bool(&mut self.bytes, value))
    }
    fn serialize_f32(self, value: f32) -> Result<(), Failure> {
        written(encode::write_f32(&mut self.bytes, value))
    }
    fn serialize_f64(self, value: f64) -> Result<(), Failure> {
        written(encode::write_f64(&mut self.bytes, value))
    }
    fn serialize_char(self, value: char) -> Result<(), Failure> {
        self.text(value.encode_utf8(&mut [0; 4]))
    }
    fn serialize_str(self, text: &str) -> Result<(), Failure> {
        self.text(text)
    }
    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), Failure> {
        written(encode::write_bin_len(&mut self.bytes, length(bytes.len())?))?;
        self.raw(bytes)
    }
    fn serialize_none(self) -> Result<(), Failure> {
        self.serialize_unit()
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Failure> {
        let from = self.bytes.as_vec().len();
        value.serialize(&mut *self)?;
        self.some(from)
    }
    fn serialize_unit(self) -> Result<(), Failure> {
        written(encode::write_nil(&mut self.bytes))
    }
    fn serialize_unit_struct(self, name: &'static str) -> Result<(), Failure> {
        let Some(number) = elsewhere::heard(name) else { return self.serialize_unit() };
        self.extension(TABLE, &[number])?;
        self.head(Kind::Map, 0)
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Result<(), Failure> {
        self.text(name)
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Failure> {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Result<(), Failure> {
        self.variant(name)?;
        value.serialize(self)
    }
    fn serialize_seq(self, len: Option<usize>) -> Result<Parts<'a>, Failure> {
        self.parts(Kind::Array, len)
    }
    fn serialize_tuple(self, len: usize) -> Result<Parts<'a>, Failure> {
        self.parts(Kind::Array, Some(len))
    }
    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Parts<'a>, Failure> {
        self.parts(Kind::Array, Some(len))
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        len: usize,
    ) -> Result<Parts<'a>, Failure> {
        self.variant(name)?;
        self.parts(Kind::Array, Some(len))
    }
    fn serialize_map(self, len: Option<usize>) -> Result<Parts<'a>, Failure> {
        self.parts(Kind::Map, len)
    }
    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Parts<'a>, Failure> {
        self.parts(Kind::Map, Some(len))
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        len: usize,
    ) -> Result<Parts<'a>, Failure> {
        self.variant(name)?;
        self.parts(Kind::Map, Some(len))
    }
    fn is_human_readable(&self) -> bool {
        self.form == Form::Readable
    }
}

macro_rules! elements {
    ($($kind:ident $name:ident;)+) => {$(
        impl ser::$kind for Parts<'_> {
            type Ok = ();
            type Error = Failure;
            fn $name<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failure> {
                self.written += 1;
                value.serialize(&mut *self.writer)
            }
            fn end(self) -> Result<(), Failure> {
                self.finish()
            }
        }
    )+};
}
elements! {
    SerializeSeq serialize_element;
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
    SerializeTupleVariant serialize_field;
}

impl ser::SerializeMap for Parts<'_> {
    type Ok = ();
    type Error = Failure;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Failure> {
        self.written += 1;
        key.serialize(&mut *self.writer)
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failure> {
        value.serialize(&mut *self.writer)
    }
    fn end(self) -> Result<(), Failure> {
        self.finish()
    }
}

macro_rules! fields {
    ($($kind:ident)+) => {$(
        impl ser::$kind for Parts<'_> {
            type Ok = ();
            type Error = Failure;
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Failure> {
                self.written += 1;
                self.writer.text(name)?;
                value.serialize(&mut *self.writer)
            }
            fn end(self) -> Result<(), Failure> {
                self.finish()
            }
        }
    )+};
}
fields!(SerializeStruct SerializeStructVariant);
