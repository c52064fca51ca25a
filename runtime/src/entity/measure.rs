//! How many bytes a request has: what it is bounded by while it waits in a queue.
//!
//! It is an estimate. What a call holds beside itself is found by serialising it into a counter, which looks at the
//! first elements of a long sequence and takes the others to be like them.
use crate::base::guard::caught;
use crate::base::room::Size;
use crate::entity::call::Call;
use crate::entity::traits::{Entity, Method};
use crate::entity::visit::{Refused, ValueVisitor};
use serde::ser::{self, Serialize, Serializer};
use std::fmt::{self, Display};
use std::mem::needs_drop;

/// How many elements of a sequence are looked at.
const SAMPLE: usize = 64;

/// The bytes of a text or a sequence beside its elements.
const HEAD: usize = size_of::<String>();

/// The room that a call needs.
pub(crate) fn size_of_one<M: Method>(call: &Call<M>) -> Size {
    Size { requests: 1, bytes: size_of_call(call) }
}

/// The room that calls need together.
pub(crate) fn size_of_all<M: Method>(calls: &[Call<M>]) -> Size {
    let bytes = calls.iter().map(size_of_call).fold(0, usize::saturating_add);
    Size { requests: calls.len(), bytes }
}

/// The bytes of a call with its key and its arguments.
fn size_of_call<M: Method>(call: &Call<M>) -> usize {
    let mut measure = Measure(size_of::<Call<M>>());
    // Most calls hold nothing that is elsewhere.
    let has_more = needs_drop::<M::Args>() || needs_drop::<<M::Entity as Entity>::Key>();
    if has_more {
        // How something is serialised is user code; what panics there counts as far as it has come.
        let _ = caught(|| {
            measure.add(&call.key);
            M::visit(&call.args, &mut ValueVisitor::measuring(&mut measure));
        });
    }
    measure.0
}

/// Bytes, so far.
pub(crate) struct Measure(usize);

impl Measure {
    /// Adds what a value holds.
    pub(crate) fn add<T: Serialize + ?Sized>(&mut self, value: &T) {
        // What cannot be serialised counts as far as it has come.
        let _ = value.serialize(&mut Counter(&mut self.0));
    }
}

/// A serializer that counts.
struct Counter<'a>(&'a mut usize);

impl Counter<'_> {
    fn count(&mut self, bytes: usize) -> Result<(), Refused> {
        *self.0 = self.0.saturating_add(bytes);
        Ok(())
    }
}

/// The elements of a sequence.
struct Elements<'a> {
    total: &'a mut usize,
    before: usize,
    seen: usize,
    /// How many have been left out, or will be if this is known.
    left_out: usize,
}

impl<'a> Elements<'a> {
    fn new(total: &'a mut usize) -> Self {
        *total = total.saturating_add(HEAD);
        Self { before: *total, total, seen: 0, left_out: 0 }
    }

    fn element(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Refused> {
        if self.seen == SAMPLE {
            self.left_out += 1;
            return Ok(());
        }
        self.seen += 1;
        value.serialize(&mut Counter(self.total))
    }

    fn done(self) {
        if self.left_out > 0 {
            let sampled = *self.total - self.before;
            let more = sampled.saturating_mul(self.left_out) / self.seen.max(1);
            *self.total = self.total.saturating_add(more);
        }
    }

    /// Looks at the first of them without going over the others.
    fn sample<T>(
        mut self,
        mut elements: impl Iterator<Item = T>,
        one: impl Fn(&mut Self, T) -> Result<(), Refused>,
    ) -> Result<(), Refused> {
        for element in elements.by_ref().take(SAMPLE) {
            one(&mut self, element)?;
        }
        let (least, most) = elements.size_hint();
        self.left_out = most.unwrap_or(least);
        self.done();
        Ok(())
    }
}

macro_rules! plain {
    ($($name:ident: $ty:ty),+) => {
        $(fn $name(self, value: $ty) -> Result<(), Refused> { self.count(size_of_val(&value)) })+
    };
}

impl<'a> Serializer for &'a mut Counter<'_> {
    type Ok = ();
    type Error = Refused;
    type SerializeSeq = Elements<'a>;
    type SerializeTuple = Fields<'a>;
    type SerializeTupleStruct = Fields<'a>;
    type SerializeTupleVariant = Fields<'a>;
    type SerializeMap = Elements<'a>;
    type SerializeStruct = Fields<'a>;
    type SerializeStructVariant = Fields<'a>;
    plain!(
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_u128: u128, serialize_f32: f32, serialize_f64: f64, serialize_char: char
    );
    fn serialize_str(self, text: &str) -> Result<(), Refused> {
        self.count(HEAD + text.len())
    }
    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), Refused> {
        self.count(HEAD + bytes.len())
    }
    fn serialize_none(self) -> Result<(), Refused> {
        self.count(1)
    }
    fn serialize_unit(self) -> Result<(), Refused> {
        Ok(())
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Refused> {
        Ok(())
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Refused> {
        value.serialize(self)
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), Refused> {
        self.count(1)
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        value.serialize(self)
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Elements<'a>, Refused> {
        Ok(Elements::new(self.0))
    }
    fn serialize_tuple(self, _: usize) -> Result<Fields<'a>, Refused> {
        Ok(Fields(self.0))
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Fields<'a>, Refused> {
        Ok(Fields(self.0))
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Fields<'a>, Refused> {
        Ok(Fields(self.0))
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Elements<'a>, Refused> {
        Ok(Elements::new(self.0))
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields<'a>, Refused> {
        Ok(Fields(self.0))
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Fields<'a>, Refused> {
        Ok(Fields(self.0))
    }
    fn collect_seq<I: IntoIterator<Item: Serialize>>(self, elements: I) -> Result<(), Refused> {
        Elements::new(self.0).sample(elements.into_iter(), |counted, element| counted.element(&element))
    }
    fn collect_map<K: Serialize, V: Serialize, I: IntoIterator<Item = (K, V)>>(
        self,
        entries: I,
    ) -> Result<(), Refused> {
        Elements::new(self.0).sample(entries.into_iter(), |counted, entry| counted.element(&entry))
    }
    fn collect_str<T: Display + ?Sized>(self, shown: &T) -> Result<(), Refused> {
        /// Counts what is written.
        struct Length(usize);
        impl fmt::Write for Length {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                self.0 += text.len();
                Ok(())
            }
        }
        let mut length = Length(0);
        fmt::write(&mut length, format_args!("{shown}")).map_err(|_| Refused)?;
        self.count(HEAD + length.0)
    }
}

