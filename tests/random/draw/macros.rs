//! std's macros with calls inside them. Arguments are evaluated from left to right; one that is a place is looked up
//! when all are there, for these macros take it by reference.
use super::body::Body;
use super::shape::Returns;
use super::two::{Two, two};

/// A string as a number.
const SUM: &str = "bytes().fold(0, |sum, x| (sum * 7 + i64::from(x)) % 997)";

/// The arguments of a macro: values are bound first in plain Rust, to the fields of `m`; places are not.
#[derive(Default)]
struct Arguments {
    values: Vec<String>,
    entity: Vec<String>,
    plain: Vec<String>,
}

impl Arguments {
    fn push(&mut self, name: Option<&str>, argument: &Two) {
        let place = argument.entity.starts_with("self.")
            && argument.entity.chars().all(|c| c.is_alphanumeric() || "._".contains(c));
        let bound = if place {
            argument.plain.clone()
        } else {
            self.values.push(argument.plain.clone());
            format!("m.{}", self.values.len() - 1)
        };
        let named = |text: &str| name.map_or_else(|| text.to_owned(), |name| format!("{name} = {text}"));
        self.entity.push(named(&argument.entity));
        self.plain.push(named(&bound));
    }

    /// `name!(before, arguments)`; what stands before is the same on both sides.
    fn call(&self, name: &str, before: &str) -> Two {
        let list = |arguments: &[String]| {
            let parts: Vec<_> = [before].into_iter().filter(|text| !text.is_empty()).collect();
            parts.into_iter().chain(arguments.iter().map(String::as_str)).collect::<Vec<_>>().join(", ")
        };
        let values: String = self.values.iter().map(|value| format!("{value}, ")).collect();
        Two::new(
            format!("{name}!({})", list(&self.entity)),
            format!("({{ let m = ({values}); {name}!({}) }})", list(&self.plain)),
        )
    }
}

