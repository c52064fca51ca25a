//! The methods of a program by name: what a caller from outside has to know of each, and how a call is made of its bytes.
//!
//! Log, HTTP, command line and other processes know a call as data: a method, a key, arguments. A [`Row`] turns that into
//! a typed call and its answer into bytes again; nothing else of the engine knows of either. Rows are compiled
//! for the classes that an app exposes, and for no others.
use crate::base::error::{Error, Result};
use crate::base::guard::{caught, discard};
use crate::base::ids::MethodId;
use crate::base::room::{Room, Size};
use crate::codec::{Arguments, Failure, Form, decode_in, encode, to_json};
use crate::egress::answers::{Members, Waiting, typed};
use crate::egress::outcome::Outcome;
use crate::entity::call::Call;
use crate::entity::measure::size_of_one;
use crate::entity::run::shipped::read_output;
use crate::entity::traits::{Exists, Method, MethodVisitor, Methods, Remove};
use crate::entity::visit::ValueVisitor;
use crate::methods::table::{ClassOf, Methods as Table};
use crate::request::batch::{Batch, Calls};
use serde_json::{Map, Value};
use std::any::{Any, type_name};
use std::collections::BTreeMap;
use thalweg_graph::{Access, AccessPlan, BUILT_IN, MethodPlan, PlannedAccess, Program, Source, Variable};
use tokio::sync::oneshot;

/// A method, as it is seen by whoever calls it by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodInfo {
    /// The name of the entity's class, as in the graph.
    pub entity: String,
    /// The key of the entity: the name of the field and its type, as written.
    pub key: Variable,
    /// The name of the method.
    pub method: String,
    /// The names of the parameters and their types, as written. One that is a pattern is called `argument_1`,
    /// `argument_2`, .. by its place.
    pub parameters: Vec<Variable>,
    /// The type of the result, as written.
    pub output: String,
    /// What it does with its own entity.
    pub access: Access,
    /// Which entities a transaction that starts there can touch.
    pub plan: AccessPlan,
    /// Why it cannot be called by name, if it cannot.
    pub not_by_name: Option<&'static str>,
}

/// A call that was made from bytes, without its type.
pub(crate) struct ReadCall {
    pub(crate) calls: Box<dyn Calls>,
    pub(crate) size: Size,
    /// What its outcome is in the readable form. Runs code of the user's.
    shown: fn(&mut dyn Any) -> Result<Answer>,
    /// The same of the bytes of an answer that is remembered.
    pub(crate) shown_bytes: fn(&[u8]) -> Result<Answer>,
}

/// A call of the method that a name stands for.
pub(crate) struct NamedCall {
    pub(crate) method: MethodId,
    pub(crate) call: ReadCall,
}

/// What a method has answered, in the readable form.
pub(crate) struct Answer {
    bytes: Vec<u8>,
    is_err: bool,
    is_result: bool,
}

/// What of a call's bytes is no key or no argument of its method.
pub(crate) enum Unfit {
    Key(Failure),
    Argument(usize, Failure),
    Panicked(Error),
}

/// A method without its type.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    make: fn(Form, key: &[u8], args: &[u8]) -> Made,
}

/// A call, or why there is none.
type Made = Result<ReadCall, Unfit>;

