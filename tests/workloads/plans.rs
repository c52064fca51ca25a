//! How many methods of the workloads have a static plan, and why the others have none: a figure that is kept.
use crate::kind::{Kind, kinds};
use crate::workload::Workload;
use crate::{hotel, movie, smallbank, tpcc, ycsb};
use std::fmt::Write;
use thalweg::graph::Program;
use thalweg::prelude::*;

fn graph(workload: &impl Workload) -> Program {
    workload.register(App::new(workload.name())).graph().expect("the workload fits together")
}

/// The methods that make calls: static by what they name, static by keys that are computed, dynamic with the reasons.
fn counted(graph: &Program) -> String {
    let (mut named, mut computed, mut dynamic) = (0, 0, Vec::new());
    for (entity, method, kind) in kinds(graph) {
        match kind {
            Kind::Named => named += 1,
            Kind::Computed => computed += 1,
            Kind::Dynamic(reasons) => {
                let texts = reasons.iter().map(|reason| format!("\n      {}", reason.text));
                dynamic.push(format!("    {entity}::{}{}", method.name, texts.collect::<String>()));
            }
        }
    }
    let mut text = format!(
        "{}: {named} static by name, {computed} by computed keys, {} dynamic\n",
        graph.name,
        dynamic.len()
    );
    dynamic.iter().for_each(|method| writeln!(text, "{method}").expect("a text can be written"));
    text
}

#[test]
fn what_is_static() {
    let scale = tpcc::scale::Scale::full(1);
    let graphs = [
        graph(&ycsb::Ycsb::new(10, 100, 0.0, 7).expect("a workload")),
        graph(&smallbank::Smallbank::new(100, 50, None, 7).expect("a workload")),
        graph(&hotel::Travel::new(20, None, false, 7)),
        graph(&movie::Reviews::new(10, 7)),
        graph(&tpcc::Tpcc::new(scale, 7)),
    ];
    insta::assert_snapshot!(graphs.iter().map(counted).collect::<String>());
}
