//! Everything a drawn program may hold; a sweep counts each, and the test demands that each occurs.

/// What may occur in a drawn program.
pub const FORMS: &[&str] = &[
    "&& between calls",
    "a call as the last thing",
    "? on a Result",
    "? on an Option",
    "Err",
    "None",
    "assignment to a field",
    "assignment to a reference field",
    "block as a value",
    "call as an argument of a call",
    "call kept as a value",
    "call without use of its result",
    "compound assignment of a call",
    "continue",
    "creation",
    "creation without asking",
    "cycle through another class",
    "early Err",
    "early return",
    "exists",
    "for over references",
    "guard with a call",
    "if as a value",
    "if let",
    "if, else if, else",
    "join of three",
    "join of two",
    "join_all",
    "join of calls that make none",
    "labelled break and continue",
    "let chain",
    "let else",
    "list from a field",
    "list from a parameter",
    "loop with a value",
    "match as a value",
    "match on a callee's Err",
    "match on a callee's Err, as a value",
    "match with guards",
    "mut local across a cut",
    "own async method",
    "own sync method",
    "own sync method with a call",
    "own sync method with two calls",
    "panic",
    "push to a list field",
    "recursion",
    "reference from a computed key",
    "reference from a field",
    "removal",
    "self as an argument or receiver",
    "self on both sides of a call",
    "send",
    "several calls in one expression",
    "several sends in a row",
    "shadowing",
    "the same entity twice in a list",
    "try_join_all",
    "unwrap",
    "while let pop",
    "while with a call in its condition",
    "|| between calls",
];

/// Forms that are right Rust and that the compiler or the engine does not yet take or do as it should; they are not
/// drawn. Whoever mends one takes it out of the list.
const WAITING: &[&str] = &[];

/// Whether a form is drawn.
pub fn may(form: &str) -> bool {
    assert!(FORMS.contains(&form), "{form} is not in the list of forms");
    !WAITING.contains(&form)
}
