//! Loops, labelled blocks, and the jumps out of them.
use super::{Lowerer, Target, hole, line_of};
use crate::analyse::cfg::Terminator;
use syn::{Expr, Label, Lifetime};

impl Lowerer {
    pub(super) fn endless(&mut self, expr: syn::ExprLoop) -> Expr {
        let piece = self.short(expr.loop_token.span, expr.body.brace_token.span.close(), "loop …");
        let (head, exit) = (self.draft(), self.draft());
        self.goto(head);
        self.begin(head);
        self.enter_loop(expr.label.as_ref(), Some(head), exit);
        self.block(expr.body, false);
        self.targets.pop();
        self.goto(head);
        self.begin(exit);
        self.stand_in(piece)
    }

    pub(super) fn while_loop(&mut self, expr: syn::ExprWhile) -> Expr {
        let piece = self.short(expr.while_token.span, expr.body.brace_token.span.close(), "while …");
        let (head, body, exit) = (self.draft(), self.draft(), self.draft());
        self.goto(head);
        self.begin(head);
        self.enter_loop(expr.label.as_ref(), Some(head), exit);
        let entered = self.scope.enter();
        self.condition(*expr.cond, body, exit);
        self.begin(body);
        self.block(expr.body, false);
        self.scope.leave(entered);
        self.targets.pop();
        self.goto(head);
        self.begin(exit);
        self.stand_in(piece)
    }

    /// What is iterated over is needed until the loop ends: the iterator is made of it.
    pub(super) fn for_loop(&mut self, mut expr: syn::ExprForLoop) -> Expr {
        let piece = self.short(expr.for_token.span, expr.body.brace_token.span.close(), "for …");
        let items = self.value(*std::mem::replace(&mut expr.expr, hole()));
        let (head, body, exit) = (self.draft(), self.draft(), self.draft());
        self.goto(head);
        self.begin(head);
        self.evaluate(&items);
        let label = format!("{} in {}", self.piece(&expr.pat).text, self.piece(&items).text);
        self.branch(vec![(label, body), ("else".to_owned(), exit)]);
        self.enter_loop(expr.label.as_ref(), Some(head), exit);
        self.begin(body);
        let entered = self.scope.enter();
        let events = self.bind(&expr.pat);
        self.define(body, line_of(&piece), events);
        self.block(expr.body, false);
        self.scope.leave(entered);
        self.targets.pop();
        self.goto(head);
        self.begin(exit);
        self.stand_in(piece)
    }

    pub(super) fn inner_block(&mut self, expr: syn::ExprBlock) -> Expr {
        let piece =
            self.short(expr.block.brace_token.span.open(), expr.block.brace_token.span.close(), "{ … }");
        let exit = self.draft();
        let labelled = expr.label.is_some();
        if labelled {
            self.enter_loop(expr.label.as_ref(), None, exit);
        }
        self.block(expr.block, true);
        if labelled {
            self.targets.pop();
        }
        self.goto(exit);
        self.begin(exit);
        self.stand_in(piece)
    }

    fn enter_loop(&mut self, label: Option<&Label>, head: Option<usize>, exit: usize) {
        let label = label.map(|label| label.name.ident.to_string());
        self.targets.push(Target { label, head, exit });
    }

    /// The innermost loop, or what bears the label; a block can only be left by its label.
    fn target(&self, label: Option<&Lifetime>) -> Option<&Target> {
        let label = label.map(|label| label.ident.to_string());
        let found = |target: &&Target| match &label {
            None => target.head.is_some(),
            Some(label) => target.label.as_ref() == Some(label),
        };
        self.targets.iter().rev().find(found)
    }

    pub(super) fn break_out(&mut self, mut expr: syn::ExprBreak) -> Expr {
        if let Some(value) = expr.expr.take() {
            let value = self.value(*value);
            let events = self.uses(&value);
            expr.expr = Some(Box::new(value));
            self.line(&expr, events);
        }
        let exit = self.target(expr.label.as_ref()).map(|target| target.exit);
        self.jump(exit);
        let piece = self.short(expr.break_token.span, expr.break_token.span, "break …");
        self.stand_in(piece)
    }

    pub(super) fn go_on(&mut self, expr: &syn::ExprContinue) -> Expr {
        let head = self.target(expr.label.as_ref()).and_then(|target| target.head);
        self.jump(head);
        let piece = self.short(expr.continue_token.span, expr.continue_token.span, "continue …");
        self.stand_in(piece)
    }

    /// A jump with nowhere to go is an error that rustc reports; here it ends the method.
    fn jump(&mut self, to: Option<usize>) {
        match to {
            Some(to) => self.goto(to),
            None => self.end(Terminator::Return, Vec::new()),
        }
        self.dead();
    }
}
