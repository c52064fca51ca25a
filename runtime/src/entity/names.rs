//! What classes are called: classes are told apart by their types, and their names are for people.
//!
//! A class is shown by the name that the user wrote, or by that of its struct. Where several structs of an app have the
//! same name, as much of their paths stands before it as tells them apart; where the paths are the same, too (two
//! blocks of one function, two versions of a crate), the place in the source stands behind it. All of it is a function
//! of which classes there are, not of the order in which they came.
use crate::entity::traits::Entity;
use std::any::{TypeId, type_name};
use std::collections::BTreeMap;

/// A class, as far as its name needs it.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    class: TypeId,
    /// The name of the struct, or what the user wrote.
    name: &'static str,
    /// Whether the user wrote it.
    written: bool,
    /// The path of the struct.
    path: &'static str,
    /// Where it stands, as `file:line`.
    place: String,
}

impl Named {
    pub(crate) fn of<E: Entity>() -> Self {
        let (class, name, path) = (TypeId::of::<E>(), E::NAME, type_name::<E>());
        Self { class, name, written: E::NAMED, path, place: place(E::FACTS, E::file()) }
    }

    pub(crate) fn class(&self) -> TypeId {
        self.class
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        self.class == other.class
    }

    /// The name among all classes of the app.
    fn shown(&self, all: &[Self]) -> String {
        let same = |other: &&Self| {
            !other.written && other.name == self.name && other.class != self.class && !self.written
        };
        let rivals: Vec<_> = all.iter().filter(same).map(|other| other.path).collect();
        if rivals.is_empty() {
            return self.name.to_owned();
        }
        let tells = |ending: &&str| !rivals.iter().any(|rival| ends_with(rival, ending));
        let path = endings(self.path).skip(1).find(tells).unwrap_or(self.path);
        if rivals.contains(&path) { format!("{path} at {}", self.place) } else { path.to_owned() }
    }
}

/// Where a struct stands.
fn place(facts: &str, file: &str) -> String {
    match serde_json::from_str::<thalweg_graph::Entity>(facts) {
        Ok(facts) => format!("{file}:{}", facts.line),
        Err(_) => file.to_owned(),
    }
}

/// `Order`, `shop::Order`, `books::shop::Order`.
fn endings(path: &str) -> impl Iterator<Item = &str> {
    path.rmatch_indices("::").map(|(at, _)| &path[at + 2..]).chain([path])
}

fn ends_with(path: &str, ending: &str) -> bool {
    path.strip_suffix(ending).is_some_and(|before| before.is_empty() || before.ends_with("::"))
}

/// The name of every class.
pub(crate) fn shown(all: &[Named]) -> BTreeMap<TypeId, String> {
    all.iter().map(|named| (named.class, named.shown(all))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<const N: usize>(classes: [(TypeId, &'static str, &'static str); N], expected: [&str; N]) {
        let named = |(class, path, place): (TypeId, &'static str, &str)| {
            let name = endings(path).next().unwrap_or(path);
            Named { class, name, written: false, path, place: place.to_owned() }
        };
        let all = classes.map(named);
        assert_eq!(all.clone().map(|named| named.shown(&all)), expected);
    }

    #[test]
    fn as_much_of_the_path_as_tells_them_apart() {
        let [a, b, c] = [TypeId::of::<u8>(), TypeId::of::<u16>(), TypeId::of::<u32>()];
        check([(a, "shop::Order", ""), (b, "shop::Orders", "")], ["Order", "Orders"]);
        check([(a, "x::shop::Order", ""), (b, "x::inn::Order", "")], ["shop::Order", "inn::Order"]);
        check([(a, "x::a::n::Order", ""), (b, "x::b::n::Order", "")], ["a::n::Order", "b::n::Order"]);
        check([(a, "n::Order", ""), (b, "x::n::Order", "")], ["n::Order", "x::n::Order"]);
        check([(a, "n::Order", ""), (b, "in::Order", "")], ["n::Order", "in::Order"]);
        check(
            [(a, "x::f::Order", "x.rs:1"), (b, "x::f::Order", "x.rs:9"), (c, "x::g::Order", "x.rs:20")],
            ["x::f::Order at x.rs:1", "x::f::Order at x.rs:9", "g::Order"],
        );
    }
}