impl Body<'_> {
    /// A format and its arguments, at least one of which has a call.
    fn format(&mut self) -> Option<(String, Arguments)> {
        let (mut format, mut arguments) = ("drawn".to_owned(), Arguments::default());
        let named = self.numbers.once_in(3);
        let count = 2 + self.numbers.below(2);
        let call = self.numbers.below(count);
        for place in 0..count {
            let (value, spec) = match self.numbers.below(6) {
                _ if place == call => (self.cut()?, ""),
                0 => (self.any_field(&["name", "o", "kind"]), ":?"),
                1 | 2 => (self.any_field(&["a", "b"]), ":>4"),
                3 => (self.cut_or_pure(), ""),
                _ => (self.pure(1), ""),
            };
            let name = format!("arg{place}");
            format += &if named { format!(" {{{name}{spec}}}") } else { format!(" {{{spec}}}") };
            arguments.push(named.then_some(name.as_str()), &value);
        }
        if !named && self.numbers.once_in(2) {
            format += " {0:?}";
        }
        if let Some(local) = self.numbers.pick(&self.scope.numbers).filter(|_| named || count == 2) {
            format += &format!(" {{{local}}}");
        }
        Some((format!("{format:?}"), arguments))
    }

    /// A number made by a macro.
    pub fn macro_value(&mut self) -> Option<Two> {
        match self.numbers.below(6) {
            0 | 1 if self.may("format! with a call") => {
                let (format, arguments) = self.format()?;
                self.has("format! with a call");
                Some(two!("{}.{}", arguments.call("format", &format), SUM))
            }
            2 | 3 if self.may("vec! with a call") => self.vec(),
            4 if self.may("vec! of one value with a call") => {
                let (value, count) = (self.cut()?, self.pure(1));
                self.has("vec! of one value with a call");
                let fold = "into_iter().fold(1, |sum, x: i64| (sum * 7 + x) % 997)";
                Some(two!("vec![{}; i64::rem_euclid({}, 4) as usize].{}", value, count, fold))
            }
            5 if self.may("dbg! with a call") => {
                let value = self.cut()?;
                self.has("dbg! with a call");
                Some(two!("dbg!({})", value))
            }
            _ => None,
        }
    }

    /// The elements of a list are values: each is read where it is written.
    fn vec(&mut self) -> Option<Two> {
        let (first, call) = (self.pure(1), self.cut()?);
        self.has("vec! with a call");
        let last = if self.numbers.once_in(2) { self.field("a") } else { self.value_of_call(0) };
        let fold = "into_iter().fold(0, |sum, x: i64| (sum * 7 + x) % 997)";
        Some(two!("vec![{}, {}, {}].{}", first, call, last, fold))
    }

    /// `matches!(p1.m0(..).await, Some(x) if x > 3)`
    pub fn matches(&mut self) -> Option<Two> {
        if !self.may("matches! with a call") {
            return None;
        }
        if self.numbers.once_in(3) {
            let (on, guard) = (self.cut()?, self.value_of_call(0));
            self.has("matches! with a call");
            return Some(two!("matches!({}, x if {} > x)", on, guard));
        }
        let call = self.call(0, |returns| matches!(returns, Returns::Option | Returns::Result))?;
        self.has("matches! with a call");
        let pattern = if call.returns == Returns::Option { "Some(x)" } else { "Ok(x) | Err(x)" };
        Some(two!("matches!({}, {} if x > {})", self.awaited(&call), pattern, self.pure(0)))
    }

    pub fn macro_statement(&mut self) -> Option<Two> {
        match self.numbers.below(14) {
            0..=3 if self.may("assert_eq! or assert_ne! with a call") => self.assert_equal(),
            4..=6 if self.may("assert! with a call") => self.assert_with_call(),
            7 | 8 if self.may("assert! of a field") => Some(self.assert_of_field()),
            9 | 10 if self.may("panic! with a call") => {
                let condition = two!("{} % 11 == 2", self.pure(1));
                let (format, arguments) = self.format()?;
                self.has("panic! with a call");
                Some(two!("if {} {{\n{};\n}}\n", condition, arguments.call("panic", &format)))
            }
            11 | 12 if self.may("write! with a call") => {
                let (format, arguments) = self.format()?;
                self.has("write! with a call");
                let (text, name) = (self.fresh("text"), self.fresh("v"));
                let write = arguments.call("write", &format!("{text}, {format}"));
                self.scope.numbers.push(name.clone());
                Some(two!(
                    "let mut {} = String::new();\n{}.unwrap();\nlet {} = {}.{};\n",
                    text,
                    write,
                    name,
                    text,
                    SUM
                ))
            }
            13 if self.may("println! with a call") => {
                let (format, arguments) = self.format()?;
                self.has("println! with a call");
                let name = ["println", "eprintln"][self.numbers.below(2)];
                Some(two!("{};\n", arguments.call(name, &format)))
            }
            _ => None,
        }
    }

    fn assert_equal(&mut self) -> Option<Two> {
        let (call, other) = (self.cut()?, self.pure(1));
        self.has("assert_eq! or assert_ne! with a call");
        let mut arguments = Arguments::default();
        let name = if self.numbers.once_in(3) {
            arguments.push(None, &two!("({}) % 7 == 3", call));
            arguments.push(None, &two!("{}", "false"));
            "assert_eq"
        } else {
            let mut sides = [two!("({}) % 7", call), two!("({}) % 7", other)];
            if self.numbers.once_in(3) {
                sides = [call, self.field("a")]; // a place, and seldom the same
            }
            if self.numbers.once_in(2) {
                sides.reverse();
            }
            sides.iter().for_each(|side| arguments.push(None, side));
            ["assert_ne", "debug_assert_ne"][self.numbers.below(2)]
        };
        Some(two!("{};\n", arguments.call(name, "")))
    }

    /// The message is evaluated only when it is needed.
    fn assert_with_call(&mut self) -> Option<Two> {
        let name = ["assert", "debug_assert"][self.numbers.below(2)];
        let condition = if self.numbers.once_in(2) {
            two!("{} % 7 != 3", self.cut()?)
        } else {
            two!("{} % 7 != 3", self.pure(1))
        };
        let (format, arguments) = self.format()?;
        self.has("assert! with a call");
        let message = arguments.call("panic", &format).plain;
        let entity: Vec<_> = [condition.entity, format].into_iter().chain(arguments.entity).collect();
        Some(Two::new(
            format!("{name}!({});\n", entity.join(", ")),
            format!("if !({}) {{\n{message};\n}}\n", condition.plain),
        ))
    }

    /// Without a message it is the condition as the user wrote it.
    fn assert_of_field(&mut self) -> Two {
        self.has("assert! of a field");
        let condition = two!("{} % 11 != {}", self.field("a"), 2 + self.numbers.below(5));
        Two::new(
            format!("assert!({});\n", condition.entity),
            format!(
                "if !({}) {{\npanic!(\"assertion failed: {}\");\n}}\n",
                condition.plain, condition.entity
            ),
        )
    }
}
