//! Groups of workers, and the home of a transaction in each.
//!
//! Inside a group entities are lent to the worker where a transaction executes, its *home*; between groups calls are
//! shipped to the home there. Which workers form a group and which of them is the home is a matter of speed alone.
use crate::base::hash::StableHasher;
use crate::base::heat::Heat;
use crate::base::ids::TxnId;
use crate::base::location::worker_number;
use crate::base::ticket::Ticket;
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// See the head of this file.
#[derive(Clone, Debug)]
pub(crate) struct Groups {
    /// The group of each worker; a group is a range of workers.
    of: Arc<[u16]>,
    /// What homes are drawn from, in tests.
    seed: Option<u64>,
}

/// One worker's part in a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part<'t> {
    pub(crate) worker: u16,
    /// The home in its group, which may be itself.
    pub(crate) home: u16,
    /// The tickets of the whole group at the home, and elsewhere those of the worker.
    pub(crate) tickets: &'t [Ticket],
}

/// The worker that owns the root entity of a transaction.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RootOwner {
    /// The request can go elsewhere.
    Free(u16),
    /// The request is there, so that this is its home.
    Fixed(u16),
}

impl Groups {
    /// So many groups of about the same size.
    pub(crate) fn new(workers: usize, groups: usize, seed: Option<u64>) -> Self {
        // There are not more groups than workers, so they are numbered alike.
        let of = (0..workers).map(|worker| worker_number(worker * groups / workers));
        Self { of: of.collect(), seed }
    }

    pub(crate) fn workers(&self) -> usize {
        self.of.len()
    }

    /// Whether there is more than one group.
    pub(crate) fn are_several(&self) -> bool {
        self.of.first() != self.of.last()
    }

    /// Whether two workers are in one group.
    #[inline]
    pub(crate) fn same(&self, a: usize, b: usize) -> bool {
        self.of[a] == self.of[b]
    }

    /// The home of a transaction in the group of these tickets.
    fn home(&self, txn: TxnId, root: RootOwner, tickets: &[Ticket], heat: Option<&Heat>) -> u16 {
        let (RootOwner::Free(owner) | RootOwner::Fixed(owner)) = root;
        if let RootOwner::Fixed(owner) = root
            && self.same(owner.into(), tickets[0].owner.into())
        {
            return owner;
        }
        if let Some(seed) = self.seed {
            return self.drawn(seed, txn, tickets[0].owner);
        }
        // Most have one owner, and they are sorted.
        if tickets[0].owner == tickets[tickets.len() - 1].owner {
            return tickets[0].owner;
        }
        // Who owns the hottest, or else most of it; of those that own as many, the root's owner, or else the first.
        let hottest = |own: &[Ticket]| heat.map_or(0, |heat| heat.of(own));
        let owners = tickets.chunk_by(|a, b| a.owner == b.owner);
        let owners = owners.map(|own| (hottest(own), own.len(), own[0].owner));
        let best = owners.max_by_key(|(heat, count, of)| (*heat, *count, *of == owner, u16::MAX - of));
        best.map_or_else(|| unreachable!("a group that takes part has a ticket"), |(.., owner)| owner)
    }

    fn drawn(&self, seed: u64, txn: TxnId, owner: u16) -> u16 {
        let group = self.of[usize::from(owner)];
        let all: Vec<u16> =
            (0..).zip(self.of.iter()).filter(|(_, of)| **of == group).map(|(worker, _)| worker).collect();
        all[(self.draw(seed, txn, owner) % all.len() as u64) as usize]
    }

    /// A number for a transaction in the group of this worker.
    fn draw(&self, seed: u64, txn: TxnId, of: u16) -> u64 {
        let mut hasher = StableHasher::default();
        (seed, txn, self.of[usize::from(of)]).hash(&mut hasher);
        hasher.finish()
    }

    /// The homes of a transaction that has all of these workers, and what each of them is the home of, itself too.
    pub(crate) fn whole(&self, txn: TxnId, root: u16, workers: &BTreeSet<u32>) -> Vec<(u16, Vec<u16>)> {
        let workers: Vec<u16> = workers.iter().map(|worker| worker_number(*worker as usize)).collect();
        let groups = workers.chunk_by(|a, b| self.same((*a).into(), (*b).into()));
        let homes = groups.map(|group| {
            let home = match self.seed {
                _ if self.same(group[0].into(), root.into()) => root,
                Some(seed) => group[(self.draw(seed, txn, group[0]) % group.len() as u64) as usize],
                None => group[0],
            };
            (home, group.to_vec())
        });
        homes.collect()
    }

