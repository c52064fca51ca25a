//! Lowering: a body becomes basic blocks.
//!
//! Code that control only enters at the top and leaves at the bottom stays as written, as one line. An expression
//! with a call or a jump inside is taken apart in the order in which Rust evaluates it; what is left of it, its
//! residual, has a stand-in for each part that has been evaluated already. A stand-in prints as the part it stands
//! for, or short when that is long, so that the text stays linear in the body.
mod borrows;
mod branch;
mod conditions;
mod cuts;
mod expr;
mod loops;
mod uses;

use super::cfg::{Borrow, Cfg, Code, Draft, Event, SiteText, Terminator, finish};
use super::scope::{self, Scope, bindings};
use super::text::{self, Piece};
use crate::syntax::calls::Site;
use quote::{ToTokens, format_ident};
use std::collections::BTreeSet;
use syn::{Block, Expr, Local, Pat, Signature, Stmt};

/// Longer parts print short in the code around them; in characters.
const LONG: usize = 60;

/// Lowers a body whose sites are marked.
pub(super) fn numbered(sig: &Signature, body: Block, sites: &[Site]) -> Cfg {
    let mut lowerer = Lowerer::new(sites);
    lowerer.parameters(sig);
    if sig.asyncness.is_some() {
        lowerer.block(body, true);
    } else {
        let entered = lowerer.scope.enter();
        body.stmts.into_iter().for_each(|stmt| lowerer.whole(stmt));
        lowerer.scope.leave(entered);
    }
    lowerer.end(Terminator::Return, Vec::new());
    let borrows = lowerer.certain_borrows();
    let graph = finish(lowerer.drafts, &lowerer.order);
    Cfg { graph, variables: lowerer.variables, sites: lowerer.sites, borrows }
}

/// Where `break` and `continue` lead.
struct Target {
    label: Option<String>,
    /// The head of the loop; a labelled block has none.
    head: Option<usize>,
    exit: usize,
}

struct Lowerer {
    drafts: Vec<Draft>,
    /// The blocks in the order in which they were begun.
    order: Vec<usize>,
    current: usize,
    /// `None` is a binding inside of code that stays as written.
    scope: Scope<Option<usize>>,
    variables: Vec<String>,
    sites: Vec<SiteText>,
    pieces: Vec<Piece>,
    targets: Vec<Target>,
    /// The block to which `?` returns.
    returns: Option<usize>,
    borrows: Vec<Borrow>,
    /// The variables that a macro may use that cannot be seen through.
    vague: BTreeSet<usize>,
}

impl Lowerer {
    fn new(sites: &[Site]) -> Self {
        let site = |site: &Site| SiteText { line: site.line, kind: site.kind, text: String::new() };
        Lowerer {
            drafts: vec![Draft::default()],
            order: vec![0],
            current: 0,
            scope: Scope::new(),
            variables: Vec::new(),
            sites: sites.iter().map(site).collect(),
            pieces: Vec::new(),
            targets: Vec::new(),
            returns: None,
            borrows: Vec::new(),
            vague: BTreeSet::new(),
        }
    }

    fn parameters(&mut self, sig: &Signature) {
        for param in scope::typed(sig) {
            for binding in bindings(&param.pat) {
                self.declare(binding.ident.to_string());
            }
        }
    }

    /// A block that is not yet begun.
    fn draft(&mut self) -> usize {
        self.drafts.push(Draft::default());
        self.drafts.len() - 1
    }

    fn begin(&mut self, block: usize) {
        self.current = block;
        self.order.push(block);
    }

    fn end(&mut self, end: Terminator, ways: Vec<(String, usize)>) {
        let draft = &mut self.drafts[self.current];
        draft.block.end = end;
        draft.ways = ways;
    }

    fn goto(&mut self, to: usize) {
        self.end(Terminator::Goto, vec![(String::new(), to)]);
    }

    fn branch(&mut self, ways: Vec<(String, usize)>) {
        self.end(Terminator::Branch, ways);
    }

    /// Ends the block where control never goes on, and begins one for the dead code that may follow.
    fn dead(&mut self) {
        let dead = self.draft();
        self.begin(dead);
    }

    fn push(&mut self, code: Code) {
        self.drafts[self.current].block.code.push(code);
    }

    fn declare(&mut self, name: String) -> Event {
        let variable = self.variables.len();
        self.variables.push(name.clone());
        self.scope.bind(name, Some(variable));
        Event::Define(variable)
    }

    /// Makes variables of the bindings of a pattern.
    fn bind(&mut self, pat: &Pat) -> Vec<Event> {
        let names = bindings(pat).into_iter().map(|binding| binding.ident.to_string());
        names.map(|name| self.declare(name)).collect()
    }

