//! Statements: which one comes next, and those that are straight.
use super::body::Body;
use super::shape::Returns;
use super::two::{Two, two};

impl Body<'_> {
    /// One statement, with its newline; perhaps behind an event.
    pub fn statement(&mut self, depth: usize) -> Two {
        let mut out = self.event();
        out.push(&self.drawn(depth));
        out
    }

    fn drawn(&mut self, depth: usize) -> Two {
        if !self.method.cuts {
            return self.straight();
        }
        if depth == 0 || self.sites == 0 {
            return if self.numbers.once_in(4) { self.leave() } else { self.straight() };
        }
        if self.numbers.once_in(6)
            && let Some(drawn) = self.attribute(depth)
        {
            return drawn;
        }
        let drawn = match self.numbers.below(67) {
            0..=6 => return self.straight(),
            7 => self.lone_call(),
            9 if self.numbers.once_in(2) => self.sent(),
            8 | 9 => self.sends(),
            10 | 11 => self.if_else(depth),
            12 => self.if_let(depth),
            13 => self.let_else(),
            14 | 65 | 66 => self.match_guards(depth),
            15 | 16 => self.match_err(depth),
            17 | 18 => self.for_list(depth),
            19 => self.for_range(depth),
            20 => self.labels(depth),
            21 => self.while_call(depth),
            22 => self.loop_break(depth),
            23 => self.while_pop(depth),
            24 | 25 => self.join(),
            26 | 36 | 37 => self.join_all(),
            27 | 38 => self.try_join_all(),
            28 | 40 => self.creation(),
            29 | 39 => self.removal(),
            30 => self.kept_call(depth),
            31 | 32 => Some(self.leave()),
            33 => self.new_reference(),
            41..=43 | 57..=61 => self.macro_statement(),
            44..=46 | 62..=64 => self.field_method(),
            47 | 48 => self.element_assignment(),
            49 | 50 => self.guard_on_field(depth),
            51 => self.key(),
            52 | 53 => self.own_in_a_list(),
            54 | 55 => self.join_of_relays(),
            56 if self.method.writes => Some(self.other_field()),
            _ => self.compound(),
        };
        drawn.unwrap_or_else(|| self.straight())
    }

    /// Assignments and locals.
    fn straight(&mut self) -> Two {
        let depth = if self.method.cuts { 2 } else { 0 };
        if self.method.writes && self.numbers.once_in(9) {
            return if self.method.cuts || self.numbers.once_in(2) {
                self.other_field()
            } else {
                self.key().unwrap_or_default()
            };
        }
        match self.numbers.below(8) {
            0 | 1 if self.method.writes => {
                self.has("assignment to a field");
                let (value, a) = (self.number(depth), self.place("a"));
                two!("{} = ({}) % 997;\n", a, value)
            }
            2 | 3 if self.method.writes => {
                let op = ["+=", "-=", "^="][self.numbers.below(3)];
                let (value, b) = (self.number(depth), self.some_place());
                two!("{} {} {};\n", b, op, value)
            }
            4 if !self.scope.writable.is_empty() => {
                self.has("mut local across a cut");
                let op = ["=", "+=", "-="][self.numbers.below(3)];
                let value = self.number(depth);
                let name = self.numbers.pick(&self.scope.writable).cloned().unwrap_or_default();
                two!("{} {} {};\n", name, op, value)
            }
            5 if self.method.writes && self.method.cuts && self.numbers.once_in(2) => {
                self.field_of_references()
            }
            6 if self.scope.numbers.iter().any(|name| !counts_turns(name)) && self.method.cuts => {
                self.has("shadowing");
                let value = self.number(depth);
                let mut names = self.scope.numbers.clone();
                names.retain(|name| !counts_turns(name));
                let name = self.numbers.pick(&names).cloned().unwrap_or_default();
                self.scope.writable.retain(|writable| *writable != name);
                two!("let {} = {} + {};\n", name, name, value)
            }
            7 if self.numbers.once_in(3) => self.leave(),
            _ => {
                let value = self.number(depth);
                let name = self.fresh("v");
                self.scope.numbers.push(name.clone());
                self.scope.writable.push(name.clone());
                two!("let mut {} = {};\n", name, value)
            }
        }
    }

    /// `self.n += x.f().await`: the right side runs before the place is looked up.
    fn compound(&mut self) -> Option<Two> {
        let value = self.value_of_call(1);
        if !self.method.writes || !value.cuts() {
            return Some(two!("let _ = {};\n", value));
        }
        self.has("compound assignment of a call");
        let op = ["+=", "-=", "^="][self.numbers.below(3)];
        let place = self.some_place();
        Some(two!("{} {} {};\n", place, op, value))
    }

    fn some_place(&mut self) -> Two {
        let name = ["a", "b"][self.numbers.below(2)];
        self.place(name)
    }

    fn lone_call(&mut self) -> Option<Two> {
        let call = self.call(1, |_| true)?;
        self.has("call without use of its result");
        Some(two!("let _ = {};\n", self.awaited(&call)))
    }

    fn sent(&mut self) -> Option<Two> {
        let call = self.call(1, |_| true)?;
        self.has("send");
        let plain = self.awaited(&call).plain;
        Some(Two::new(format!("{}.send();\n", call.entity), format!("let _ = {plain};\n")))
    }

    /// Several calls in a row that may go one way, and perhaps one that could see what they did.
    pub fn sends(&mut self) -> Option<Two> {
        let mut out = Two::default();
        let mut receiver = None;
        for _ in 0..2 + self.numbers.below(2) {
            let (call, like) = self.leaf_call(receiver.as_ref(), |_| true)?;
            let plain = self.awaited(&call).plain;
            out.push(&Two::new(format!("{}.send();\n", call.entity), format!("let _ = {plain};\n")));
            receiver = Some(like);
        }
        self.has("several sends in a row");
        if !self.numbers.once_in(3)
            && let Some(call) = receiver.as_ref().and_then(|receiver| self.call_about(receiver))
        {
            out.push(&two!("let _ = {};\n", self.awaited(&call)));
        } else if self.numbers.once_in(2) {
            let (call, _) = self.leaf_call(receiver.as_ref(), |_| true)?;
            out.push(&two!("let _ = {};\n", self.awaited(&call)));
        }
        Some(out)
    }

    /// A call after which the method does nothing but return, and what it returns.
    pub fn tail(&mut self) -> Option<Two> {
        let mut out = Two::default();
        if self.numbers.once_in(3) {
            let (call, _) = self.leaf_call(None, |_| true)?;
            let plain = self.awaited(&call).plain;
            out.push(&Two::new(format!("{}.send();\n", call.entity), format!("let _ = {plain};\n")));
        }
        let (call, _) = self.leaf_call(None, |returns| returns == Returns::Nothing)?;
        self.has("a call as the last thing");
        let value = match self.method.returns {
            Returns::Number => "fuel",
            Returns::Nothing => "()",
            Returns::Result => "Ok(fuel)",
            Returns::Option => "Some(fuel)",
            Returns::Given => "t0.clone()",
        };
        Some(two!("{}{};\n{}", out, self.awaited(&call), value))
    }

    fn kept_call(&mut self, depth: usize) -> Option<Two> {
        let call = self.call(0, |_| true)?;
        self.has("call kept as a value");
        let name = self.fresh("late");
        let between = self.statement(depth - 1);
        let made =
            Two::new(format!("let {name} = {};\n", call.entity), format!("let {name} = {};\n", call.later()));
        let plain = self.back(&format!("{{ {}; {name}() }}", self.let_go()));
        let late = Two::new(format!("let _ = {name}.await;\n"), format!("let _ = {plain};\n"));
        Some(two!("{}{}{}", made, between, late))
    }

    fn new_reference(&mut self) -> Option<Two> {
        let class = self.numbers.below(self.shape.classes.len());
        let value = self.reference(class, 1)?;
        let name = self.fresh("r");
        self.scope.refs.push((name.clone(), class));
        Some(two!("let {} = {};\n", name, value))
    }

    /// Changes who will be touched later.
    fn field_of_references(&mut self) -> Two {
        let class = &self.shape.classes[self.method.class];
        let (link, list) = (class.link, class.list);
        if self.numbers.once_in(2) {
            let Some(value) = self.reference(link, 1) else { return self.straight() };
            self.has("assignment to a reference field");
            return two!("{} = {};\n", self.place("r"), value);
        }
        let Some(value) = self.reference(list, 1) else { return self.straight() };
        self.has("push to a list field");
        // The argument is evaluated before the list is borrowed.
        let len = self.field("list");
        let class = self.method.class;
        let push = if value.cuts() || !value.calls_own() {
            format!("self.list.push({});", value.entity)
        } else {
            format!("let x = {};\nself.list.push(x);", value.entity) // rustc would see two borrows of `self`
        };
        let push = Two::new(push, format!("{{ let x = {}; w.k{class}.at(me).list.push(x); }}", value.plain));
        two!("if {}.len() < 4 {{\n{}\n}}\n", len, push)
    }

    /// Ways to leave: a return, an `Err`, a panic.
    fn leave(&mut self) -> Two {
        let condition = self.pure(1);
        let remainder = 3 + self.numbers.below(8);
        if self.numbers.once_in(5) {
            self.has("panic");
            return two!(
                "if {} % {} == 2 {{\npanic!(\"drawn {{}}\", {});\n}}\n",
                condition,
                9 + remainder * 2,
                self.field("a")
            );
        }
        self.has("early return");
        let value = if self.method.returns == super::shape::Returns::Result && self.numbers.once_in(2) {
            self.has("early Err");
            two!("Err({} % 997)", self.pure(1))
        } else {
            let number = self.pure(1);
            self.wrap(&number)
        };
        two!("if {} % {} == 2 {{\nreturn {};\n}}\n", condition, remainder, value)
    }
}

/// Whether a variable counts the turns of a loop: one that is shadowed inside of it would not end it.
fn counts_turns(name: &str) -> bool {
    name.starts_with('t')
}
