//! Function calls, and the calls of entities that a site makes.
use super::eval::is_self;
use super::flow::Value;
use super::known::{self, Kind};
use super::{Calls, Walk, brief};
use crate::syntax::calls;
use syn::{Expr, ExprCall, Member};

impl Walk<'_> {
    /// The calls that an awaited expression makes.
    pub(super) fn made(&mut self, expr: &Expr) -> Option<Calls> {
        match expr {
            Expr::Paren(expr) => self.made(&expr.expr),
            Expr::Group(expr) => self.made(&expr.expr),
            Expr::MethodCall(call) if calls::site(expr).is_none() => {
                let call = self.entity_call(call);
                seems_a_call(&call.method).then(|| Calls::List(vec![call]))
            }
            _ => match self.full(expr).1 {
                Some(Calls::Each(_)) if !calls::is_join(expr) => None,
                calls => calls,
            },
        }
    }

    /// `join`, `join_all` and `try_join_all`: the calls among their arguments.
    fn joined(&mut self, expr: &Expr, name: &str, args: &[&Expr]) -> (Value, Option<Calls>) {
        let value = self.unknown(expr, "is made of calls");
        let [arg] = args else {
            args.iter().for_each(|arg| drop(self.eval(arg)));
            return (value, None);
        };
        if name != "join"
            && let Some(binding) = self.named(arg)
            && self.bindings[binding].batch.is_some()
        {
            return (value, Some(Calls::Batch(binding)));
        }
        let calls = match (arg, name) {
            (Expr::Tuple(tuple), "join") => self.parts(tuple),
            _ => self.full(arg).1,
        };
        let fits = match (&calls, name) {
            (Some(Calls::List(_)), name) => name == "join",
            (Some(_), name) => name != "join" || matches!(arg, Expr::Array(_)),
            (None, _) => false,
        };
        (value, calls.filter(|_| fits))
    }

    /// The calls in the parts of a tuple; a part that is a join of its own has several.
    fn parts(&mut self, tuple: &syn::ExprTuple) -> Option<Calls> {
        let mut all = Some(Vec::new());
        for part in &tuple.elems {
            let calls = self.made(part);
            match (&mut all, calls) {
                (Some(all), Some(Calls::List(mut calls))) => all.append(&mut calls),
                (Some(all), Some(Calls::Each(call))) => all.push(call),
                _ => all = None,
            }
        }
        all.map(Calls::List)
    }

    pub(super) fn function(&mut self, expr: &Expr, call: &ExprCall) -> (Value, Option<Calls>) {
        let args: Vec<_> = call.args.iter().collect();
        let Expr::Path(func) = &*call.func else {
            self.eval(&call.func);
            return (self.foreign(expr, &args), None);
        };
        if let Some(name) = calls::join_name(&call.func) {
            return self.joined(expr, &name, &args);
        }
        let path = brief::path(&func.path);
        let is_binding = self.named(&call.func).is_some();
        let kind = match path.last() {
            _ if is_binding || func.qself.is_some() => None,
            Some(name) if known::is_type_like(name) => Some(Kind::Both),
            _ => known::function(&path),
        };
        let value = match (kind, args.as_slice()) {
            (None, [arg]) if path.last().is_some_and(|name| name == "at") && !is_binding => {
                self.reference(expr, &path, arg)
            }
            (None, _) => self.foreign(expr, &args),
            (Some(Kind::Nothing), _) => {
                self.all(&args);
                Value::none()
            }
            (Some(Kind::Store), _) => {
                let all = self.all(&args);
                let stored = all.clone().fresh();
                self.flow.put(&all, &stored);
                stored
            }
            (Some(_), _) => self.all(&args),
        };
        // `T::at` is evaluated when the request is ordered; see `keys` for what that relies on.
        let plain = matches!(path.last().map(String::as_str), Some("at" | "Some" | "Ok" | "Err"));
        (if plain { value } else { value.by_name() }, None)
    }

    /// `T::at(key)`: the entity itself, when the key is its own.
    fn reference(&mut self, expr: &Expr, path: &[String], key: &Expr) -> Value {
        self.eval(key);
        let own = match path {
            [ty, _] => ty == "Self" || *ty == self.input.entity_name,
            _ => false,
        };
        if own && own_field(key).is_some() {
            // Whether the field is the key or not: keys are numbered alike.
            return if self.is_own_key(key) { Value::itself() } else { self.unknown(expr, "is computed") };
        }
        let unknown = self.unknown(expr, "is computed");
        match self.computed(expr, key) {
            Some((number, own)) if own.is_none() || own.as_deref() == self.key => Value::computed(number),
            _ => unknown,
        }
    }

    fn is_own_key(&self, key: &Expr) -> bool {
        own_field(key).is_some_and(|field| self.key.is_some_and(|key| *field == key))
    }

    fn all(&mut self, args: &[&Expr]) -> Value {
        args.iter().fold(Value::none(), |all, arg| {
            let value = self.eval(arg);
            all.and(value)
        })
    }

    /// A function that is not known. It can change what it gets by `&mut`.
    fn foreign(&mut self, expr: &Expr, args: &[&Expr]) -> Value {
        let values: Vec<_> = args.iter().map(|arg| self.eval(arg)).collect();
        let mut result = self.unknown(expr, "may name other entities");
        for value in values {
            if value.exclusive {
                self.flow.put(&value, &result.clone().fresh());
                result.exclusive = true;
            }
            result.roots.extend(value.roots);
        }
        result
    }
}

/// Methods that unpack a value are not calls of an entity, whatever is awaited after them.
fn seems_a_call(method: &str) -> bool {
    !matches!(method, "unwrap" | "expect" | "clone" | "unwrap_or_else" | "unwrap_or" | "into_future" | "into")
}

/// `self.id`, `self.id.clone()`: the field.
pub(super) fn own_field(expr: &Expr) -> Option<&syn::Ident> {
    match expr {
        Expr::Paren(expr) => own_field(&expr.expr),
        Expr::Group(expr) => own_field(&expr.expr),
        Expr::MethodCall(call) if call.method == "clone" => own_field(&call.receiver),
        Expr::Field(field) if is_self(&field.base) => match &field.member {
            Member::Named(name) => Some(name),
            Member::Unnamed(_) => None,
        },
        _ => None,
    }
}
