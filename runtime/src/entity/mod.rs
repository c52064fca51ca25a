//! What users name and what generated code speaks to: the traits, references and calls, and how methods run.
//!
//! A method is a coroutine over its context, and what it awaits are calls of other methods: so traits, calls and what runs
//! them know each other, and these files are one circle. No floor below has a part in it.
pub(crate) mod traits;
pub(crate) mod values;
pub(crate) mod autoref;
pub(crate) mod tables;
pub(crate) mod unfit;
pub(crate) mod unmade;
pub(crate) mod outcome;
pub(crate) mod call;
pub(crate) mod locate;
pub(crate) mod known;
pub(crate) mod visit;
pub(crate) mod measure;
pub(crate) mod tickets;
pub(crate) mod names;
pub(crate) mod fields;
pub(crate) mod inspect;
pub(crate) mod explore;
pub(crate) mod run;
