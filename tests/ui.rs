//! What cannot be compiled is refused: one mistake a file, one error, at the smallest tokens that are wrong.
//!
//! The folders are named after the family of the mistake; `pass/` holds what must compile without a warning.
//! Errors that rustc finds itself are here, too, because they have to point at the user's tokens and not at ours.
//! After a deliberate change of a text: `TRYBUILD=overwrite cargo test --test ui`, then read what was written.

#[test]
fn ui() {
    let tests = trybuild::TestCases::new();
    for family in ["parse", "calls", "borrows", "determinism", "types"] {
        tests.compile_fail(format!("tests/ui/{family}/*.rs"));
    }
    tests.pass("tests/ui/pass/*.rs");
}