/// The methods of an exposed class without their types; a generic one is not among them.
#[derive(Clone, Default)]
pub(crate) struct Rows(BTreeMap<&'static str, Row>);

impl Rows {
    pub(crate) fn of<E: Methods>() -> Self {
        let mut rows = Self::default();
        rows.method::<Exists<E>>();
        rows.method::<Remove<E>>();
        E::each(&mut rows);
        rows
    }

    pub(crate) fn get(&self, method: &str) -> Option<Row> {
        self.0.get(method).copied()
    }
}

impl MethodVisitor for Rows {
    fn method<M: Method>(&mut self) {
        self.0.insert(M::NAME, Row { make: make::<M> });
    }
}

/// A call from the bytes of its key and of its arguments. How they are read is user code.
fn make<M: Method>(form: Form, key: &[u8], args: &[u8]) -> Made {
    let made = caught(|| -> Result<Call<M>, Unfit> {
        let key = decode_in(form, key).map_err(Unfit::Key)?;
        let mut arguments = Arguments::new(form, args);
        let decoded = M::decode(&mut arguments);
        let unfit = |(place, failure)| Err(Unfit::Argument(place, failure));
        match (decoded, arguments.failure()) {
            (Some(args), None) => Ok(Call::new(key, args)),
            (_, Some(failure)) => unfit(failure),
            (None, None) => unfit((0, Failure::new("a type that cannot be read"))),
        }
    });
    match made {
        Ok(Ok(call)) => {
            let (size, calls) = (size_of_one(&call), Batch::one(call));
            Ok(ReadCall { size, calls, shown: shown::<M>, shown_bytes: shown_bytes::<M> })
        }
        Ok(Err(unfit)) => Err(unfit),
        Err(panicked) => Err(Unfit::Panicked(panicked)),
    }
}

/// How a result is serialised, and dropped, is user code.
fn shown<M: Method>(outcomes: &mut dyn Any) -> Result<Answer> {
    let outcome = typed::<M::Output>(outcomes).pop().flatten();
    let output =
        outcome.unwrap_or_else(|| Err(Box::new(Error::internal("a request ended without an outcome"))));
    answer::<M>(output.map_err(|error| *error)?)
}

fn shown_bytes<M: Method>(bytes: &[u8]) -> Result<Answer> {
    answer::<M>(caught(|| read_output::<M>(bytes)).flatten()?)
}

fn answer<M: Method>(output: M::Output) -> Result<Answer> {
    let answer = caught(|| {
        let mut bytes = Vec::new();
        M::visit_output(&output, &mut ValueVisitor::encoding(Form::Readable, &mut bytes));
        // Nothing else tells a `Result` from an enum of the user's with an `Ok`, behind any alias.
        let is_result = type_name::<M::Output>().starts_with("core::result::Result<");
        Answer { bytes, is_err: M::is_err(&output), is_result }
    });
    discard(output);
    answer
}

/// Waits for the outcome of a call, to have it in the readable form.
struct Shown {
    answer: Option<Outcome<Answer>>,
    shown: fn(&mut dyn Any) -> Result<Answer>,
    sender: oneshot::Sender<Outcome<Answer>>,
    _room: Room,
}

impl ReadCall {
    /// Someone who waits for the call, and the way on which they get the answer.
    pub(crate) fn waiting(&self, room: Room) -> (Box<dyn Waiting>, oneshot::Receiver<Outcome<Answer>>) {
        let (sender, reply) = oneshot::channel();
        (Box::new(Shown { answer: None, shown: self.shown, sender, _room: room }), reply)
    }
}

impl Waiting for Shown {
    fn missing(&self) -> usize {
        1
    }
    fn take(&mut self, _: Members<'_>, outcomes: &mut dyn Any) {
        self.answer = Some((self.shown)(outcomes).map_err(Box::new));
    }
    fn finish(self: Box<Self>, missing: &Error) {
        let Self { answer, sender, .. } = *self;
        // Whoever asked may have gone.
        let _ = sender.send(answer.unwrap_or_else(|| Err(Box::new(missing.clone()))));
    }
    fn fail(mut self: Box<Self>, error: &Error) {
        self.answer = None;
        self.finish(error);
    }
}

impl Answer {
    /// The result as JSON: `Err` when it is the method's own `Err`.
    pub(crate) fn into_json(self) -> Result<Result<Value, Value>> {
        let json = to_json(&self.bytes)
            .map_err(|failure| Error::internal(&format!("a result is not JSON: {failure}")))?;
        let json = match json {
            Value::Object(fields) if self.is_result && fields.len() == 1 => {
                fields.into_iter().next().map_or(Value::Null, |(_, inner)| inner)
            }
            whole => whole,
        };
        Ok(if self.is_err { Err(json) } else { Ok(json) })
    }
}

/// All methods of a program by name.
#[derive(Default)]
pub(crate) struct Catalog(BTreeMap<String, BTreeMap<String, Entry>>);

/// A method of the catalog.
struct Entry {
    info: MethodInfo,
    id: MethodId,
    row: Option<Row>,
}

/// Why a method of a class that is not exposed cannot be called by name.
const HIDDEN: &str = "its class is not exposed; let the app have it with `App::expose`";

impl Catalog {
    /// Adds the methods of a class.
    pub(crate) fn describe(
        &mut self,
        class: &ClassOf,
        rows: Option<&Rows>,
        program: &Program,
        methods: &Table,
    ) {
        let planned = |method: &str| {
            let is =
                |(_, it): &(usize, &MethodPlan)| it.method.entity == class.name && it.method.method == method;
            program.plans.iter().enumerate().find(is)
        };
        let built_in = BUILT_IN.iter().map(|(method, access)| {
            let itself = PlannedAccess {
                entity: class.name.clone(),
                source: Source::Itself,
                access: *access,
                presumed: false,
            };
            MethodInfo {
                entity: class.name.clone(),
                key: class.key.clone(),
                method: (*method).to_owned(),
                parameters: Vec::new(),
                output: "bool".to_owned(),
                access: *access,
                plan: AccessPlan::Static(vec![itself]),
                not_by_name: rows.is_none().then_some(HIDDEN),
            }
        });
        let declared = class.declared.iter().map(|method| {
            let not_by_name = match rows {
                _ if !method.public => Some("it is not `pub`"),
                None => Some(HIDDEN),
                Some(rows) if rows.get(&method.name).is_none() => {
                    Some("it is generic, and nothing tells its types")
                }
                Some(_) => None,
            };
            let plan = planned(&method.name).map(|(_, it)| it.plan.clone());
            MethodInfo {
                entity: class.name.clone(),
                key: class.key.clone(),
                method: method.name.clone(),
                parameters: parameters(&method.params),
                output: method.output.clone(),
                access: method.access,
                plan: plan.unwrap_or_else(|| AccessPlan::Dynamic(vec![class.generic(method)])),
                not_by_name,
            }
        });
        // An entity's own method comes before the built-in one of its name.
        let methods = built_in.chain(declared).map(|info| {
            let row = rows.and_then(|rows| rows.get(&info.method));
            let other = || methods.other(class.ty, &info.method);
            let id = planned(&info.method).map(|(index, _)| MethodId::new(index)).or_else(other);
            let id = id.unwrap_or_else(|| unreachable!("every method of a class has a number"));
            (info.method.clone(), Entry { id, row, info })
        });
        self.0.insert(class.name.clone(), methods.collect());
    }

    /// Every method; by entity, then by name.
    pub(crate) fn methods(&self) -> impl Iterator<Item = &MethodInfo> {
        self.0.values().flat_map(BTreeMap::values).map(|entry| &entry.info)
    }

    fn find(&self, entity: &str, method: &str) -> Result<&Entry> {
        let Some(methods) = self.0.get(entity) else {
            let known = self.0.keys().cloned().collect();
            return Err(Error::UnknownEntity { entity: entity.to_owned(), known });
        };
        methods.get(method).ok_or_else(|| {
            let callable = methods.values().filter(|entry| entry.info.not_by_name.is_none());
            let known = callable.map(|entry| entry.info.method.clone()).collect();
            Error::UnknownMethod { entity: entity.to_owned(), method: method.to_owned(), known }
        })
    }

    /// A call from JSON: a key, and arguments by the names of the parameters.
    ///
    /// # Errors
    /// When there is no such method, or they do not fit it.
    pub(crate) fn call(&self, entity: &str, key: &Value, method: &str, args: &Value) -> Result<NamedCall> {
        let entry = self.find(entity, method)?;
        let (name, method) = (|| entry.info.entity.clone(), || entry.info.method.clone());
        let row = match (entry.info.not_by_name, entry.row) {
            (None, Some(row)) => row,
            (why, _) => {
                let why = why.unwrap_or("it has no form for that");
                return Err(Error::NotByName { entity: name(), method: method(), why });
            }
        };
        let bad = |what| Error::BadArgument { entity: name(), method: method(), what };
        let (bytes, missing) = entry.info.arguments(args).map_err(bad)?;
        let call = (row.make)(Form::Readable, &encode(key), &bytes).map_err(|unfit| match unfit {
            Unfit::Key(failure) => {
                Error::BadKey { entity: name(), what: failure.in_field("key").to_string() }
            }
            Unfit::Argument(place, failure) => {
                let parameter = &entry.info.parameters[place];
                bad(match missing.contains(&place) {
                    true => format!("`{}` is missing: {}", parameter.name, parameter.ty),
                    false => failure.in_field(&parameter.name).to_string(),
                })
            }
            Unfit::Panicked(error) => error,
        })?;
        Ok(NamedCall { method: entry.id, call })
    }
}

impl MethodInfo {
    /// The arguments in the order of the parameters, as bytes, and those that are missing: an `Option` may be.
    fn arguments(&self, args: &Value) -> Result<(Vec<u8>, Vec<usize>), String> {
        let none = Map::new();
        let args = match args {
            Value::Object(args) => args,
            Value::Null => &none,
            _ => return Err("the arguments are an object with their names".to_owned()),
        };
        let known = |name: &String| self.parameters.iter().any(|parameter| parameter.name == *name);
        if let Some(unknown) = args.keys().find(|name| !known(name)) {
            let names: Vec<_> =
                self.parameters.iter().map(|parameter| format!("`{}`", parameter.name)).collect();
            let has = if names.is_empty() { "no parameters".to_owned() } else { names.join(", ") };
            return Err(format!("`{unknown}` is not among its parameters; it has {has}"));
        }
        let (mut bytes, mut missing) = (Vec::new(), Vec::new());
        for (place, parameter) in self.parameters.iter().enumerate() {
            let value = args.get(&parameter.name);
            if value.is_none() {
                missing.push(place);
            }
            bytes.extend(encode(value.unwrap_or(&Value::Null)));
        }
        Ok((bytes, missing))
    }
}

/// The parameters as they are named in a call: by their names, or by their places where they are patterns.
fn parameters(written: &[Variable]) -> Vec<Variable> {
    let name = |(place, parameter): (usize, &Variable)| {
        let name = parameter.name.trim_start_matches("mut ").trim_start_matches("r#");
        let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_') && name != "_";
        let name = if plain { name.to_owned() } else { format!("argument_{place}") };
        Variable { name, ty: parameter.ty.clone() }
    };
    (1..).zip(written).map(name).collect()
}
