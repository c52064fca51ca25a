//! The value of each form of expression.
use super::flow::Value;
use super::keys::From;
use super::{Calls, Walk, brief, each, known};
use crate::syntax::calls;
use syn::spanned::Spanned;
use syn::{BinOp, Block, Expr, Local, Pat, Stmt, UnOp};

impl Walk<'_> {
    pub(super) fn eval(&mut self, expr: &Expr) -> Value {
        self.full(expr).0
    }

    /// The value of an expression, and the calls it is made of if these are plain to see.
    pub(super) fn full(&mut self, expr: &Expr) -> (Value, Option<Calls>) {
        match expr {
            Expr::Paren(expr) => self.full(&expr.expr),
            Expr::Group(expr) => self.full(&expr.expr),
            Expr::Path(_) => self.path(expr),
            Expr::MethodCall(call) if calls::site(expr).is_none() => self.method(expr, call),
            Expr::Call(call) => self.function(expr, call),
            Expr::Tuple(tuple) => self.tuple(tuple.elems.iter()),
            Expr::Array(array) => self.elements(array.elems.iter()),
            Expr::Macro(node) => self.macro_call(expr, &node.mac),
            Expr::Block(node) if node.label.is_none() => self.block(&node.block),
            Expr::Unsafe(node) => self.block(&node.block),
            _ => (self.form(expr), None),
        }
    }

    /// The forms that are no calls.
    fn form(&mut self, expr: &Expr) -> Value {
        match expr {
            Expr::Await(_) | Expr::MethodCall(_) => self.cut(expr),
            Expr::Lit(_) | Expr::Continue(_) | Expr::Infer(_) => Value::none(),
            Expr::Field(node) => self.field(expr, &node.base),
            Expr::Index(node) => {
                self.eval(&node.index);
                self.eval(&node.expr)
            }
            Expr::Reference(node) => {
                let mut value = self.eval(&node.expr);
                value.exclusive |= node.mutability.is_some();
                value
            }
            Expr::Unary(node) if matches!(node.op, UnOp::Deref(_)) => self.eval(&node.expr),
            Expr::Unary(node) => {
                self.eval(&node.expr);
                Value::none().by_name()
            }
            Expr::Cast(node) => self.eval(&node.expr),
            Expr::Try(node) => self.eval(&node.expr),
            Expr::Binary(node) => self.binary(node).by_name(),
            Expr::Assign(node) => self.assign(&node.left, &node.right),
            Expr::Repeat(node) => {
                self.eval(&node.len);
                self.eval(&node.expr)
            }
            Expr::Range(node) => {
                let ends = [&node.start, &node.end];
                let ends: Vec<_> = ends.into_iter().flatten().map(|end| self.eval(end)).collect();
                ends.into_iter().fold(Value::none(), Value::and)
            }
            Expr::Struct(node) => {
                let mut value = node.rest.as_ref().map_or_else(Value::none, |rest| self.eval(rest));
                for field in &node.fields {
                    let field = self.eval(&field.expr);
                    value.add(field);
                }
                value.by_name()
            }
            Expr::Closure(node) => {
                let given = self.unknown(expr, "is given to a closure");
                self.closure(node, &given).0
            }
            _ => self.control(expr),
        }
    }

    /// The forms that lead control.
    fn control(&mut self, expr: &Expr) -> Value {
        match expr {
            Expr::If(node) => self.if_else(node),
            Expr::Match(node) => self.arms(node),
            Expr::Let(node) => {
                let value = self.eval(&node.expr);
                let source = self.source(From::If((*node.expr).clone()));
                let bound = self.bind(&node.pat, &value);
                self.give(&node.pat, &bound, source);
                Value::none()
            }
            Expr::While(node) => self.within(node.label.as_ref(), true, |walk| {
                walk.eval(&node.cond);
                walk.block(&node.body);
                Value::none()
            }),
            Expr::ForLoop(node) => {
                let items = self.eval(&node.expr);
                self.within(node.label.as_ref(), true, |walk| {
                    let source = walk.source(From::Each((*node.expr).clone()));
                    let bound = walk.bind(&node.pat, &items);
                    walk.give(&node.pat, &bound, source);
                    walk.block(&node.body);
                    Value::none()
                })
            }
            Expr::Loop(node) => self.within(node.label.as_ref(), true, |walk| {
                walk.block(&node.body);
                Value::none()
            }),
            Expr::Block(node) => self.within(node.label.as_ref(), false, |walk| walk.block(&node.block).0),
            Expr::Break(node) => self.break_with(node),
            Expr::Return(node) => {
                node.expr.iter().for_each(|value| drop(self.eval(value)));
                Value::none()
            }
            Expr::Yield(node) => {
                node.expr.iter().for_each(|value| drop(self.eval(value)));
                self.unknown(expr, "may name other entities")
            }
            Expr::Async(node) => self.apart(expr, &node.block),
            Expr::Const(node) => self.apart(expr, &node.block),
            Expr::TryBlock(node) => self.apart(expr, &node.block),
            Expr::RawAddr(node) => {
                let mut value = self.eval(&node.expr);
                value.exclusive = true;
                value
            }
            _ => self.unknown(expr, "may name other entities"),
        }
    }

    /// The value of a `break` is a value of what it leaves.
    fn break_with(&mut self, node: &syn::ExprBreak) -> Value {
        let value = node.expr.as_ref().map_or_else(Value::none, |value| self.eval(value));
        let label = node.label.as_ref().map(|label| label.ident.to_string());
        let left = self.breaks.iter_mut().rev().find(|(name, is_loop, _)| match &label {
            None => *is_loop,
            Some(_) => *name == label,
        });
        if let Some((_, _, all)) = left {
            all.add(value);
        }
        Value::none()
    }

    /// A block with a control flow of its own.
    fn apart(&mut self, expr: &Expr, block: &Block) -> Value {
        let outer = std::mem::take(&mut self.breaks);
        let (value, _) = self.block(block);
        self.breaks = outer;
        value.and(self.unknown(expr, "may name other entities"))
    }

    fn within(
        &mut self,
        label: Option<&syn::Label>,
        is_loop: bool,
        walk: impl FnOnce(&mut Self) -> Value,
    ) -> Value {
        let label = label.map(|label| label.name.ident.to_string());
        self.breaks.push((label, is_loop, Value::none()));
        let entered = self.scope.enter();
        let value = walk(self);
        self.scope.leave(entered);
        match self.breaks.pop() {
            Some((_, _, breaks)) => value.and(breaks),
            None => value,
        }
    }

    fn if_else(&mut self, node: &syn::ExprIf) -> Value {
        let entered = self.scope.enter();
        self.eval(&node.cond);
        let (mut value, _) = self.block(&node.then_branch);
        self.scope.leave(entered);
        if let Some((_, other)) = &node.else_branch {
            let other = self.eval(other);
            value.add(other);
        }
        value
    }

    fn arms(&mut self, node: &syn::ExprMatch) -> Value {
        let matched = self.eval(&node.expr);
        let mut value = Value::none();
        for arm in &node.arms {
            let entered = self.scope.enter();
            let source = self.source(From::If((*node.expr).clone()));
            let bound = self.bind(&arm.pat, &matched);
            let pat = if let Pat::Guard(pat) = &arm.pat { &*pat.pat } else { &arm.pat };
            self.give(pat, &bound, source);
            if let Pat::Guard(pat) = &arm.pat {
                self.eval(&pat.guard);
            }
            let body = self.eval(&arm.body);
            value.add(body);
            self.scope.leave(entered);
        }
        value
    }

    pub(super) fn block(&mut self, block: &Block) -> (Value, Option<Calls>) {
        let entered = self.scope.enter();
        let mut last = (Value::none(), None);
        for stmt in &block.stmts {
            last = (Value::none(), None);
            match stmt {
                Stmt::Local(local) => self.local(local),
                // A macro that is defined here may change what it names.
                Stmt::Item(syn::Item::Macro(node)) => drop(self.opaque(&node.mac, String::new())),
                Stmt::Item(_) => {}
                Stmt::Macro(node) => drop(self.macro_stmt(&node.mac)),
                Stmt::Expr(expr, None) => last = self.full(expr),
                Stmt::Expr(expr, Some(_)) => {
                    self.eval(expr);
                    self.drop_result(expr);
                }
            }
        }
        self.scope.leave(entered);
        last
    }

    fn local(&mut self, local: &Local) {
        let (value, calls) = match &local.init {
            None => (Value::none(), None),
            Some(init) => {
                let value = self.full(&init.expr);
                init.diverge.iter().for_each(|(_, other)| drop(self.eval(other)));
                value
            }
        };
        let init = local.init.as_ref().filter(|init| init.diverge.is_none());
        let source = init.and_then(|init| self.source(From::Let((*init.expr).clone())));
        let bound = self.bind(&local.pat, &value);
        self.give(&local.pat, &bound, source);
        let init = local.init.as_ref().map(|init| &*init.expr);
        let pat = match &local.pat {
            Pat::Type(pat) => &*pat.pat,
            pat => pat,
        };
        match (pat, bound.first(), init) {
            (Pat::Ident(pat), Some(binding), Some(init)) if pat.by_ref.is_none() && pat.subpat.is_none() => {
                let binding = &mut self.bindings[*binding];
                binding.calls = calls.filter(|_| pat.mutability.is_none());
                binding.batch = is_empty_vec(init).then(Vec::new);
            }
            (Pat::Wild(_), _, Some(init)) => self.drop_result(init),
            _ => {}
        }
    }

    /// The result of the statement is not used.
    fn drop_result(&mut self, expr: &Expr) {
        match expr {
            Expr::Paren(expr) => self.drop_result(&expr.expr),
            Expr::Await(_) => {
                if let Some(site) = calls::site(expr).and_then(|site| self.sites.get_mut(site)) {
                    site.used = false;
                }
            }
            _ => {}
        }
    }

    fn path(&mut self, expr: &Expr) -> (Value, Option<Calls>) {
        if let Some(binding) = self.named(expr) {
            let known = &mut self.bindings[binding];
            known.batch = None; // used in a way that is not looked into
            return (Value::binding(binding, known.exclusive), known.calls.clone());
        }
        let Expr::Path(path) = expr else {
            return (Value::none(), None);
        };
        let names = brief::path(&path.path);
        let value = match names.as_slice() {
            [name] if name == "self" => self.unknown(expr, "is the state of the entity"),
            names if path.qself.is_none() && known::holds_nothing(names) => Value::none().by_name(),
            _ => self.unknown(expr, "may name other entities"),
        };
        (value, None)
    }

    fn field(&mut self, expr: &Expr, base: &Expr) -> Value {
        if is_self(base) {
            return self.unknown(expr, "is read from state");
        }
        self.eval(base)
    }

    fn tuple<'e>(&mut self, parts: impl Iterator<Item = &'e Expr>) -> (Value, Option<Calls>) {
        let (mut value, mut all) = (Value::none(), Some(Vec::new()));
        for part in parts {
            let (part, calls) = self.full(part);
            value.add(part);
            match (&mut all, calls) {
                (Some(all), Some(Calls::List(mut calls))) => all.append(&mut calls),
                _ => all = None,
            }
        }
        (value, all.map(Calls::List))
    }

    /// The elements of a collection.
    pub(super) fn elements<'e>(&mut self, parts: impl Iterator<Item = &'e Expr>) -> (Value, Option<Calls>) {
        let (mut value, mut all) = (Value::none(), Some(Vec::new()));
        for part in parts {
            let (part, calls) = self.full(part);
            value.add(part);
            match (&mut all, calls) {
                (Some(all), Some(Calls::List(mut calls))) if calls.len() == 1 => all.append(&mut calls),
                _ => all = None,
            }
        }
        (value, all.and_then(each).map(Calls::Each))
    }

    fn binary(&mut self, node: &syn::ExprBinary) -> Value {
        let (left, right) = (self.eval(&node.left), self.eval(&node.right));
        match node.op {
            // On sets these are union, intersection and difference.
            BinOp::BitOr(_) | BinOp::BitAnd(_) | BinOp::BitXor(_) | BinOp::Sub(_) => left.and(right).fresh(),
            BinOp::BitOrAssign(_) | BinOp::BitAndAssign(_) | BinOp::BitXorAssign(_) | BinOp::SubAssign(_) => {
                self.flow.put(&left, &right);
                Value::none()
            }
            _ => Value::none(),
        }
    }

    /// A call that is made here.
    fn cut(&mut self, expr: &Expr) -> Value {
        let inner = match expr {
            Expr::Await(node) => &*node.base,
            Expr::MethodCall(node) => &*node.receiver,
            _ => return Value::none(),
        };
        let calls = self.made(inner);
        if let Some(site) = calls::site(expr).and_then(|site| self.sites.get_mut(site)) {
            site.calls = calls;
            site.used = matches!(expr, Expr::Await(_));
        }
        match expr {
            Expr::Await(node) => {
                let text = brief::brief(inner);
                Value::unknown(
                    calls::line(node.await_token.span()),
                    format!("`{text}` is returned by a call"),
                )
            }
            _ => Value::none(),
        }
    }
}

pub(super) fn is_self(expr: &Expr) -> bool {
    match expr {
        Expr::Path(path) => path.path.is_ident("self"),
        Expr::Paren(expr) => is_self(&expr.expr),
        Expr::Group(expr) => is_self(&expr.expr),
        // More than one would be what the entity derefs to.
        Expr::Unary(expr) if matches!(expr.op, UnOp::Deref(_)) => {
            matches!(&*expr.expr, Expr::Path(path) if path.path.is_ident("self"))
        }
        Expr::Reference(expr) => is_self(&expr.expr),
        _ => false,
    }
}

fn is_empty_vec(expr: &Expr) -> bool {
    match expr {
        Expr::Macro(node) => node.mac.path.is_ident("vec") && node.mac.tokens.is_empty(),
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) => matches!(
                brief::path(&path.path).iter().map(String::as_str).collect::<Vec<_>>()[..],
                [.., "Vec", "new" | "with_capacity"]
            ),
            _ => false,
        },
        _ => false,
    }
}
