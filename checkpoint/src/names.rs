//! What objects are called. Whatever has another name is not ours.
use std::fmt;

/// Where manifests are.
pub(crate) const MANIFESTS: &str = "manifests";
/// Where parts are.
pub(crate) const PARTS: &str = "parts";

/// What a part is called: it says which draft has written it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PartName {
    /// The number of the manifest that the draft was to become.
    pub(crate) draft: u64,
    /// Drawn by the draft: two drafts of the same number have no name in common.
    pub(crate) nonce: u64,
    pub(crate) group: u32,
    /// Which part of the group it is within the draft, from 0.
    pub(crate) piece: u32,
}

impl fmt::Display for PartName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { draft, nonce, group, piece } = self;
        write!(f, "{PARTS}/{draft:020}-{nonce:016x}-{group:05}-{piece:05}")
    }
}

impl PartName {
    /// The name that this file in the directory of parts has.
    pub(crate) fn parse(file: &str) -> Option<Self> {
        let mut words = file.split('-');
        let mut word = || words.next();
        let draft = word()?.parse().ok()?;
        let nonce = u64::from_str_radix(word()?, 16).ok()?;
        let name = Self { draft, nonce, group: word()?.parse().ok()?, piece: word()?.parse().ok()? };
        is(file, PARTS, &name.to_string()).then_some(name)
    }
}

/// What the manifest of this number is called.
pub(crate) fn manifest(number: u64) -> String {
    format!("{MANIFESTS}/{number:020}")
}

/// The number of the manifest in this file.
pub(crate) fn parse_manifest(file: &str) -> Option<u64> {
    let number = file.parse().ok()?;
    is(file, MANIFESTS, &manifest(number)).then_some(number)
}

/// Whether this file is written as we write it: `+1` parses, too.
fn is(file: &str, dir: &str, name: &str) -> bool {
    name.strip_prefix(dir).and_then(|rest| rest.strip_prefix('/')) == Some(file)
}

/// For an upload that was not finished, a local store leaves a file of this name and `#1`: the name that was meant.
pub(crate) fn unfinished(file: &str) -> Option<&str> {
    let (name, number) = file.split_once('#')?;
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(name)
}
