//! What can be said to be wrong from the tokens alone; all mistakes are reported at once.
use crate::diagnostics::{self, Errors};
use crate::model::{Entity, Function, Kind, Methods};
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::visit::{self, Visit};
use syn::{Expr, FnArg, ReturnType, Type, Visibility};

/// Methods that every `Ref` has from the traits of the prelude or of its own.
const RESERVED: &[&str] = &[
    "at",
    "borrow",
    "borrow_mut",
    "clamp",
    "clone",
    "clone_from",
    "clone_into",
    "cmp",
    "deref",
    "eq",
    "fmt",
    "ge",
    "gt",
    "hash",
    "into",
    "le",
    "lt",
    "max",
    "min",
    "ne",
    "partial_cmp",
    "serialize",
    "to_owned",
    "try_into",
    "type_id",
];

pub(crate) fn entity(entity: &Entity, errors: &mut Errors) {
    let mut fields = Fields { errors, nondeterminism: entity.options.nondeterminism };
    entity.item.fields.iter().for_each(|field| fields.visit_type(&field.ty));
}

/// Finds types in fields that the state of an entity cannot have: those whose iteration order differs from run to run,
/// and those of which a copy does not bring back what was. A type of the user's may have the same name; so those
/// that have parameters are meant with parameters. What hides behind an alias is found by rustc (`State`), or when the
/// app starts.
struct Fields<'a> {
    errors: &'a mut Errors,
    nondeterminism: bool,
}

impl<'ast> Visit<'ast> for Fields<'_> {
    fn visit_path_segment(&mut self, segment: &'ast syn::PathSegment) {
        let name = segment.ident.to_string();
        let instead = match name.as_str() {
            "HashMap" => Some("BTreeMap"),
            "HashSet" => Some("BTreeSet"),
            _ => None,
        };
        if let (Some(instead), false) = (instead, self.nondeterminism) {
            self.errors.at(&segment.ident, diagnostics::hash_field(&name, instead));
        }
        if let Some(instead) = shared(&name, !segment.arguments.is_none()) {
            self.errors.at(&segment.ident, diagnostics::shared_field(&name, instead));
        }
        visit::visit_path_segment(self, segment);
    }
}

/// What to write instead of a type that can change behind `&self` or is owned by others, too.
fn shared(name: &str, with_parameters: bool) -> Option<&'static str> {
    const PLAIN: &str = "keep the value itself and change it in `&mut self` methods";
    const OWNED: &str =
        "keep the value itself, or an `Arc` of a value that is changed with `Arc::make_mut` alone";
    const OUTSIDE: &str = "keep what has been received, and pass what comes from outside as an argument";
    match name {
        "Cell" | "RefCell" | "UnsafeCell" | "OnceCell" | "LazyCell" | "Mutex" | "RwLock" | "OnceLock"
        | "LazyLock"
            if with_parameters =>
        {
            Some(PLAIN)
        }
        "Condvar" | "AtomicPtr" | "AtomicBool" | "AtomicI8" | "AtomicI16" | "AtomicI32" | "AtomicI64"
        | "AtomicIsize" | "AtomicU8" | "AtomicU16" | "AtomicU32" | "AtomicU64" | "AtomicUsize" => Some(PLAIN),
        "Rc" | "Weak" if with_parameters => Some(OWNED),
        "Sender" | "SyncSender" | "Receiver" if with_parameters => Some(OUTSIDE),
        _ => None,
    }
}

/// Says which functions cannot stand as they are written, by their places.
pub(crate) fn methods(methods: &Methods, errors: &mut Errors) -> Vec<usize> {
    let mut broken = Vec::new();
    for (place, function) in methods.functions.iter().enumerate() {
        let before = errors.count();
        if function.kind != Kind::Helper {
            signature(function, errors);
        } else if function.is_async() {
            errors.at(&function.signature.ident, diagnostics::NO_RECEIVER);
        } else if !matches!(function.visibility, Visibility::Inherited)
            && matches!(function.signature.inputs.first(), Some(FnArg::Receiver(it)) if !by_reference(it))
        {
            errors.at(&function.signature.inputs[0], diagnostics::RECEIVER);
        }
        if errors.count() > before {
            broken.push(place);
        }
        let nondeterminism = methods.options.nondeterminism;
        let mut body = Body { errors, nondeterminism, suspends: function.is_async(), inside: None };
        body.visit_block(&function.body);
    }
    broken
}

