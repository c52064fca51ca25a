//! Which transactions have a static plan, as `entities/mod.rs` says.

use super::tiny;
use crate::tpcc::Tpcc;
use crate::workload::Workload;
use thalweg::graph::AccessPlan;
use thalweg::prelude::*;

#[test]
fn new_order_and_payment_are_planned() {
    let app = Tpcc::new(tiny(1), 0).register(App::new("tpcc"));
    let program = app.graph().expect("the program fits together");
    let plans = [
        ("District", "new_order", true),
        ("Warehouse", "pay", true),
        ("CustomersByName", "pay", false),
        ("Customer", "status", false),
        ("CustomersByName", "status", false),
        ("Warehouse", "deliver", false),
        ("District", "stock_level", false),
    ];
    for (entity, method, planned) in plans {
        let plan = program.plan_of(entity, method);
        let is = matches!(plan, Some(AccessPlan::Static(_)));
        assert_eq!(is, planned, "{entity}::{method}: {plan:#?}");
    }
}
