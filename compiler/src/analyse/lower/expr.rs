//! Expressions: the parts that cut or jump are taken out, in the order of evaluation.
use super::cuts::cuts;
use super::{Lowerer, hole, nothing};
use crate::analyse::cfg::Terminator;
use crate::analyse::text::Piece;
use crate::syntax::{attributes, calls, macros};
use proc_macro2::Span;
use syn::visit_mut::{self, VisitMut};
use syn::{BinOp, Expr};

impl Lowerer {
    /// Lowers what cuts or jumps in an expression; the residual neither cuts nor jumps.
    pub(super) fn value(&mut self, expr: Expr) -> Expr {
        if !cuts(&expr) {
            return expr;
        }
        if attributes::conditions(attributes::of(&expr)).next().is_some() {
            return self.conditional_value(expr);
        }
        match expr {
            Expr::Macro(expr) => self.arguments(expr),
            Expr::Await(_) | Expr::MethodCall(_) if calls::site(&expr).is_some() => self.call(expr),
            Expr::Try(expr) => self.question_mark(expr),
            Expr::Binary(expr) if matches!(expr.op, BinOp::And(_) | BinOp::Or(_)) => self.short_circuit(expr),
            Expr::Assign(mut expr) => {
                *expr.right = self.value(*std::mem::replace(&mut expr.right, hole()));
                *expr.left = self.value(*std::mem::replace(&mut expr.left, hole()));
                Expr::Assign(expr)
            }
            Expr::If(expr) => self.if_else(expr),
            Expr::Match(expr) => self.arms(expr),
            Expr::ForLoop(expr) => self.for_loop(expr),
            Expr::While(expr) => self.while_loop(expr),
            Expr::Loop(expr) => self.endless(expr),
            Expr::Block(expr) => self.inner_block(expr),
            Expr::Unsafe(expr) => {
                let piece =
                    self.short(expr.unsafe_token.span, expr.block.brace_token.span.close(), "unsafe { … }");
                self.block(expr.block, true);
                self.stand_in(piece)
            }
            Expr::TryBlock(expr) => {
                let piece = self.short(expr.try_token.span, expr.block.brace_token.span.close(), "try { … }");
                self.block(expr.block, true);
                self.stand_in(piece)
            }
            Expr::Return(expr) => self.leave(expr),
            Expr::Break(expr) => self.break_out(expr),
            Expr::Continue(expr) => self.go_on(&expr),
            mut expr => {
                visit_mut::visit_expr_mut(&mut Children(self), &mut expr);
                expr
            }
        }
    }

    /// A piece that says no more than what kind of code it stands for; the code begins and ends with these tokens.
    pub(super) fn short(&self, first: Span, last: Span, text: &str) -> Piece {
        Piece { text: text.to_owned(), start: first.start(), end: last.end() }
    }

    /// A macro whose arguments are expressions.
    fn arguments(&mut self, mut expr: syn::ExprMacro) -> Expr {
        if let Some(mut parsed) = macros::parse(&expr.mac) {
            for operand in parsed.operands() {
                *operand = self.value(std::mem::replace(operand, nothing()));
            }
            expr.mac.tokens = parsed.tokens();
        }
        Expr::Macro(expr)
    }

    /// A site: the method is cut, and goes on in a new block.
    fn call(&mut self, mut expr: Expr) -> Expr {
        let Some(site) = calls::site(&expr) else { return expr };
        let (attrs, inner) = match &mut expr {
            Expr::Await(expr) => (&mut expr.attrs, &mut expr.base),
            Expr::MethodCall(expr) => (&mut expr.attrs, &mut expr.receiver),
            _ => return expr,
        };
        attrs.clear();
        **inner = self.value(std::mem::replace(&mut **inner, nothing()));
        let text = self.piece(&**inner).text;
        if let Some(seen) = self.sites.get_mut(site) {
            seen.text = text;
        }
        self.evaluate(inner);
        let next = self.draft();
        self.end(Terminator::Call(site), vec![(String::new(), next)]);
        self.begin(next);
        self.freeze(&expr, &format!("#{site}"))
    }

    /// `value?`: on, or out of the method.
    fn question_mark(&mut self, mut expr: syn::ExprTry) -> Expr {
        *expr.expr = self.value(*std::mem::replace(&mut expr.expr, hole()));
        let events = self.uses(&*expr.expr);
        self.line(&expr, events);
        let stand_in = self.freeze(&expr, "…?");
        let returns = match self.returns {
            Some(returns) => returns,
            None => self.return_block(),
        };
        let next = self.draft();
        self.branch(vec![("ok".to_owned(), next), ("?".to_owned(), returns)]);
        self.begin(next);
        stand_in
    }

    fn return_block(&mut self) -> usize {
        let block = self.draft();
        self.drafts[block].block.end = Terminator::Return;
        self.order.push(block);
        self.returns = Some(block);
        block
    }

    /// `a && b` and `a || b`, when `b` cuts or jumps: it is reached on one way only.
    fn short_circuit(&mut self, mut expr: syn::ExprBinary) -> Expr {
        *expr.left = self.value(*std::mem::replace(&mut expr.left, hole()));
        if !cuts(&expr.right) {
            return Expr::Binary(expr);
        }
        self.evaluate(&expr.left);
        let (label, second, join) = (self.piece(&expr.left).text, self.draft(), self.draft());
        let (yes, no) = match expr.op {
            BinOp::And(_) => (second, join),
            _ => (join, second),
        };
        self.branch(vec![(label, yes), ("else".to_owned(), no)]);
        self.begin(second);
        *expr.right = self.value(*std::mem::replace(&mut expr.right, hole()));
        self.evaluate(&expr.right);
        self.goto(join);
        self.begin(join);
        let short = if matches!(expr.op, BinOp::And(_)) { "… && …" } else { "… || …" };
        self.freeze(&expr, short)
    }

    fn leave(&mut self, mut expr: syn::ExprReturn) -> Expr {
        if let Some(value) = &mut expr.expr {
            **value = self.value(std::mem::replace(&mut **value, nothing()));
        }
        let events = expr.expr.as_deref().map_or_else(Vec::new, |value| self.uses(value));
        self.line(&expr, events);
        self.end(Terminator::Return, Vec::new());
        self.dead();
        let piece = self.short(expr.return_token.span, expr.return_token.span, "return …");
        self.stand_in(piece)
    }
}

/// Lowers the children of an expression in their order.
struct Children<'a>(&'a mut Lowerer);

impl VisitMut for Children<'_> {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        *expr = self.0.value(std::mem::replace(expr, nothing()));
    }

    fn visit_field_value_mut(&mut self, field: &mut syn::FieldValue) {
        let conditions: Vec<_> = attributes::conditions(&field.attrs).cloned().collect();
        if conditions.is_empty() || !cuts(&field.expr) {
            return visit_mut::visit_field_value_mut(self, field);
        }
        field.attrs.retain(|attribute| !attribute.path().is_ident("cfg"));
        self.0.under(&conditions, |lowerer| {
            let value = lowerer.value(std::mem::replace(&mut field.expr, nothing()));
            lowerer.evaluate(&value);
            field.expr = value;
        });
    }

    fn visit_item_mut(&mut self, _: &mut syn::Item) {}
}
