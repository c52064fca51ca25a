//! Keys and states as people read them.
use crate::base::guard::caught;

/// A key as the text used in errors and in an inspection: a string as it is, anything else as JSON.
pub(crate) fn key_text<K: serde::Serialize + std::fmt::Debug>(key: &K) -> String {
    let text = || match serde_json::to_value(key) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(value) => value.to_string(),
        Err(_) => format!("{key:?}"),
    };
    caught(text).unwrap_or_else(|_| "a key that panics when it is shown".to_owned())
}

/// A state as JSON; a state that JSON cannot hold is shown by the reason.
pub(crate) fn state_json<E: serde::Serialize>(state: &E) -> serde_json::Value {
    let not_json = |error: String| serde_json::Value::String(format!("not JSON: {error}"));
    match caught(|| serde_json::to_value(state)) {
        Ok(shown) => shown.unwrap_or_else(|error| not_json(error.to_string())),
        Err(panic) => not_json(panic.to_string()),
    }
}
