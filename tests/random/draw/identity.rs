//! Methods that write the key: a change of it fails the transaction when the method makes a call or ends.
use super::body::Body;
use super::two::{Two, two};

impl Body<'_> {
    pub fn key(&mut self) -> Option<Two> {
        if !self.method.writes {
            return None;
        }
        let auto = self.shape.classes[self.method.class].auto;
        let class = self.method.class;
        let made = |key: &Two| {
            let rest = if auto { "" } else { ", 5" };
            let name = if auto { "new" } else { "open" };
            Two::new(
                format!("Self::{name}({}{rest})", key.entity),
                format!("k{class}_made({}{rest})", key.plain),
            )
        };
        let (id, whole) = (self.field("id"), Two::new("*self", format!("*w.k{class}.at(me)")));
        if self.numbers.once_in(3) && self.may("entity replaced by one of its key") {
            self.has("entity replaced by one of its key");
            return Some(two!("{} = {};\n", whole, made(&id)));
        }
        if !self.may("key changed") {
            return None;
        }
        self.has("key changed");
        let condition = two!("{} % 7 == 3", self.pure(1));
        let other = two!("({} + 1)", id);
        let change = match self.numbers.below(4) {
            0 => two!("{} = {};\n", whole, made(&other)),
            1 => {
                let name = self.fresh("old");
                let mut swap = made(&other);
                swap.entity = format!("std::mem::replace(self, {})", swap.entity);
                swap.plain =
                    format!("{{ let x = {}; std::mem::replace(&mut *w.k{class}.at(me), x) }}", swap.plain);
                let a = two!("{} = {}.a;\n", self.place("b"), name);
                two!("let {} = {};\n{}", name, swap, a)
            }
            2 => two!("{} += 1;\n{} -= 1;\n", self.place("id"), self.place("id")), // as it was
            _ => two!("{} += 1;\n", self.place("id")),
        };
        Some(two!("if {} {{\n{}}}\n", condition, change))
    }
}
