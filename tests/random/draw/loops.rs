//! Loops, all of which surely end.
use super::body::Body;
use super::two::{Two, two};

impl Body<'_> {
    fn looped(&mut self, depth: usize, number: Option<&str>, reference: Option<(String, usize)>) -> Two {
        self.loops += 1;
        let out = self.scoped(|body| {
            body.scope.numbers.extend(number.map(str::to_owned));
            body.scope.refs.extend(reference);
            body.statements(1 + usize::from(depth > 1), depth - 1)
        });
        self.loops -= 1;
        out
    }

    pub fn for_list(&mut self, depth: usize) -> Option<Two> {
        let (list, class) = self.list()?;
        self.has("for over references");
        let name = self.fresh("q");
        let mut body = self.looped(depth, None, Some((name.clone(), class)));
        if self.numbers.once_in(2) {
            self.loops += 1;
            let condition = self.scoped(|body| {
                body.scope.refs.push((name.clone(), class));
                body.condition(1)
            });
            self.loops -= 1;
            body.push(&two!("if {} {{\nbreak;\n}}\n", condition));
        }
        Some(two!("for {} in {} {{\n{}}}\n", name, list, body))
    }

    pub fn for_range(&mut self, depth: usize) -> Option<Two> {
        self.has("continue");
        let name = self.fresh("i");
        let (skip, body) = (self.numbers.below(3), self.looped(depth, Some(&name), None));
        let after = self.looped(1, Some(&name), None);
        let condition = two!("({} + {}) % 3 == {}", self.pure(0), name, skip);
        Some(two!("for {} in 0..3_i64 {{\n{}if {} {{\ncontinue;\n}}\n{}}}\n", name, body, condition, after))
    }

    pub fn labels(&mut self, depth: usize) -> Option<Two> {
        self.has("labelled break and continue");
        let (outer, i, j) = (self.fresh("'outer"), self.fresh("i"), self.fresh("j"));
        let first = self.looped(1, Some(&i), None);
        self.loops += 1;
        let (condition, inner) = self.scoped(|body| {
            body.scope.numbers.push(i.clone());
            body.scope.numbers.push(j.clone());
            (body.condition(1), body.looped(depth, None, None))
        });
        self.loops -= 1;
        let (leave, other) =
            if self.numbers.once_in(2) { ("break", "continue") } else { ("continue", "break") };
        Some(two!(
            "{}: for {} in 0..2_i64 {{\n{}for {} in 0..2_i64 {{\nif {} {{\n{} {};\n}}\n{}if {} + {} == 1 {{\n{};\n}}\n}}\n}}\n",
            outer,
            i,
            first,
            j,
            condition,
            leave,
            outer,
            inner,
            i,
            j,
            other
        ))
    }

    pub fn while_call(&mut self, depth: usize) -> Option<Two> {
        self.loops += 1;
        let value = self.value_of_call(1);
        self.loops -= 1;
        if !value.cuts() {
            return None;
        }
        self.has("while with a call in its condition");
        let name = self.fresh("t");
        let body = self.looped(depth, Some(&name), None);
        Some(two!(
            "let mut {} = 0_i64;\nwhile {} < 3 && {} % 4 != 1 {{\n{} += 1;\n{}}}\n",
            name,
            name,
            value,
            name,
            body
        ))
    }

    pub fn loop_break(&mut self, depth: usize) -> Option<Two> {
        self.has("loop with a value");
        let (count, got) = (self.fresh("t"), self.fresh("v"));
        let body = self.looped(depth, Some(&count), None);
        self.loops += 1;
        let (condition, value) = (self.condition(1), self.number(1));
        self.loops -= 1;
        self.scope.numbers.push(got.clone());
        Some(two!(
            "let mut {} = 0_i64;\nlet {} = loop {{\n{} += 1;\n{}if {} > 2 || {} {{\nbreak {};\n}}\n}};\n",
            count,
            got,
            count,
            body,
            count,
            condition,
            value
        ))
    }

    pub fn while_pop(&mut self, depth: usize) -> Option<Two> {
        let (list, class) = self.list()?;
        self.has("while let pop");
        let (stack, name) = (self.fresh("stack"), self.fresh("q"));
        let body = self.looped(depth, None, Some((name.clone(), class)));
        Some(two!(
            "let mut {} = {};\nwhile let Some({}) = {}.pop() {{\n{}}}\n",
            stack,
            list,
            name,
            stack,
            body
        ))
    }
}
