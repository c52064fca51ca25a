//! The numbers of things: transactions, and the times at which they are worked on.

/// The place of a transaction in the one order: an epoch's transactions one after the other, workers in turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TxnId {
    pub(crate) epoch: u64,
    pub(crate) worker: u32,
    pub(crate) seq: u32,
}

/// An index or a worker as messages have it; there are less than 2^32 of anything that they speak of.
#[inline]
pub(crate) fn narrow(index: usize) -> u32 {
    u32::try_from(index).unwrap_or_else(|_| unreachable!("{index} is no index of a message"))
}

/// A phase of an epoch: scouting, and then attempts at executing it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Phase(pub(crate) u16);

impl Phase {
    /// Tickets are handed out.
    pub(crate) const TICKET: Self = Self(0);
    /// Scouts run.
    pub(crate) const SCOUT: Self = Self(1);
    /// The first attempt.
    pub(crate) const EXECUTE: Self = Self(2);

    /// The one after it.
    pub(crate) fn next(self) -> Self {
        Self(self.0.checked_add(1).unwrap_or_else(|| unreachable!("an epoch stands after a few attempts")))
    }
}

/// A point in time that all workers agree on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time {
    pub(crate) epoch: u64,
    pub(crate) phase: Phase,
}

impl Time {
    /// After everything.
    pub(crate) const END: Self = Self { epoch: u64::MAX, phase: Phase(u16::MAX) };
}

/// A method, by its place in the linked program: the same in every process of one build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct MethodId(u32);

impl MethodId {
    pub(crate) fn new(index: usize) -> Self {
        Self(u32::try_from(index).expect("a program has less than 2^32 methods"))
    }
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
    pub(crate) fn number(self) -> u32 {
        self.0
    }
}
