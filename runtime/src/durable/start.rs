//! What a run says of itself when it begins: enough to read what it logs.
use crate::base::error::{Error, Result};
use crate::base::storage_fault::StorageFault;
use crate::codec::{decode, encode};
use crate::durable::fingerprint::Fingerprint;
use crate::entity::run::shipped::{Instance, Instances};
use crate::methods::table::Methods;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The format of what this module and [`super::record`] write.
const FORMAT: u32 = 3;

/// See the head of this file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Start {
    format: u32,
    /// The name of the app.
    pub(crate) app: String,
    /// The release of this crate that wrote it, for people.
    pub(crate) release: String,
    /// The number of the run.
    pub(crate) run: u64,
    pub(crate) seed: u64,
    /// How many workers the app had, for people.
    pub(crate) workers: u64,
    /// The methods by their numbers.
    methods: Vec<String>,
    /// What the program was made of.
    #[serde(default)] // an older format is to be told as that
    pub(crate) program: Fingerprint,
}

impl Start {
    pub(crate) fn new(
        app: &str,
        run: u64,
        seed: u64,
        workers: usize,
        methods: Vec<String>,
        program: Fingerprint,
    ) -> Self {
        let (app, release) = (app.to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        Self { format: FORMAT, app, release, run, seed, workers: workers as u64, methods, program }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// A start from its bytes.
    ///
    /// # Errors
    /// When it is another app's, or of a release that this one does not know.
    pub(crate) fn decode(bytes: &[u8], app: &str, place: &str) -> Result<Self> {
        let start = Self::of_any(bytes, place)?;
        if start.app != app {
            let other = &start.app;
            let what = format!(
                "{place}: this is the directory of the app `{other}`, not of `{app}`; give each its own"
            );
            return Err(Error::storage(StorageFault::Foreign, what));
        }
        Ok(start)
    }

    /// The same, of whatever app.
    ///
    /// # Errors
    /// When it is of a release that this one does not know.
    pub(crate) fn of_any(bytes: &[u8], place: &str) -> Result<Self> {
        let start: Self = decode(bytes).map_err(|failure| {
            let what = format!(
                "{place}: what a run says of itself cannot be read by this release ({failure}); use the one that wrote it"
            );
            Error::storage(StorageFault::Release, what)
        })?;
        if start.format != FORMAT {
            let (found, release) = (start.format, &start.release);
            let what = format!(
                "{place}: what is logged has format {found}, written by release {release}; this one reads {FORMAT}; use that one"
            );
            return Err(Error::storage(StorageFault::Release, what));
        }
        Ok(start)
    }

    /// The name of a method by its number.
    pub(crate) fn method(&self, number: u64) -> Option<&str> {
        self.methods.get(usize::try_from(number).ok()?).map(String::as_str)
    }

    /// The methods of this program that the log means, by their numbers in it; for one that is not there its name.
    pub(crate) fn resolve(&self, known: &BTreeMap<String, Instance>) -> Vec<Result<Instance, String>> {
        self.methods.iter().map(|name| known.get(name).copied().ok_or_else(|| name.clone())).collect()
    }
}

/// The names of all methods, by their numbers. An instance of a generic method is named with its types, if there are
/// several.
pub(crate) fn names(instances: &Instances, methods: &Methods) -> Vec<String> {
    let name = |instance: &Instance| {
        let method = methods.find(instance.ty, instance.class, instance.method);
        let (entity, method) = methods.name(method.map_or_else(
            || unreachable!("every method that was reached is in the table"),
            |method| method.number(),
        ));
        format!("{entity}::{method}")
    };
    let all = instances.all();
    let plain: Vec<String> = all.iter().map(name).collect();
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    plain.iter().for_each(|name| *count.entry(name).or_default() += 1);
    let full = all.iter().zip(&plain).map(|(instance, name)| match count[name.as_str()] {
        1 => name.clone(),
        _ => format!("{name} as {}", (instance.types)()),
    });
    full.collect()
}
