//! Fields of std's types, with calls among the arguments of their methods and in indices.
use super::body::Body;
use super::two::{Two, two};

impl Body<'_> {
    /// A method of a field; the field is looked up when the arguments are there.
    fn on_field(&mut self, field: &str, method: &str, arguments: &[Two]) -> Two {
        let entity: Vec<_> = arguments.iter().map(|argument| argument.entity.as_str()).collect();
        let plain: Vec<_> = arguments.iter().map(|argument| argument.plain.as_str()).collect();
        let names: Vec<_> = (0..arguments.len()).map(|place| format!("c.{place}")).collect();
        Two::new(
            format!("self.{field}.{method}({})", entity.join(", ")),
            format!(
                "({{ let c = ({},); let x = w.k{}.at(me).{field}.{method}({}); x }})",
                plain.join(", "),
                self.method.class,
                names.join(", ")
            ),
        )
    }

    /// An index into three, seldom beyond.
    fn index(&mut self, number: Two) -> Two {
        let below = 3 + usize::from(self.numbers.once_in(8));
        two!("(i64::rem_euclid({}, {}) as usize)", number, below)
    }

    pub fn field_method(&mut self) -> Option<Two> {
        if !self.method.writes {
            return None;
        }
        match self.numbers.below(8) {
            0..=2 => self.option_method(),
            3 | 6 => self.has_list_method("fill", |body| {
                let value = body.cut()?;
                Some(two!("{};\n", body.on_field("arr", "fill", &[value])))
            }),
            4 | 5 => self.has_list_method("swap", |body| {
                let (first, second) = (body.cut()?, body.cut_or_pure());
                let arguments = [body.index(first), body.index(second)];
                let field = ["arr", "v"][body.numbers.below(2)];
                Some(two!("{};\n", body.on_field(field, "swap", &arguments)))
            }),
            _ => self.has_list_method("insert", |body| {
                let (at, value) = (body.cut_or_pure(), body.cut()?);
                let at = two!("(i64::rem_euclid({}, 3) as usize)", at);
                let insert = body.on_field("v", "insert", &[at, value]);
                Some(two!("if {}.len() < 6 {{\n{};\n}}\n", body.field("v"), insert))
            }),
        }
    }

    fn has_list_method(&mut self, method: &str, draw: impl FnOnce(&mut Self) -> Option<Two>) -> Option<Two> {
        let form = ["fill with a call", "swap with a call", "insert with a call"]
            .into_iter()
            .find(|form| form.starts_with(method))?;
        let drawn = if self.may(form) { draw(self)? } else { return None };
        self.has(form);
        Some(drawn)
    }

    /// `let v1 = self.o.replace(p1.m0(..).await).unwrap_or(3);`
    fn option_method(&mut self) -> Option<Two> {
        if !self.may("method of an Option field with a call") {
            return None;
        }
        let value = self.cut()?;
        self.has("method of an Option field with a call");
        let (method, by_value) =
            [("replace", true), ("insert", false), ("get_or_insert", false)][self.numbers.below(3)];
        let name = self.fresh("v");
        let done = if by_value {
            two!("{}.unwrap_or({})", self.on_field("o", method, &[value]), self.pure(0))
        } else {
            let Two { entity, plain } = self.on_field("o", method, &[value]);
            // What is returned borrows the field, so the number is taken out at once.
            Two::new(format!("*{entity}"), plain.replace("let x = ", "let x = *"))
        };
        self.scope.numbers.push(name.clone());
        let before = if self.numbers.once_in(2) {
            two!("{} = {};\n", self.place("o"), ["None", "Some(4)"][self.numbers.below(2)])
        } else {
            Two::default()
        };
        Some(two!("{}let {} = {};\n", before, name, done))
    }

    /// A number from a list at an index that a call gives, or whether a list holds what a call gives.
    pub fn element(&mut self) -> Option<Two> {
        let field = ["v", "arr"][self.numbers.below(2)];
        if self.numbers.once_in(3) && self.may("contains with a call") {
            let value = two!("&({} % 5)", self.cut()?);
            self.has("contains with a call");
            return Some(two!("i64::from({})", self.on_field(field, "contains", &[value])));
        }
        let form = if field == "v" {
            "index of a Vec field with a call"
        } else {
            "index of an array field with a call"
        };
        if !self.may(form) {
            return None;
        }
        let number = self.cut()?;
        self.has(form);
        let index = self.index(number);
        let Two { entity, plain } = self.at_index(field, &index);
        // In plain Rust the place is let go of at once; an expression may go on with calls.
        Some(Two::new(entity, format!("({{ let x = {plain}; x }})")))
    }

    /// `self.v[..]` as a place.
    fn at_index(&self, field: &str, index: &Two) -> Two {
        Two::new(
            format!("self.{field}[{}]", index.entity),
            format!("*w.k{}.{field}_at(me, {})", self.method.class, index.plain),
        )
    }

    /// `self.v[i] += p1.m0(..).await`, with calls on both sides.
    pub fn element_assignment(&mut self) -> Option<Two> {
        let field = ["v", "arr"][self.numbers.below(2)];
        if !self.method.writes || !self.may("assignment to an element with a call") {
            return None;
        }
        let op = ["=", "=", "+=", "-=", "^="][self.numbers.below(5)];
        // Which side of a compound assignment comes first depends on its types, so calls on both are refused.
        let number = if op == "=" { self.cut_or_pure() } else { self.pure(1) };
        let (index, value) = (self.index(number), self.cut()?);
        self.has("assignment to an element with a call");
        Some(two!("{} {} {} % 997;\n", self.at_index(field, &index), op, value))
    }

    /// Fields of these types change, so that comparing them is of use.
    pub fn other_field(&mut self) -> Two {
        let number = self.number(1);
        let number = two!("({}) % 3", number);
        match self.numbers.below(5) {
            0 => two!("{} = ({}).to_string();\n", self.place("name"), number),
            1 => two!("{} = Some({});\n", self.place("o"), number),
            2 => two!("{} = None;\n", self.place("o")),
            3 => two!("{} = Mark::High({});\n", self.place("kind"), number),
            _ => two!("{} = Mark::Low;\n", self.place("kind")),
        }
    }
}
