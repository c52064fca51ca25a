//! Fields of `self` beside a call that may come back and change them: compared, and matched with guards.
use super::body::Body;
use super::shape::Returns;
use super::two::{Two, two};

impl Body<'_> {
    /// The value of a number is read where it is written, so before the call.
    pub fn compare_scalar(&mut self) -> Option<Two> {
        if !self.may("number field compared with a call") {
            return None;
        }
        let value = self.cut()?;
        self.has("number field compared with a call");
        let field = self.any_field(&["a", "b"]);
        let op = ["==", "!=", "<", ">="][self.numbers.below(4)];
        Some(two!("{} {} {}", field, op, value))
    }

    /// Other types are compared by reference: a field is looked up when both sides are there.
    pub fn compare_place(&mut self) -> Option<Two> {
        if !self.may("other field compared with a call") {
            return None;
        }
        let (name, value) = match self.numbers.below(5) {
            0 => ("name", two!("({} % 3).to_string()", self.cut()?)),
            1 => ("o", two!("Some({} % 3)", self.cut()?)),
            2 => {
                let call = self.call(0, |returns| returns == Returns::Option)?;
                ("o", Some(self.awaited(&call)).filter(|value| !value.calls_own())?)
            }
            3 => ("v", two!("[{} % 3, 2, 3]", self.cut()?)),
            _ => ("kind", two!("Mark::High({} % 3)", self.cut()?)),
        };
        self.has("other field compared with a call");
        let op = ["==", "!="][self.numbers.below(2)];
        let field = self.field(name);
        if self.numbers.once_in(4) && name != "v" {
            return Some(two!("{} {} {}", value, op, field));
        }
        Some(Two::new(
            format!("{} {op} {}", field.entity, value.entity),
            format!("({{ let c = {}; {} {op} c }})", value.plain, field.plain),
        ))
    }

    /// `match self.b { x if p1.m0(..).await > x => .. }`: what is matched is what was there before.
    pub fn guard_on_field(&mut self, depth: usize) -> Option<Two> {
        if !self.may("guard with a call on a field") {
            return None;
        }
        let (field, first, second) = [
            ("b", "{}", "{}"),
            ("a", "{} @ 0..", "{}"),
            ("kind", "Mark::High({})", "Mark::Low"),
            ("o", "Some({})", "None"),
        ][self.numbers.below(4)];
        let name = self.fresh("x");
        let (guard, arm) = self.scoped(|body| {
            let value = body.cut()?;
            body.scope.numbers.push(name.clone());
            Some((two!("{} > {}", value, name), body.block(depth - 1)))
        })?;
        self.has("guard with a call on a field");
        let (other, rest) = (self.condition(1), self.block(0));
        let middle = self.block(0);
        Some(two!(
            "match {} {{\n{} if {} => {}\n{} if {} => {}\n_ => {}\n}}\n",
            self.field(field),
            first.replace("{}", &name),
            guard,
            arm,
            second.replace("{}", "_"),
            other,
            middle,
            rest
        ))
    }

    /// A number that surely has a call in its making, and no method of `self`: beside a borrow of a field that would
    /// not be Rust.
    pub fn cut(&mut self) -> Option<Two> {
        Some(self.value_of_call(0)).filter(|value| value.cuts() && !value.calls_own())
    }

    pub fn cut_or_pure(&mut self) -> Two {
        let cut = if self.numbers.once_in(2) { self.cut() } else { None };
        cut.unwrap_or_else(|| self.pure(1))
    }
}
