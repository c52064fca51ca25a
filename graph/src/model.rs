//! The forms: what the compiler says of one entity, and what linking makes of all of them.
//!
//! An [`Entity`] is written by the compiler from the tokens of one `#[entity]` pair and knows nothing of other
//! entities. [`crate::link`] joins entities to a [`Program`], in which every call site names its true callees
//! and every public method has an [`AccessPlan`].

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One class of entities: an operator of the dataflow, and its methods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    /// The name of the class: that of the struct, after its path where another class has the same one, or what the user
    /// wrote.
    pub name: String,
    /// The source file, as rustc names it; empty when not known.
    pub file: String,
    /// The line of the struct, counted from 1.
    pub line: u32,
    /// The field marked `#[key]`.
    pub key: Variable,
    /// The part of the key that decides placement, as written; `None` means the whole key.
    pub partition: Option<String>,
    /// Whether an entity is created on first use.
    pub auto: bool,
    /// The methods in source order.
    pub methods: Vec<Method>,
}

/// A name with its type, both as written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// The name, or the pattern, of a parameter or field.
    pub name: String,
    /// The type as written.
    pub ty: String,
}

/// What a method does with the entity it is called on: declared by its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Access {
    /// `&self`.
    Read,
    /// `&mut self`.
    Write,
    /// A constructor (`-> Self`), or the removal of an entity: the existence changes.
    Create,
}

/// One method: its control-flow graph, cut at the call sites.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Method {
    /// The name of the function.
    pub name: String,
    /// The line of its signature, counted from 1.
    pub line: u32,
    /// Whether it may be called from outside the entity (`pub`).
    pub public: bool,
    /// What it does with its own entity.
    pub access: Access,
    /// The parameters after `self`.
    pub params: Vec<Variable>,
    /// The return type as written, `()` when there is none.
    pub output: String,
    /// The blocks; block 0 is the entry.
    pub blocks: Vec<Block>,
    /// The call sites in source order; a site's id is its place here.
    pub sites: Vec<Site>,
    /// The references that it makes of what is known when a request is ordered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub computed: Vec<ComputedKey>,
}

/// A reference `T::at(key)` whose key can be computed of arguments and of the key of the method's entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComputedKey {
    /// The line, counted from 1.
    pub line: u32,
    /// The expression, in brief.
    pub text: String,
    /// Whether it needs arguments, and not the key of the entity alone.
    pub arguments: bool,
    /// Which (places in [`Method::params`]).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub parameters: BTreeSet<usize>,
    /// Whether it relies on names, as [`Origin::Known`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub presumed: bool,
}

/// Straight code between two cuts or branches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// The statements, as written.
    pub lines: Vec<Line>,
    /// The variables whose values are needed on entry, sorted.
    pub live: Vec<String>,
    /// Where control goes.
    pub end: End,
}

/// A statement with its place in the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The line, counted from 1.
    pub line: u32,
    /// The statement, on one line.
    pub text: String,
}

/// How a block ends; targets are places in [`Method::blocks`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// Control goes on at another block.
    Goto(usize),
    /// One of several ways; each with its condition or pattern as written.
    Branch(Vec<(String, usize)>),
    /// The method is cut: a call leaves, and its result arrives at `next`.
    Call {
        /// The place in [`Method::sites`].
        site: usize,
        /// The block where the method is resumed.
        next: usize,
    },
    /// The method ends with a value.
    Return,
}

/// How the calls of a site are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SiteKind {
    /// `call.await`.
    Await,
    /// `join`, `join_all` or `try_join_all`.
    Join,
    /// `call.send()`: the result is not wanted.
    Send,
}

/// A place where a method is cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// The line of the `.await`, counted from 1.
    pub line: u32,
    /// How the calls are made.
    pub kind: SiteKind,
    /// The awaited expression, as written, on one line.
    pub text: String,
    /// The calls that can be seen in the awaited expression; empty when it is a value built elsewhere.
    pub calls: Vec<CallFact>,
    /// The variables that wait in the frame, sorted.
    pub live: Vec<String>,
    /// Whether the result is used.
    pub used: bool,
    /// The true callees, one per part of the awaited type. Where these depend on type parameters of the method, all that
    /// the program has, sorted.
    pub callees: Vec<Callee>,
    /// Whether they do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub varies: bool,
}

/// One call as written at a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallFact {
    /// The name of the method.
    pub method: String,
    /// The line of the method's name.
    pub line: u32,
    /// Where the reference came from.
    pub receiver: Origin,
    /// Where each argument came from.
    pub arguments: Vec<Origin>,
}

/// Where a value, and so every reference in it, came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// Every reference in it is the entity itself or stands in one of these parameters
    /// (places in [`Method::params`]). Neither: it holds no reference, as a literal does.
    Known {
        /// The entity itself may be among the references.
        itself: bool,
        /// The parameters the references may stand in.
        params: BTreeSet<usize>,
        /// The references among them whose keys are computed (places in [`Method::computed`]).
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        computed: BTreeSet<usize>,
        /// Whether that relies on names: a method that is taken for one of std's may be another.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        presumed: bool,
    },
    /// It may hold references that the arguments do not name.
    Unknown {
        /// Why, in the user's words: "`self.owner` is read from state".
        reason: String,
        /// The line where it became unknown.
        line: u32,
    },
}

/// A method that a site calls.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Callee {
    /// The entity's name.
    pub entity: String,
    /// The method's name; `exists` and `remove` are built in.
    pub method: String,
}

/// All reachable entities, joined; made by [`crate::link`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// The version of this form; see [`crate::JSON_VERSION`].
    pub version: u32,
    /// The name of the app.
    pub name: String,
    /// The entities, sorted by name.
    pub entities: Vec<Entity>,
    /// The access plan of every method, in the order of entities and methods.
    pub plans: Vec<MethodPlan>,
}

/// The access plan of one method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodPlan {
    /// The method.
    pub method: Callee,
    /// What a transaction that starts there can reach.
    pub plan: AccessPlan,
}

/// Which entities a transaction can touch, derived by the compiler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccessPlan {
    /// Every entity it can reach is named by its arguments.
    Static(Vec<PlannedAccess>),
    /// It is not; with every reason.
    Dynamic(Vec<Reason>),
}

/// One entry of a static plan: all references of one class in one place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PlannedAccess {
    /// The class of the entities.
    pub entity: String,
    /// Where the references stand.
    pub source: Source,
    /// The strongest access.
    pub access: Access,
    /// Whether that relies on names, as [`Origin::Known`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub presumed: bool,
}

/// A place that names entities.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Source {
    /// The entity the transaction starts at.
    Itself,
    /// The references in a parameter of the root method (a place in [`Method::params`]).
    Parameter(usize),
    /// A reference whose key a method computes.
    Computed {
        /// The method.
        method: Callee,
        /// Which of its computed keys (a place in [`Method::computed`]).
        number: usize,
        /// The entity it is called on, whose key it may need: `None` for the one that the transaction starts at, otherwise the
        /// references in this parameter of the root method.
        parameter: Option<usize>,
        /// The expression, in brief.
        text: String,
    },
}

/// Why a plan is dynamic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reason {
    /// The file of the line.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
    /// The fact, in the user's words.
    pub text: String,
}
