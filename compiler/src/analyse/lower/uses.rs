//! The variables that code uses. Bindings inside of the code hide those outside.
use super::Lowerer;
use crate::analyse::cfg::Event;
use crate::analyse::scope::{self, Scope, bindings};
use crate::syntax::macros;
use quote::ToTokens;
use std::collections::BTreeSet;
use syn::visit::{self, Visit};
use syn::{Arm, Block, Expr, Item, Local, Macro, Pat, Stmt};

impl Lowerer {
    /// The uses in code that stays as written.
    pub(super) fn uses<'a>(&mut self, code: impl Into<Piece<'a>>) -> Vec<Event> {
        let entered = self.scope.enter();
        let mut uses = Uses { scope: &mut self.scope, events: Vec::new(), vague: &mut self.vague };
        match code.into() {
            Piece::Expr(expr) => uses.visit_expr(expr),
            Piece::Local(local) => uses.visit_local(local),
            Piece::Stmt(stmt) => uses.visit_stmt(stmt),
        }
        let events = uses.events;
        self.scope.leave(entered);
        events
    }

    /// What an expression in the place of a statement does: a variable that is assigned loses its old value.
    pub(super) fn effect(&mut self, expr: &Expr) -> Vec<Event> {
        if let Expr::Assign(assign) = expr
            && let Some(Some(variable)) = name(&assign.left).and_then(|name| self.scope.find(&name))
        {
            let mut events = self.uses(&*assign.right);
            events.push(Event::Define(variable));
            return events;
        }
        self.uses(expr)
    }
}

/// Code whose uses are asked for.
pub(super) enum Piece<'a> {
    Expr(&'a Expr),
    Local(&'a Local),
    Stmt(&'a Stmt),
}

impl<'a> From<&'a Expr> for Piece<'a> {
    fn from(code: &'a Expr) -> Self {
        Piece::Expr(code)
    }
}

impl<'a> From<&'a Local> for Piece<'a> {
    fn from(code: &'a Local) -> Self {
        Piece::Local(code)
    }
}

impl<'a> From<&'a Stmt> for Piece<'a> {
    fn from(code: &'a Stmt) -> Self {
        Piece::Stmt(code)
    }
}

fn name(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Path(path) if path.qself.is_none() => path.path.get_ident().map(ToString::to_string),
        Expr::Paren(expr) => name(&expr.expr),
        _ => None,
    }
}

struct Uses<'a> {
    scope: &'a mut Scope<Option<usize>>,
    events: Vec<Event>,
    /// What macros name that cannot be seen through.
    vague: &'a mut BTreeSet<usize>,
}

impl Uses<'_> {
    /// Code that was read out of the tokens of a macro.
    fn operand(&mut self, operand: &Expr) {
        let events = std::mem::take(&mut self.events);
        let mut uses = Uses { scope: self.scope, events, vague: self.vague };
        uses.visit_expr(operand);
        self.events = uses.events;
    }

    fn name(&mut self, name: &str) {
        if let Some(Some(variable)) = self.scope.find(name) {
            self.events.push(Event::Use(variable));
        }
    }

    fn hide(&mut self, pat: &Pat) {
        for binding in bindings(pat) {
            self.scope.bind(binding.ident.to_string(), None);
        }
    }

    fn within(&mut self, walk: impl FnOnce(&mut Self)) {
        let entered = self.scope.enter();
        walk(self);
        self.scope.leave(entered);
    }
}

impl<'a> Visit<'a> for Uses<'_> {
    fn visit_expr_path(&mut self, path: &'a syn::ExprPath) {
        if let (None, Some(name)) = (&path.qself, path.path.get_ident()) {
            self.name(&name.to_string());
        }
        visit::visit_expr_path(self, path);
    }

    fn visit_macro(&mut self, node: &'a Macro) {
        let mut names = Vec::new();
        match macros::parse(node) {
            Some(mut parsed) => {
                for arg in parsed.args.iter().filter(|arg| matches!(arg, Expr::Lit(_))) {
                    scope::names(&arg.to_token_stream(), &mut names);
                }
                let used: Vec<Expr> = parsed.operands().into_iter().map(|operand| operand.clone()).collect();
                used.iter().for_each(|operand| self.operand(operand));
            }
            None => {
                scope::names(&node.tokens, &mut names);
                let known = names.iter().filter_map(|name| self.scope.find(&name.to_string()).flatten());
                self.vague.extend(known);
            }
        }
        names.iter().for_each(|name| self.name(&name.to_string()));
    }

    fn visit_expr_assign(&mut self, node: &'a syn::ExprAssign) {
        self.visit_expr(&node.right);
        if name(&node.left).is_none() {
            self.visit_expr(&node.left); // a part of a variable: the rest of it is still needed
        }
    }

    fn visit_block(&mut self, node: &'a Block) {
        self.within(|uses| visit::visit_block(uses, node));
    }

    fn visit_local(&mut self, node: &'a Local) {
        if let Some(init) = &node.init {
            self.visit_local_init(init);
        }
        self.visit_pat(&node.pat);
        self.hide(&node.pat);
    }

    fn visit_expr_let(&mut self, node: &'a syn::ExprLet) {
        self.visit_expr(&node.expr);
        self.visit_pat(&node.pat);
        self.hide(&node.pat);
    }

    fn visit_expr_if(&mut self, node: &'a syn::ExprIf) {
        self.within(|uses| {
            uses.visit_expr(&node.cond);
            uses.visit_block(&node.then_branch);
        });
        if let Some((_, otherwise)) = &node.else_branch {
            self.visit_expr(otherwise);
        }
    }

    fn visit_expr_while(&mut self, node: &'a syn::ExprWhile) {
        self.within(|uses| visit::visit_expr_while(uses, node));
    }

    fn visit_expr_for_loop(&mut self, node: &'a syn::ExprForLoop) {
        self.visit_expr(&node.expr);
        self.within(|uses| {
            uses.hide(&node.pat);
            uses.visit_block(&node.body);
        });
    }

    fn visit_arm(&mut self, node: &'a Arm) {
        self.within(|uses| {
            uses.hide(&node.pat);
            visit::visit_arm(uses, node);
        });
    }

    fn visit_expr_closure(&mut self, node: &'a syn::ExprClosure) {
        self.within(|uses| {
            node.inputs.iter().for_each(|pat| uses.hide(pat));
            uses.visit_expr(&node.body);
        });
    }

    fn visit_item(&mut self, _: &'a Item) {}
}
