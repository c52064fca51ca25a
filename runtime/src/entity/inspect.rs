//! The state for people: entities by the text of their keys, with none left out.
//!
//! Keys are shown as they read best. Where several keys of a class read alike, as `None` and `Some("null")` do in JSON,
//! each of them is shown in the form of `Debug`; where these are alike, too, they are numbered in the order of the keys.
//! So what is shown depends on which entities there are, not on where they are.
use crate::base::guard::caught;
use crate::base::text::{key_text, state_json};
use crate::entity::traits::{Entity, Key};
use std::any::Any;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// An entity that is shown.
pub(crate) struct Shown {
    text: String,
    /// None if it panics when it is copied.
    key: Option<Box<dyn AnyKey>>,
    state: serde_json::Value,
}

/// The entities of one worker, by the shown name of their class.
pub(crate) type Part = Vec<(String, Vec<Shown>)>;

/// A key without its type.
trait AnyKey: Any + Send {
    fn debug(&self) -> String;
    fn compare(&self, other: &dyn Any) -> Ordering;
}

impl<K: Key> AnyKey for K {
    fn debug(&self) -> String {
        caught(|| format!("{self:?}")).unwrap_or_default()
    }
    fn compare(&self, other: &dyn Any) -> Ordering {
        // Keys of one class have one type.
        let compare = |other| caught(|| self.cmp(other)).unwrap_or(Ordering::Equal);
        other.downcast_ref().map_or(Ordering::Equal, compare)
    }
}

impl Shown {
    pub(crate) fn new<E: Entity>(state: &E) -> Self {
        let key = caught(|| Box::new(state.key().clone()) as Box<dyn AnyKey>).ok();
        Self { text: key_text(state.key()), key, state: state_json(state) }
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (&self.key, &other.key) {
            (Some(key), Some(other)) => key.compare(&**other as &dyn Any),
            (key, other) => key.is_some().cmp(&other.is_some()),
        }
    }

    fn debug(&self) -> String {
        self.key.as_ref().map_or_else(|| self.text.clone(), |key| key.debug())
    }
}

/// The entities of a class by texts that differ.
fn told_apart(entities: Vec<Shown>) -> BTreeMap<String, serde_json::Value> {
    let mut alike: BTreeMap<String, Vec<Shown>> = BTreeMap::new();
    for shown in entities {
        alike.entry(shown.text.clone()).or_default().push(shown);
    }
    let (lone, alike): (BTreeMap<_, _>, BTreeMap<_, _>) =
        alike.into_iter().partition(|(_, entities)| entities.len() == 1);
    let mut all: BTreeMap<String, serde_json::Value> = lone
        .into_iter()
        .flat_map(|(text, shown)| shown.into_iter().map(move |it| (text.clone(), it.state)))
        .collect();
    for mut entities in alike.into_values() {
        entities.sort_by(Shown::compare);
        let forms: Vec<_> = entities.iter().map(Shown::debug).collect();
        let differ = forms.iter().collect::<BTreeSet<_>>().len() == forms.len();
        let tell = differ && !forms.iter().any(|form| all.contains_key(form));
        for (number, (form, shown)) in (1..).zip(forms.into_iter().zip(entities)) {
            let mut text = if tell { form } else { format!("{form} #{number}") };
            while all.contains_key(&text) {
                text.push('\'');
            }
            all.insert(text, shown.state);
        }
    }
    all
}

/// The whole state: entity, key, fields; sorted.
pub(crate) fn whole(parts: impl Iterator<Item = Part>) -> serde_json::Value {
    let mut classes: BTreeMap<String, Vec<Shown>> = BTreeMap::new();
    for (class, entities) in parts.flatten().filter(|(_, entities)| !entities.is_empty()) {
        classes.entry(class).or_default().extend(entities);
    }
    let each = classes.into_iter().map(|(class, entities)| {
        let entities: serde_json::Map<String, serde_json::Value> = told_apart(entities).into_iter().collect();
        (class, serde_json::Value::Object(entities))
    });
    serde_json::Value::Object(each.collect())
}
