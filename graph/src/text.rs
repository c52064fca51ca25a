//! The text export, for snapshots: every fact of the program, one a line.
use crate::link::place;
use crate::looks::{Meaning, edge_label, kind, planned, signature};
use crate::walk::{At, Writer, walk};
use crate::{AccessPlan, Block, CallEdge, CallFact, End, Entity, Method, Origin, Program, Site};
use std::fmt::Write;

pub(crate) fn write(program: &Program) -> String {
    let mut text = Text::default();
    walk(program, &mut text);
    text.out
}

#[derive(Default)]
struct Text {
    out: String,
    calls: bool,
}

/// Writes one line, indented by levels of two spaces.
macro_rules! line {
    ($to:expr, $level:expr, $($part:tt)*) => {{
        let text = format!($($part)*);
        writeln!($to.out, "{:width$}{text}", "", width = 2 * $level).expect("a string takes all");
    }};
}

impl Writer for Text {
    fn program(&mut self, program: &Program) {
        let (entities, methods) = (program.entities.len(), program.methods().count());
        line!(self, 0, "program {}: {entities} entities, {methods} methods", program.name);
    }

    fn entity(&mut self, entity: &Entity, _: usize) {
        line!(self, 0, "\nentity {}  {}", entity.name, place(&entity.file, entity.line));
        line!(self, 1, "key {}: {}", entity.key.name, entity.key.ty);
        if let Some(partition) = &entity.partition {
            line!(self, 1, "partition {partition}");
        }
        if entity.auto {
            line!(self, 1, "auto");
        }
    }

    fn method(&mut self, At { entity, method, plan, .. }: At<'_>) {
        line!(self, 0, "\n  {}  {}", signature(method), place(&entity.file, method.line));
        line!(self, 2, "plan {}", Meaning::from(plan).look().word);
        match plan {
            AccessPlan::Static(entries) => {
                entries.iter().for_each(|entry| line!(self, 3, "{}", planned(entry, method)));
            }
            AccessPlan::Dynamic(reasons) => {
                for reason in reasons {
                    line!(self, 3, "{}, {}", reason.text, place(&reason.file, reason.line));
                }
            }
        }
    }

    fn block(&mut self, _: At<'_>, place: usize, block: &Block) {
        line!(self, 2, "block {place}{}", live(" needs ", &block.live));
        for part in &block.lines {
            line!(self, 3, "{:>4}  {}", part.line, part.text);
        }
        match &block.end {
            End::Goto(target) => line!(self, 3, "goto {target}"),
            End::Branch(ways) => {
                ways.iter().for_each(|(way, target)| line!(self, 3, "on {way} goto {target}"))
            }
            End::Call { site, next } => line!(self, 3, "cut at site {site}, then {next}"),
            End::Return => line!(self, 3, "return"),
        }
    }

    fn site(&mut self, at: At<'_>, place: usize, site: &Site) {
        let unused = if site.used { "" } else { ", result unused" };
        line!(self, 2, "site {place}: {}{unused}", kind(site.kind));
        line!(self, 3, "{:>4}  {}", site.line, site.text);
        if !site.live.is_empty() {
            line!(self, 3, "keeps{}", live(" ", &site.live));
        }
        let callees: Vec<_> = site.callees.iter().map(ToString::to_string).collect();
        line!(
            self,
            3,
            "calls {}",
            if callees.is_empty() { "nothing".to_owned() } else { callees.join(", ") }
        );
        for fact in &site.calls {
            line!(self, 3, "seen {}", seen(fact, at.method));
        }
    }

    fn call(&mut self, _: &Program, edge: &CallEdge) {
        if !self.calls {
            line!(self, 0, "\ncalls");
            self.calls = true;
        }
        let word = Meaning::from(edge).look().word;
        line!(self, 1, "{} -> {}  {word}, {}", edge.from, edge.to, edge_label(edge));
    }
}

fn live(lead: &str, live: &[String]) -> String {
    if live.is_empty() { String::new() } else { format!("{lead}{}", live.join(", ")) }
}

fn seen(fact: &CallFact, method: &Method) -> String {
    let arguments: Vec<_> = fact.arguments.iter().map(|origin| from(origin, method)).collect();
    format!("{}.{}({})", from(&fact.receiver, method), fact.method, arguments.join(", "))
}

/// An origin in short: the places its references stand in, `-` for none, `?` for an unknown.
fn from(origin: &Origin, method: &Method) -> String {
    let Origin::Known { itself, params, computed, .. } = origin else {
        return "?".to_owned();
    };
    let itself = itself.then(|| "self".to_owned());
    let params = params.iter().map(|param| method.params[*param].name.clone());
    let computed = computed.iter().map(|number| method.computed[*number].text.clone());
    let places: Vec<_> = itself.into_iter().chain(params).chain(computed).collect();
    match places.len() {
        0 => "-".to_owned(),
        1 => places.concat(),
        _ => format!("{{{}}}", places.join(", ")),
    }
}
