//! Operands that are evaluated before the place they are for is looked up.
//!
//! `self.items.push(store.price().await)` would borrow `self.items` before the call. A receiver that is taken by
//! reference, the left side of a comparison and an indexed list are *places*: looking them up does nothing, so it may
//! come after the operands have been evaluated, from left to right as Rust does it. What is taken by value is not a
//! place, and what it is, is asked of the types: see `thalweg::generated::{Receiver, Operand}`.
use crate::hygiene;
use crate::syntax::places::{
    assigns, compares, indexes, is_self, is_self_place, is_steady, looks_up_alone, names,
};
use crate::syntax::{attributes, calls, macros};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit_mut::VisitMut;
use syn::{Expr, Pat};

/// Methods of the standard library that take their receiver by reference.
const BY_REFERENCE: &[&str] = &[
    "append",
    "binary_search",
    "contains",
    "contains_key",
    "entry",
    "extend",
    "extend_from_slice",
    "fill",
    "get",
    "get_mut",
    "get_or_insert",
    "insert",
    "insert_str",
    "push",
    "push_back",
    "push_front",
    "push_str",
    "remove",
    "replace",
    "resize",
    "retain",
    "split_off",
    "swap",
    "swap_remove",
    "truncate",
];

/// `PLACE op OPERAND` becomes `match (OPERAND,) { (operand,) => PLACE op operand }`, where there is a call in it.
pub(super) fn bind(expr: &mut Expr, p: &TokenStream) {
    if !calls::has_site(expr) {
        return;
    }
    let bound = match expr {
        Expr::MethodCall(_) if calls::site(expr).is_none() => receiver(expr, p),
        Expr::Binary(binary) if compares(&binary.op) => compared(binary).or_else(|| comparison(binary, p)),
        Expr::Binary(binary) if assigns(&binary.op) => assignment(expr, false),
        Expr::Assign(_) => assignment(expr, true),
        Expr::Index(_) | Expr::Field(_) | Expr::Reference(_) | Expr::Unary(_) => indexed(expr),
        Expr::Match(_) => matched(expr, p),
        Expr::Macro(_) => arguments(expr),
        _ => None,
    };
    if let Some(mut bound) = bound {
        let attrs = attributes::take(expr);
        // They stand before the copy, too.
        Strip(&attrs).visit_expr_mut(&mut bound);
        attributes::put(&mut bound, attrs);
        *expr = bound;
    }
}

/// Takes attributes away from the expression that bore them for its statement.
struct Strip<'a>(&'a [syn::Attribute]);

impl VisitMut for Strip<'_> {
    fn visit_attributes_mut(&mut self, attrs: &mut Vec<syn::Attribute>) {
        attrs.retain(|attribute| !self.0.contains(attribute));
    }
}

/// Names for operands, in the order in which they are evaluated.
#[derive(Default)]
struct Operands {
    values: Vec<Expr>,
    names: Vec<syn::Ident>,
}