fn signature(function: &Function, errors: &mut Errors) {
    let signature = &function.signature;
    let name = signature.ident.unraw().to_string();
    // `call.send()` makes a call; with arguments it is anybody's method.
    let is_send = name == "send" && function.params().next().is_none();
    if is_send || RESERVED.contains(&name.as_str()) {
        errors.at(&signature.ident, diagnostics::reserved(&name));
    }
    if let Some(FnArg::Receiver(receiver)) = signature.inputs.first()
        && !by_reference(receiver)
    {
        errors.at(receiver, diagnostics::RECEIVER);
    }
    if function.kind == Kind::Constructor && function.is_async() {
        errors.at(&signature.ident, diagnostics::NO_RECEIVER);
    }
    for lifetime in signature.generics.lifetimes() {
        errors.at(lifetime, diagnostics::LIFETIME);
    }
    for param in function.params() {
        travels(&param.ty, diagnostics::BY_REFERENCE, errors);
    }
    if let ReturnType::Type(_, ty) = &signature.output {
        travels(ty, diagnostics::RETURNS_REFERENCE, errors);
    }
}

/// `&self` or `&mut self`.
fn by_reference(receiver: &syn::Receiver) -> bool {
    matches!(receiver.kind, syn::ReceiverKind::Reference(_, None, _))
}

fn travels(ty: &Type, by_reference: &'static str, errors: &mut Errors) {
    Travelling { by_reference, errors }.visit_type(ty);
}

/// Finds the parts of a type that cannot travel.
struct Travelling<'a> {
    by_reference: &'static str,
    errors: &'a mut Errors,
}

impl<'ast> Visit<'ast> for Travelling<'_> {
    fn visit_type(&mut self, ty: &'ast Type) {
        match ty {
            Type::Reference(ty) => self.errors.at(ty, self.by_reference),
            Type::ImplTrait(ty) => self.errors.at(ty, diagnostics::IMPL_TRAIT),
            _ => visit::visit_type(self, ty),
        }
    }
}

/// Walks a body: calls where they cannot be cut, and what differs from run to run.
struct Body<'a> {
    errors: &'a mut Errors,
    nondeterminism: bool,
    suspends: bool,
    /// Why a call here is wrong.
    inside: Option<&'static str>,
}

impl Body<'_> {
    fn within(&mut self, reason: &'static str, walk: impl FnOnce(&mut Self)) {
        let outer = self.inside.replace(reason);
        walk(self);
        self.inside = outer;
    }
}

