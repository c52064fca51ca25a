//! Which entities many transactions write: they wait for each other there.
//!
//! A transaction that has such a *hot* entity is best at home with its owner. Lent to and fro, the entity would be on its way
//! between any two of its transactions; at its owner's it never leaves, and what else they need comes while they wait.
use crate::base::ticket::Ticket;

/// How many counters there are; entities share them by chance, which makes some look hotter than they are.
const COUNTERS: usize = 1 << 13;
/// So many writes are remembered, about: then all counts are halved.
const WINDOW: u32 = 1 << 14;
/// From this count on an entity is hot: one write in a thousand, and eight times what each has if all are written alike.
const HOT: u8 = 16;

/// See the module. What it says depends on nothing but the tickets that it was shown.
pub(crate) struct Heat {
    counts: Box<[u8]>,
    left: u32,
}

impl Default for Heat {
    fn default() -> Self {
        Self { counts: vec![0; COUNTERS].into(), left: WINDOW }
    }
}

impl Heat {
    /// Counts the writes among tickets.
    pub(crate) fn count(&mut self, tickets: &[Ticket]) {
        for ticket in tickets.iter().filter(|ticket| ticket.write) {
            let count = &mut self.counts[counter(ticket.lock)];
            *count = count.saturating_add(1);
            self.left -= 1;
            if self.left == 0 {
                self.counts.iter_mut().for_each(|count| *count /= 2);
                self.left = WINDOW / 2;
            }
        }
    }

    /// How hot the hottest entity is that these write; 0 if none is hot.
    pub(crate) fn of(&self, tickets: &[Ticket]) -> u8 {
        let written = tickets.iter().filter(|ticket| ticket.write);
        let hottest = written.map(|ticket| self.counts[counter(ticket.lock)]).max();
        hottest.filter(|count| *count >= HOT).unwrap_or(0)
    }
}

/// The lower bits of a lock decide its shard.
fn counter(lock: u64) -> usize {
    (lock >> 40) as usize % COUNTERS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::class_id::ClassId;

    fn ticket(lock: u64, write: bool) -> Ticket {
        Ticket { owner: 0, lock: lock << 40, class: ClassId::default(), write }
    }

    #[test]
    fn what_many_write_is_hot_and_cools_down() {
        let (mut heat, hot) = (Heat::default(), [ticket(7, true)]);
        for lock in 0..4_000 {
            heat.count(&[ticket(lock * 2, true), ticket(11, false)]);
            if lock % 100 == 0 {
                heat.count(&hot);
            }
        }
        assert_eq!(heat.of(&[ticket(8, true), ticket(11, true)]), 0);
        assert_eq!(heat.of(&[ticket(8, true), ticket(7, true)]), 40);
        assert_eq!(heat.of(&[ticket(7, false)]), 0, "who reads shares");
        for lock in 0..100_000 {
            heat.count(&[ticket(lock * 2, true)]);
        }
        assert_eq!(heat.of(&hot), 0);
    }
}
