//! Places of the entity: `self`, `self.a.b`, `self.list[i]`.
use super::attributes;
use syn::{Expr, UnOp};

/// `self`, also in parentheses or dereferenced: the entity itself.
pub(crate) fn is_self(expr: &Expr) -> bool {
    match expr {
        Expr::Path(path) => path.path.is_ident("self"),
        Expr::Paren(paren) => is_self(&paren.expr),
        Expr::Group(group) => is_self(&group.expr),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Deref(_)) => is_self(&unary.expr),
        _ => false,
    }
}

/// The entity as it is handed to a function: `self`, `&self`, `&mut *self`.
pub(crate) fn lends_self(expr: &Expr) -> bool {
    match expr {
        Expr::Reference(reference) => lends_self(&reference.expr),
        expr => is_self(expr),
    }
}

/// A place of the entity: looking it up runs no code of the user's but that of indexes.
pub(crate) fn is_self_place(expr: &Expr) -> bool {
    match expr {
        Expr::Field(field) => is_self_place(&field.base),
        Expr::Index(index) => is_self_place(&index.expr),
        Expr::Paren(paren) => is_self_place(&paren.expr),
        Expr::Group(group) => is_self_place(&group.expr),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Deref(_)) => is_self_place(&unary.expr),
        expr => is_self(expr),
    }
}

/// The indexes of a place, in the order in which they are evaluated.
pub(crate) fn indexes(place: &mut Expr) -> Vec<&mut Expr> {
    match place {
        Expr::Reference(reference) => indexes(&mut reference.expr),
        Expr::Field(field) => indexes(&mut field.base),
        Expr::Paren(paren) => indexes(&mut paren.expr),
        Expr::Group(group) => indexes(&mut group.expr),
        Expr::Unary(unary) => indexes(&mut unary.expr),
        Expr::Index(index) => {
            let mut all = indexes(&mut index.expr);
            all.push(&mut index.index);
            all
        }
        _ => Vec::new(),
    }
}

/// Whether looking up an expression again gives the same and does nothing: a name, a literal, a place of those.
pub(crate) fn looks_up_alone(expr: &Expr) -> bool {
    match expr {
        Expr::Lit(_) | Expr::Path(_) => true,
        Expr::Field(field) => looks_up_alone(&field.base),
        Expr::Index(index) => looks_up_alone(&index.expr) && looks_up_alone(&index.index),
        Expr::Reference(reference) => looks_up_alone(&reference.expr),
        Expr::Paren(paren) => looks_up_alone(&paren.expr),
        Expr::Group(group) => looks_up_alone(&group.expr),
        Expr::Unary(unary) => looks_up_alone(&unary.expr),
        Expr::Cast(cast) => looks_up_alone(&cast.expr),
        Expr::Binary(binary) => {
            !assigns(&binary.op) && looks_up_alone(&binary.left) && looks_up_alone(&binary.right)
        }
        Expr::Range(range) => [&range.start, &range.end].into_iter().flatten().all(|end| looks_up_alone(end)),
        _ => false,
    }
}

/// Whether an expression names something and computes nothing, apart from indexes and what references wrap: after a call
/// it still names the same.
pub(crate) fn names(expr: &Expr) -> bool {
    match expr {
        Expr::Lit(_) | Expr::Path(_) => true,
        Expr::Field(field) => names(&field.base),
        Expr::Index(index) => names(&index.expr),
        Expr::Reference(reference) => names(&reference.expr),
        Expr::Paren(paren) => names(&paren.expr),
        Expr::Group(group) => names(&group.expr),
        Expr::Unary(unary) => matches!(unary.op, UnOp::Deref(_)) && names(&unary.expr),
        _ => false,
    }
}

/// Whether no call changes what an expression comes to: it looks up locals and literals alone.
pub(crate) fn is_steady(expr: &Expr) -> bool {
    looks_up_alone(expr) && !attributes::mentions(expr, "self")
}

/// `+=` and its like.
pub(crate) fn assigns(op: &syn::BinOp) -> bool {
    use syn::BinOp::*;
    matches!(
        op,
        AddAssign(_)
            | SubAssign(_)
            | MulAssign(_)
            | DivAssign(_)
            | RemAssign(_)
            | BitXorAssign(_)
            | BitAndAssign(_)
            | BitOrAssign(_)
            | ShlAssign(_)
            | ShrAssign(_)
    )
}

/// `==`, `<` and their like.
pub(crate) fn compares(op: &syn::BinOp) -> bool {
    use syn::BinOp::*;
    matches!(op, Eq(_) | Ne(_) | Lt(_) | Le(_) | Gt(_) | Ge(_))
}