impl<'ast> Visit<'ast> for Body<'_> {
    fn visit_item(&mut self, _: &'ast syn::Item) {}

    fn visit_expr_await(&mut self, expr: &'ast syn::ExprAwait) {
        match self.inside {
            Some(reason) => self.errors.at(expr.await_token, reason),
            None if !self.suspends => self.errors.at(expr.await_token, diagnostics::CALL_IN_SYNC),
            None => {}
        }
        visit::visit_expr_await(self, expr);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if let (Some(reason), true) = (self.inside, self.suspends && is_send(call)) {
            self.errors.at(&call.method, reason);
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_closure(&mut self, closure: &'ast syn::ExprClosure) {
        self.within(diagnostics::IN_CLOSURE, |body| visit::visit_expr_closure(body, closure));
    }

    fn visit_expr_async(&mut self, block: &'ast syn::ExprAsync) {
        self.within(diagnostics::IN_ASYNC_BLOCK, |body| visit::visit_expr_async(body, block));
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        if let Some(call) = find_await(mac.tokens.clone()) {
            self.errors.at(call, diagnostics::IN_MACRO);
        }
        if let (true, Some(text)) = (self.suspends, find_self_capture(mac.tokens.clone())) {
            self.errors.at(text, diagnostics::SELF_IN_FORMAT);
        }
    }

    fn visit_expr_for_loop(&mut self, expr: &'ast syn::ExprForLoop) {
        if self.suspends && borrows_self(&expr.expr) && has_await(&expr.body) {
            self.errors.at(&expr.expr, diagnostics::ITERATES_SELF);
        }
        visit::visit_expr_for_loop(self, expr);
    }

    fn visit_expr_path(&mut self, expr: &'ast syn::ExprPath) {
        if !self.nondeterminism {
            nondeterministic(&expr.path, self.errors);
        }
        visit::visit_expr_path(self, expr);
    }
}

fn nondeterministic(path: &syn::Path, errors: &mut Errors) {
    let names: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let instead = match names.as_slice() {
        [.., "SystemTime" | "Instant" | "Utc" | "Local", "now"] => "use `thalweg::now()`",
        [.., "thread", "spawn"] => "calls that do not depend on each other are joined with `join`",
        ["rand", ..] | [.., "thread_rng"] => "use `thalweg::random()`",
        [.., "Uuid", "new_v4" | "now_v7"] => "use `thalweg::random()` or `thalweg::transaction()`",
        [.., "env", "var"] => "pass it as an argument",
        _ => return,
    };
    errors.at(path, diagnostics::nondeterministic(&names.join("::"), instead));
}

/// `&self.items`, `self.items.iter()` and their like.
fn borrows_self(expr: &Expr) -> bool {
    match expr {
        Expr::Reference(reference) => is_self_place(&reference.expr),
        Expr::MethodCall(call) => {
            let borrows =
                ["iter", "iter_mut", "keys", "values", "values_mut", "range", "drain", "chunks", "windows"];
            let adapts = ["enumerate", "rev", "skip", "take", "filter", "zip", "chain", "step_by"];
            let name = call.method.to_string();
            (borrows.contains(&name.as_str()) && is_self_place(&call.receiver))
                || (adapts.contains(&name.as_str()) && borrows_self(&call.receiver))
        }
        Expr::Paren(paren) => borrows_self(&paren.expr),
        _ => false,
    }
}

/// `call.send()`: a call whose result is not wanted.
pub(crate) fn is_send(call: &syn::ExprMethodCall) -> bool {
    call.method == "send" && call.args.is_empty() && call.turbofish.is_none()
}

/// `self`, `self.a.b`.
pub(crate) fn is_self_place(expr: &Expr) -> bool {
    match expr {
        Expr::Path(path) => path.path.is_ident("self"),
        Expr::Field(field) => is_self_place(&field.base),
        Expr::Paren(paren) => is_self_place(&paren.expr),
        _ => false,
    }
}

/// Whether there is a call in it, outside closures and nested items.
pub(crate) fn has_await<T: ToTokens>(tokens: &T) -> bool {
    find_await(tokens.to_token_stream()).is_some()
}

/// A literal such as `"{self:?}"`.
fn find_self_capture(tokens: TokenStream) -> Option<TokenTree> {
    tokens.into_iter().find_map(|tree| match tree {
        TokenTree::Group(group) => find_self_capture(group.stream()),
        TokenTree::Literal(literal) => {
            let text = literal.to_string();
            (text.contains("{self}") || text.contains("{self:")).then_some(TokenTree::Literal(literal))
        }
        TokenTree::Ident(_) | TokenTree::Punct(_) => None,
    })
}

fn find_await(tokens: TokenStream) -> Option<TokenTree> {
    let mut dot = false;
    for tree in tokens {
        match &tree {
            TokenTree::Group(group) => {
                if let Some(found) = find_await(group.stream()) {
                    return Some(found);
                }
            }
            TokenTree::Ident(ident) if dot && ident == "await" => return Some(tree),
            _ => {}
        }
        dot = matches!(&tree, TokenTree::Punct(punct) if punct.as_char() == '.');
    }
    None
}
