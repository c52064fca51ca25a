//! States that a transaction has from other workers.
//!
//! A transaction executes at one worker, its *home*. What it needs of others in the same group is lent: when it has its
//! turn there, its owner sends the states, and waits. They come back when the transaction has ended; what it wrote has
//! been undone then, if it has to be.
use crate::base::class_id::ClassId;
use crate::base::guard::discard;
use crate::base::indices::Indices;
use crate::state::stored::Which;
use smallvec::SmallVec;
use std::any::Any;
use std::sync::Arc;

/// A state without its type.
pub type Lendable = Arc<dyn Any + Send + Sync>;

/// What a message brings.
pub(crate) type Loans = SmallVec<[Loan; 1]>;

/// See [`Loan::old`].
pub(crate) const NO_OLD: u32 = u32::MAX;

/// So many loans are looked through one by one.
pub(crate) const FEW: usize = 16;

/// Where many loans are, as far as they have been looked at.
#[derive(Default)]
pub(crate) struct ByHash {
    pub(crate) indices: Indices,
    known: usize,
}

impl ByHash {
    pub(crate) fn add(&mut self, loans: &[Loan]) {
        for (index, loan) in loans.iter().enumerate().skip(self.known) {
            self.indices.add(loan.hash, index);
        }
        self.known = loans.len();
    }
}

/// An old state at its owner: the number of the class, and the number of the state there.
pub(crate) type Kept = (ClassId, u32);

/// An old state of a class.
pub(crate) fn kept(class: ClassId, undo: usize) -> Kept {
    let undo =
        u32::try_from(undo).unwrap_or_else(|_| unreachable!("so many old states do not fit in memory"));
    (class, undo)
}

/// The slot of an entity that has come to be while its key was lent.
pub(crate) const NOWHERE: u32 = u32::MAX;

/// An entity that is lent.
pub(crate) struct Loan {
    /// The hash of its key, and its class.
    pub(crate) hash: u64,
    pub(crate) class: ClassId,
    /// Where it is with its owner.
    pub(crate) slot: u32,
    /// Its owner.
    pub(crate) owner: u16,
    /// Whether it may be written.
    pub(crate) write: bool,
    /// The index of its first old state among [`Olds`], if it has been written; and what of its state has been kept.
    pub(crate) old: u32,
    pub(crate) kept: Which,
    /// `None` when it has been removed, and while a method has it to write.
    pub(crate) state: Option<Lendable>,
    /// What few of them need on their way back.
    pub(crate) rest: Option<Box<Rest>>,
}

/// See [`Loan::rest`].
#[derive(Default)]
pub(crate) struct Rest {
    /// The old states, oldest first, where they have to be kept.
    pub(crate) before: Vec<Old>,
    /// What it was before it was removed.
    pub(crate) gone: Option<Lendable>,
}

/// The state of a lent entity before it was written, or before some of its fields were.
pub(crate) enum Old {
    /// It was not there.
    Absent,
    Whole(Lendable),
    /// Its fields, and what exchanges them with those of the state.
    Parts(Lendable, fn(&mut Lendable, &mut Lendable)),
}

/// The old states of lent entities, oldest first, with the index of the loan.
pub(crate) type Olds = SmallVec<[(u32, Old); 2]>;

impl Loan {
    pub(crate) fn new(hash: u64, class: ClassId, write: bool, state: Lendable) -> Self {
        Self {
            hash,
            class,
            slot: NOWHERE,
            owner: 0,
            write,
            old: NO_OLD,
            kept: 0,
            state: Some(state),
            rest: None,
        }
    }
}

/// Which of the loans of a transaction.
pub(crate) fn number(loan: usize) -> u32 {
    u32::try_from(loan).unwrap_or_else(|_| unreachable!("so many loans do not fit in memory"))
}

/// A transaction ends: what it wrote to what it was lent is undone, if it has to be. `keep`: the old states go back, too.
pub(crate) fn end(loans: &mut [Loan], olds: &mut Olds, commit: bool, keep: bool) {
    if commit {
        for (number, old) in olds.drain(..) {
            let loan = &mut loans[number as usize];
            (loan.old, loan.kept) = (NO_OLD, 0);
            match old {
                old if keep => loan.rest.get_or_insert_default().before.push(old),
                Old::Whole(state) if loan.state.is_none() => {
                    // Nothing else tells its owner whose it was.
                    discard(loan.rest.get_or_insert_default().gone.replace(state));
                }
                old => discard(old),
            }
        }
        return;
    }
    while let Some((number, old)) = olds.pop() {
        let loan = &mut loans[number as usize];
        (loan.old, loan.kept) = (NO_OLD, 0);
        match old {
            Old::Absent => discard(loan.state.take()),
            Old::Whole(state) => discard(loan.state.replace(state)),
            Old::Parts(mut parts, put_back) => {
                let state = loan.state.as_mut();
                let state =
                    state.unwrap_or_else(|| unreachable!("a state is whole again before its fields are"));
                put_back(state, &mut parts);
                discard(parts);
            }
        }
    }
}

/// What goes back to an owner when a transaction has ended: what was lent to write.
pub(crate) fn going_back(loans: &mut Vec<Loan>, owner: u16) -> Loans {
    let mut back = Loans::new();
    let mut at = 0;
    while at < loans.len() {
        if loans[at].owner != owner {
            at += 1;
            continue;
        }
        let loan = loans.swap_remove(at);
        if loan.write {
            back.push(loan);
        }
    }
    back
}
