//! What linking refuses, and that it does not depend on the order of its input.
use crate::build::*;
use crate::shop::{item, order, user};
use thalweg_graph::{Access, Entity, link};

fn check(entities: Vec<Entity>, expect: &str) {
    let error = link("test", entities).unwrap_err().to_string();
    assert_eq!(error, expect);
}

#[test]
fn order_of_input_does_not_matter() {
    let one = link("shop", vec![user(), item(), order()]).unwrap();
    let other = link("shop", vec![order(), user(), item()]).unwrap();
    assert_eq!(one, other);
    assert_eq!(
        one.entities.iter().map(|entity| entity.name.as_str()).collect::<Vec<_>>(),
        ["Item", "Order", "User"]
    );
}

#[test]
fn names_lead_to_entities_methods_and_plans() {
    let shop = link("shop", vec![user(), item(), order()]).unwrap();
    assert_eq!(shop.entity("User").unwrap().line, 38);
    assert_eq!(shop.method("Item", "take").unwrap().access, Access::Write);
    assert!(shop.plan_of("User", "buy").is_some());
    assert!(shop.entity("Shelf").is_none());
    assert!(shop.method("Item", "buy").is_none());
    assert!(shop.plan_of("Item", "buy").is_none());
}

#[test]
fn two_entities_of_one_name() {
    let other = Entity { line: 7, ..entity("A", vec![]) };
    check(
        vec![other, entity("A", vec![])],
        "two entities are named `A`, at src/test.rs:1 and at src/test.rs:7; \
         help: give one of them another name with `#[entity(name = \"..\")]`; it tells their state apart",
    );
}

#[test]
fn two_methods_of_one_name() {
    check(
        vec![entity("A", vec![read("f", &[], vec![]), write("f", &[], vec![])])],
        "`A` has two methods named `f`, the second at src/test.rs:10; help: rename one of them",
    );
}

#[test]
fn entity_that_is_not_there() {
    let f = read("f", &["b"], vec![site(11, "B::g", param(0), vec![])]);
    check(
        vec![entity("A", vec![f])],
        "`A::f` calls `B::g` at src/test.rs:11, but there is no entity `B` in this program; \
         help: register it next to the entity that calls it",
    );
}

#[test]
fn method_that_is_not_there() {
    let f = read("f", &["b"], vec![site(11, "B::h", param(0), vec![])]);
    check(
        vec![entity("A", vec![f]), entity("B", vec![read("g", &[], vec![])])],
        "`A::f` calls `B::h` at src/test.rs:11, but `B` has no such method; \
         help: it has `g`, `exists` and `remove`; build all crates of the program from the same sources",
    );
}

#[test]
fn what_is_not_well_formed() {
    let f = read("f", &["b"], vec![site(11, "A::f", param(3), vec![])]);
    check(
        vec![entity("A", vec![f])],
        "the graph is not well formed:\n  `A::f` at src/test.rs:11: parameter 3 is named, but there are only 1\n\
         help: build it with the compiler and `link` of one version of thalweg",
    );
}
