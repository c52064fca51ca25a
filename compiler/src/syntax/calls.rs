//! The call sites of a body: each gets its number once, and bears it as a mark from then on.
//!
//! A site is an `.await`, or a `.send()` without arguments. Children come before their parents, so a number is the
//! place in the order of completion. The mark is an attribute on the expression: it stays with it wherever the
//! expression goes, which a source position would not inside `macro_rules!`.
use super::{attributes, macros};
use proc_macro2::{Span, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Block, Expr, Item, Stmt, parse_quote};
use thalweg_graph::SiteKind;

/// What is known of a site at first sight.
pub(crate) struct Site {
    /// The line of the `.await`, counted from 1.
    pub(crate) line: u32,
    /// How its calls are made.
    pub(crate) kind: SiteKind,
    /// Where the `.await` stands.
    pub(crate) span: Span,
    /// The `cfg`s under which it is compiled.
    pub(crate) conditions: Vec<Attribute>,
}

/// Marks the sites of a body of an async method; macros that evaluate an argument only sometimes become branches if
/// there is a call inside.
pub(crate) fn number(body: &mut Block) -> Vec<Site> {
    let mut numbers = Numbers { sites: Vec::new(), conditions: Vec::new(), in_macro: false };
    numbers.visit_block_mut(body);
    numbers.sites
}

/// The number of a site, if the expression is one.
pub(crate) fn site(expr: &Expr) -> Option<usize> {
    let attrs = match expr {
        Expr::Await(expr) => &expr.attrs,
        Expr::MethodCall(expr) if expr.method == "send" => &expr.attrs,
        _ => return None,
    };
    let mark = attrs.iter().find(|attr| attr.path().is_ident("thalweg_site"))?;
    mark.parse_args::<syn::LitInt>().ok()?.base10_parse().ok()
}

/// Whether there is a marked site inside of an expression.
pub(crate) fn has_site(expr: &Expr) -> bool {
    let mut sites = Sites(false);
    sites.visit_expr(expr);
    sites.0
}

/// Whether there is a marked site inside of a block.
pub(crate) fn block_has_site(block: &Block) -> bool {
    let mut sites = Sites(false);
    sites.visit_block(block);
    sites.0
}

/// Whether there is a marked site in the tokens of a macro.
pub(crate) fn macro_has_site(mac: &syn::Macro) -> bool {
    attributes::mentions(&mac.tokens, "thalweg_site")
}

/// Looks for a site. To write an expression as tokens and to look there would cost far more.
struct Sites(bool);

impl<'ast> Visit<'ast> for Sites {
    fn visit_expr(&mut self, expr: &'ast Expr) {
        if self.0 {
            return;
        }
        self.0 = site(expr).is_some();
        visit::visit_expr(self, expr);
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        self.0 = self.0 || macro_has_site(mac);
    }

