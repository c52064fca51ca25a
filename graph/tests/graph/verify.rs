//! Every fault the verifier knows, each made by breaking a good program.
use crate::build::*;
use crate::shop::shop;
use thalweg_graph::{AccessPlan, End, JsonError, Method, PlannedAccess, Program, Source};

/// Breaks the shop and compares the faults, one a line.
fn check(spoil: impl FnOnce(&mut Program), expect: &[&str]) {
    let mut program = shop();
    spoil(&mut program);
    let error = program.verify().unwrap_err();
    let faults: Vec<_> = error.faults.iter().map(ToString::to_string).collect();
    assert_eq!(faults, expect);
    let read = Program::from_json(&serde_json::to_string(&program).unwrap()).unwrap_err();
    assert!(matches!(read, JsonError::Invalid(_) | JsonError::Version { .. }));
}

fn buy(program: &mut Program) -> &mut Method {
    program.entities[2].methods.iter_mut().find(|method| method.name == "buy").unwrap()
}

#[test]
fn good_program() {
    assert_eq!(shop().verify(), Ok(()));
}

#[test]
fn version() {
    check(|program| program.version = 7, &["program: its form has version 7, this is version 1"]);
}

#[test]
fn order_of_entities() {
    check(
        |program| program.entities.swap(0, 1),
        &["program: the entities are not in strict order of their names"],
    );
}

#[test]
fn target_of_a_block() {
    check(
        |program| buy(program).blocks[4].end = End::Goto(11),
        &["`User::buy` at src/shop.rs:64: block 4 leads to block 11, but there are only 11"],
    );
}

#[test]
fn site_of_a_block() {
    check(
        |program| buy(program).blocks[9].end = End::Call { site: 3, next: 10 },
        &["`User::buy` at src/shop.rs:78: block 9 is cut at site 3, but there are only 3"],
    );
}

#[test]
fn block_out_of_reach() {
    check(
        |program| buy(program).blocks[9].end = End::Goto(8),
        &["`User::buy` at src/shop.rs:81: block 10 cannot be reached"],
    );
}

#[test]
fn sites_without_blocks() {
    check(
        |program| buy(program).blocks.clear(),
        &["`User::buy` at src/shop.rs:56: there are call sites but no block to enter"],
    );
}

#[test]
fn callee() {
    check(
        |program| buy(program).sites[2].callees[0] = to("Order::ship"),
        &["`User::buy` at src/shop.rs:79: `Order::ship` is not in the program"],
    );
}

#[test]
fn parameters_of_origins() {
    check(
        |program| {
            buy(program).sites[0].calls[0].receiver = param(2);
            buy(program).sites[2].calls[0].arguments[1] = param(9);
        },
        &[
            "`User::buy` at src/shop.rs:62: parameter 2 is named, but there are only 2",
            "`User::buy` at src/shop.rs:79: parameter 9 is named, but there are only 2",
        ],
    );
}

#[test]
fn method_twice() {
    check(
        |program| buy(program).name = "pay".to_owned(),
        &["`User::pay` at src/shop.rs:56: there are two methods of this name"],
    );
}

#[test]
fn plan_without_method() {
    check(
        |program| drop(program.plans.pop()),
        &["program: there must be one plan for each method, in the same order"],
    );
}

#[test]
fn entries_of_plans() {
    check(
        |program| {
            let access = thalweg_graph::Access::Read;
            let entry = |entity: &str, source| PlannedAccess {
                entity: entity.to_owned(),
                source,
                access,
                presumed: false,
            };
            program.plans[0].plan =
                AccessPlan::Static(vec![entry("Shelf", Source::Itself), entry("Item", Source::Parameter(3))]);
        },
        &[
            "`Item::new` at src/shop.rs:14: `Shelf` is not in the program",
            "`Item::new` at src/shop.rs:14: parameter 3 is named, but there are only 3",
        ],
    );
}
