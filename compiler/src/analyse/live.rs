//! Liveness: which variables are needed on entry to each block, and which wait in the frame at each call.
//!
//! The usual backwards equations, solved block by block in postorder until nothing changes.
use super::cfg::{Cfg, Event, Terminator};
use petgraph::{Direction, graph::NodeIndex, visit::DfsPostOrder};
use std::collections::{BTreeSet, VecDeque};

/// The live variables of a graph.
#[derive(Debug)]
pub struct Live {
    entry: Vec<Set>,
    exit: Vec<Set>,
    /// The block that is cut at each site.
    cuts: Vec<Option<NodeIndex>>,
}

impl Live {
    /// The variables whose values are needed on entry to a block, by name, sorted.
    pub fn entry(&self, cfg: &Cfg, block: NodeIndex) -> Vec<String> {
        names(cfg, self.entry.get(block.index()))
    }

    /// The variables that are live after a block, by name, sorted.
    pub fn exit(&self, cfg: &Cfg, block: NodeIndex) -> Vec<String> {
        names(cfg, self.exit.get(block.index()))
    }

    /// Whether a variable waits in the frame at a site.
    pub(super) fn waits(&self, site: usize, variable: usize) -> bool {
        let cut = self.cuts.get(site).copied().flatten();
        cut.and_then(|block| self.exit.get(block.index()))
            .is_some_and(|set| set.members().any(|member| member == variable))
    }

    /// The variables that wait in the frame at a site: its result is not yet one of them.
    pub fn site(&self, cfg: &Cfg, site: usize) -> Vec<String> {
        match self.cuts.get(site) {
            Some(Some(block)) => self.exit(cfg, *block),
            _ => Vec::new(), // never reached
        }
    }
}

/// Finds the live variables of every block.
pub fn live(cfg: &Cfg) -> Live {
    let empty = Set::new(cfg.variables.len());
    let mut live = Live {
        entry: vec![empty.clone(); cfg.graph.node_count()],
        exit: vec![empty; cfg.graph.node_count()],
        cuts: cuts(cfg),
    };
    let mut todo: VecDeque<NodeIndex> = VecDeque::new();
    let mut order = DfsPostOrder::new(&cfg.graph, NodeIndex::new(0));
    while let Some(block) = order.next(&cfg.graph).filter(|_| cfg.graph.node_count() > 0) {
        todo.push_back(block);
    }
    let mut waits = vec![true; cfg.graph.node_count()];
    while let Some(block) = todo.pop_front() {
        waits[block.index()] = false;
        let mut set = live.exit[block.index()].clone();
        for event in cfg.graph[block].code.iter().rev().flat_map(|code| code.events.iter().rev()) {
            match *event {
                Event::Use(variable) => set.insert(variable),
                Event::Define(variable) => set.remove(variable),
            }
        }
        for before in cfg.graph.neighbors_directed(block, Direction::Incoming) {
            if live.exit[before.index()].absorb(&set) && !std::mem::replace(&mut waits[before.index()], true)
            {
                todo.push_back(before);
            }
        }
        live.entry[block.index()] = set;
    }
    live
}

fn cuts(cfg: &Cfg) -> Vec<Option<NodeIndex>> {
    let mut cuts = vec![None; cfg.sites.len()];
    for block in cfg.graph.node_indices() {
        if let Terminator::Call(site) = cfg.graph[block].end
            && let Some(cut) = cuts.get_mut(site)
        {
            *cut = Some(block);
        }
    }
    cuts
}

fn names(cfg: &Cfg, set: Option<&Set>) -> Vec<String> {
    let names: BTreeSet<&String> =
        set.into_iter().flat_map(Set::members).filter_map(|variable| cfg.variables.get(variable)).collect();
    names.into_iter().cloned().collect()
}

/// A set of variables, one bit for each.
#[derive(Clone, Debug)]
struct Set(Vec<u64>);

impl Set {
    fn new(variables: usize) -> Self {
        Set(vec![0; variables.div_ceil(64)])
    }

    fn insert(&mut self, variable: usize) {
        if let Some(word) = self.0.get_mut(variable / 64) {
            *word |= 1 << (variable % 64);
        }
    }

    fn remove(&mut self, variable: usize) {
        if let Some(word) = self.0.get_mut(variable / 64) {
            *word &= !(1 << (variable % 64));
        }
    }

    fn members(&self) -> impl Iterator<Item = usize> {
        let words = self.0.iter().enumerate().filter(|(_, word)| **word != 0);
        words.flat_map(|(at, word)| {
            (0..64).filter(move |bit| word & (1 << bit) != 0).map(move |bit| at * 64 + bit)
        })
    }

    /// Adds all of `other`; whether that changed anything.
    fn absorb(&mut self, other: &Set) -> bool {
        let mut changed = false;
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            changed |= *more & !*word != 0;
            *word |= more;
        }
        changed
    }
}
