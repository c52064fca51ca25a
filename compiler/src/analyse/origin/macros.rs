//! Macros: a few are known, the rest may do anything to what they name.
use super::flow::Value;
use super::{Calls, Walk, brief, known};
use crate::analyse::scope;
use crate::syntax::calls;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Expr, ExprRepeat, Macro, Token};

impl Walk<'_> {
    pub(super) fn macro_call(&mut self, expr: &Expr, mac: &Macro) -> (Value, Option<Calls>) {
        let name = mac.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
        let args = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(mac.tokens.clone());
        match (name.as_str(), args) {
            ("vec", Ok(args)) => self.elements(args.iter()),
            ("vec", Err(_)) => match syn::parse2::<ExprRepeat>(bracketed(mac)) {
                Ok(repeat) => (self.eval(&repeat.expr), None),
                Err(_) => (self.opaque(mac, brief::brief(expr)), None),
            },
            ("dbg", Ok(args)) if args.len() == 1 => (self.eval(&args[0]), None),
            (name, Ok(args)) if known::reads(name) => {
                args.iter().for_each(|arg| drop(self.eval(arg)));
                (Value::none(), None)
            }
            ("matches", Err(_)) => (Value::none(), None),
            _ => (self.opaque(mac, brief::brief(expr)), None),
        }
    }

    pub(super) fn macro_stmt(&mut self, mac: &Macro) -> Value {
        let expr = Expr::Macro(syn::ExprMacro { attrs: Vec::new(), mac: mac.clone() });
        self.macro_call(&expr, mac).0
    }

    /// A macro that cannot be seen through: it may change every variable that it names and that can change.
    pub(super) fn opaque(&mut self, mac: &Macro, text: String) -> Value {
        let line = calls::line(mac.path.span());
        let mut result = Value::unknown(line, format!("`{text}` may name other entities"));
        let mut names = Vec::new();
        scope::names(&mac.tokens, &mut names);
        for name in names {
            let Some(binding) = self.scope.find(&name.to_string()) else {
                continue;
            };
            // It may be bound anew, or read.
            self.flow.assign(binding, &Value::none().by_name());
            let known = &mut self.bindings[binding];
            known.batch = None;
            if known.mutable || known.exclusive {
                result.roots.insert(binding);
                result.exclusive = true;
            }
        }
        self.flow.put(&result, &result.clone().fresh());
        result
    }
}

/// The tokens of `vec![x; n]` as those of `[x; n]`.
fn bracketed(mac: &Macro) -> proc_macro2::TokenStream {
    let group = proc_macro2::Group::new(proc_macro2::Delimiter::Bracket, mac.tokens.clone());
    proc_macro2::TokenTree::from(group).into()
}
