//! Finds the references in the arguments of a call: the entities that a static access plan speaks of.
//!
//! An argument is serialised into nothing. On the way every [`crate::Ref`] in it comes by, whatever it stands in,
//! and reports where its entity is. This asks nothing of the types of arguments that travelling does not ask.
use crate::base::location::Location;
use crate::codec::{self, Failure, Form};
use crate::entity::measure::Measure;
use crate::entity::traits::Entity;
use serde::ser::{self, Serialize, Serializer};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt::{self, Display};

/// So many elements are looked at when a key is computed for each of them; more are left to a scout.
const MOST_STEPS: u32 = 4096;

/// What a search for references has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Searched {
    /// All of them have been found.
    All,
    /// Something is not what the plan says.
    Perhaps,
    /// There are more than are looked at.
    Endless,
}

/// A reference that was found.
#[derive(Clone, Copy)]
pub(crate) struct Found<'a> {
    pub(crate) location: Location,
    /// The key, if it was asked for.
    pub(crate) key: Option<&'a dyn Any>,
}

/// A reference as it reports itself.
type Reported = (Location, Option<Box<dyn Any>>);

/// Lets the keys of references be found, too, as long as it is there.
pub(crate) struct WithKeys;

impl WithKeys {
    pub(crate) fn new() -> Self {
        KEYS.set(true);
        Self
    }
}

impl Drop for WithKeys {
    fn drop(&mut self) {
        KEYS.set(false);
    }
}

thread_local! {
    /// The number of workers while an argument is searched, and 0 when none is.
    static PEERS: Cell<usize> = const { Cell::new(0) };
    /// Where references report themselves.
    static FOUND: RefCell<Vec<Reported>> = const { RefCell::new(Vec::new()) };
    /// Whether their keys are asked for.
    static KEYS: Cell<bool> = const { Cell::new(false) };
    /// Whether there is one among them: asked for every argument, and so cheaper to keep.
    static ANY: Cell<bool> = const { Cell::new(false) };
}

/// Called by every reference that is serialised: it may be what a search is for.
pub(crate) fn found<E: Entity>(key: &E::Key) {
    let peers = PEERS.get();
    if peers == 0 {
        return;
    }
    let location = Location::of::<E>(key, peers);
    let key = KEYS.get().then(|| Box::new(key.clone()) as Box<dyn Any>);
    FOUND.with_borrow_mut(|found| found.push((location, key)));
    ANY.set(true);
}

/// Ends a search that a panic has left open.
pub(crate) fn reset() {
    PEERS.set(0);
    KEYS.set(false);
    if ANY.replace(false) {
        FOUND.with_borrow_mut(Vec::clear);
    }
}

/// Looks at parameters, or at a result, one by one.
pub struct ValueVisitor<'a>(Goal<'a>);

