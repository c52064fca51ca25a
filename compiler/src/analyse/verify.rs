//! Checks that a control-flow graph is well formed.
use super::cfg::{Cfg, Event, Terminator};
use petgraph::visit::{Dfs, Walker};
use std::collections::BTreeSet;

/// Checks a graph: the entry is there, every block can be reached and has the ways out that its end asks for, every
/// site is cut at most once, and every variable is known.
///
/// # Errors
///
/// The first fault, in words.
pub fn cfg(cfg: &Cfg) -> Result<(), String> {
    let entry = cfg.graph.node_indices().next().ok_or("there is no entry")?;
    let reached = Dfs::new(&cfg.graph, entry).iter(&cfg.graph).count();
    if reached != cfg.graph.node_count() {
        return Err(format!("only {reached} of {} blocks can be reached", cfg.graph.node_count()));
    }
    let mut cut = BTreeSet::new();
    for at in cfg.graph.node_indices() {
        let (block, ways) = (&cfg.graph[at], cfg.ways(at));
        let fits = match block.end {
            Terminator::Goto | Terminator::Call(_) => ways.len() == 1,
            Terminator::Branch => !ways.is_empty() && ways.iter().all(|(label, _)| !label.is_empty()),
            Terminator::Return => ways.is_empty(),
        };
        if !fits {
            return Err(format!("b{} has {} ways for {:?}", at.index(), ways.len(), block.end));
        }
        if let Terminator::Call(site) = block.end
            && (site >= cfg.sites.len() || !cut.insert(site))
        {
            return Err(format!("b{} is cut at site {site}, which is not there or cut twice", at.index()));
        }
        let known = |event: &Event| match event {
            Event::Use(variable) | Event::Define(variable) => *variable < cfg.variables.len(),
        };
        if !block.code.iter().flat_map(|code| &code.events).all(known) {
            return Err(format!("b{} names a variable that is not there", at.index()));
        }
    }
    Ok(())
}
