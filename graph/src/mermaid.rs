//! The Mermaid export: an entity is a subgraph, a method a node, a call an edge.
use crate::looks::{Meaning, edge_label};
use crate::walk::{At, Writer, walk};
use crate::{CallEdge, Callee, Entity, Program};
use std::fmt::Write;

pub(crate) fn write(program: &Program) -> String {
    let mut mermaid = Mermaid::default();
    walk(program, &mut mermaid);
    mermaid.out
}

#[derive(Default)]
struct Mermaid {
    out: String,
    edges: Vec<Meaning>,
}

/// Writes one line.
macro_rules! line {
    ($to:expr, $($part:tt)*) => { writeln!($to.out, $($part)*).expect("a string takes all") };
}

impl Writer for Mermaid {
    fn program(&mut self, _: &Program) {
        line!(self, "flowchart LR");
    }

    fn entity(&mut self, entity: &Entity, place: usize) {
        let title = format!("{} · {}: {}", entity.name, entity.key.name, entity.key.ty);
        line!(self, "  subgraph e{place}[\"{}\"]", escaped(&title));
    }

    fn method(&mut self, At { entity_place, method, method_place, plan, .. }: At<'_>) {
        let access = Meaning::from(method.access).look().word;
        let plan = Meaning::from(plan).look().word;
        let name = escaped(&method.name);
        line!(self, "    e{entity_place}m{method_place}[\"{name} · {access}\"]:::{plan}");
    }

    fn end_entity(&mut self, _: &Entity) {
        line!(self, "  end");
    }

    fn call(&mut self, program: &Program, edge: &CallEdge) {
        let meaning = Meaning::from(edge);
        let arrow = if meaning.look().broken { "-.->" } else { "-->" };
        let (from, to) = (node(program, &edge.from), node(program, &edge.to));
        line!(self, "  {from} {arrow}|\"{}\"| {to}", edge_label(edge));
        self.edges.push(meaning);
    }

    fn end_program(&mut self, _: &Program) {
        for meaning in [Meaning::Static, Meaning::Dynamic] {
            let look = meaning.look();
            line!(self, "  classDef {} stroke:{},stroke-width:2px", look.word, look.light);
            let own: Vec<_> = (0..self.edges.len()).filter(|at| self.edges[*at] == meaning).collect();
            if !own.is_empty() {
                let own: Vec<_> = own.iter().map(usize::to_string).collect();
                line!(self, "  linkStyle {} stroke:{}", own.join(","), look.light);
            }
        }
    }
}

/// The node of a method; the subgraph of the entity for a method that is built in.
fn node(program: &Program, callee: &Callee) -> String {
    let entity = program.entities.iter().position(|entity| entity.name == callee.entity).expect("verified");
    match program.entities[entity].methods.iter().position(|method| method.name == callee.method) {
        Some(method) => format!("e{entity}m{method}"),
        None => format!("e{entity}"),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}