    /// The parts of the workers in a transaction with these tickets, which are sorted; homes come first in each group. `heat`:
    /// of its entities, if that is known.
    pub(crate) fn parts<'t>(
        &self,
        txn: TxnId,
        root: RootOwner,
        (tickets, heat): (&'t [Ticket], Option<&Heat>),
        mut each: impl FnMut(Part<'t>),
    ) {
        let in_group = |a: &Ticket, b: &Ticket| self.same(a.owner.into(), b.owner.into());
        for group in tickets.chunk_by(in_group) {
            let home = self.home(txn, root, group, heat);
            each(Part { worker: home, home, tickets: group });
            let own = group.chunk_by(|a, b| a.owner == b.owner).filter(|own| own[0].owner != home);
            own.for_each(|own| each(Part { worker: own[0].owner, home, tickets: own }));
        }
    }
}

/// How many workers besides this one have tickets among these, which are sorted.
pub(crate) fn lenders(tickets: &[Ticket], me: u16) -> impl Iterator<Item = u16> + '_ {
    tickets.chunk_by(|a, b| a.owner == b.owner).map(|own| own[0].owner).filter(move |owner| *owner != me)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::class_id::ClassId;

    /// The parts for tickets of these owners: `worker>home tickets`.
    #[track_caller]
    fn check(groups: &Groups, root: u16, owners: &[u16], expected: &str) {
        let ticket = |(lock, owner): (u64, &u16)| Ticket {
            owner: *owner,
            lock,
            class: ClassId::default(),
            write: true,
        };
        let tickets: Vec<Ticket> = (0..).zip(owners).map(ticket).collect();
        let mut parts = Vec::new();
        groups.parts(
            TxnId::default(),
            RootOwner::Free(root),
            (&tickets, None),
            |Part { worker, home, tickets }| {
                parts.push(format!("{worker}>{home} {}", tickets.len()));
            },
        );
        assert_eq!(parts.join(", "), expected);
    }

    #[test]
    fn the_home_is_where_most_is() {
        let one = Groups::new(4, 1, None);
        check(&one, 1, &[0, 1], "1>1 2, 0>1 1");
        check(&one, 0, &[0, 1, 1, 3], "1>1 4, 0>1 1, 3>1 1");
        check(&one, 2, &[2], "2>2 1");
        check(&Groups::new(4, 2, None), 3, &[0, 1, 3], "0>0 2, 1>0 1, 3>3 1");
        check(&Groups::new(4, 4, None), 3, &[0, 1, 3], "0>0 1, 1>1 1, 3>3 1");
        let tickets =
            [0, 0, 1].map(|owner| Ticket { owner, lock: 0, class: ClassId::default(), write: true });
        assert_eq!(one.home(TxnId::default(), RootOwner::Fixed(1), &tickets, None), 1);
        // Where it is hot comes before where most is.
        let mut heat = Heat::default();
        let (cold, hot) = (tickets, Ticket { owner: 1, lock: 1 << 40, ..tickets[2] });
        (0..100).for_each(|_| heat.count(&[hot]));
        let home = |tickets: &[Ticket]| one.home(TxnId::default(), RootOwner::Free(0), tickets, Some(&heat));
        assert_eq!([home(&cold), home(&[cold[0], cold[1], hot])], [0, 1]);
    }

    #[test]
    fn whole_workers_have_a_home_in_each_group() {
        let workers = BTreeSet::from([0, 1, 3]);
        let whole = |groups, root| Groups::new(4, groups, None).whole(TxnId::default(), root, &workers);
        assert_eq!(whole(1, 1), [(1, vec![0, 1, 3])]);
        assert_eq!(whole(2, 1), [(1, vec![0, 1]), (3, vec![3])]);
        assert_eq!(whole(2, 3), [(0, vec![0, 1]), (3, vec![3])]);
        for seed in 0..20 {
            let homes = Groups::new(4, 2, Some(seed)).whole(TxnId::default(), 3, &workers);
            assert!(homes.iter().all(|(home, group)| group.contains(home)) && homes[1].0 == 3, "{homes:?}");
        }
    }

    #[test]
    fn a_drawn_home_is_in_the_group() {
        for seed in 0..20 {
            let groups = Groups::new(5, 2, Some(seed));
            let ticket = Ticket { owner: 4, lock: 0, class: ClassId::default(), write: true };
            let home = groups.home(TxnId::default(), RootOwner::Free(0), &[ticket], None);
            assert!(groups.same(home.into(), 4));
        }
    }
}