/// Fields, of which there are as many as the type has.
struct Fields<'a>(&'a mut usize);

impl ser::SerializeSeq for Elements<'_> {
    type Ok = ();
    type Error = Refused;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.element(value)
    }
    fn end(self) -> Result<(), Refused> {
        self.done();
        Ok(())
    }
}

impl ser::SerializeMap for Elements<'_> {
    type Ok = ();
    type Error = Refused;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refused> {
        self.element(key)
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.element(value)
    }
    fn end(self) -> Result<(), Refused> {
        self.done();
        Ok(())
    }
}

macro_rules! fields {
    ($($kind:ident $name:ident($($skip:ty)?);)+) => {$(
        impl ser::$kind for Fields<'_> {
            type Ok = ();
            type Error = Refused;
            fn $name<T: Serialize + ?Sized>(&mut self, $(_: $skip,)? value: &T) -> Result<(), Refused> {
                value.serialize(&mut Counter(self.0))
            }
            fn end(self) -> Result<(), Refused> {
                Ok(())
            }
        }
    )+};
}
fields! {
    SerializeTuple serialize_element();
    SerializeTupleStruct serialize_field();
    SerializeTupleVariant serialize_field();
    SerializeStruct serialize_field(&'static str);
    SerializeStructVariant serialize_field(&'static str);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[track_caller]
    fn check(value: impl Serialize, expected: usize) {
        let mut measure = Measure(0);
        measure.add(&value);
        assert_eq!(measure.0, expected);
    }

    /// Complains when it is looked at after so many others.
    struct Step<'a>(&'a std::cell::Cell<usize>);
    impl Serialize for Step<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            self.0.set(self.0.get() + 1);
            serializer.serialize_u8(0)
        }
    }

    #[test]
    fn what_is_short_is_counted() {
        check((1_u8, 2_u64, "abc", [0_u16; 4]), 1 + 8 + HEAD + 3 + 8);
        check(vec![Some(1_u32), None], HEAD + 4 + 1);
        check(BTreeMap::from([(1_u64, "ab")]), HEAD + 8 + HEAD + 2);
    }

    #[test]
    fn what_is_long_is_sampled() {
        check(vec![0_u8; 1 << 20], HEAD + (1 << 20));
        check(vec![vec![0_u64; 1000]; 1000], HEAD + 1000 * (HEAD + 8000));
        check("x".repeat(1 << 20), HEAD + (1 << 20));
        let steps = std::cell::Cell::new(0);
        check((0..10_000).map(|_| Step(&steps)).collect::<Vec<_>>(), HEAD + 10_000);
        assert_eq!(steps.get(), SAMPLE);
    }

    #[test]
    fn a_sequence_by_hand_is_sampled_too() {
        struct ByHand;
        impl Serialize for ByHand {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut elements = serializer.serialize_seq(None)?;
                (0..1000_u64).try_for_each(|n| ser::SerializeSeq::serialize_element(&mut elements, &n))?;
                ser::SerializeSeq::end(elements)
            }
        }
        check(ByHand, HEAD + 8000);
    }
}
