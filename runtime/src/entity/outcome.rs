//! Whether what a method returned is an `Err`, and so aborts the transaction that it was the root of.
//!
//! The type of a method's result says it at compile time. In a generic method it may hide behind a type parameter: then
//! the value is asked, by serialising it as far as its first word.
use crate::entity::traits::Portable;
use serde::ser::{self, Impossible, Serialize, Serializer};
use std::any::type_name;
use std::fmt::{self, Display};

/// Tells whether a method's output is an `Err`, by method resolution: the inherent method wins where it applies.
pub struct Outcome<'a, T>(pub &'a T);

impl<T, X> Outcome<'_, Result<T, X>> {
    /// Whether the result aborts the transaction.
    pub fn is_err(&self) -> bool {
        self.0.is_err()
    }
}

/// The answer for every other type: it does not abort.
pub trait NeverErr {
    /// Always `false`.
    fn is_err(&self) -> bool {
        false
    }
}
impl<T> NeverErr for &Outcome<'_, T> {}

/// As [`Outcome`], for an output that depends on a type parameter.
pub struct Unclear<'a, T>(&'a T, fn(&T) -> bool);

/// Looks at an output that depends on a type parameter.
pub fn unclear<T: Portable>(output: &T) -> Unclear<'_, T> {
    Unclear(output, is_err)
}

impl<T, X> Unclear<'_, Result<T, X>> {
    /// Whether the result aborts the transaction.
    pub fn is_err(&self) -> bool {
        self.0.is_err()
    }
}

/// The answer for every other type: what the value itself says.
pub trait SometimesErr {
    /// Whether the result aborts the transaction.
    fn is_err(&self) -> bool;
}
impl<T> SometimesErr for &Unclear<'_, T> {
    fn is_err(&self) -> bool {
        (self.1)(self.0)
    }
}

fn is_err<T: Serialize>(output: &T) -> bool {
    // A type of the user's may have the same name and variants, but not the same path.
    type_name::<T>().starts_with(type_name::<Result<(), ()>>().trim_end_matches("<(), ()>"))
        && matches!(output.serialize(Probe), Err(Seen::Err))
}

/// A serialiser that goes no further than the first word.
struct Probe;

#[derive(Debug)]
enum Seen {
    Err,
    Other,
}

impl Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("enough is seen")
    }
}
impl std::error::Error for Seen {}
impl ser::Error for Seen {
    fn custom<T: Display>(_: T) -> Self {
        Self::Other
    }
}

macro_rules! other {
    ($($name:ident: $($ty:ty),*;)+) => {
        $(fn $name(self, $(_: $ty),*) -> Result<(), Seen> { Err(Seen::Other) })+
    };
}
macro_rules! compound {
    ($($name:ident: $compound:ident($($ty:ty),*);)+) => {
        $(fn $name(self, $(_: $ty),*) -> Result<Self::$compound, Seen> { Err(Seen::Other) })+
    };
}

impl Serializer for Probe {
    type Ok = ();
    type Error = Seen;
    type SerializeSeq = Impossible<(), Seen>;
    type SerializeTuple = Impossible<(), Seen>;
    type SerializeTupleStruct = Impossible<(), Seen>;
    type SerializeTupleVariant = Impossible<(), Seen>;
    type SerializeMap = Impossible<(), Seen>;
    type SerializeStruct = Impossible<(), Seen>;
    type SerializeStructVariant = Impossible<(), Seen>;
    other! {
        serialize_bool: bool; serialize_i8: i8; serialize_i16: i16; serialize_i32: i32; serialize_i64: i64;
        serialize_u8: u8; serialize_u16: u16; serialize_u32: u32; serialize_u64: u64; serialize_f32: f32;
        serialize_f64: f64; serialize_char: char; serialize_str: &str; serialize_bytes: &[u8];
        serialize_unit_struct: &'static str; serialize_unit_variant: &'static str, u32, &'static str;
        serialize_none:; serialize_unit:;
    }
    compound! {
        serialize_seq: SerializeSeq(Option<usize>);
        serialize_tuple: SerializeTuple(usize);
        serialize_tuple_struct: SerializeTupleStruct(&'static str, usize);
        serialize_tuple_variant: SerializeTupleVariant(&'static str, u32, &'static str, usize);
        serialize_map: SerializeMap(Option<usize>);
        serialize_struct: SerializeStruct(&'static str, usize);
        serialize_struct_variant: SerializeStructVariant(&'static str, u32, &'static str, usize);
    }
    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<(), Seen> {
        Err(Seen::Other)
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, _: &T) -> Result<(), Seen> {
        Err(Seen::Other)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: &T,
    ) -> Result<(), Seen> {
        Err(if variant == "Err" { Seen::Err } else { Seen::Other })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Serialize, serde::Deserialize)]
    #[serde(rename = "Result")]
    enum Mine {
        Err(u8),
    }

    /// As generated code asks.
    fn asked<T: Portable>(output: &T) -> bool {
        (&unclear(output)).is_err()
    }

    #[test]
    fn a_value_says_whether_it_is_an_err() {
        assert!(asked(&Err::<u8, u8>(1)) && asked(&Err::<(), Vec<String>>(vec![])));
        assert!(asked(&Err::<Result<u8, u8>, ()>(())));
        assert!(!asked(&Ok::<u8, u8>(1)) && !asked(&Ok::<Result<u8, u8>, u8>(Err(1))));
        assert!(!asked(&Some(Err::<u8, u8>(1))) && !asked(&Mine::Err(1)) && !asked(&7) && !asked(&()));
    }
}
