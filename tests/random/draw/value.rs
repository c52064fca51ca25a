//! Expressions: numbers, conditions and references, with calls in them.
use super::body::Body;
use super::shape::Returns;
use super::two::{Two, two};

impl Body<'_> {
    /// A number without effects.
    pub fn pure(&mut self, depth: usize) -> Two {
        if depth > 0 && !self.numbers.once_in(3) {
            let (left, right) = (self.pure(depth - 1), self.pure(depth - 1));
            return match self.numbers.below(3) {
                0 => two!("({} + {})", left, right),
                1 => two!("({} - {})", left, right),
                _ => two!("({} * 3 - {})", left, right),
            };
        }
        match self.numbers.below(8) {
            0 => two!("{}", self.numbers.below(12)),
            1 | 2 => self.field("a"),
            3 => self.field("b"),
            4 => two!("({}.len() as i64)", self.field("list")),
            _ => match self.numbers.pick(&self.scope.numbers) {
                Some(name) => two!("{}", name),
                None => two!("{}", 1 + self.numbers.below(9)),
            },
        }
    }

    /// A number, perhaps with calls in its making.
    pub fn number(&mut self, depth: usize) -> Two {
        if depth == 0 || self.sites == 0 {
            return if self.numbers.once_in(2) {
                self.pure(1)
            } else {
                self.own_sync(0).unwrap_or_else(|| self.pure(1))
            };
        }
        match self.numbers.below(22) {
            0..=2 => self.pure(1),
            3..=5 => {
                self.has("several calls in one expression");
                let (left, right) = (self.number(depth - 1), self.number(depth - 1));
                two!("({} * 5 + {})", left, right)
            }
            6 | 7 => {
                self.has("self on both sides of a call");
                let (call, a, b) = (self.value_of_call(depth - 1), self.field("a"), self.field("b"));
                two!("({} * 3 + {} - {} + {})", a, call, b, a)
            }
            8 => {
                self.has("if as a value");
                let condition = self.condition(depth - 1);
                let (yes, no) = (self.number(depth - 1), self.pure(1));
                two!("(if {} {{ {} }} else {{ {} }})", condition, yes, no)
            }
            9 => {
                self.has("match as a value");
                let (on, one, two) = (self.number(depth - 1), self.number(depth - 1), self.pure(0));
                two!("(match {} {{ x if x % 3 == 0 => x + {}, x => x - {} }})", on, one, two)
            }
            10 => {
                self.has("block as a value");
                let (first, second) = (self.number(depth - 1), self.number(depth - 1));
                let name = self.fresh("b");
                two!("({{ let {} = {}; {} - {} }})", name, first, second, name)
            }
            11 => {
                let condition = self.condition(depth);
                two!("i64::from({})", condition)
            }
            16 | 17 => self.element().unwrap_or_else(|| self.value_of_call(depth - 1)),
            18..=20 => self.macro_value().unwrap_or_else(|| self.value_of_call(depth - 1)),
            12 | 21 => self.own_sync(depth).unwrap_or_else(|| self.pure(1)),
            _ => self.value_of_call(depth - 1),
        }
    }

    /// A condition, perhaps with calls on either side of `&&` and `||`.
    pub fn condition(&mut self, depth: usize) -> Two {
        match self.numbers.below(if depth == 0 { 3 } else { 15 }) {
            0 | 1 => {
                let (left, right) = (self.number(depth), self.pure(0));
                two!("{} > {}", left, right)
            }
            2 => two!("{} % 3 == 0", self.number(depth)),
            3 | 4 => {
                self.has("&& between calls");
                let (left, right) = (self.condition(depth - 1), self.condition(depth - 1));
                two!("({} && {})", left, right)
            }
            5 | 6 => {
                self.has("|| between calls");
                let (left, right) = (self.condition(depth - 1), self.condition(depth - 1));
                two!("({} || {})", left, right)
            }
            7 => {
                let class = self.numbers.below(self.shape.classes.len());
                match (self.reference(class, 0), self.reference(class, 0)) {
                    (Some(left), Some(right)) => two!("{} == {}", left, right),
                    _ => two!("{} != 3", self.pure(0)),
                }
            }
            9 | 10 => self.compare_scalar().unwrap_or_else(|| two!("{} > 5", self.field("b"))),
            11 | 12 => self.compare_place().unwrap_or_else(|| two!("{} > 5", self.field("a"))),
            13 => self.matches().unwrap_or_else(|| two!("{} > 4", self.field("a"))),
            _ => {
                let class = self.numbers.below(self.shape.classes.len());
                self.exists(class).unwrap_or_else(|| two!("{} < 9", self.pure(1)))
            }
        }
    }

    /// A reference of that class, if one can be had here.
    pub fn reference(&mut self, class: usize, depth: usize) -> Option<Two> {
        let locals: Vec<_> = self.scope.refs.iter().filter(|(_, of)| *of == class).cloned().collect();
        let known = self.method.known;
        for _ in 0..4 {
            match self.numbers.below(if known { 4 } else { 8 }) {
                0 | 1 if !locals.is_empty() => {
                    let (name, _) = &locals[self.numbers.below(locals.len())];
                    return Some(two!("{}.clone()", name));
                }
                2 | 3 if self.method.class == class && !known => {
                    self.has("self as an argument or receiver");
                    let id = self.field("id");
                    return Some(Two::new(format!("K{class}::at({})", id.entity), format!("({})", id.plain)));
                }
                4 | 5 if self.shape.classes[self.method.class].link == class => {
                    self.has("reference from a field");
                    return Some(two!("{}.clone()", self.field("r")));
                }
                6 | 7 => {
                    self.has("reference from a computed key");
                    let key = self.number(depth);
                    let keys = self.shape.keys;
                    let key = two!("(i64::rem_euclid({}, {}) as u64)", key, keys);
                    return Some(Two::new(format!("K{class}::at({})", key.entity), key.plain));
                }
                _ => {}
            }
        }
        None
    }

    pub fn list(&mut self) -> Option<(Two, usize)> {
        if !self.method.known && self.numbers.once_in(2) {
            self.has("list from a field");
            let class = self.shape.classes[self.method.class].list;
            return Some((two!("{}.clone()", self.field("list")), class));
        }
        let (name, class) = self.numbers.pick(&self.scope.lists)?.clone();
        self.has("list from a parameter");
        Some((two!("{}.clone()", name), class))
    }

    /// What the method returns at its end or early.
    pub fn result(&mut self) -> Two {
        if self.method.cuts
            && self.numbers.once_in(4)
            && let Some(tail) = self.tail()
        {
            return tail;
        }
        let number = self.number(2);
        match self.method.returns {
            Returns::Nothing => two!("{{ let _ = {}; }}", number),
            Returns::Given => two!("{{ let _ = {}; t0.clone() }}", number),
            Returns::Result if self.numbers.once_in(2) => {
                self.has("Err");
                let condition = two!("{} % 5 == 3", self.pure(0));
                two!("if {} {{ Err({} % 997) }} else {{ Ok({} % 997) }}", condition, self.pure(0), number)
            }
            Returns::Option if self.numbers.once_in(3) => {
                self.has("None");
                two!("if {} % 5 == 2 {{ None }} else {{ Some({} % 997) }}", self.pure(0), number)
            }
            _ => self.wrap(&number),
        }
    }
}