/// What for.
enum Goal<'a> {
    /// For references, in the parameters that an access plan names; with their keys, if they are asked for.
    Search {
        peers: usize,
        wanted: &'a dyn Fn(usize) -> bool,
        each: &'a mut dyn FnMut(usize, Found<'_>),
        /// How many more elements are looked at.
        steps: u32,
        sure: bool,
    },
    /// To have them as bytes, one behind the other; and the first failure.
    Encode(Form, &'a mut Vec<u8>, Option<Failure>),
    /// To know how large they are.
    Measure(&'a mut Measure),
}

impl<'a> ValueVisitor<'a> {
    pub(crate) fn new(
        peers: usize,
        wanted: &'a dyn Fn(usize) -> bool,
        each: &'a mut dyn FnMut(usize, Found<'_>),
    ) -> Self {
        Self(Goal::Search { peers, wanted, each, steps: MOST_STEPS, sure: true })
    }

    /// Appends the bytes of what it sees.
    pub(crate) fn encoding(form: Form, bytes: &'a mut Vec<u8>) -> Self {
        Self(Goal::Encode(form, bytes, None))
    }

    /// Why something cannot be encoded.
    pub(crate) fn failure(self) -> Option<Failure> {
        if let Goal::Encode(_, _, failure) = self.0 { failure } else { None }
    }

    /// Adds the sizes of what it sees to this.
    pub(crate) fn measuring(measure: &'a mut Measure) -> Self {
        Self(Goal::Measure(measure))
    }

    /// Something was computed that is not what the plan says.
    pub fn unsure(&mut self) {
        if let Goal::Search { sure, .. } = &mut self.0 {
            *sure = false;
        }
    }

    /// One more element of something that may be endless; `None` when that is enough.
    pub fn step(&mut self) -> Option<()> {
        let Goal::Search { steps, .. } = &mut self.0 else { return None };
        *steps = steps.saturating_sub(1);
        (*steps > 0).then_some(())
    }

    /// What has become of the references that were looked for.
    pub(crate) fn outcome(&self) -> Searched {
        match &self.0 {
            Goal::Search { steps: 0, .. } => Searched::Endless,
            Goal::Search { sure: true, .. } => Searched::All,
            _ => Searched::Perhaps,
        }
    }

    /// Looks at a reference that is a value of its own.
    pub(crate) fn reference<E: Entity>(&mut self, key: &E::Key) {
        if let Goal::Search { peers, each, .. } = &mut self.0 {
            each(0, Found { location: Location::of::<E>(key, *peers), key: Some(key) });
        }
    }

    /// Looks at one parameter.
    pub fn parameter<T: Serialize>(&mut self, place: usize, argument: &T) {
        let (peers, each) = match &mut self.0 {
            Goal::Search { peers, wanted, each, .. } if wanted(place) => (*peers, each),
            Goal::Search { .. } => return,
            Goal::Encode(form, bytes, failure) => {
                let appended = codec::append(*form, argument, bytes);
                return failed(appended, bytes, failure);
            }
            Goal::Measure(measure) => return measure.add(argument),
        };
        PEERS.set(peers);
        // What cannot be serialised names nothing that could be seen; a call to it is then found to be unplanned.
        let _ = argument.serialize(Nowhere);
        PEERS.set(0);
        if ANY.replace(false) {
            let mut found = FOUND.take();
            found.drain(..).for_each(|(location, key)| each(place, Found { location, key: key.as_deref() }));
            FOUND.with_borrow_mut(|empty| *empty = found); // which keeps its room
        }
    }
}

/// What cannot be encoded stands for the reason.
fn failed(appended: Result<(), Failure>, bytes: &mut Vec<u8>, first: &mut Option<Failure>) {
    if let Err(failure) = appended {
        codec::stands_for(&failure, bytes);
        first.get_or_insert(failure);
    }
}

/// A serializer that keeps nothing.
struct Nowhere;

/// Why a serializer that makes nothing has stopped.
#[derive(Debug)]
pub(crate) struct Refused;

impl Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value refuses to be serialised")
    }
}
impl std::error::Error for Refused {}
impl ser::Error for Refused {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

macro_rules! ignored {
    ($($name:ident: $ty:ty),+) => {
        $(fn $name(self, _: $ty) -> Result<(), Refused> { Ok(()) })+
    };
}

impl Serializer for Nowhere {
    type Ok = ();
    type Error = Refused;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;
    ignored!(
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_u128: u128, serialize_f32: f32, serialize_f64: f64, serialize_char: char, serialize_str: &str,
        serialize_bytes: &[u8], serialize_unit_struct: &'static str
    );
    fn serialize_none(self) -> Result<(), Refused> {
        Ok(())
    }
    fn serialize_unit(self) -> Result<(), Refused> {
        Ok(())
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Refused> {
        value.serialize(self)
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), Refused> {
        Ok(())
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
    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Refused> {
        Ok(self)
    }
    fn serialize_tuple(self, _: usize) -> Result<Self, Refused> {
        Ok(self)
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Refused> {
        Ok(self)
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Refused> {
        Ok(self)
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Self, Refused> {
        Ok(self)
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Refused> {
        Ok(self)
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Refused> {
        Ok(self)
    }
}

macro_rules! parts {
    ($($kind:ident { $($name:ident($($skip:ty)?)),+ })+) => {$(
        impl ser::$kind for Nowhere {
            type Ok = ();
            type Error = Refused;
            $(fn $name<T: Serialize + ?Sized>(&mut self, $(_: $skip,)? value: &T) -> Result<(), Refused> {
                value.serialize(Nowhere)
            })+
            fn end(self) -> Result<(), Refused> {
                Ok(())
            }
        }
    )+};
}
parts! {
    SerializeSeq { serialize_element() }
    SerializeTuple { serialize_element() }
    SerializeTupleStruct { serialize_field() }
    SerializeTupleVariant { serialize_field() }
    SerializeMap { serialize_key(), serialize_value() }
    SerializeStruct { serialize_field(&'static str) }
    SerializeStructVariant { serialize_field(&'static str) }
}
