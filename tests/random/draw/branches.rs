//! Branches, with calls in conditions, scrutinees, guards and arms.
use super::body::Body;
use super::shape::Returns;
use super::two::{Two, two};

impl Body<'_> {
    pub fn if_else(&mut self, depth: usize) -> Option<Two> {
        self.has("if, else if, else");
        let (one, first) = (self.condition(2), self.block(depth - 1));
        let mut out = two!("if {} {}", one, first);
        if self.numbers.once_in(2) {
            let (two, second) = (self.condition(1), self.block(depth - 1));
            out.push(&two!(" else if {} {}", two, second));
        }
        if self.numbers.once_in(2) {
            out.push(&two!(" else {}", self.block(depth - 1)));
        }
        out.push(&two!("\n"));
        Some(out)
    }

    pub fn if_let(&mut self, depth: usize) -> Option<Two> {
        let call = self.call(1, |returns| matches!(returns, Returns::Option | Returns::Result))?;
        let pattern = if call.returns == Returns::Option { "Some" } else { "Ok" };
        let name = self.fresh("x");
        let mut condition = two!("let {}({}) = {}", pattern, name, self.awaited(&call));
        self.has("if let");
        let out = self.scoped(|body| {
            body.scope.numbers.push(name.clone());
            if body.numbers.once_in(2) {
                body.has("let chain");
                condition.push(&two!(" && {}", body.condition(1)));
            }
            two!("if {} {}", condition, body.block(depth - 1))
        });
        let other =
            if self.numbers.once_in(2) { two!(" else {}", self.block(depth - 1)) } else { Two::default() };
        Some(two!("{}{}\n", out, other))
    }

    pub fn let_else(&mut self) -> Option<Two> {
        let call = self.call(1, |returns| matches!(returns, Returns::Option | Returns::Result))?;
        let pattern = if call.returns == Returns::Option { "Some" } else { "Ok" };
        self.has("let else");
        let name = self.fresh("x");
        let number = self.number(1);
        let other = self.wrap(&number);
        self.scope.numbers.push(name.clone());
        Some(two!("let {}({}) = {} else {{\nreturn {};\n}};\n", pattern, name, self.awaited(&call), other))
    }

    pub fn match_guards(&mut self, depth: usize) -> Option<Two> {
        self.has("match with guards");
        let on = self.value_of_call(1);
        let name = self.fresh("x");
        let (guard, first) = self.scoped(|body| {
            body.scope.numbers.push(name.clone());
            (body.condition(1), body.block(depth - 1))
        });
        if guard.cuts() {
            self.has("guard with a call");
        }
        let (second, rest) = (self.block(0), self.block(depth - 1));
        Some(two!(
            "match {} {{\n{} if {} => {}\n0..=3 => {}\n_ => {}\n}}\n",
            on,
            name,
            guard,
            first,
            second,
            rest
        ))
    }

    /// The caller survives its callee's `Err`.
    pub fn match_err(&mut self, depth: usize) -> Option<Two> {
        let call = self.call(1, |returns| returns == Returns::Result)?;
        self.has("match on a callee's Err");
        let (good, bad) = (self.fresh("x"), self.fresh("e"));
        let on = self.awaited(&call);
        let first = self.scoped(|body| {
            body.scope.numbers.push(good.clone());
            body.block(depth - 1)
        });
        let second = self.scoped(|body| {
            body.scope.numbers.push(bad.clone());
            body.block(depth - 1)
        });
        Some(two!("match {} {{\nOk({}) => {}\nErr({}) => {}\n}}\n", on, good, first, bad, second))
    }
}
