//! The queues of tickets: for every entity that a waiting or running transaction needs, these transactions in order.
//!
//! Tickets of writers are granted one at a time, those of readers next to each other are granted together. An entity
//! that nobody needs has no queue.
use crate::base::ids::narrow;
use rustc_hash::FxHashMap;
use slab::Slab;

const NONE: u32 = u32::MAX;

struct Node {
    txn: usize,
    lock: u64,
    write: bool,
    granted: bool,
    before: u32,
    after: u32,
}

#[derive(Clone, Copy)]
struct Ends {
    first: u32,
    last: u32,
}

/// All queues of a worker.
#[derive(Default)]
pub(crate) struct LockTable {
    locks: FxHashMap<u64, Ends>,
    nodes: Slab<Node>,
}

/// A place in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LockRequest(u32);

impl LockTable {
    /// Whether nobody needs this entity.
    pub(crate) fn is_free(&self, lock: u64) -> bool {
        self.locks.is_empty() || !self.locks.contains_key(&lock)
    }

    /// How many tickets there are.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Takes the last place in a queue; says whether the ticket is granted at once.
    pub(crate) fn join(&mut self, lock: u64, txn: usize, write: bool) -> (LockRequest, bool) {
        let entry = self.nodes.vacant_entry();
        let here = narrow(entry.key());
        let ends = self.locks.get(&lock).copied();
        let before = ends.map_or(NONE, |ends| ends.last);
        entry.insert(Node { txn, lock, write, granted: false, before, after: NONE });
        let granted = match self.nodes.get_mut(before as usize) {
            None => true,
            Some(last) => {
                last.after = here;
                !write && !last.write && last.granted
            }
        };
        self.nodes[here as usize].granted = granted;
        self.locks.insert(lock, Ends { first: ends.map_or(here, |ends| ends.first), last: here });
        (LockRequest(here), granted)
    }

    /// Gives a place up; tells `granted` of every transaction that got a ticket by that.
    pub(crate) fn leave(&mut self, place: LockRequest, mut granted: impl FnMut(usize)) {
        let node = self.nodes.remove(place.0 as usize);
        let mut ends = match self.locks.get(&node.lock) {
            Some(ends) => *ends,
            None => unreachable!("who stands in a queue is known to it"),
        };
        match self.nodes.get_mut(node.before as usize) {
            Some(before) => before.after = node.after,
            None => ends.first = node.after,
        }
        match self.nodes.get_mut(node.after as usize) {
            Some(after) => after.before = node.before,
            None => ends.last = node.before,
        }
        if ends.first == NONE {
            self.locks.remove(&node.lock);
            return;
        }
        self.locks.insert(node.lock, ends);
        // The next may stand first now, or behind readers only.
        let readers_before =
            self.nodes.get(node.before as usize).is_none_or(|before| before.granted && !before.write);
        let mut at = node.after;
        while let Some(next) = self.nodes.get_mut(at as usize) {
            let may = if next.write { next.before == NONE } else { readers_before };
            if next.granted || !may {
                break;
            }
            next.granted = true;
            granted(next.txn);
            if next.write {
                break;
            }
            at = next.after;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LockTable;

    /// Joins the letters in order, small ones read, and says who runs after each step.
    #[track_caller]
    fn check(tickets: &str, outgoing: &str, expected: &[&str]) {
        let mut locks = LockTable::default();
        let mut runs: Vec<char> = Vec::new();
        let mut places = Vec::new();
        for (txn, ticket) in tickets.chars().enumerate() {
            let (place, granted) = locks.join(7, txn, ticket.is_uppercase());
            places.push((ticket, place));
            runs.extend(granted.then_some(ticket));
        }
        let text = |runs: &[char]| runs.iter().collect::<String>();
        let mut steps = vec![text(&runs)];
        for ticket in outgoing.chars() {
            let (_, place) = *places.iter().find(|(known, _)| *known == ticket).expect("it stands there");
            runs.retain(|known| *known != ticket);
            locks.leave(place, |txn| runs.push(tickets.as_bytes()[txn] as char));
            steps.push(text(&runs));
        }
        assert_eq!(steps, expected);
        assert_eq!(locks.is_free(7), outgoing.len() == tickets.len());
    }

    #[test]
    fn writers_run_one_at_a_time() {
        check("ABC", "ABC", &["A", "B", "C", ""]);
    }
    #[test]
    fn readers_run_together() {
        check("abCd", "baCd", &["ab", "a", "C", "d", ""]);
    }
    #[test]
    fn readers_behind_a_writer_wait() {
        check("AbcDe", "Acb", &["A", "bc", "b", "D"]);
    }
    #[test]
    fn who_gives_up_lets_others_by() {
        check("ABc", "BA", &["A", "A", "c"]);
        check("aBc", "B", &["a", "ac"]);
        check("AbC", "bA", &["A", "A", "C"]);
    }
}
