//! Code under `#[cfg]`: the graph of a method is made before the conditions are known, and decided when it is linked.
use crate::{End, Method};

/// Why a method cannot be decided.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecideError {
    /// A label names a condition of which nothing is known.
    #[error("nothing is known of the condition `{0}`")]
    Unknown(String),
    /// The code has other sites than the graph.
    #[error("the code has {code} call sites and the graph {graph}")]
    Sites {
        /// How many the code has, compiled or not.
        code: usize,
        /// How many the graph has.
        graph: usize,
    },
    /// The code lacks a site that the graph can reach.
    #[error("the call site in line {0} is not in the code")]
    Lacking(u32),
}

impl Method {
    /// Takes the ways that were compiled: `conditions` says of each condition whether it holds, and `compiled` of each
    /// site whether it is in the code. What is left has no conditions, and its sites are those of the code.
    ///
    /// # Errors
    /// When the graph and the code do not fit together.
    pub fn decide(&mut self, conditions: &[(&str, bool)], compiled: &[bool]) -> Result<(), DecideError> {
        if compiled.len() != self.sites.len() {
            return Err(DecideError::Sites { code: compiled.len(), graph: self.sites.len() });
        }
        let mut conditional = false;
        for block in &mut self.blocks {
            conditional |= decide_end(&mut block.end, conditions)?;
        }
        if !conditional {
            return match compiled.iter().position(|compiled| !compiled) {
                Some(site) => Err(DecideError::Lacking(self.sites[site].line)),
                None => Ok(()),
            };
        }
        self.drop_blocks();
        self.drop_sites(compiled)
    }

    /// Drops the blocks that cannot be reached any more.
    fn drop_blocks(&mut self) {
        let mut reached = vec![false; self.blocks.len()];
        let mut todo = vec![0];
        while let Some(at) = todo.pop() {
            if !std::mem::replace(&mut reached[at], true) {
                todo.extend(targets(&mut self.blocks[at].end).map(|to| *to));
            }
        }
        let places = places(&reached);
        let mut at = 0..;
        self.blocks.retain(|_| at.next().is_some_and(|at: usize| reached[at]));
        for block in &mut self.blocks {
            targets(&mut block.end).for_each(|to| *to = places[*to]);
        }
    }

    /// Drops the sites that were not compiled.
    fn drop_sites(&mut self, compiled: &[bool]) -> Result<(), DecideError> {
        let places = places(compiled);
        for block in &mut self.blocks {
            if let End::Call { site, .. } = &mut block.end {
                if !compiled[*site] {
                    return Err(DecideError::Lacking(self.sites[*site].line));
                }
                *site = places[*site];
            }
        }
        let mut at = 0..;
        self.sites.retain(|_| at.next().is_some_and(|at: usize| compiled[at]));
        Ok(())
    }
}

/// The place of each that is kept among those that are kept.
fn places(kept: &[bool]) -> Vec<usize> {
    let mut next = 0;
    let each = kept.iter().map(|kept| {
        let place = next;
        next += usize::from(*kept);
        place
    });
    each.collect()
}

fn targets(end: &mut End) -> Box<dyn Iterator<Item = &mut usize> + '_> {
    match end {
        End::Goto(to) | End::Call { next: to, .. } => Box::new(std::iter::once(to)),
        End::Branch(ways) => Box::new(ways.iter_mut().map(|(_, to)| to)),
        End::Return => Box::new(std::iter::empty()),
    }
}

/// Takes the conditions out of the ways at the end of a block; whether there were some.
fn decide_end(end: &mut End, conditions: &[(&str, bool)]) -> Result<bool, DecideError> {
    let End::Branch(ways) = end else { return Ok(false) };
    if !ways.iter().any(|(label, _)| label.starts_with(CONDITION)) {
        return Ok(false);
    }
    let mut left = Vec::new();
    for (label, to) in std::mem::take(ways) {
        let (holds, rest) = holds(&label, conditions)?;
        if holds && rest.is_empty() {
            *end = End::Goto(to);
            return Ok(true);
        }
        if holds {
            left.push((rest.to_owned(), to));
        }
    }
    *end = match left.as_slice() {
        [(label, to)] if label == "else" => End::Goto(*to),
        _ => End::Branch(left),
    };
    Ok(true)
}

/// How a label begins that has a condition.
const CONDITION: &str = "#[cfg(";

/// Whether all conditions of a label hold, and what comes after them.
fn holds<'l>(label: &'l str, conditions: &[(&str, bool)]) -> Result<(bool, &'l str), DecideError> {
    let (mut rest, mut all) = (label, true);
    while rest.starts_with(CONDITION) {
        // The longest that fits: a condition may be the beginning of another.
        let known =
            conditions.iter().filter(|(text, _)| rest.starts_with(text)).max_by_key(|(text, _)| text.len());
        let Some((text, holds)) = known else { return Err(DecideError::Unknown(rest.to_owned())) };
        all &= holds;
        rest = rest[text.len()..].trim_start();
    }
    Ok((all, rest))
}
