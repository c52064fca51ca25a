//! Which fields of the entity a body may change.
use super::macros;
use proc_macro2::{TokenStream, TokenTree};
use std::collections::BTreeSet;
use syn::visit::{self, Visit};
use syn::{Block, Expr, Item, Macro, Member, UnOp};

/// The fields that a body mentions as `self.field`; `None` if it may reach others: it hands `self` on, takes it apart, or
/// speaks of it in a way that is not looked into. `calling` are the async methods: on `self` they are calls of the entity,
/// which take up the state anew.
pub(crate) fn mentioned(body: &Block, calling: &BTreeSet<String>) -> Option<BTreeSet<String>> {
    let mut mentions = Mentions { fields: BTreeSet::new(), all: false, calling };
    mentions.visit_block(body);
    (!mentions.all).then_some(mentions.fields)
}

/// `self`, or `*self`: the entity, and not what it derefs to.
fn is_self(expr: &Expr) -> bool {
    let name = |expr: &Expr| matches!(expr, Expr::Path(path) if path.path.is_ident("self"));
    match expr {
        Expr::Paren(paren) => is_self(&paren.expr),
        Expr::Group(group) => is_self(&group.expr),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Deref(_)) => name(&unary.expr),
        expr => name(expr),
    }
}

struct Mentions<'a> {
    fields: BTreeSet<String>,
    all: bool,
    calling: &'a BTreeSet<String>,
}

impl<'ast> Visit<'ast> for Mentions<'_> {
    fn visit_expr(&mut self, expr: &'ast Expr) {
        match expr {
            Expr::Field(field) if is_self(&field.base) => match &field.member {
                Member::Named(name) => drop(self.fields.insert(syn::ext::IdentExt::unraw(name).to_string())),
                Member::Unnamed(_) => self.all = true,
            },
            Expr::MethodCall(call)
                if is_self(&call.receiver) && self.calling.contains(&call.method.to_string()) =>
            {
                call.args.iter().for_each(|arg| self.visit_expr(arg));
            }
            Expr::Path(path) if path.path.is_ident("self") => self.all = true,
            expr => visit::visit_expr(self, expr),
        }
    }

    fn visit_macro(&mut self, mac: &'ast Macro) {
        if let Some(parsed) = macros::parse(mac) {
            parsed.args.iter().for_each(|arg| self.visit_expr(arg));
        } else if ["matches", "stringify", "concat"].contains(&macros::name(mac).as_str()) {
            self.tokens(mac.tokens.clone());
        } else {
            self.all = true; // it may make anything of what it is given, and of what it is not
        }
    }

    fn visit_item(&mut self, item: &'ast Item) {
        // A macro that is defined here may speak of `self`.
        self.all |= matches!(item, Item::Macro(_));
    }
}

impl Mentions<'_> {
    /// In a macro's tokens, `self . field` without parentheses behind it is a field.
    fn tokens(&mut self, tokens: TokenStream) {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        for (at, tree) in trees.iter().enumerate() {
            match tree {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(ident) if ident == "self" => match &trees[at + 1..] {
                    [TokenTree::Punct(dot), TokenTree::Ident(field), rest @ ..]
                        if dot.as_char() == '.' && !matches!(rest.first(), Some(TokenTree::Group(_))) =>
                    {
                        self.fields.insert(syn::ext::IdentExt::unraw(field).to_string());
                    }
                    _ => self.all = true,
                },
                // A format string may capture it.
                TokenTree::Literal(literal) if literal.to_string().contains("self") => self.all = true,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expect: &str) {
        let body: Block = syn::parse_str(&format!("{{ {body} }}")).expect("a body");
        let found = mentioned(&body, &BTreeSet::from(["audit".to_owned()]));
        let text = found.map_or("all".to_owned(), |fields| fields.into_iter().collect::<Vec<_>>().join(" "));
        assert_eq!(text, expect);
    }

    #[test]
    fn what_a_body_may_change() {
        check("self.n += 1; self.n", "n");
        check("self.list.push(self.id); (self).more[0].x = 1;", "id list more");
        check("let add = |x| self.n += x; add(1)", "n");
        check("println!(\"{}\", self.n); vec![self.a.b, self.c]", "a c n");
        check("self.audit(self.n).await; other.f().await", "n");
        check("5", "");
        for body in [
            "self.helper()",
            "*self = x",
            "let Self { n, .. } = self;",
            "f(self)",
            "dbg!(self.helper())",
            "m!(self)",
            "m!(self.n)",
            "m!()",
            "macro_rules! m { () => { self.n += 1 } } 1",
            "(**self).n = 1;",
        ] {
            check(body, "all");
        }
    }
}
