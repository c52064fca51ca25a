//! An expression in a few words, for reasons. The effort does not grow with the expression.
use crate::analyse::text;
use syn::{Expr, Member};

const DEPTH: usize = 4;

/// The expression as written, with `…` for what is too deep or too long.
pub(super) fn brief(expr: &Expr) -> String {
    at(expr, DEPTH)
}

fn at(expr: &Expr, depth: usize) -> String {
    let Some(depth) = depth.checked_sub(1) else {
        return "…".to_owned();
    };
    match expr {
        Expr::Path(expr) => path(&expr.path).join("::"),
        Expr::Lit(expr) => match text::line(&expr.lit) {
            text if text.chars().count() <= 20 => text,
            _ => "…".to_owned(),
        },
        Expr::Field(expr) => match &expr.member {
            Member::Named(name) => format!("{}.{name}", at(&expr.base, depth)),
            Member::Unnamed(place) => format!("{}.{}", at(&expr.base, depth), place.index),
        },
        Expr::MethodCall(expr) => {
            format!("{}.{}({})", at(&expr.receiver, depth), expr.method, list(expr.args.iter(), depth))
        }
        Expr::Call(expr) => format!("{}({})", at(&expr.func, depth), list(expr.args.iter(), depth)),
        Expr::Tuple(expr) => format!("({})", list(expr.elems.iter(), depth)),
        Expr::Reference(expr) if expr.mutability.is_some() => format!("&mut {}", at(&expr.expr, depth)),
        Expr::Reference(expr) => format!("&{}", at(&expr.expr, depth)),
        Expr::Paren(expr) => format!("({})", at(&expr.expr, depth)),
        Expr::Group(expr) => at(&expr.expr, depth + 1),
        Expr::Await(expr) => format!("{}.await", at(&expr.base, depth)),
        Expr::Try(expr) => format!("{}?", at(&expr.expr, depth)),
        Expr::Index(expr) => format!("{}[{}]", at(&expr.expr, depth), at(&expr.index, depth)),
        Expr::Macro(expr) => format!("{}!(…)", path(&expr.mac.path).join("::")),
        _ => "…".to_owned(),
    }
}

fn list<'a>(items: impl ExactSizeIterator<Item = &'a Expr>, depth: usize) -> String {
    if items.len() > 3 {
        return "…".to_owned();
    }
    items.map(|item| at(item, depth)).collect::<Vec<_>>().join(", ")
}

/// The names of a path.
pub(super) fn path(path: &syn::Path) -> Vec<String> {
    path.segments.iter().map(|segment| segment.ident.to_string()).collect()
}
