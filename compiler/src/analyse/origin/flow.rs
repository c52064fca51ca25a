//! The flow of references between bindings, and its solution.
//!
//! A binding has two nodes: its value, and its store, which is what was put into the value later. A store flows
//! into the value, and into the stores of the bindings that the value may be a part of: who pushes to
//! `let list = &mut order.items` pushes to `order`.
use std::collections::BTreeSet;
use thalweg_graph::Origin;

/// Where a value came from: constants and bindings.
#[derive(Clone, Debug, Default)]
pub(super) struct Value {
    /// The first reason not to know, with its line.
    why: Option<(u32, String)>,
    itself: bool,
    /// It relies on a name: that of a method or function which is taken for one of std's, or on an operator.
    presumed: bool,
    /// The computed references among them, by their numbers.
    computed: BTreeSet<usize>,
    /// The bindings whose references it may hold.
    from: BTreeSet<usize>,
    /// The bindings it may be a part of.
    pub(super) roots: BTreeSet<usize>,
    /// It may be, or hold, a `&mut`.
    pub(super) exclusive: bool,
}

impl Value {
    /// Holds no reference.
    pub(super) fn none() -> Self {
        Value::default()
    }

    pub(super) fn unknown(line: u32, reason: String) -> Self {
        Value { why: Some((line, reason)), ..Value::default() }
    }

    pub(super) fn itself() -> Self {
        Value { itself: true, ..Value::default() }
    }

    pub(super) fn computed(number: usize) -> Self {
        Value { computed: BTreeSet::from([number]), ..Value::default() }
    }

    pub(super) fn binding(binding: usize, exclusive: bool) -> Self {
        Value {
            from: BTreeSet::from([binding]),
            roots: BTreeSet::from([binding]),
            exclusive,
            ..Value::default()
        }
    }

    pub(super) fn is_unknown(&self) -> bool {
        self.why.is_some()
    }

    pub(super) fn add(&mut self, mut other: Value) {
        self.why = match (self.why.take(), other.why.take()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.itself |= other.itself;
        self.presumed |= other.presumed;
        join(&mut self.computed, other.computed);
        self.exclusive |= other.exclusive;
        join(&mut self.from, other.from);
        join(&mut self.roots, other.roots);
    }

    pub(super) fn and(mut self, other: Value) -> Self {
        self.add(other);
        self
    }

    /// The same, as far as names mean what they seem to mean.
    pub(super) fn by_name(mut self) -> Self {
        self.presumed = true;
        self
    }

    /// The same references in a place of their own.
    pub(super) fn fresh(mut self) -> Self {
        self.roots.clear();
        self.exclusive = false;
        self
    }
}

fn join(all: &mut BTreeSet<usize>, mut more: BTreeSet<usize>) {
    if more.len() > all.len() {
        std::mem::swap(all, &mut more);
    }
    all.append(&mut more);
}

/// The constraints.
#[derive(Default)]
pub(super) struct Flow {
    /// From node to node.
    edges: Vec<(usize, usize)>,
    params: Vec<(usize, usize)>,
    itself: Vec<usize>,
    presumed: Vec<usize>,
    computed: Vec<(usize, usize)>,
    why: Vec<((u32, String), usize)>,
    nodes: usize,
}

fn value(binding: usize) -> usize {
    2 * binding
}

fn store(binding: usize) -> usize {
    2 * binding + 1
}

impl Flow {
    /// The binding stands for a parameter.
    pub(super) fn parameter(&mut self, binding: usize, param: usize) {
        self.params.push((value(binding), param));
    }

    /// The binding may have this value.
    pub(super) fn assign(&mut self, binding: usize, from: &Value) {
        self.nodes = self.nodes.max(store(binding) + 1);
        self.edges.push((store(binding), value(binding)));
        self.edges.extend(from.roots.iter().map(|root| (store(binding), store(*root))));
        self.add(value(binding), from);
    }

    /// The value is put into a place that is a part of these bindings.
    pub(super) fn put(&mut self, place: &Value, put: &Value) {
        for root in &place.roots {
            self.add(store(*root), put);
            self.edges
                .extend(put.roots.iter().filter(|_| put.exclusive).map(|from| (store(*root), store(*from))));
        }
    }

    fn add(&mut self, node: usize, from: &Value) {
        self.edges.extend(from.from.iter().map(|from| (value(*from), node)));
        self.itself.extend(from.itself.then_some(node));
        self.presumed.extend(from.presumed.then_some(node));
        self.computed.extend(from.computed.iter().map(|number| (node, *number)));
        self.why.extend(from.why.clone().map(|why| (why, node)));
    }

    /// Finds what reaches each node. A reason spreads once, the first by line before all others.
    pub(super) fn solve(mut self) -> Solution {
        let nodes = self.nodes;
        let mut next = vec![Vec::new(); nodes];
        for (from, to) in self.edges {
            next[from].push(to);
        }
        self.why.sort();
        let mut why = vec![None; nodes];
        for (reason, node) in self.why {
            spread(&next, vec![node], |node| {
                let new = why[node].is_none();
                if new {
                    why[node] = Some(reason.clone());
                }
                new
            });
        }
        let mut itself = vec![false; nodes];
        spread(&next, self.itself, |node| !std::mem::replace(&mut itself[node], true));
        let mut presumed = vec![false; nodes];
        spread(&next, self.presumed, |node| !std::mem::replace(&mut presumed[node], true));
        let mut params = vec![BTreeSet::new(); nodes];
        for (node, param) in self.params {
            spread(&next, vec![node], |node| params[node].insert(param));
        }
        let mut computed = vec![BTreeSet::new(); nodes];
        for (node, number) in self.computed {
            spread(&next, vec![node], |node| computed[node].insert(number));
        }
        Solution { why, itself, presumed, params, computed }
    }
}

/// Walks from node to node, as long as `enter` finds something new.
fn spread(next: &[Vec<usize>], mut todo: Vec<usize>, mut enter: impl FnMut(usize) -> bool) {
    while let Some(node) = todo.pop() {
        if enter(node) {
            todo.extend(&next[node]);
        }
    }
}

/// What reaches each node.
pub(super) struct Solution {
    why: Vec<Option<(u32, String)>>,
    itself: Vec<bool>,
    presumed: Vec<bool>,
    params: Vec<BTreeSet<usize>>,
    computed: Vec<BTreeSet<usize>>,
}

impl Solution {
    pub(super) fn origin(&self, of: &Value) -> Origin {
        let nodes = || of.from.iter().map(|binding| value(*binding)).filter(|node| *node < self.why.len());
        let reasons = nodes().filter_map(|node| self.why[node].as_ref()).chain(&of.why);
        if let Some((line, reason)) = reasons.min() {
            return Origin::Unknown { reason: reason.clone(), line: *line };
        }
        Origin::Known {
            itself: of.itself || nodes().any(|node| self.itself[node]),
            params: nodes().flat_map(|node| self.params[node].iter().copied()).collect(),
            computed: nodes().flat_map(|node| &self.computed[node]).chain(&of.computed).copied().collect(),
            presumed: of.presumed || nodes().any(|node| self.presumed[node]),
        }
    }
}
