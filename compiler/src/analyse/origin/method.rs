//! Method calls: those of the standard library by name, and all others.
use super::eval::is_self;
use super::flow::Value;
use super::keys::From;
use super::known::{self, Kind};
use super::{Call, Calls, Walk};
use crate::syntax::calls;
use syn::ext::IdentExt;
use syn::{Expr, ExprClosure, ExprMethodCall};

impl Walk<'_> {
    /// A method call that is made by a site: nothing but a call of an entity.
    pub(super) fn entity_call(&mut self, call: &ExprMethodCall) -> Call {
        let receiver = self.receiver(call);
        let arguments = call.args.iter().map(|arg| self.eval(arg)).collect();
        Call {
            method: call.method.unraw().to_string(),
            line: calls::line(call.method.span()),
            receiver,
            arguments,
        }
    }

    /// `self.method()` of the own async methods is a call to the entity itself.
    fn receiver(&mut self, call: &ExprMethodCall) -> Value {
        if is_self(&call.receiver) && self.input.self_methods.contains(&call.method.unraw().to_string()) {
            return Value::itself();
        }
        self.eval(&call.receiver)
    }

    pub(super) fn method(&mut self, expr: &Expr, call: &ExprMethodCall) -> (Value, Option<Calls>) {
        let name = call.method.unraw().to_string();
        if let Some(value) = self.batch(call, &name) {
            return (value, None);
        }
        let own = is_self(&call.receiver);
        let kind = known::method(&name).filter(|_| !own);
        let (receiver, before) = match own {
            true => (self.receiver(call), None),
            false => self.full(&call.receiver),
        };
        let mut arguments = Vec::with_capacity(call.args.len());
        let mut given = receiver.clone();
        for arg in call.args.iter().filter(|arg| closure(arg).is_none()) {
            let value = self.eval(arg);
            if kind.is_some() {
                given.add(value.clone());
            }
            arguments.push(value);
        }
        if kind.is_none() {
            given = self.unknown(expr, "may give other entities to a closure");
        }
        let (mut returned, mut last) = (Value::none(), None);
        for node in call.args.iter().filter_map(closure) {
            let elements =
                known::gives_each(&name).then_some(&*call.receiver).filter(|it| known::is_iterator(it));
            let (value, calls) = self.closure_of(node, &given, elements, known::folds(&name));
            returned.add(value.clone());
            arguments.push(value);
            last = calls;
        }
        let calls = self.calls_of(call, &name, kind, (before, last), (&receiver, &arguments));
        let value = match kind {
            Some(kind) => self.known_method(&name, kind, receiver, arguments).by_name(),
            None => self.foreign_method(expr, call, receiver, arguments),
        };
        (value, calls)
    }

    fn known_method(&mut self, name: &str, kind: Kind, receiver: Value, arguments: Vec<Value>) -> Value {
        let lends = known::lends(name);
        let mut all = arguments.into_iter().fold(Value::none(), Value::and);
        let mut value = match kind {
            Kind::Nothing => return Value::none(),
            Kind::Copy => return receiver.fresh(),
            Kind::Keep => receiver,
            Kind::Both => receiver.and(all),
            Kind::Store => {
                self.flow.put(&receiver, &all.clone().by_name());
                all.exclusive = false;
                receiver.and(all)
            }
        };
        value.exclusive |= lends;
        value
    }

    /// A method that is not known: it can change its receiver, and what it gets by `&mut`.
    fn foreign_method(
        &mut self,
        expr: &Expr,
        call: &ExprMethodCall,
        receiver: Value,
        arguments: Vec<Value>,
    ) -> Value {
        let mut result = match receiver.is_unknown() {
            true => receiver.clone(), // the first reason is the one that counts
            false => self.unknown(expr, "may name other entities"),
        };
        let why = result.clone().fresh();
        let changes = receiver.exclusive || self.is_mutable(&call.receiver);
        result.exclusive = changes;
        for (value, changed) in
            std::iter::once((receiver, changes)).chain(arguments.into_iter().map(|value| {
                let changed = value.exclusive;
                (value, changed)
            }))
        {
            if changed {
                self.flow.put(&value, &why);
                result.exclusive = true;
            }
            result.roots.extend(value.roots);
        }
        result
    }

    /// The calls that the value is made of: it is a call itself, or a collection of them.
    fn calls_of(
        &mut self,
        call: &ExprMethodCall,
        name: &str,
        kind: Option<Kind>,
        (before, last): (Option<Calls>, Option<Calls>),
        (receiver, arguments): (&Value, &[Value]),
    ) -> Option<Calls> {
        match (name, before, last) {
            ("map", _, Some(Calls::List(mut calls))) if calls.len() == 1 => calls.pop().map(Calls::Each),
            ("map", _, _) => None,
            ("collect" | "into_iter" | "iter" | "rev" | "to_vec" | "clone", before @ Some(_), _) => before,
            (_, Some(_), _) => None,
            _ if kind.is_some_and(|kind| kind != Kind::Both) && call.args.is_empty() => None,
            _ => Some(Calls::List(vec![Call {
                method: name.to_owned(),
                line: calls::line(call.method.span()),
                receiver: receiver.clone(),
                arguments: arguments.to_vec(),
            }])),
        }
    }

    /// What is done to a `Vec` that calls are pushed to; `None` when it is nothing that leaves it as such.
    fn batch(&mut self, call: &ExprMethodCall, name: &str) -> Option<Value> {
        let binding = self.named(&call.receiver)?;
        self.bindings[binding].batch.as_ref()?;
        match (name, call.args.first()) {
            ("len" | "is_empty", None) => Some(Value::none()),
            ("push", Some(arg)) if call.args.len() == 1 => {
                let (value, calls) = self.full(arg);
                self.flow.put(&Value::binding(binding, false), &value);
                let batch = &mut self.bindings[binding].batch;
                match (batch.as_mut(), calls) {
                    (Some(all), Some(Calls::List(mut calls))) if calls.len() == 1 => all.append(&mut calls),
                    _ => *batch = None,
                }
                Some(Value::none())
            }
            _ => None,
        }
    }

    pub(super) fn closure(&mut self, node: &ExprClosure, given: &Value) -> (Value, Option<Calls>) {
        self.closure_of(node, given, None, false)
    }

    /// Walks into a closure whose parameters are all `given`, each of these `elements` if they are known to be; when it folds,
    /// also what it returned before.
    fn closure_of(
        &mut self,
        node: &ExprClosure,
        given: &Value,
        elements: Option<&Expr>,
        folds: bool,
    ) -> (Value, Option<Calls>) {
        let outer = std::mem::take(&mut self.breaks);
        let entered = self.scope.enter();
        let elements = elements.filter(|_| node.inputs.len() == 1);
        let source = elements.and_then(|elements| self.source(From::Each(elements.clone())));
        let mut bound = Vec::new();
        for pat in &node.inputs {
            bound.append(&mut self.bind(pat, &given.clone().by_name()));
        }
        node.inputs.first().into_iter().for_each(|pat| self.give(pat, &bound, source.clone()));
        let (value, calls) = self.full(&node.body);
        let result = (value.by_name(), calls);
        if folds {
            bound.into_iter().for_each(|binding| self.flow.assign(binding, &result.0));
        }
        self.scope.leave(entered);
        self.breaks = outer;
        result
    }
}

fn closure(expr: &Expr) -> Option<&ExprClosure> {
    match expr {
        Expr::Closure(node) => Some(node),
        Expr::Paren(expr) => closure(&expr.expr),
        _ => None,
    }
}