impl Operands {
    /// Puts a name in the place of an operand.
    fn take(&mut self, operand: &mut Expr) {
        let name = hygiene::local(&format!("operand_{}", self.names.len()), operand.span());
        let value = std::mem::replace(operand, syn::parse_quote!(#name));
        self.values.push(value);
        self.names.push(name);
    }

    /// What is left of the expression, with the operands evaluated first.
    fn first(self, then: &impl ToTokens) -> Expr {
        let Self { values, names } = self;
        syn::parse_quote!(match (#(#values,)*) { (#(#names,)*) => #then })
    }
}

/// Takes the indexes of a place that do more than name something. The key of a map is a reference, which would live across
/// the call.
fn take_indexes(place: &mut Expr, operands: &mut Operands) {
    for index in indexes(place) {
        match index {
            Expr::Lit(_) | Expr::Path(_) => {}
            Expr::Reference(key) if names(&key.expr) => {}
            index => operands.take(index),
        }
    }
}

/// `self.items.push(CALL)`, `self.lists[CALL].push(CALL)`, `self.helper(CALL)`.
fn receiver(expr: &Expr, p: &TokenStream) -> Option<Expr> {
    let Expr::MethodCall(call) = expr else { return None };
    if !is_self_place(&call.receiver) {
        return None;
    }
    let mut call = call.clone();
    let mut operands = Operands::default();
    if !call.args.iter().any(calls::has_site) {
        take_indexes(&mut call.receiver, &mut operands);
        return (!operands.names.is_empty()).then(|| operands.first(&call));
    }
    if !is_self(&call.receiver) && !BY_REFERENCE.iter().any(|name| call.method == name) {
        return None;
    }
    take_indexes(&mut call.receiver, &mut operands);
    call.args.iter_mut().for_each(|argument| operands.take(argument));
    if is_self(&call.receiver) {
        return Some(operands.first(&call));
    }
    let (place, span) = (&call.receiver, call.receiver.span());
    let p = hygiene::located(p, span);
    let checked = quote_spanned!(span=> (&&&&#p::Receiver(&#place)).is_borrowed(););
    Some(operands.first(&quote!({ #checked #call })))
}

/// `self.names[CALL] == ..`: the index comes first; what is left is looked at again.
fn compared(binary: &syn::ExprBinary) -> Option<Expr> {
    let mut binary = binary.clone();
    let indexed =
        |place: &mut Expr| is_self_place(place) && indexes(place).iter().any(|index| calls::has_site(index));
    let mut operands = Operands::default();
    if indexed(&mut binary.left) {
        take_indexes(&mut binary.left, &mut operands);
    } else if looks_up_alone(&binary.left) && !is_self_place(&binary.left) && indexed(&mut binary.right) {
        if !is_steady(&binary.left) {
            operands.take(&mut binary.left);
        }
        take_indexes(&mut binary.right, &mut operands);
    } else {
        return None;
    }
    Some(operands.first(&Expr::Binary(binary)))
}

/// `self.name == CALL`. A number is read before the call, as Rust reads it; anything else is compared by reference.
fn comparison(binary: &syn::ExprBinary, p: &TokenStream) -> Option<Expr> {
    let mut binary = binary.clone();
    if !is_self_place(&binary.left)
        || !looks_up_alone(&binary.left)
        || is_self(&binary.left)
        || !calls::has_site(&binary.right)
    {
        return None;
    }
    let mut operands = Operands::default();
    take_indexes(&mut binary.left, &mut operands);
    let (left, op, right) = (&*binary.left, &binary.op, &*binary.right);
    let span = left.span();
    let right = Expr::Reference(syn::ExprReference {
        attrs: Vec::new(),
        and_token: syn::Token![&](span),
        mutability: None,
        expr: Box::new(right.clone()),
    });
    let [before, after] = ["left", "right"].map(|name| hygiene::local(name, span));
    let compared: Expr = syn::parse_quote_spanned! {span=>
        match ((&#p::Operand(&#left)).before(), #right) {
            (#before, #after) => *#before.or(&#left) #op *#after
        }
    };
    Some(if operands.names.is_empty() { compared } else { operands.first(&compared) })
}

/// `self.total += CALL`, `self.list[CALL] = ..`: the right side comes first, then the indexes, then the place.
fn assignment(expr: &Expr, plain: bool) -> Option<Expr> {
    let mut expr = expr.clone();
    let mut operands = Operands::default();
    let (left, right) = match &mut expr {
        Expr::Assign(assign) => (&mut *assign.left, &mut *assign.right),
        Expr::Binary(binary) => (&mut *binary.left, &mut *binary.right),
        _ => return None,
    };
    let indexed = is_self_place(left) && indexes(left).iter().any(|index| calls::has_site(index));
    if !is_self_place(left) || !(indexed || (!plain && calls::has_site(right))) {
        return None;
    }
    operands.take(right);
    if indexed {
        take_indexes(left, &mut operands);
    }
    Some(operands.first(&expr))
}

/// `self.list[CALL]`, `&self.lists[CALL].first`.
fn indexed(expr: &Expr) -> Option<Expr> {
    let mut expr = expr.clone();
    let place = match &mut expr {
        Expr::Reference(reference) => &mut *reference.expr,
        expr => expr,
    };
    if !is_self_place(place) || !indexes(place).iter().any(|index| calls::has_site(index)) {
        return None;
    }
    let mut operands = Operands::default();
    take_indexes(place, &mut operands);
    Some(operands.first(&expr))
}

/// A match on a place: its indexes come first; and while guards make calls, what is matched is a copy.
fn matched(expr: &Expr, p: &TokenStream) -> Option<Expr> {
    let Expr::Match(node) = expr else { return None };
    let mut node = node.clone();
    if !is_self_place(&node.expr) {
        return None;
    }
    let mut operands = Operands::default();
    if indexes(&mut node.expr).iter().any(|index| calls::has_site(index)) {
        take_indexes(&mut node.expr, &mut operands);
    }
    let calls = |arm: &syn::Arm| matches!(&arm.pat, Pat::Guard(guard) if calls::has_site(&guard.guard));
    if node.arms.iter().any(calls) {
        let (place, span) = (&node.expr, node.expr.span());
        let p = hygiene::located(p, span);
        *node.expr = syn::parse_quote_spanned!(span=> #p::matched(&#place));
    } else if operands.names.is_empty() {
        return None;
    }
    Some(operands.first(&node))
}

/// A macro of the standard library: its arguments are evaluated in order, up to the last call. Those that are places stay
/// where they are, for the macro only refers to them; their indexes do not.
fn arguments(expr: &Expr) -> Option<Expr> {
    let Expr::Macro(node) = expr else { return None };
    let mut node = node.clone();
    let mut parsed = macros::parse(&node.mac)?;
    if !matches!(parsed.kind, macros::Kind::Format(_) | macros::Kind::Compare) {
        return None; // what these evaluate, they evaluate in order and by value
    }
    let mut operands = Operands::default();
    let mut all = parsed.operands();
    let last = all.iter().rposition(|operand| calls::has_site(operand))?;
    for operand in all.drain(..).take(last + 1) {
        if calls::has_site(operand) || !names(operand) {
            operands.take(operand);
        } else {
            take_indexes(operand, &mut operands);
        }
    }
    drop(all);
    node.mac.tokens = parsed.tokens();
    Some(operands.first(&Expr::Macro(node)))
}
