//! The Graphviz export: an entity is a table, a method a row with a port, a call an edge between ports.
use crate::looks::{Meaning, edge_label};
use crate::walk::{At, Writer, walk};
use crate::{CallEdge, Callee, Entity, Program};
use std::fmt::Write;

pub(crate) fn write(program: &Program) -> String {
    let mut dot = Dot(String::new());
    walk(program, &mut dot);
    dot.0
}

struct Dot(String);

/// Writes one line.
macro_rules! line {
    ($to:expr, $($part:tt)*) => { writeln!($to.0, $($part)*).expect("a string takes all") };
}

impl Writer for Dot {
    fn program(&mut self, program: &Program) {
        line!(self, "digraph \"{}\" {{", quoted(&program.name));
        line!(self, "  rankdir=LR; ranksep=1.1; nodesep=0.45; bgcolor=\"transparent\";");
        line!(self, "  node [shape=plain fontname=\"Helvetica\" fontsize=11];");
        line!(self, "  edge [fontname=\"Helvetica\" fontsize=9 arrowsize=0.7];");
    }

    fn entity(&mut self, entity: &Entity, place: usize) {
        let auto = if entity.auto { ", auto" } else { "" };
        let key = format!("{}: {}{auto}", entity.key.name, entity.key.ty);
        line!(
            self,
            "  e{place} [label=<<table border=\"1\" cellborder=\"0\" cellspacing=\"0\" cellpadding=\"5\" \
             color=\"#9aa3b2\" bgcolor=\"#ffffff\">"
        );
        line!(
            self,
            "    <tr><td port=\"entity\" bgcolor=\"#eef1f6\"><b>{}</b><br/>\
             <font point-size=\"9\" color=\"#667085\">{}</font></td></tr>",
            html(&entity.name),
            html(&key)
        );
    }

    fn method(&mut self, At { method, method_place, plan, .. }: At<'_>) {
        let (access, plan) = (Meaning::from(method.access).look(), Meaning::from(plan).look());
        let name = if method.public { format!("<b>{}</b>", html(&method.name)) } else { html(&method.name) };
        line!(
            self,
            "    <tr><td port=\"m{method_place}\" align=\"left\">{name}  \
             <font point-size=\"9\" color=\"{}\">{}</font> <font point-size=\"9\" color=\"{}\">{}</font></td></tr>",
            access.light,
            access.word,
            plan.light,
            plan.word
        );
    }

    fn end_entity(&mut self, _: &Entity) {
        line!(self, "  </table>>];");
    }

    fn call(&mut self, program: &Program, edge: &CallEdge) {
        let look = Meaning::from(edge).look();
        let style = if look.broken { " style=dashed" } else { "" };
        let (from, to) = (port(program, &edge.from), port(program, &edge.to));
        let (label, colour) = (edge_label(edge), look.light);
        line!(self, "  {from} -> {to} [label=\"{label}\" color=\"{colour}\" fontcolor=\"{colour}\"{style}];");
    }

    fn end_program(&mut self, _: &Program) {
        line!(self, "}}");
    }
}

/// The port of a method; that of the entity for a method that is built in.
fn port(program: &Program, callee: &Callee) -> String {
    let entity = program.entities.iter().position(|entity| entity.name == callee.entity).expect("verified");
    match program.entities[entity].methods.iter().position(|method| method.name == callee.method) {
        Some(method) => format!("e{entity}:m{method}"),
        None => format!("e{entity}:entity"),
    }
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
