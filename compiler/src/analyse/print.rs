//! The printed forms of the stages.
use super::cfg::{Cfg, Event, Terminator};
use super::live;
use std::fmt::Write;
use thalweg_graph::{End, Method, Origin, SiteKind};

/// A control-flow graph: its blocks with their code, and what the code does to variables.
pub fn cfg(cfg: &Cfg) -> String {
    let mut out = String::new();
    for at in cfg.graph.node_indices() {
        let block = &cfg.graph[at];
        let _ = writeln!(out, "b{}", at.index());
        for code in &block.code {
            let text = if code.text.is_empty() { "·" } else { &code.text };
            let _ = writeln!(out, "  {:>3}  {text}{}", code.line, events(cfg, &code.events));
        }
        let ways = cfg.ways(at);
        let ways: Vec<_> = ways.iter().map(|(label, to)| (*label, to.index())).collect();
        end(&mut out, block.end, &ways);
    }
    for (id, site) in cfg.sites.iter().enumerate() {
        let _ = writeln!(out, "site {id}  {:>3}  {} `{}`", site.line, kind(site.kind), site.text);
    }
    out
}

/// The live variables on entry to and after each block.
pub fn live(cfg: &Cfg) -> String {
    let live = live::live(cfg);
    let mut out = String::new();
    for at in cfg.graph.node_indices() {
        let (entry, exit) = (live.entry(cfg, at).join(" "), live.exit(cfg, at).join(" "));
        let site = match cfg.graph[at].end {
            Terminator::Call(site) => format!("  (site {site})"),
            _ => String::new(),
        };
        let _ = writeln!(out, "b{}  [{entry}] -> [{exit}]{site}", at.index());
    }
    out
}

/// A method as the graph has it: blocks, sites, and the facts of each call.
pub fn machine(method: &Method) -> String {
    let params: Vec<_> = method.params.iter().map(|param| format!("{}: {}", param.name, param.ty)).collect();
    let (name, output) = (&method.name, &method.output);
    let mut out = format!("{:?} {name}({}) -> {output}\n", method.access, params.join(", "));
    for (at, block) in method.blocks.iter().enumerate() {
        let _ = writeln!(out, "b{at} [{}]", block.live.join(" "));
        for line in &block.lines {
            let _ = writeln!(out, "  {:>3}  {}", line.line, line.text);
        }
        match &block.end {
            End::Goto(to) => end(&mut out, Terminator::Goto, &[("", *to)]),
            End::Call { site, next } => end(&mut out, Terminator::Call(*site), &[("", *next)]),
            End::Return => end(&mut out, Terminator::Return, &[]),
            End::Branch(ways) => {
                let ways: Vec<_> = ways.iter().map(|(label, to)| (label.as_str(), *to)).collect();
                end(&mut out, Terminator::Branch, &ways);
            }
        }
    }
    sites(&mut out, method);
    out
}

fn sites(out: &mut String, method: &Method) {
    for (id, site) in method.sites.iter().enumerate() {
        let used = if site.used { "" } else { " unused" };
        let (kind, live) = (kind(site.kind), site.live.join(" "));
        let _ = writeln!(out, "site {id}  {:>3}  {kind}{used} `{}` keeps [{live}]", site.line, site.text);
        for call in &site.calls {
            let arguments: Vec<_> = call.arguments.iter().map(origin).collect();
            let receiver = origin(&call.receiver);
            let _ = writeln!(out, "    {receiver} . {} ({})", call.method, arguments.join(", "));
        }
    }
}

fn end(out: &mut String, end: Terminator, ways: &[(&str, usize)]) {
    let first = ways.first().map_or(0, |(_, to)| *to);
    let _ = match end {
        Terminator::Goto => writeln!(out, "  goto b{first}"),
        Terminator::Call(site) => writeln!(out, "  call {site}, then b{first}"),
        Terminator::Return => writeln!(out, "  return"),
        Terminator::Branch => ways.iter().try_for_each(|(label, to)| writeln!(out, "  on `{label}` b{to}")),
    };
}

fn events(cfg: &Cfg, events: &[Event]) -> String {
    let name = |variable: usize| cfg.variables.get(variable).map_or("?", String::as_str);
    let texts: Vec<_> = events
        .iter()
        .map(|event| match event {
            Event::Use(variable) => format!("{}.{variable}", name(*variable)),
            Event::Define(variable) => format!("={}.{variable}", name(*variable)),
        })
        .collect();
    if texts.is_empty() { String::new() } else { format!("   // {}", texts.join(" ")) }
}

fn kind(kind: SiteKind) -> &'static str {
    match kind {
        SiteKind::Await => "await",
        SiteKind::Join => "join",
        SiteKind::Send => "send",
    }
}

/// An origin in a few words.
pub fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Unknown { reason, line } => format!("unknown: {reason}, line {line}"),
        Origin::Known { itself, params, computed, .. } => {
            let itself = itself.then(|| "itself".to_owned());
            let params = params.iter().map(|param| format!("param {param}"));
            let computed = computed.iter().map(|number| format!("computed {number}"));
            let parts: Vec<_> = itself.into_iter().chain(params).chain(computed).collect();
            if parts.is_empty() { "nothing".to_owned() } else { parts.join(" + ") }
        }
    }
}
