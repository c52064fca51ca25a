//! Borrows of `self` that live across a call, where the tokens leave no doubt: a callee may come back and change what is
//! borrowed. rustc refuses all others, in its own words.
use crate::analyse;
use crate::diagnostics::{self, Errors};
use crate::model::{Function, Methods};

pub(super) fn check(methods: &Methods, function: &Function, errors: &mut Errors) {
    for borrow in analyse::borrows_across_calls(&function.analysis(methods)) {
        errors.at(&borrow.code, diagnostics::borrowed_across(&borrow.name));
    }
}
