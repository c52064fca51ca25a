//! The macros of the standard library whose arguments are expressions.
//!
//! Some evaluate all of their arguments, from left to right: what has a call among these stays a macro. Those that
//! evaluate an argument only sometimes are rewritten to the branches that they stand for.
//!
//! A macro is known by its last name alone: one of the user's with such a name has to take its arguments alike.
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Expr, Macro, Pat, Token, parse_quote, parse_quote_spanned};

/// What a macro does with its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Takes references to what follows the format string, which comes after so many other arguments.
    Format(usize),
    /// Takes a condition, and a message for when it does not hold.
    Assert,
    /// Takes references to two values, and a message for when they do not compare as they should.
    Compare,
    /// Makes a list of its arguments.
    List,
    /// Makes a list of one value and a number.
    Repeat,
    /// Shows its arguments and gives them back.
    Show,
}

/// A macro with its arguments as expressions.
pub(crate) struct Parsed {
    pub(crate) kind: Kind,
    pub(crate) args: Vec<Expr>,
}

/// The name of a macro.
pub(crate) fn name(mac: &Macro) -> String {
    mac.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default()
}

/// Reads the arguments of a macro, if it is one of those and they are expressions.
pub(crate) fn parse(mac: &Macro) -> Option<Parsed> {
    let kind = match name(mac).as_str() {
        "format" | "print" | "println" | "eprint" | "eprintln" | "panic" | "todo" | "unimplemented"
        | "unreachable" => Kind::Format(0),
        "write" | "writeln" => Kind::Format(1),
        "assert" | "debug_assert" => Kind::Assert,
        "assert_eq" | "assert_ne" | "debug_assert_eq" | "debug_assert_ne" => Kind::Compare,
        "vec" => match repeated.parse2(mac.tokens.clone()) {
            Ok(args) => return Some(Parsed { kind: Kind::Repeat, args }),
            Err(_) => Kind::List,
        },
        "dbg" => Kind::Show,
        _ => return None,
    };
    let args = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(mac.tokens.clone()).ok()?;
    Some(Parsed { kind, args: args.into_iter().collect() })
}

fn repeated(input: ParseStream<'_>) -> syn::Result<Vec<Expr>> {
    let value = input.parse()?;
    input.parse::<Token![;]>()?;
    Ok(vec![value, input.parse()?])
}

impl Parsed {
    /// The tokens of the macro with these arguments.
    pub(crate) fn tokens(&self) -> TokenStream {
        let args = &self.args;
        match self.kind {
            Kind::Repeat => quote!(#(#args);*),
            _ => quote!(#(#args),*),
        }
    }

    /// Where the arguments begin that are always evaluated by reference or by value; a format string is none.
    pub(crate) fn operands(&mut self) -> Vec<&mut Expr> {
        let string = match self.kind {
            Kind::Format(lead) => Some(lead),
            Kind::Assert => Some(1),
            Kind::Compare => Some(2),
            Kind::List | Kind::Repeat | Kind::Show => None,
        };
        let args = self.args.iter_mut().enumerate().filter(|(place, _)| Some(*place) != string);
        args.map(|(_, arg)| operand(arg)).collect()
    }
}

/// `name = value` in a format is its value.
fn operand(arg: &mut Expr) -> &mut Expr {
    let named = matches!(&*arg, Expr::Assign(named)
        if matches!(&*named.left, Expr::Path(path) if path.path.get_ident().is_some()));
    if !named {
        return arg;
    }
    match arg {
        Expr::Assign(assign) => &mut assign.right,
        arg => arg,
    }
}

/// What a macro with a call inside stands for, when not all of its arguments are always evaluated.
pub(crate) fn branches(mac: &Macro) -> Option<Expr> {
    let name = name(mac);
    if let Some(checked) = name.strip_prefix("debug_").filter(|checked| checked.starts_with("assert")) {
        let mut inner = mac.clone();
        if let Some(last) = inner.path.segments.last_mut() {
            last.ident = syn::Ident::new(checked, last.ident.span());
        }
        return Some(parse_quote!(if ::core::cfg!(debug_assertions) { #inner; }));
    }
    if name == "matches" {
        return matching.parse2(mac.tokens.clone()).ok();
    }
    let (Parsed { kind, args }, span) = (parse(mac)?, mac.path.span());
    let message = |at: usize| args.get(at..).filter(|message| message.iter().any(has_call));
    match kind {
        Kind::Assert => {
            let (message, holds) = (message(1)?, &args[0]);
            Some(parse_quote_spanned!(span=> if !(#holds) { ::core::panic!(#(#message),*) }))
        }
        Kind::Compare => {
            let (message, left, right) = (message(2)?, &args[0], &args[1]);
            let (op, text): (TokenStream, _) = match name.as_str() {
                "assert_eq" => (quote!(==), "=="),
                _ => (quote!(!=), "!="),
            };
            let text = format!("assertion `left {text} right` failed: {{}}\n  left: {{:?}}\n right: {{:?}}");
            Some(parse_quote_spanned! {span=>
                match (#left, #right) {
                    (left, right) => if !(left #op right) {
                        match ::std::format!(#(#message),*) {
                            message => ::core::panic!(#text, message, left, right)
                        }
                    }
                }
            })
        }
        _ => None,
    }
}

/// `matches!(value, pattern if guard)`.
fn matching(input: ParseStream<'_>) -> syn::Result<Expr> {
    let value: Expr = input.parse()?;
    input.parse::<Token![,]>()?;
    let pattern = Pat::parse_multi_with_leading_vert(input)?;
    let guard = if input.peek(Token![if]) {
        let _: Token![if] = input.parse()?;
        let guard: Expr = input.parse()?;
        quote!(if #guard)
    } else {
        TokenStream::new()
    };
    let _: Option<Token![,]> = input.parse()?;
    let mut matched: syn::ExprMatch = parse_quote!(match () { #pattern #guard => true, _ => false });
    *matched.expr = value;
    Ok(Expr::Match(matched))
}

fn has_call(expr: &Expr) -> bool {
    super::calls::find(expr.to_token_stream()).is_some()
}

/// Leaves tokens to a reader that is to see one expression, whatever stands around it.
pub(crate) fn grouped(expr: &Expr) -> Expr {
    let group = Group::new(Delimiter::None, expr.to_token_stream());
    Expr::Verbatim(TokenTree::Group(group).into())
}
