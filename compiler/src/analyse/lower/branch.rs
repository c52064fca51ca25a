//! Branches: conditions, `if`, `match`, `let else`.
use super::cuts::cuts;
use super::{Lowerer, conditions, hole, line_of, otherwise};
use crate::analyse::cfg::{Code, Event, Terminator};
use syn::{Arm, BinOp, Expr, ExprLet, Local, Pat, UnOp};

impl Lowerer {
    /// Leads to `yes` or `no`. What the condition binds is in scope from here on and defined at `yes`.
    pub(super) fn condition(&mut self, cond: Expr, yes: usize, no: usize) {
        match cond {
            cond if !cuts(&cond) => self.decide(&cond, yes, no),
            Expr::Paren(cond) => self.condition(*cond.expr, yes, no),
            Expr::Unary(cond) if matches!(cond.op, UnOp::Not(_)) => self.condition(*cond.expr, no, yes),
            Expr::Binary(cond) if matches!(cond.op, BinOp::And(_)) => {
                let then = self.draft();
                self.condition(*cond.left, then, no);
                self.begin(then);
                self.condition(*cond.right, yes, no);
            }
            Expr::Binary(cond) if matches!(cond.op, BinOp::Or(_)) => {
                let then = self.draft();
                self.condition(*cond.left, yes, then);
                self.begin(then);
                self.condition(*cond.right, yes, no);
            }
            Expr::Let(mut cond) => {
                *cond.expr = self.value(*std::mem::replace(&mut cond.expr, hole()));
                self.decide(&Expr::Let(cond), yes, no);
            }
            cond => {
                let cond = self.value(cond);
                self.decide(&cond, yes, no);
            }
        }
    }

    /// A condition that neither cuts nor jumps.
    fn decide(&mut self, cond: &Expr, yes: usize, no: usize) {
        self.evaluate(cond);
        let piece = self.piece(cond);
        let mut lets = Vec::new();
        chain(cond, &mut lets);
        let mut events = Vec::new();
        for node in lets {
            let bound = self.bind(&node.pat);
            self.borrowed(&node.expr, &node.pat, &bound);
            events.extend(bound);
        }
        self.define(yes, line_of(&piece), events);
        self.branch(vec![(piece.text, yes), (otherwise(), no)]);
    }

    /// Bindings that a way brings with it.
    pub(super) fn define(&mut self, block: usize, line: u32, events: Vec<Event>) {
        if !events.is_empty() {
            let text = String::new();
            self.drafts[block].block.code.push(Code { line, text, events });
        }
    }

    pub(super) fn if_else(&mut self, expr: syn::ExprIf) -> Expr {
        let piece = self.short(expr.if_token.span, expr.then_branch.brace_token.span.close(), "if …");
        let (yes, no, join) = (self.draft(), self.draft(), self.draft());
        let entered = self.scope.enter();
        self.condition(*expr.cond, yes, no);
        self.begin(yes);
        self.block(expr.then_branch, true);
        self.scope.leave(entered);
        self.goto(join);
        self.begin(no);
        if let Some((_, other)) = expr.else_branch {
            match *other {
                Expr::Block(other) if other.label.is_none() => self.block(other.block, true),
                other => self.tail(other, true),
            }
        }
        self.goto(join);
        self.begin(join);
        self.stand_in(piece)
    }

    pub(super) fn let_else(&mut self, local: Local, other: Expr) {
        let (yes, no) = (self.draft(), self.draft());
        let Some(init) = &local.init else { return };
        self.evaluate(&init.expr);
        let mut label = self.piece(&local);
        label.text.truncate(label.text.trim_end_matches([';', ' ']).len());
        let line = line_of(&label);
        self.branch(vec![(label.text, yes), (otherwise(), no)]);
        self.begin(no);
        match other {
            Expr::Block(other) => self.block(other.block, false),
            other => self.tail(other, false),
        }
        self.end_open();
        self.begin(yes);
        let events = self.bind(&local.pat);
        self.define(yes, line, events);
    }

