//! Variables that certainly borrow from `self`: bound to `&self.a`, or by a pattern that is matched with it.
use super::Lowerer;
use crate::analyse::cfg::{Borrow, Event};
use crate::syntax::places::is_self_place;
use syn::visit::{self, Visit};
use syn::{Expr, Pat};

impl Lowerer {
    /// Notes what a pattern has bound, if the value is a reference to a place of the entity.
    pub(super) fn borrowed(&mut self, value: &Expr, pat: &Pat, bound: &[Event]) {
        let reference = match value {
            Expr::Reference(reference) if is_self_place(&reference.expr) => reference,
            Expr::Paren(paren) => return self.borrowed(&paren.expr, pat, bound),
            _ => return,
        };
        let mut doubtful = Doubtful(false);
        doubtful.visit_pat(pat);
        if doubtful.0 {
            return;
        }
        for event in bound {
            if let Event::Define(variable) = *event {
                let name = self.variables[variable].clone();
                self.borrows.push(Borrow { variable, name, code: reference.clone() });
            }
        }
    }

    /// The borrows of variables of which every use is known.
    pub(super) fn certain_borrows(&mut self) -> Vec<Borrow> {
        let mut borrows = std::mem::take(&mut self.borrows);
        borrows.retain(|borrow| !self.vague.contains(&borrow.variable));
        borrows
    }
}

/// Whether a pattern may bind a copy of a part, or a variable that gets another value later.
struct Doubtful(bool);

impl<'ast> Visit<'ast> for Doubtful {
    fn visit_pat(&mut self, pat: &'ast Pat) {
        match pat {
            Pat::Reference(_) | Pat::Macro(_) | Pat::Verbatim(_) => self.0 = true,
            Pat::Ident(name) => self.0 |= name.mutability.is_some(),
            _ => {}
        }
        visit::visit_pat(self, pat);
    }
}
