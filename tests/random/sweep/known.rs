//! Refusals that are known and are as they should be, or wait for somebody; all others fail a sweep.

/// A part of rustc's error, and why a drawn program may give it.
pub(super) const KNOWN: &[(&str, &str)] = &[];

/// Why that error is known.
pub(super) fn why(error: &str) -> Option<&'static str> {
    KNOWN.iter().find(|(part, _)| error.contains(part)).map(|(_, why)| *why)
}