    /// The block of a `let else` never ends by itself: what is left open does not return, like `panic!()`.
    fn end_open(&mut self) {
        self.end(Terminator::Return, Vec::new());
    }

    pub(super) fn arms(&mut self, mut expr: syn::ExprMatch) -> Expr {
        let piece = self.short(expr.match_token.span, expr.brace_token.span.close(), "match …");
        let value = self.value(*std::mem::replace(&mut expr.expr, hole()));
        let events = self.uses(&value);
        let head = self.piece(&value);
        let matched = value.clone();
        self.push(Code { line: line_of(&piece), text: format!("match {}", head.text), events });
        let join = self.draft();
        if expr.arms.is_empty() {
            self.end(Terminator::Return, Vec::new());
        } else if expr.arms.iter().any(|arm| matches!(&arm.pat, Pat::Guard(pat) if cuts(&pat.guard))) {
            self.arms_in_turn(expr.arms, &matched, join);
        } else {
            self.arms_at_once(expr.arms, &matched, join);
        }
        self.begin(join);
        self.stand_in(piece)
    }

    fn arms_at_once(&mut self, arms: Vec<Arm>, matched: &Expr, join: usize) {
        let blocks: Vec<_> = arms.iter().map(|_| self.draft()).collect();
        let label = |arm: &Arm| format!("{}{}", conditions::label(&arm.attrs), self.piece(&arm.pat).text);
        let ways = arms.iter().zip(&blocks).map(|(arm, block)| (label(arm), *block)).collect();
        self.branch(ways);
        for (arm, block) in arms.into_iter().zip(blocks) {
            self.begin(block);
            let entered = self.scope.enter();
            let (line, events) = (line_of(&self.piece(&arm.pat)), self.bind(&arm.pat));
            self.borrowed(matched, &arm.pat, &events);
            self.define(block, line, events);
            if let Pat::Guard(pat) = &arm.pat {
                self.evaluate(&pat.guard);
            }
            self.tail(*arm.body, true);
            self.scope.leave(entered);
            self.goto(join);
        }
    }

    /// With a call in a guard the arms are tried one after the other.
    fn arms_in_turn(&mut self, arms: Vec<Arm>, matched: &Expr, join: usize) {
        for arm in arms {
            let (bound, body, next) = (self.draft(), self.draft(), self.draft());
            self.condition_of_arm(&arm.attrs, next);
            let (pat, guard) = match arm.pat {
                Pat::Guard(pat) => (*pat.pat, Some(*pat.guard)),
                pat => (pat, None),
            };
            let piece = self.piece(&pat);
            let all = guard.is_none() && matches!(&pat, Pat::Wild(_) | Pat::Ident(_)) && !is_constant(&pat);
            let mut ways = vec![(piece.text.clone(), bound)];
            if !all {
                ways.push((otherwise(), next));
            }
            self.branch(ways);
            self.begin(bound);
            let entered = self.scope.enter();
            let events = self.bind(&pat);
            self.borrowed(matched, &pat, &events);
            self.define(bound, line_of(&piece), events);
            match guard {
                Some(guard) => self.condition(guard, body, next),
                None => self.goto(body),
            }
            self.begin(body);
            self.tail(*arm.body, true);
            self.scope.leave(entered);
            self.goto(join);
            self.begin(next);
        }
        self.end(Terminator::Return, Vec::new()); // no arm is left: rustc has seen that this cannot be
    }
}

fn is_constant(pat: &Pat) -> bool {
    matches!(pat, Pat::Ident(_)) && crate::analyse::scope::bindings(pat).is_empty()
}

/// The `let`s of a chain.
fn chain<'a>(cond: &'a Expr, found: &mut Vec<&'a ExprLet>) {
    match cond {
        Expr::Let(node) => found.push(node),
        Expr::Binary(node) if matches!(node.op, BinOp::And(_)) => {
            chain(&node.left, found);
            chain(&node.right, found);
        }
        Expr::Group(node) => chain(&node.expr, found),
        _ => {}
    }
}
