//! What differs from run to run, as far as a body says it by name.
//!
//! A macro sees one item: an alias that stands elsewhere in the file, a helper function or a macro of the user's hide
//! what they do. `App::check_determinism` finds that when it runs.
use crate::diagnostics::{self, Errors};
use crate::model::Function;
use crate::syntax::macros;
use proc_macro2::{TokenStream, TokenTree};
use std::collections::BTreeMap;
use syn::visit::{self, Visit};
use syn::{Expr, Item, UseTree};

/// Looks at the parameters, the result and the body of a function.
pub(super) fn check(function: &Function, errors: &mut Errors) {
    let mut renames = Renames(BTreeMap::new());
    renames.visit_block(&function.body);
    let mut lint = Lint { errors, renames: renames.0 };
    function.signature.inputs.iter().for_each(|input| lint.visit_fn_arg(input));
    lint.visit_return_type(&function.signature.output);
    lint.visit_block(&function.body);
}

/// What `use` declares inside the body: a name, and the path that it stands for.
struct Renames(BTreeMap<String, Vec<String>>);

impl Renames {
    fn tree(&mut self, path: &[String], tree: &UseTree) {
        let with = |name: &syn::Ident| path.iter().cloned().chain([name.to_string()]).collect::<Vec<_>>();
        match tree {
            UseTree::Path(node) => self.tree(&with(&node.ident), &node.tree),
            UseTree::Name(node) => drop(self.0.insert(node.ident.to_string(), with(&node.ident))),
            UseTree::Rename(node) => drop(self.0.insert(node.rename.to_string(), with(&node.ident))),
            UseTree::Glob(_) => {}
            UseTree::Group(node) => node.items.iter().for_each(|tree| self.tree(path, tree)),
        }
    }
}

impl<'ast> Visit<'ast> for Renames {
    fn visit_item(&mut self, item: &'ast Item) {
        if let Item::Use(item) = item {
            self.tree(&[], &item.tree);
        }
    }
}

struct Lint<'a> {
    errors: &'a mut Errors,
    renames: BTreeMap<String, Vec<String>>,
}

impl Lint<'_> {
    /// The names of a path, the first of them looked up among what `use` declares.
    fn names(&self, path: &syn::Path) -> Vec<String> {
        let mut names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if let Some(real) = names.first().and_then(|first| self.renames.get(first)) {
            names.splice(..1, real.iter().cloned());
        }
        names
    }

    fn value(&mut self, path: &syn::Path) {
        let names = self.names(path);
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        if let Some(instead) = differs(&names) {
            self.errors.at(path, diagnostics::nondeterministic(&names.join("::"), instead));
        }
    }

    /// A path that may be a type, or begin with one.
    fn hashes(&mut self, path: &syn::Path) {
        let names = self.names(path);
        for (place, name) in names.iter().enumerate() {
            let instead = match name.as_str() {
                "HashMap" => "BTreeMap",
                "HashSet" => "BTreeSet",
                _ => continue,
            };
            // Those with a hasher of their own, such as `FxHashMap`, bear other names.
            let written = path.segments.len() + place >= names.len();
            let at = path.segments.len().saturating_sub(names.len() - place);
            if written && let Some(segment) = path.segments.iter().nth(at) {
                self.errors.at(&segment.ident, diagnostics::hash_value(name, instead));
            }
        }
    }

    /// The tokens of a macro that is not known: paths with `::` in them.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<proc_macro2::Ident> = Vec::new();
        let mut colons = 0;
        for tree in tokens
            .into_iter()
            .chain([TokenTree::Punct(proc_macro2::Punct::new(';', proc_macro2::Spacing::Alone))])
        {
            match tree {
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Ident(ident) if colons == 2 => {
                    path.push(ident);
                    colons = 0;
                }
                tree => {
                    self.token_path(&path);
                    path.clear();
                    colons = 0;
                    match tree {
                        TokenTree::Ident(ident) => path.push(ident),
                        TokenTree::Group(group) => self.tokens(group.stream()),
                        _ => {}
                    }
                }
            }
        }
    }

    fn token_path(&mut self, idents: &[proc_macro2::Ident]) {
        let mut path = syn::Path { leading_colon: None, segments: Default::default() };
        path.segments.extend(idents.iter().cloned().map(syn::PathSegment::from));
        if idents.len() > 1 {
            self.value(&path);
            self.hashes(&path);
        }
    }
}

impl<'ast> Visit<'ast> for Lint<'_> {
    fn visit_item(&mut self, _: &'ast Item) {}

    fn visit_expr_path(&mut self, expr: &'ast syn::ExprPath) {
        self.value(&expr.path);
        visit::visit_expr_path(self, expr);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.hashes(path);
        visit::visit_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        // `UNIX_EPOCH.elapsed()` asks the clock as `SystemTime::now()` does.
        if call.method == "elapsed"
            && let Expr::Path(path) = &*call.receiver
            && path.path.segments.last().is_some_and(|last| last.ident == "UNIX_EPOCH")
        {
            self.errors.at(call, diagnostics::nondeterministic("UNIX_EPOCH.elapsed()", CLOCK));
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        match macros::parse(mac) {
            Some(parsed) => {
                let mut inner = Lint { errors: self.errors, renames: std::mem::take(&mut self.renames) };
                parsed.args.iter().for_each(|arg| inner.visit_expr(arg));
                self.renames = inner.renames;
            }
            None => self.tokens(mac.tokens.clone()),
        }
    }
}

const CLOCK: &str = "use `thalweg::now()`";
const CHANCE: &str = "use `thalweg::random()`";
const OUTSIDE: &str = "pass it as an argument";

/// What to use instead of a path, if it differs from run to run.
fn differs(names: &[&str]) -> Option<&'static str> {
    Some(match names {
        [.., "SystemTime" | "Instant" | "Utc" | "Local" | "Zoned" | "Timestamp", "now"]
        | [.., "OffsetDateTime", "now_utc" | "now_local"] => CLOCK,
        [.., "thread", "spawn" | "scope"] => "calls that do not depend on each other are joined with `join`",
        [.., "thread", "current"] => "what a transaction does depends on its arguments and state alone",
        ["rand" | "fastrand" | "getrandom", ..] | [.., "thread_rng"] => CHANCE,
        [.., "RandomState"] | [.., "RandomState", _] => "use a hasher with a fixed seed",
        [.., "Uuid", "new_v1" | "new_v4" | "new_v6" | "new_v7" | "now_v1" | "now_v6" | "now_v7"]
        | [.., "Ulid", "new" | "generate"] => "use `thalweg::random()` or `thalweg::transaction()`",
        [
            ..,
            "env",
            "var" | "vars" | "var_os" | "vars_os" | "args" | "args_os" | "current_dir" | "temp_dir",
        ] => OUTSIDE,
        [.., "process", "id"] | [.., "available_parallelism"] => OUTSIDE,
        ["std", "fs", ..] | ["fs", _] | [.., "File", "open" | "create"] => OUTSIDE,
        _ => return None,
    })
}