    fn visit_item(&mut self, _: &'ast Item) {}
}

/// `call.send()`: a call whose result is not wanted.
pub(crate) fn is_send(call: &syn::ExprMethodCall) -> bool {
    call.method == "send" && call.args.is_empty() && call.turbofish.is_none()
}

/// The first `.await` or `.send()` among tokens.
pub(crate) fn find(tokens: TokenStream) -> Option<TokenTree> {
    let mut dot = false;
    let mut trees = tokens.into_iter().peekable();
    while let Some(tree) = trees.next() {
        match &tree {
            TokenTree::Group(group) => {
                if let Some(found) = find(group.stream()) {
                    return Some(found);
                }
            }
            TokenTree::Ident(ident) if dot && ident == "await" => return Some(tree),
            TokenTree::Ident(ident) if dot && ident == "send" => {
                let empty =
                    |tree: &TokenTree| matches!(tree, TokenTree::Group(group) if group.stream().is_empty());
                if trees.peek().is_some_and(empty) {
                    return Some(tree);
                }
            }
            _ => {}
        }
        dot = matches!(&tree, TokenTree::Punct(punct) if punct.as_char() == '.');
    }
    None
}

/// The line of a position, counted from 1.
pub(crate) fn line(span: Span) -> u32 {
    u32::try_from(span.start().line).unwrap_or(u32::MAX)
}

struct Numbers {
    sites: Vec<Site>,
    /// The `cfg`s around this place.
    conditions: Vec<Attribute>,
    in_macro: bool,
}

impl Numbers {
    fn mark(&mut self, attrs: &mut Vec<Attribute>, span: Span, kind: SiteKind) {
        let number = self.sites.len();
        attrs.push(parse_quote!(#[thalweg_site(#number)]));
        self.sites.push(Site { line: line(span), kind, span, conditions: self.conditions.clone() });
    }

    fn under(&mut self, attrs: &[Attribute], walk: impl FnOnce(&mut Self)) {
        let outer = self.conditions.len();
        self.conditions.extend(attributes::conditions(attrs).cloned());
        walk(self);
        self.conditions.truncate(outer);
    }

    /// The arguments of a macro that are expressions.
    fn arguments(&mut self, mac: &mut syn::Macro) {
        if find(mac.tokens.clone()).is_none() {
            return;
        }
        let Some(mut parsed) = macros::parse(mac) else { return };
        let outer = std::mem::replace(&mut self.in_macro, true);
        parsed.args.iter_mut().for_each(|arg| self.visit_expr_mut(arg));
        self.in_macro = outer;
        mac.tokens = parsed.tokens();
    }
}

impl VisitMut for Numbers {
    fn visit_stmt_mut(&mut self, stmt: &mut Stmt) {
        macro_as_expression(stmt);
        let attrs = match stmt {
            Stmt::Local(local) => local.attrs.clone(),
            Stmt::Expr(expr, _) => attributes::before(expr).to_vec(),
            Stmt::Item(_) | Stmt::Macro(_) => Vec::new(),
        };
        self.under(&attrs, |numbers| visit_mut::visit_stmt_mut(numbers, stmt));
    }

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        if let Expr::Macro(node) = expr
            && find(node.mac.tokens.clone()).is_some()
            && let Some(branches) = macros::branches(&node.mac)
        {
            let attrs = std::mem::take(&mut node.attrs);
            *expr = branches;
            attributes::put(expr, attrs);
        }
        let attrs = attributes::of(expr).to_vec();
        self.under(&attrs, |numbers| match expr {
            Expr::Closure(_) | Expr::Async(_) | Expr::Const(_) => {} // code of its own
            Expr::Macro(node) => numbers.arguments(&mut node.mac),
            _ => visit_mut::visit_expr_mut(numbers, expr),
        });
        let before = self.sites.len();
        self.under(&attrs, |numbers| match expr {
            Expr::Await(site) => {
                let kind = if is_join(&site.base) { SiteKind::Join } else { SiteKind::Await };
                numbers.mark(&mut site.attrs, site.await_token.span, kind);
            }
            Expr::MethodCall(site) if is_send(site) => {
                numbers.mark(&mut site.attrs, site.method.span(), SiteKind::Send);
            }
            _ => {}
        });
        // In the tokens of a macro, a mark would be taken for one of the expression around it.
        if self.in_macro && self.sites.len() > before {
            *expr = macros::grouped(expr);
        }
    }

    fn visit_arm_mut(&mut self, arm: &mut syn::Arm) {
        let attrs = arm.attrs.clone();
        self.under(&attrs, |numbers| visit_mut::visit_arm_mut(numbers, arm));
    }

    fn visit_field_value_mut(&mut self, field: &mut syn::FieldValue) {
        let attrs = field.attrs.clone();
        self.under(&attrs, |numbers| visit_mut::visit_field_value_mut(numbers, field));
    }

    fn visit_item_mut(&mut self, _: &mut Item) {}
}

/// Whether several calls are made at once.
pub(crate) fn is_join(expr: &Expr) -> bool {
    match expr {
        Expr::Paren(expr) => is_join(&expr.expr),
        Expr::Group(expr) => is_join(&expr.expr),
        Expr::Call(call) => join_name(&call.func).is_some(),
        _ => false,
    }
}

/// The name of the function that joins calls, if it is one.
pub(crate) fn join_name(func: &Expr) -> Option<String> {
    let Expr::Path(path) = func else { return None };
    let name = path.path.segments.last()?.ident.to_string();
    ["join", "join_all", "try_join_all"].contains(&name.as_str()).then_some(name)
}

/// A macro with a call in the place of a statement is an expression like any other. Whoever reads tokens anew asks for this
/// again.
pub(crate) fn macro_as_expression(stmt: &mut Stmt) {
    if let Stmt::Macro(node) = stmt
        && find(node.mac.tokens.clone()).is_some()
    {
        let attrs = std::mem::take(&mut node.attrs);
        let mac = Expr::Macro(syn::ExprMacro { attrs, mac: node.mac.clone() });
        *stmt = Stmt::Expr(mac, node.semi_token);
    }
}