    fn piece(&self, code: &impl ToTokens) -> Piece {
        text::piece(code, &self.pieces)
    }

    /// Writes code down as a line.
    fn line(&mut self, code: &impl ToTokens, events: Vec<Event>) {
        let piece = self.piece(code);
        self.push(Code { line: line_of(&piece), text: piece.text, events });
    }

    /// Notes that code is evaluated here; its text is shown elsewhere.
    fn evaluate(&mut self, expr: &Expr) {
        let events = self.uses(expr);
        if !events.is_empty() {
            self.push(Code { line: line_of(&self.piece(expr)), text: String::new(), events });
        }
    }

    /// A stand-in for code that has been evaluated.
    fn freeze(&mut self, code: &impl ToTokens, short: &str) -> Expr {
        let mut piece = self.piece(code);
        if piece.text.chars().nth(LONG).is_some() {
            piece.text = short.to_owned();
        }
        self.stand_in(piece)
    }

    fn stand_in(&mut self, piece: Piece) -> Expr {
        let name = format_ident!("{}", text::stand_in(self.pieces.len()));
        self.pieces.push(piece);
        Expr::Path(syn::ExprPath { attrs: Vec::new(), qself: None, path: name.into() })
    }

    /// The piece that the expression stands for.
    fn stands_for(&self, expr: &Expr) -> Option<&Piece> {
        let Expr::Path(path) = expr else { return None };
        self.pieces.get(text::stood_for(&path.path.get_ident()?.to_string())?)
    }

    /// The statements of a block; `want` says whether its value is used.
    fn block(&mut self, block: Block, want: bool) {
        let entered = self.scope.enter();
        let mut stmts = block.stmts.into_iter().peekable();
        while let Some(stmt) = stmts.next() {
            match stmt {
                Stmt::Expr(expr, None) => self.tail(expr, want && stmts.peek().is_none()),
                stmt => self.stmt(stmt),
            }
        }
        self.scope.leave(entered);
    }

    /// An expression whose value is the value of what it stands in.
    fn tail(&mut self, expr: Expr, want: bool) {
        let left = self.value(expr);
        match self.stands_for(&left) {
            Some(piece) if !want || says_nothing(&piece.text) => {}
            _ => {
                let events = self.effect(&left);
                self.line(&left, events);
            }
        }
    }

    fn stmt(&mut self, mut stmt: Stmt) {
        let conditions = conditions::of_statement(&mut stmt);
        if !conditions.is_empty() {
            return self.under(&conditions, |lowerer| lowerer.stmt(stmt));
        }
        match stmt {
            Stmt::Local(local) => self.local(local),
            Stmt::Expr(expr, semi) => {
                let left = self.value(expr);
                if self.stands_for(&left).is_none() {
                    let events = self.effect(&left);
                    self.line(&Stmt::Expr(left, semi), events);
                }
            }
            stmt => self.whole(stmt),
        }
    }

    fn local(&mut self, mut local: Local) {
        if let Some(mut init) = local.init.take() {
            *init.expr = self.value(*std::mem::replace(&mut init.expr, hole()));
            if let Some((_, otherwise)) = init.diverge.take() {
                local.init = Some(init);
                return self.let_else(local, *otherwise);
            }
            local.init = Some(init);
        }
        self.whole(Stmt::Local(local));
    }

    /// A statement that stays as written.
    fn whole(&mut self, stmt: Stmt) {
        let events = match &stmt {
            Stmt::Item(_) => return,
            Stmt::Local(local) => {
                let mut events = self.uses(local);
                let bound = self.bind(&local.pat);
                if let Some(init) = &local.init {
                    self.borrowed(&init.expr, &local.pat, &bound);
                }
                events.extend(bound);
                events
            }
            Stmt::Expr(expr, _) => self.effect(expr),
            Stmt::Macro(_) => self.uses(&stmt),
        };
        self.line(&stmt, events);
    }
}

fn line_of(piece: &Piece) -> u32 {
    u32::try_from(piece.start.line).unwrap_or(u32::MAX)
}

/// The label of the way that is taken when no other is.
fn otherwise() -> String {
    "else".to_owned()
}

/// What is left in the place of an expression that was taken out.
fn hole() -> Box<Expr> {
    Box::new(nothing())
}

fn nothing() -> Expr {
    Expr::Verbatim(proc_macro2::TokenStream::new())
}

/// Whether a text only names the kind of code that was taken apart.
fn says_nothing(text: &str) -> bool {
    text.ends_with('…') || text.ends_with("… }")
}
