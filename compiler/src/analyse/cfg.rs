//! The control-flow graph: basic blocks in a petgraph graph, in which a call is a terminator.
use petgraph::{Direction, graph::DiGraph, graph::NodeIndex, visit::EdgeRef};
use thalweg_graph::SiteKind;

/// The graph of one method. Node 0 is the entry, and every node can be reached from it.
#[derive(Debug, Default)]
pub struct Cfg {
    /// The blocks, in the order of the source; an edge bears the label of its branch, or nothing.
    pub graph: DiGraph<BasicBlock, String>,
    /// The names of the variables. Every binding is a variable of its own, so a name can be here twice.
    pub variables: Vec<String>,
    /// The call sites in source order.
    pub sites: Vec<SiteText>,
    /// The variables that certainly borrow from `self`.
    pub(crate) borrows: Vec<Borrow>,
}

/// A variable that borrows from `self`, whatever the types are.
#[derive(Clone, Debug)]
pub(crate) struct Borrow {
    pub(crate) variable: usize,
    /// The name of the variable.
    pub(crate) name: String,
    /// The expression that borrows.
    pub(crate) code: syn::ExprReference,
}

/// Straight code and its end.
#[derive(Debug, Default)]
pub struct BasicBlock {
    /// The code in order.
    pub code: Vec<Code>,
    /// How it ends.
    pub end: Terminator,
}

/// A statement, or, without text, the hidden half of one.
#[derive(Debug, Default)]
pub struct Code {
    /// The line, counted from 1.
    pub line: u32,
    /// The statement on one line.
    pub text: String,
    /// What it does to variables, in order.
    pub events: Vec<Event>,
}

/// What happens to a variable, named by its place in [`Cfg::variables`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Its value is needed.
    Use(usize),
    /// It gets a new value, the old one is gone.
    Define(usize),
}

/// How a block ends; where to is said by the edges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Terminator {
    /// One way on.
    #[default]
    Goto,
    /// One of several ways.
    Branch,
    /// A call to the site, and one way on when its result is there.
    Call(usize),
    /// No way on.
    Return,
}

/// A call site as the reader sees it.
#[derive(Clone, Debug)]
pub struct SiteText {
    /// The line of the `.await`, counted from 1.
    pub line: u32,
    /// How the calls are made.
    pub kind: SiteKind,
    /// The awaited expression on one line.
    pub text: String,
}

impl Cfg {
    /// The ways out of a block with their labels, in the order in which they are tried.
    pub fn ways(&self, at: NodeIndex) -> Vec<(&str, NodeIndex)> {
        let mut edges: Vec<_> = self.graph.edges_directed(at, Direction::Outgoing).collect();
        edges.sort_by_key(|edge| edge.id());
        edges.into_iter().map(|edge| (edge.weight().as_str(), edge.target())).collect()
    }
}

/// A block in the making.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) block: BasicBlock,
    pub(super) ways: Vec<(String, usize)>,
}

/// Makes the graph of drafts, of which the first is the entry: without empty blocks, without blocks that cannot be
/// reached, without borders that no way enters from elsewhere; numbered in the order of `order`.
pub(super) fn finish(mut drafts: Vec<Draft>, order: &[usize]) -> DiGraph<BasicBlock, String> {
    skip_empty(&mut drafts);
    merge(&mut drafts, order);
    let reached = reached(&drafts);
    let mut graph = DiGraph::new();
    let mut nodes = vec![None; drafts.len()];
    let mut placed = Vec::new();
    for &at in std::iter::once(&0).chain(order) {
        if reached.get(at) == Some(&true) && nodes[at].is_none() {
            nodes[at] = Some(graph.add_node(std::mem::take(&mut drafts[at].block)));
            placed.push(at);
        }
    }
    for at in placed {
        for (label, to) in std::mem::take(&mut drafts[at].ways) {
            if let (Some(from), Some(to)) = (nodes[at], nodes[to]) {
                graph.add_edge(from, to, label);
            }
        }
    }
    graph
}

/// Leads every way past the blocks in which nothing happens.
fn skip_empty(drafts: &mut [Draft]) {
    let next: Vec<_> = drafts
        .iter()
        .map(|draft| match (&draft.block.end, draft.block.code.is_empty()) {
            (Terminator::Goto, true) => draft.ways.first().map(|(_, to)| *to),
            _ => None,
        })
        .collect();
    let mut last: Vec<Option<usize>> = vec![None; drafts.len()];
    for start in 0..drafts.len() {
        let (mut path, mut at) = (Vec::new(), start);
        let mut seen_now = std::collections::BTreeSet::new();
        let goal = loop {
            if let Some(known) = last[at] {
                break known;
            }
            path.push(at);
            match next[at] {
                Some(to) if seen_now.insert(at) => at = to,
                _ => break at, // the end of the empty blocks, or an empty loop
            }
        };
        path.into_iter().for_each(|at| last[at] = Some(goal));
    }
    for draft in drafts {
        for (_, to) in &mut draft.ways {
            *to = last[*to].unwrap_or(*to);
        }
    }
}

/// Joins a block to the one before when there is no other way to it.
fn merge(drafts: &mut [Draft], order: &[usize]) {
    let reached = reached(drafts);
    let mut entries = vec![0_usize; drafts.len()];
    entries[0] = 1;
    for (draft, _) in drafts.iter().zip(&reached).filter(|(_, reached)| **reached) {
        draft.ways.iter().for_each(|(_, to)| entries[*to] += 1);
    }
    for &at in std::iter::once(&0).chain(order).filter(|at| reached[**at]) {
        while drafts[at].block.end == Terminator::Goto {
            let Some(&(_, to)) = drafts[at].ways.first() else {
                break;
            };
            if entries[to] != 1 || to == at || to == 0 {
                break;
            }
            let mut next = std::mem::take(&mut drafts[to]);
            drafts[at].block.code.append(&mut next.block.code);
            drafts[at].block.end = next.block.end;
            drafts[at].ways = next.ways;
            entries[to] = 0;
        }
    }
}

fn reached(drafts: &[Draft]) -> Vec<bool> {
    let mut reached = vec![false; drafts.len()];
    let mut todo = vec![0];
    while let Some(at) = todo.pop() {
        if !std::mem::replace(&mut reached[at], true) {
            todo.extend(drafts[at].ways.iter().map(|(_, to)| *to));
        }
    }
    reached
}
