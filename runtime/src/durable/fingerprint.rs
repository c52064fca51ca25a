//! What a program is made of, as far as it can be told: for each class a hash of what its source says.
//!
//! It says which classes have changed when a replay differs, and no more: functions outside of entities and the bodies of other
//! crates are not part of it, and most changes change no outcome.
use crate::base::hash::key_hash;
use serde_json::Value;
use std::collections::BTreeMap;
use thalweg_graph::Program;

/// By class.
pub(crate) type Fingerprint = BTreeMap<String, u64>;

/// That of a program.
pub(crate) fn fingerprint(program: &Program) -> Fingerprint {
    let of = |entity| {
        let mut value = serde_json::to_value(entity).unwrap_or_default();
        without_places(&mut value);
        key_hash(&value.to_string())
    };
    program.entities.iter().map(|entity| (entity.name.clone(), of(entity))).collect()
}

/// Where something stands is no part of what it is.
fn without_places(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("line");
            fields.remove("file");
            fields.values_mut().for_each(without_places);
        }
        Value::Array(all) => all.iter_mut().for_each(without_places),
        _ => {}
    }
}

/// The classes that one has and the other has otherwise, or not at all.
pub(crate) fn changed(before: &Fingerprint, now: &Fingerprint) -> Vec<String> {
    let differs = |name: &&String| before.get(*name) != now.get(*name);
    let mut names: Vec<String> = before.keys().chain(now.keys()).filter(differs).cloned().collect();
    names.sort();
    names.dedup();
    names
}
