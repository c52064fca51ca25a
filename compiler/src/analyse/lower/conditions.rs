//! Code under `#[cfg]`: a branch, which is decided when the program is linked.
//!
//! What the macro sees, it sees before the condition is known to it; so the graph has both ways, and a label from which
//! [`thalweg_graph::Method::decide`] takes the one that was compiled.
use super::cuts::cuts;
use super::{Lowerer, otherwise};
use crate::analyse::text;
use crate::syntax::attributes;
use syn::{Attribute, Expr, Stmt};

/// The conditions as the beginning of a label: `#[cfg(a)] #[cfg(b)] `.
pub(super) fn label(attrs: &[Attribute]) -> String {
    attributes::conditions(attrs).map(|attribute| text::line(attribute) + " ").collect()
}

/// Takes the conditions of a statement away, if the statement cuts or jumps.
pub(super) fn of_statement(stmt: &mut Stmt) -> Vec<Attribute> {
    match stmt {
        Stmt::Local(local) => {
            let cut = local.init.as_ref().is_some_and(|init| {
                cuts(&init.expr) || init.diverge.as_ref().is_some_and(|(_, other)| cuts(other))
            });
            if cut { take(&mut local.attrs) } else { Vec::new() }
        }
        // Those of other expressions are at the expression itself.
        Stmt::Expr(expr @ (Expr::Assign(_) | Expr::Binary(_) | Expr::Cast(_)), _) if cuts(expr) => {
            let mut attrs = attributes::take(expr);
            take(&mut attrs)
        }
        _ => Vec::new(),
    }
}

fn take(attrs: &mut Vec<Attribute>) -> Vec<Attribute> {
    let (conditions, others) =
        std::mem::take(attrs).into_iter().partition(|attr| attr.path().is_ident("cfg"));
    *attrs = others;
    conditions
}

impl Lowerer {
    /// Lowers code that is there only under these conditions.
    pub(super) fn under(&mut self, conditions: &[Attribute], walk: impl FnOnce(&mut Self)) {
        let (there, join) = (self.draft(), self.draft());
        self.branch(vec![(label(conditions).trim_end().to_owned(), there), (otherwise(), join)]);
        self.begin(there);
        walk(self);
        self.goto(join);
        self.begin(join);
    }

    /// An element of a list that is there only under conditions.
    pub(super) fn conditional_value(&mut self, mut expr: Expr) -> Expr {
        let mut left = super::nothing();
        let conditions = attributes::of_mut(&mut expr).map(take).unwrap_or_default();
        self.under(&conditions, |lowerer| {
            left = lowerer.value(expr);
            lowerer.evaluate(&left);
        });
        left
    }

    /// An arm that is tried only under conditions.
    pub(super) fn condition_of_arm(&mut self, attrs: &[Attribute], next: usize) {
        let label = label(attrs);
        if !label.is_empty() {
            let there = self.draft();
            self.branch(vec![(label.trim_end().to_owned(), there), (otherwise(), next)]);
            self.begin(there);
        }
    }
}
